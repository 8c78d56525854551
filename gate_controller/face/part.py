"""Build the faces of a gate from its site file: what `gate_controller/assembly/face.py` plugs in."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from datetime import datetime

from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.engines import engine_kind, load_engine
from gate_controller.face.engines.error_budget import fitness_at
from gate_controller.face.engines.errors import EngineUnfit
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import SqliteFaceBlobs, open_face_file
from gate_controller.face.sessions import FaceDesk
from gate_controller.face_control.kept_faces import FACE_FILE
from gate_controller.face_control.messages import FaceMessage, FaceUnavailable
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.face import FaceSection
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.storage.secrets import FACE_SECRET, read_secret
from hardware.interfaces import Camera


def engine_loader(section: FaceSection) -> Callable[[], FaceEngine]:
    """Return the loader of the engine that the site file names, from its folder where it names one.

    Loading raises EngineRefused for one that is not installed or brings no whole card, and EngineUnfit,
    before any file is read, for one that keeps no error budget.
    """

    def load() -> FaceEngine:
        fit = fitness_at(engine_kind(section.engine).card, only_beside=section.only_beside)
        if fit.point is None:
            # Its card decides: a gate needs not have it installed to say why it opens nothing.
            raise EngineUnfit(fit.sentence)
        return load_engine(section.engine, section.models_dir)

    return load


def make_service(
    config: GateConfig,
    identity: GateIdentity,
    camera: Camera,
    now: datetime,
    boot_seconds: Callable[[], float],
    put: Callable[[FaceMessage], None],
    closing: ExitStack,
) -> FaceService:
    """Return the faces of a gate; no engine is loaded yet. Raise SecretsUnusable without its secret."""
    connection = open_face_file(config.gate.data_dir / FACE_FILE, now)
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


def make_desk(
    service: FaceService,
    cameras: Mapping[str, Camera],
    workers: Mapping[str, Executor],
    boot_seconds: Callable[[], float],
    put: Callable[[FaceMessage], None],
    section: FaceSection,
) -> FaceDesk:
    """Return the controller's interface to the faces of a gate; cameras and workers by lane."""
    return FaceDesk(service, cameras, workers, boot_seconds, put, section)
