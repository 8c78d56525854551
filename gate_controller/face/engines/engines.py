"""Face engines by the names that the site file and the command line use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate_controller.face.engines.engine import EngineCard, FaceEngine
from gate_controller.face.engines.face_recognition_engine import (
    FACE_RECOGNITION_CARD,
    REMEDY,
    installed_weights,
    load_face_recognition,
)
from gate_controller.face.engines.yunet_sface import (
    REINSTALL,
    YUNET_SFACE_CARD,
    installed_models_folder,
    load_yunet_sface,
)

DEFAULT_ENGINE = "yunet-sface"


class LoadEngine(Protocol):
    """Loads an engine from its installed weights, or from a folder that holds them."""

    def __call__(self, *, models_folder: Path | None = None) -> FaceEngine:
        """Return the engine; raise ModelFileError when a file is missing or not the measured one."""
        ...


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One engine: its card, where its files lie, what mends them, and how it is loaded."""

    card: EngineCard
    folder: Callable[[], Path]
    remedy: str
    load: LoadEngine


ENGINES: Mapping[str, EngineKind] = {
    DEFAULT_ENGINE: EngineKind(YUNET_SFACE_CARD, installed_models_folder, REINSTALL, load_yunet_sface),
    "face_recognition": EngineKind(FACE_RECOGNITION_CARD, installed_weights, REMEDY, load_face_recognition),
}
