"""Locate model files, and check that they are the measured ones."""

import hashlib
import os
from importlib import metadata
from pathlib import Path

from gate_controller.face.engines.engine import ModelFile
from gate_controller.face.engines.errors import ModelFileError

DEFAULT_FOLDER = Path("/var/lib/menjin-gate/models")
FOLDER_VARIABLE = "MENJIN_MODELS_DIR"
READ_AT_ONCE_BYTES = 1 << 20


def added_models_folder() -> Path:
    """Return where an operator's own model files lie."""
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


def package_folder(package: str, folder: str, remedy: str) -> Path:
    """Return a folder of an installed package; raise ModelFileError when it is not installed."""
    try:
        weights = metadata.distribution(package)
    except metadata.PackageNotFoundError as missing:
        raise ModelFileError(f"The face models are not installed (package {package}). {remedy}") from missing
    return Path(str(weights.locate_file(folder)))


def sha256_of(path: Path) -> str:
    """Return a file's digest in hex, read in pieces; raise OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(READ_AT_ONCE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def checked_model_file(folder: Path, model: ModelFile, remedy: str) -> Path:
    """Return the path of a model file whose digest is right; raise ModelFileError otherwise."""
    path = folder / model.name
    try:
        digest = sha256_of(path)
    except OSError as fault:
        raise ModelFileError(f"Face model {path} cannot be read: {fault.strerror}. {remedy}") from fault
    if digest != model.sha256:
        raise ModelFileError(
            f"Face model {path} is not the file that was measured: its SHA-256 is {digest}, "
            f"expected {model.sha256}. {remedy}"
        )
    return path
