"""The six portraits that tests may use, and who is who on them."""

import functools
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardware.interfaces import Frame
from hardware.simulated.pictures import camera_frame, jittered, live_like_frames
from tests.support.faces.fetch import PICTURES, fixtures_folder, is_complete

__all__ = ["camera_frame", "jittered", "live_like_frames", "portrait_path", "portraits"]

SAME_PERSON_PAIRS = (("person_a_1", "person_a_2"), ("person_b_1", "person_b_2"))
"""As the CREDITS file says: the same person, years apart."""

DIFFERENT_PEOPLE_PAIRS = tuple(
    pair for pair in combinations((Path(name).stem for name in PICTURES), 2) if pair not in SAME_PERSON_PAIRS
)


def portrait_path(name: str) -> Path:
    """Return the file of one portrait; skip the test when the portraits were not fetched."""
    require_portraits()
    return fixtures_folder() / f"{name}.jpg"


def require_portraits() -> None:
    """Skip the test, saying how to mend it, when the portraits were not fetched."""
    if not is_complete(fixtures_folder()):
        pytest.skip("The face portraits are not there; run: python tests/support/faces/fetch.py")


def portraits() -> dict[str, Frame]:
    """Return name → picture (height × width × 3, BGR); each call gives arrays of its own."""
    require_portraits()
    return {name: picture.copy() for name, picture in _decoded().items()}


@functools.cache
def _decoded() -> dict[str, Frame]:
    folder = fixtures_folder()
    pictures: dict[str, Frame] = {}
    for name in PICTURES:
        picture = cv2.imread(str(folder / name))
        if picture is None:
            raise ValueError(f"{folder / name} is damaged; delete the folder and fetch it again.")
        pictures[Path(name).stem] = np.asarray(picture, dtype=np.uint8)
    return pictures
