"""Search for a QR code through the camera for some seconds, after a person pressed QR."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from hardware.errors import HardwareError
from hardware.interfaces import Camera
from hardware.readers.qr_scanners import read_codes

log = logging.getLogger(__name__)

FRAME_TIMEOUT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class CameraCode:
    """What one look ended with: the code's text, or None, and trouble if there was any."""

    lane_id: str
    text: str | None
    read_at_ns: int
    trouble: str = ""


def look_for_code(
    camera: Camera,
    lane_id: str,
    seconds: float,
    cancelled: threading.Event,
    monotonic_seconds: Callable[[], float],
) -> CameraCode:
    """Open the camera, return at the first code or after `seconds`, and close the camera always."""
    until = monotonic_seconds() + seconds
    try:
        camera.open()
        while monotonic_seconds() < until and not cancelled.is_set():
            frame = camera.newest_frame(FRAME_TIMEOUT_SECONDS)
            if frame is None and not camera.is_open:
                break
            if frame is None:
                continue
            try:
                texts = read_codes(frame)
            finally:
                frame.fill(0)
            if texts:
                captured = getattr(camera, "newest_captured_at_ns", None)
                read_at_ns = captured if isinstance(captured, int) else int(monotonic_seconds() * 1e9)
                return CameraCode(lane_id, texts[0], read_at_ns)
    except HardwareError as err:
        # Reported already: the lane's camera watches itself.
        log.warning("lane %s: no code can be looked for: %s", lane_id, err)
    finally:
        camera.close()
    return CameraCode(lane_id, None, int(monotonic_seconds() * 1e9))
