"""Build the face parts of a gate: engine, templates, leases, and the reaction to tampering.

A gate without `face.enabled` has the same parts with no engine behind them: it offers nothing, and
still signs that it holds no face of a person whose consent ended.
"""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.control.messages import Message
from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.errors import EngineUnfit
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import SqliteFaceBlobs, open_face_file
from gate_controller.face_control.messages import FaceUnavailable
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.face_control.sessions import FaceDesk
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.face import FaceSection
from gate_controller.storage.clock import GateClock
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.secrets import FACE_SECRET, read_secret
from gate_controller.storage.tamper_mark import TamperMark
from hardware.interfaces import Camera


@dataclass(frozen=True, slots=True)
class FaceParts:
    """The face of one gate; `cameras` are those of its lanes, by which faces are looked at there."""

    service: FaceService | None
    keeper: FaceKeeper
    cameras: Mapping[str, Camera]
    section: FaceSection

    def desk(
        self,
        lookers: Mapping[str, Executor],
        otherwise: Executor,
        boot_seconds: Callable[[], float],
        put: Callable[[Message], None],
    ) -> FaceDesk:
        """Return the controller's interface to faces; looks run in the worker of the camera's lane."""
        workers = {lane_id: lookers.get(lane_id, otherwise) for lane_id in self.cameras}
        return FaceDesk(self.service, self.cameras, workers, boot_seconds, put, self.section)

    def on_tamper(self, desk: FaceDesk) -> Callable[[Collection[str]], None]:
        """Return the handler of active tamper contacts: it ends all leases and the session under way."""

        def touched(tamper_contacts: Collection[str]) -> None:
            self.keeper.tampered(tamper_contacts)
            if tamper_contacts:
                desk.cancel_all()

        return touched


def make_face_parts(
    config: GateConfig,
    identity: GateIdentity,
    key: Ed25519PrivateKey,
    cameras: Mapping[str, Camera],
    store: PolicyStore,
    journal: Journal,
    clock: GateClock,
    boot_seconds: Callable[[], float],
    put: Callable[[Message], None],
    closing: ExitStack,
) -> FaceParts:
    """Return the face of a gate; nothing is loaded yet.

    Raise ConfigRefused where face is on and no camera is configured, SecretsUnusable without its secret.
    """
    service = None
    if config.face.enabled:
        if not cameras:
            raise ConfigRefused("face.enabled is true and no [camera.…] is configured")
        first = next(iter(cameras.values()))
        service = _service(config, identity, first, clock.now(), boot_seconds, put, closing)
    mark = TamperMark(config.gate.data_dir / "tampered")
    keeper = FaceKeeper(service, store, journal, clock, identity, key, mark)
    return FaceParts(service, keeper, cameras if service is not None else {}, config.face)


def engine_loader(section: FaceSection) -> Callable[[], FaceEngine]:
    """Return the loader of the engine that the site file names, from its folder where it names one.

    Loading raises EngineRefused for one that is not installed or brings no whole card, and EngineUnfit,
    before any file is read, for one that keeps no error budget.
    """

    def load() -> FaceEngine:
        # Imported here so that a gate without face never needs the engine's packages.
        from gate_controller.face.engines.engines import engine_kind, load_engine  # noqa: PLC0415
        from gate_controller.face.engines.error_budget import fitness_at  # noqa: PLC0415

        fit = fitness_at(engine_kind(section.engine).card, only_beside=section.only_beside)
        if fit.point is None:
            # Its card decides: a gate needs not have it installed to say why it opens nothing.
            raise EngineUnfit(fit.sentence)
        return load_engine(section.engine, section.models_dir)

    return load


def _service(
    config: GateConfig,
    identity: GateIdentity,
    camera: Camera,
    now: datetime,
    boot_seconds: Callable[[], float],
    put: Callable[[Message], None],
    closing: ExitStack,
) -> FaceService:
    connection = open_face_file(config.gate.data_dir / "faces.sqlite3", now)
    closing.callback(connection.close)
    return FaceService(
        engine_loader=engine_loader(config.face),
        blobs=SqliteFaceBlobs(connection),
        gate_secret=read_secret(config.gate.secrets_dir, FACE_SECRET),
        site_id=identity.site_id,
        gate_id=identity.gate_id,
        camera=camera,
        boot_seconds=boot_seconds,
        on_unavailable=lambda why: put(FaceUnavailable(why)),
        only_beside=config.face.only_beside,
    )
