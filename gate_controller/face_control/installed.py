"""Presence of the code that looks at faces in this installation."""

from importlib.util import find_spec

FACE_PART = "gate_controller.face.part"
NO_FACE_CODE = "this program was installed from the package without face and has no code that looks at one"


def has_face_code() -> bool:
    """Return whether the face part is installed; the package without face has no file of it."""
    try:
        return find_spec(FACE_PART) is not None
    except ModuleNotFoundError:
        return False
