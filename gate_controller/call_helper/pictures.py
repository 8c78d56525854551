"""The picture of a call: frames of the lane's own camera, small and no more than a call needs."""

import asyncio
import fractions

import cv2
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from hardware.interfaces import Camera, Frame

WIDTH, HEIGHT = 640, 480
FRAMES_PER_SECOND = 15
CLOCK_RATE = 90_000
"""Ticks per second of a picture's time (RFC 7741)."""
LATE_SECONDS = 2.0
"""Time without a frame after which a camera gives nothing more."""


class CameraPicture(MediaStreamTrack):
    """The newest frame of an open camera, fifteen times a second; each is overwritten once it was taken."""

    kind = "video"

    def __init__(self, camera: Camera) -> None:
        """Take a camera that is open."""
        super().__init__()
        self._camera = camera
        self._began_seconds = 0.0
        self._count = 0
        self.has_failed = False
        """True once the camera gave nothing for `LATE_SECONDS`."""

    @property
    def has_worked(self) -> bool:
        """Return whether a frame has come."""
        return self._count > 0

    async def recv(self) -> VideoFrame:
        """Return the next frame; raise MediaStreamError once the camera gives nothing more."""
        loop = asyncio.get_running_loop()
        self._began_seconds = self._began_seconds or loop.time()
        due_seconds = self._began_seconds + self._count / FRAMES_PER_SECOND
        await asyncio.sleep(max(0.0, due_seconds - loop.time()))
        frame = await asyncio.to_thread(self._camera.newest_frame, LATE_SECONDS)
        if frame is None or self.readyState != "live":
            self.has_failed = frame is None
            self.stop()
            raise MediaStreamError
        small = _small(frame)
        picture = VideoFrame.from_ndarray(small, format="bgr24")
        small.fill(0)
        frame.fill(0)
        elapsed = loop.time() - self._began_seconds
        self._count = int(elapsed * FRAMES_PER_SECOND) + 1
        picture.pts, picture.time_base = int(elapsed * CLOCK_RATE), fractions.Fraction(1, CLOCK_RATE)
        return picture


def _small(frame: Frame) -> Frame:
    """Return a copy that fits into 640 × 480, with even sides as VP8 wants them."""
    height, width = frame.shape[:2]
    scale = min(1.0, WIDTH / width, HEIGHT / height)
    size = (max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
