"""A lane's camera that detects, from the pictures of a session, when it does not see.

It never opens the camera: the state of a closed camera is that of its last session.
Each change goes to the controller once, as a `CameraSight`.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gate_controller.contract.event_kinds import EventKind
from gate_controller.lane.device_watch import DeviceWatch
from gate_controller.lane.pending_events import Record
from gate_controller.lane.state import LaneDesk
from gate_controller.terminal.view import CameraTrouble
from hardware.cameras.trouble import WORDS, Sight, Trouble, glance, looked, lost, no_frame, opened
from hardware.errors import HardwareError
from hardware.interfaces import Camera, DeviceState, Frame, Health

SHOWN: dict[Trouble | None, CameraTrouble] = {
    None: "",
    Trouble.DARK: "dark",
    Trouble.COVERED: "covered",
    Trouble.FROZEN: "frozen",
    Trouble.LOST: "lost",
}


@dataclass(frozen=True, slots=True)
class CameraSight:
    """A lane's camera does not see any more, for this reason, or sees again (None)."""

    lane_id: str
    device: str
    trouble: Trouble | None
    detail: str = ""


class LaneCamera(Camera, Protocol):
    @property
    def newest_captured_at_ns(self) -> int:
        """Return monotonic ns of the frame last returned."""
        ...

    @property
    def loss(self) -> str:
        """Return why an open camera was lost."""
        ...

    def pace(self, frames_per_second: float | None) -> None:
        """Decode at most so many frames a second."""
        ...


class WatchedCamera:
    """A Camera whose frames pass through unchanged; used by one thread at a time."""

    def __init__(
        self,
        camera: LaneCamera,
        lane_id: str,
        put: Callable[[CameraSight], None],
        monotonic_seconds: Callable[[], float],
        *,
        may_repeat: bool = False,
    ) -> None:
        """Remember the parts; `may_repeat` for files and folders, which may show one picture for ever."""
        self._camera = camera
        self._lane_id = lane_id
        self._put = put
        self._seconds = monotonic_seconds
        self._may_repeat = may_repeat
        self._lock = threading.Lock()
        self._sight = Sight()
        self._in_use = False

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._camera.name

    @property
    def is_open(self) -> bool:
        """Return whether the device itself is open now."""
        return self._camera.is_open

    @property
    def newest_captured_at_ns(self) -> int:
        """Return monotonic ns of the frame last returned."""
        return self._camera.newest_captured_at_ns

    def pace(self, frames_per_second: float | None) -> None:
        """Decode at most so many frames a second."""
        self._camera.pace(frames_per_second)

    def open(self) -> None:
        """Open the device; raise DeviceUnavailable, and report it to the gate."""
        was_open = self._camera.is_open
        self._in_use = True
        try:
            self._camera.open()
        except HardwareError as err:
            self._become(lost(self._sight, self._seconds()), str(err))
            raise
        if not was_open:
            self._become(opened(self._sight, self._seconds()))

    def newest_frame(self, timeout_seconds: float) -> Frame | None:
        """Return a frame newer than the last one returned, or None; the frame is the caller's."""
        frame = self._camera.newest_frame(timeout_seconds)
        at = self._seconds()
        if frame is not None:
            self._become(looked(self._sight, glance(frame), at, may_repeat=self._may_repeat))
        elif self._in_use and not self._camera.is_open:
            # Also when it went away before the first frame was asked for.
            self._become(lost(self._sight, at), self._camera.loss)
        elif self._in_use:
            self._become(no_frame(self._sight, at))
        return frame

    def close(self) -> None:
        """Close the device and overwrite the frames still held."""
        self._in_use = False
        self._camera.close()

    def _become(self, sight: Sight, detail: str = "") -> None:
        with self._lock:
            before, self._sight = self._sight.trouble, sight
        if sight.trouble is not before:
            words = WORDS[sight.trouble] if sight.trouble is not None else ""
            self._put(CameraSight(self._lane_id, self.name, sight.trouble, detail or words))


def take_sight(
    sight: CameraSight, desk: LaneDesk, watch: DeviceWatch, record: Record, now_seconds: float
) -> None:
    """Record a camera fault once, and keep face from being offered there.

    Dark raises no alarm: nights are. It is written down all the same, as the reason why face is off.
    """
    desk.camera.becomes(SHOWN[sight.trouble], now_seconds)
    if sight.trouble is None:
        watch.note(DeviceState(sight.device, Health.OK, ""))
        record(EventKind.CAMERA_CLEAR, {"lane_id": desk.lane_id}, {})
        return
    health = Health.LOST if sight.trouble is Trouble.LOST else Health.FAULTY
    watch.note(DeviceState(sight.device, health, sight.detail))
    kind = EventKind.CAMERA_DARK if sight.trouble is Trouble.DARK else EventKind.ALARM_CAMERA
    record(kind, {"lane_id": desk.lane_id, "trouble": sight.trouble.value}, {})
