"""The default engine, loaded once, and a camera that shows what a test puts before it."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from hardware.errors import DeviceUnavailable
from hardware.interfaces import Frame
from tests.support.faces.default_engine import engine

__all__ = ["engine"]


class BootClock:
    """Seconds since boot, moved by the test alone."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class ShownCamera:
    """A camera before which the test holds frames; it lies about time: every frame is there at once."""

    name = "gate-camera"

    def __init__(self) -> None:
        self.frames: Iterator[Frame] = iter(())
        self.handed_out: list[Frame] = []
        self.times_opened = 0
        self.is_open = False
        self.unplugged = False
        self.before_frame: Callable[[int], None] = lambda _number: None

    def show(self, frames: Iterable[Frame]) -> None:
        self.frames = iter(frames)

    def open(self) -> None:
        if self.unplugged:
            raise DeviceUnavailable("gate-camera: not there; plug it in.")
        self.times_opened += 1
        self.is_open = True

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        assert self.is_open, "a frame was asked of a shut camera"
        self.before_frame(len(self.handed_out))
        frame = next(self.frames, None)
        self.handed_out += [] if frame is None else [frame]
        return frame

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def clock() -> BootClock:
    return BootClock()


@pytest.fixture
def camera() -> ShownCamera:
    return ShownCamera()
