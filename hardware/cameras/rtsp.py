"""Read a network camera over RTSP and TCP with OpenCV's FFmpeg."""

import cv2

from hardware.cameras.camera import CaptureSource, GrabbingCamera
from hardware.cameras.rtsp_diagnosis import RtspLogin, check_address, why_not, with_login
from hardware.errors import DeviceUnavailable
from hardware.interfaces import Report

OPEN_SECONDS = 6.0
"""Cameras send a whole picture every one to four seconds; nothing can be shown before the first."""
READ_SECONDS = 2.0


class RtspCamera(GrabbingCamera):
    """A camera at an `rtsp://` address; its login comes apart from the address and is never shown.

    The camera's second, smaller stream is enough (640 × 480 and more), and costs a quarter to decode.
    """

    def __init__(
        self,
        address: str,
        *,
        name: str,
        login: RtspLogin | None = None,
        report: Report | None = None,
        open_seconds: float = OPEN_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """Remember the camera; raise BadDeviceSetting for an address that is none or holds a login."""
        check_address(address, name=name)
        super().__init__(
            lambda: _rtsp_source(address, name, login, open_seconds, read_seconds), name=name, report=report
        )


def _rtsp_source(
    address: str, name: str, login: RtspLogin | None, open_seconds: float, read_seconds: float
) -> CaptureSource:
    where = f"{name}: camera {address}"
    capture = cv2.VideoCapture(
        with_login(address, login),
        cv2.CAP_FFMPEG,
        [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            int(open_seconds * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(read_seconds * 1000),
        ],
    )
    if not capture.isOpened():
        capture.release()
        raise DeviceUnavailable(f"{where}: {why_not(address, login)}")
    return CaptureSource(capture, where, failed_reads_to_be_lost=1)
