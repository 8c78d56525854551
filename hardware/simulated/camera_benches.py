"""Plug in what Menjin's cameras look through, for `menjin driver check`; imports OpenCV."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from hardware.driver import Bench
from hardware.interfaces import Frame
from hardware.simulated.camera_scene import CameraScene
from hardware.simulated.rtsp_camera import RtspTwin

FILM_FRAMES = 60


class NothingPlugged:
    """Files have no cable."""

    def unplug(self) -> None:
        """Do nothing."""

    def replug(self) -> None:
        """Do nothing."""


def _picture() -> Frame:
    return np.arange(240 * 320 * 3, dtype=np.uint32).astype(np.uint8).reshape(240, 320, 3)


@contextmanager
def rtsp(_folder: Path) -> Iterator[Bench]:
    with RtspTwin(CameraScene().next_frame, name="camera") as twin:
        yield Bench(twin=twin, settings={"source": twin.address})


@contextmanager
def film(folder: Path) -> Iterator[Bench]:
    """Write a video file."""
    path, picture = folder / "film.avi", _picture()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (320, 240))
    for number in range(FILM_FRAMES):
        writer.write(np.roll(picture, number, axis=1))
    writer.release()
    yield Bench(twin=NothingPlugged(), settings={"source": str(path)})


@contextmanager
def pictures(folder: Path) -> Iterator[Bench]:
    cv2.imwrite(str(folder / "1.png"), _picture())
    yield Bench(twin=NothingPlugged(), settings={"source": str(folder)})
