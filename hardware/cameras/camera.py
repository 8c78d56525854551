"""Cameras that stay closed until a caller opens them.

    closed ── open() ──> open, one thread grabs, only the newest frame is kept ── close() ──> closed
                              │                                                (frames overwritten)
                              └── device lost: device released, is_open false, LOST reported once

A slow reader gets the newest frame, never an old one: the thread takes every frame from the device
and keeps one. Where fewer are wanted (`pace`), the others are taken and not decoded.

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

from hardware.cameras.picture_folder import Order, PictureFolder
from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.interfaces import DeviceState, Frame, Health, Report

# OpenCV waits 10 s for a stalled V4L2 camera unless configured before the first capture, and offers
# no property for it (CAP_PROP_READ_TIMEOUT_MSEC is FFmpeg's and GStreamer's). Whole seconds only.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
# For network cameras, read at each opening: TCP only, since UDP loses parts of pictures; no wait for
# twenty frames to guess a rate from. Not `nobuffer`: it throws the first whole picture away, and the
# next comes only seconds later. Files take no notice of it.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|fpsprobesize;0")
# FFmpeg's own lines may name the address it was given, and that holds the camera's password.
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"

FAILED_READS_TO_BE_LOST = 3


class FrameSource(Protocol):
    """An opened device as the grabbing thread sees it."""

    def next_frame(self, *, skip: bool = False) -> tuple[Frame, int] | None:
        """Wait shortly and return a frame and its monotonic ns, or None when none came yet.

        With `skip` a frame is taken from the device and not decoded. Raise DeviceUnavailable when
        none will come any more.
        """
        ...

    def release(self) -> None: ...


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
        self._period_ns = 0
        self._loss = ""

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    @property
    def is_open(self) -> bool:
        """Return whether the device itself is open now; true until it has really been let go of."""
        return self._source is not None

    @property
    def newest_captured_at_ns(self) -> int:
        """Return monotonic ns of the frame last returned by `newest_frame`."""
        return self._returned_at_ns

    @property
    def loss(self) -> str:
        """Return why an open camera was lost, empty since it was opened again."""
        return self._loss

    def pace(self, frames_per_second: float | None) -> None:
        """Decode at most so many frames a second from now on; None decodes all."""
        self._period_ns = 0 if frames_per_second is None else int(1e9 / frames_per_second)

    def open(self) -> None:
        """Open the device; raise DeviceUnavailable. Opening an open camera changes nothing."""
        if self.is_open:
            return
        self.close()  # joins the thread of a device that was lost
        self._closing.clear()
        self._source = self._open_source()
        self._loss = ""
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
        kept_at_ns = 0
        try:
            while not self._closing.is_set():
                got = source.next_frame(skip=time.monotonic_ns() - kept_at_ns < self._period_ns)
                if got is not None:
                    kept_at_ns = time.monotonic_ns()
                    with self._changed:
                        self._keep(*got)
        except DeviceUnavailable as loss:
            self._loss = str(loss)
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
        """Remember the device; touch nothing. `report` receives the loss of an open camera."""
        super().__init__(lambda: _v4l2_source(device, name), name=name, report=report)


class FileCamera(GrabbingCamera):
    """A video file played at its own pace, over and over unless `loop` is off."""

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
    """A folder of JPEG and PNG frames, listed again before each frame.

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


class CaptureSource:
    """Frames from an OpenCV capture of a device that sends continuously."""

    def __init__(
        self, capture: cv2.VideoCapture, where: str, *, failed_reads_to_be_lost: int = FAILED_READS_TO_BE_LOST
    ) -> None:
        """Take ownership of an opened capture; `where` prefixes the error when frames stop."""
        self._capture = capture
        self._may_fail = failed_reads_to_be_lost
        self._where = where
        self._failed_reads = 0

    def next_frame(self, *, skip: bool = False) -> tuple[Frame, int] | None:
        """Return the next frame; raise DeviceUnavailable after too many failed reads."""
        if not self._capture.grab():
            self._failed()
            return None
        at_ns = time.monotonic_ns()
        if skip:
            self._failed_reads = 0
            return None
        read, picture = self._capture.retrieve()
        if not read:
            self._failed()
            return None
        self._failed_reads = 0
        return np.asarray(picture, np.uint8), at_ns

    def release(self) -> None:
        self._capture.release()

    def _failed(self) -> None:
        self._failed_reads += 1
        if self._failed_reads >= self._may_fail:
            raise DeviceUnavailable(f"{self._where} sends no frames any more")


def _v4l2_source(device: int | str, name: str) -> CaptureSource:
    where = f"{name}: camera {device}"
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise DeviceUnavailable(
            f"{where} cannot be opened; check the cable, the rights of the video group, "
            "and that no other program holds it"
        )
    # The driver's queue is old pictures; keep it as short as it allows.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return CaptureSource(capture, where)


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

    def next_frame(self, *, skip: bool = False) -> tuple[Frame, int] | None:
        if not self._capture.grab():
            if not self._loop or not self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0):
                raise DeviceUnavailable(f"{self._where} is over")
            if not self._capture.grab():
                raise DeviceUnavailable(f"{self._where} cannot be read again from its beginning")
        time.sleep(max(0.0, self._next_due - time.monotonic()))
        self._next_due = time.monotonic() + self._period_seconds
        if skip:
            return None
        read, picture = self._capture.retrieve()
        if not read:
            return None
        return np.asarray(picture, np.uint8), time.monotonic_ns()

    def release(self) -> None:
        self._capture.release()
