"""Cameras that are closed until asked.

    closed ── open() ──> open, one thread grabs, only the newest frame is kept ── close() ──> closed
                              │                                                (frames overwritten)
                              └── device lost: let go of, is_open false, LOST told once

Nothing here writes a frame anywhere. A frame handed out belongs to the caller, who overwrites it
with `frame.fill(0)` when done. What OpenCV and the kernel keep in their own buffers is freed on
close and not overwritten by us.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.interfaces import DeviceState, Frame, Health, Report
from hardware.picture_folder import Order, PictureFolder

# OpenCV waits 10 s for a stalled V4L2 camera unless told so before the first capture, and offers
# no property for it (CAP_PROP_READ_TIMEOUT_MSEC is FFmpeg's and GStreamer's). Whole seconds only.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")

FAILED_READS_TO_BE_LOST = 3


class FrameSource(Protocol):
    """An opened device as the grabbing thread sees it."""

    def next_frame(self) -> tuple[Frame, int] | None:
        """Wait shortly and return a frame and its monotonic ns, or None when none came yet.

        Raise DeviceUnavailable when none will come any more.
        """
        ...

    def release(self) -> None:
        """Close the device."""
        ...


class GrabbingCamera:
    """A Camera over any FrameSource: one thread, one frame."""

    def __init__(
        self, open_source: Callable[[], FrameSource], *, name: str, report: Report | None = None
    ) -> None:
        """Remember how to open the device; touch nothing."""
        self._name = name
        self._open_source = open_source
        self._report = report
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._source: FrameSource | None = None
        self._newest: Frame | None = None
        self._newest_at_ns = 0
        self._returned_at_ns = 0

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    @property
    def is_open(self) -> bool:
        """Tell whether the device itself is open now; true until it has really been let go of."""
        return self._source is not None

    @property
    def newest_captured_at_ns(self) -> int:
        """Return monotonic ns of the frame last returned by `newest_frame`."""
        return self._returned_at_ns

    def open(self) -> None:
        """Open the device; raise DeviceUnavailable. Opening an open camera changes nothing."""
        if self.is_open:
            return
        self.close()  # joins the thread of a device that was lost
        self._closing.clear()
        self._source = self._open_source()
        self._thread = threading.Thread(target=self._grab, name=f"camera {self._name}", daemon=True)
        self._thread.start()

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        """Return a frame newer than the last one returned, or None when none came in time.

        None at once from a closed or lost camera. The frame is the caller's to overwrite.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or not self.is_open, timeout_seconds)
            frame, self._newest = self._newest, None
            if frame is not None:
                self._returned_at_ns = self._newest_at_ns
            return frame

    def close(self) -> None:
        """Close the device and overwrite the frames still held."""
        self._closing.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        with self._changed:
            self._keep(None, 0)

    def _grab(self) -> None:
        source = self._source
        if source is None:
            return
        try:
            while not self._closing.is_set():
                got = source.next_frame()
                if got is not None:
                    with self._changed:
                        self._keep(*got)
        except DeviceUnavailable as loss:
            if self._report is not None:
                self._report(DeviceState(self._name, Health.LOST, str(loss)))
        finally:
            source.release()
            with self._changed:
                self._source = None
                self._keep(None, 0)

    def _keep(self, frame: Frame | None, at_ns: int) -> None:
        if self._newest is not None:
            self._newest.fill(0)
        self._newest, self._newest_at_ns = frame, at_ns
        self._changed.notify_all()


class V4l2Camera(GrabbingCamera):
    """A USB or CSI camera as Linux shows it: an index, or a path such as /dev/v4l/by-id/…"""

    def __init__(self, device: int | str, *, name: str, report: Report | None = None) -> None:
        """Remember the device; touch nothing. `report` is told when an open camera is lost."""
        super().__init__(lambda: _V4l2Source(device, name), name=name, report=report)


class FileCamera(GrabbingCamera):
    """A video file played at its own pace, over and over unless told otherwise."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        frames_per_second: float | None = None,
        loop: bool = True,
        report: Report | None = None,
    ) -> None:
        """Remember the file; raise BadDeviceSetting for an impossible pace."""
        _check_pace(name, frames_per_second)
        super().__init__(lambda: _FileSource(path, name, frames_per_second, loop), name=name, report=report)


class FolderCamera(GrabbingCamera):
    """A folder of JPEG and PNG frames, listed anew before each frame.

    `order`: `cycled` shows all in the order of their names, `newest` the last to appear; in both a
    picture that appears or is replaced is shown within milliseconds. Put pictures in place with
    an atomic rename; one that is half written is passed over until it is whole.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        frames_per_second: float = 15.0,
        order: Order = "newest",
        report: Report | None = None,
    ) -> None:
        """Remember the folder; raise BadDeviceSetting for an impossible pace or order."""
        _check_pace(name, frames_per_second)
        if order not in ("cycled", "newest"):
            raise BadDeviceSetting(f"{name}: order is {order!r}; legal: cycled, newest")
        super().__init__(
            lambda: PictureFolder(folder, name, frames_per_second, order), name=name, report=report
        )


def _check_pace(name: str, frames_per_second: float | None) -> None:
    if frames_per_second is not None and not 0 < frames_per_second <= 120:
        raise BadDeviceSetting(
            f"{name}: frames_per_second is {frames_per_second}; legal: above 0, at most 120"
        )


class _V4l2Source:
    def __init__(self, device: int | str, name: str) -> None:
        self._where = f"{name}: camera {device}"
        self._failed_reads = 0
        self._capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            self._capture.release()
            raise DeviceUnavailable(
                f"{self._where} cannot be opened; check the cable, the rights of the video group, "
                "and that no other program holds it"
            )
        # The driver's queue is old pictures; keep it as short as it allows.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def next_frame(self) -> tuple[Frame, int] | None:
        read, picture = self._capture.read()
        if not read:
            self._failed_reads += 1
            if self._failed_reads >= FAILED_READS_TO_BE_LOST:
                raise DeviceUnavailable(f"{self._where} sends no frames any more")
            return None
        self._failed_reads = 0
        return np.asarray(picture, np.uint8), time.monotonic_ns()

    def release(self) -> None:
        self._capture.release()


class _FileSource:
    def __init__(self, path: Path, name: str, frames_per_second: float | None, loop: bool) -> None:
        self._where = f"{name}: video {path}"
        self._loop = loop
        if not path.is_file():
            raise DeviceUnavailable(f"{self._where} is not there")
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            self._capture.release()
            raise DeviceUnavailable(f"{self._where} is not a video that OpenCV reads")
        own_pace = self._capture.get(cv2.CAP_PROP_FPS)
        self._period_seconds = 1 / (frames_per_second or (own_pace if own_pace > 0 else 15.0))
        self._next_due = time.monotonic()

    def next_frame(self) -> tuple[Frame, int] | None:
        read, picture = self._capture.read()
        if not read:
            if not self._loop or not self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0):
                raise DeviceUnavailable(f"{self._where} is over")
            read, picture = self._capture.read()
            if not read:
                raise DeviceUnavailable(f"{self._where} cannot be read again from its beginning")
        time.sleep(max(0.0, self._next_due - time.monotonic()))
        self._next_due = time.monotonic() + self._period_seconds
        return np.asarray(picture, np.uint8), time.monotonic_ns()

    def release(self) -> None:
        self._capture.release()
