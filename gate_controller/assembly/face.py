"""Plug the face part into a gate: engine, templates, leases, and the reaction to tampering.

A gate without `face.enabled`, and one whose package has no face code, offers nothing, keeps nothing, and
still signs that it holds no face of a person whose consent ended.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.control.messages import Message
from gate_controller.face_control.faces import Faces, NoFaces
from gate_controller.face_control.installed import NO_FACE_CODE, has_face_code
from gate_controller.face_control.kept_faces import KeptFaces, erase_face_file
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.storage.clock import GateClock
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark
from hardware.interfaces import Camera

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FaceParts:
    """The face of one gate: what keeps faces, None where none are kept, and who asks for looks."""

    kept: KeptFaces | None
    keeper: FaceKeeper
    faces: Faces

    def on_tamper(self, tamper_contacts: Collection[str]) -> None:
        """Take the active tamper contacts: they end all leases and the session under way."""
        self.keeper.tampered(tamper_contacts)
        if tamper_contacts:
            self.faces.cancel_all()


def make_face_parts(
    config: GateConfig,
    identity: GateIdentity,
    key: Ed25519PrivateKey,
    cameras: Mapping[str, Camera],
    lookers: Mapping[str, Executor],
    otherwise: Executor,
    store: PolicyStore,
    journal: Journal,
    clock: GateClock,
    boot_seconds: Callable[[], float],
    put: Callable[[Message], None],
    closing: ExitStack,
) -> FaceParts:
    """Return the face of a gate; nothing is loaded yet. Looks run in the worker of the camera's lane.

    Raise ConfigRefused where face is on and no camera is configured, SecretsUnusable without its secret.
    """
    kept: KeptFaces | None = None
    faces: Faces = NoFaces()
    if config.face.enabled and not has_face_code():
        log.error("face.enabled: %s. Face stays off, all other ways in work", NO_FACE_CODE)
    elif config.face.enabled:
        if not cameras:
            raise ConfigRefused("face.enabled is true and no [camera.…] is configured")
        # Imported here: the package without face has no such file.
        from gate_controller.face.part import make_desk, make_service  # noqa: PLC0415

        first = next(iter(cameras.values()))
        service = make_service(config, identity, first, clock.now(), boot_seconds, put, closing)
        workers = {lane_id: lookers.get(lane_id, otherwise) for lane_id in cameras}
        kept, faces = service, make_desk(service, cameras, workers, boot_seconds, put, config.face)
    if kept is None and erase_face_file(config.gate.data_dir):
        log.warning("face is off at this gate: the sealed faces that lay here were deleted")
    mark = TamperMark(config.gate.data_dir / "tampered")
    return FaceParts(kept, FaceKeeper(kept, store, journal, clock, identity, key, mark), faces)
