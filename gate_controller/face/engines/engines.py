"""Face engines by the names that the site file and the command line use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate_controller.face.engines.dlib_engine import DLIB_CARD, WEIGHTS_FOLDER, load_dlib
from gate_controller.face.engines.dlib_engine import REMEDY as DLIB_REMEDY
from gate_controller.face.engines.dlib_engine import WEIGHTS_PACKAGE as DLIB_WEIGHTS
from gate_controller.face.engines.engine import EngineCard, FaceEngine
from gate_controller.face.engines.model_files import package_folder
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
    "dlib": EngineKind(
        DLIB_CARD,
        lambda: package_folder(DLIB_WEIGHTS, WEIGHTS_FOLDER, DLIB_REMEDY),
        DLIB_REMEDY,
        load_dlib,
    ),
}
