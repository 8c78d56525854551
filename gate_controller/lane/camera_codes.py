"""Search for a QR code through the camera for some seconds, after a person pressed QR."""

import logging
import threading
from collections.abc import Callable, Container, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from gate_controller.lane.camera_state import CameraState
from hardware.errors import HardwareError
from hardware.interfaces import Camera
from hardware.readers.qr_scanners import read_codes

log = logging.getLogger(__name__)

FRAME_TIMEOUT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class CameraCode:
    """Result of one look for a code: its text, or None, and trouble if there was any."""

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


class CodeLooks:
    """The looks for a code at all lanes of a gate."""

    def __init__(
        self,
        cameras: Mapping[str, Camera],
        lookers: Mapping[str, Executor],
        monotonic_seconds: Callable[[], float],
        put: Callable[[CameraCode], None],
        *,
        hands_free: Container[str] = (),
    ) -> None:
        """Remember the parts, by lane; lanes in `hands_free` look for codes all the time.

        A lane's looker is the one worker that opens its camera, for codes and for faces, so that one
        look never closes the camera under the next.
        """
        self._cameras = cameras
        self._lookers = lookers
        self._monotonic_seconds = monotonic_seconds
        self._put = put
        self._hands_free = hands_free
        self._cancelled: dict[str, threading.Event] = {}

    def begin(self, lane_id: str, state: CameraState, seconds: float) -> None:
        """Look for so long, where the lane has a camera that does not look already; `put` gets the end."""
        camera = self._cameras.get(lane_id)
        if camera is None or lane_id in self._hands_free:
            return
        cancelled = self._cancelled[lane_id] = threading.Event()
        state.look_begins("codes_only")

        def look() -> None:
            ended = CameraCode(lane_id, None, 0, trouble="the look ended with an error; see the log")
            try:
                ended = look_for_code(camera, lane_id, seconds, cancelled, self._monotonic_seconds)
            except Exception:
                log.exception("lane %s: a look for a code failed", lane_id)
            finally:
                self._put(ended)

        self._lookers[lane_id].submit(look)

    def cancel(self, lane_id: str) -> None:
        """End the look under way at a lane within a frame."""
        if (look := self._cancelled.get(lane_id)) is not None:
            look.set()

    def cancel_all(self) -> None:
        """End every look under way within a frame."""
        for lane_id in self._cameras:
            self.cancel(lane_id)
