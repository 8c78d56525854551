"""Presence of the code that opens cameras in this installation."""

from importlib.util import find_spec

NO_OPENCV = (
    "this installation has no OpenCV, which opens cameras; where a camera is to read codes: "
    "pip install 'menjin-gate-without-face[camera]'"
)


def has_opencv() -> bool:
    """Return whether OpenCV is installed; the package without face brings none."""
    return find_spec("cv2") is not None
