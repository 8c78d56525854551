"""Lend a lane's camera to its screen's browser while a home that was called looks through it.

    the gate's ── lend ──> closed, nothing of the gate can open it ── CameraLent ──> the browser's
       ^                                                                                │
       └── the page says that it is closed, or has said nothing for a second ───────────┘

The camera has one holder at a time. For the gate that is the lane's one worker, by which codes and faces
are looked for: it does the lending, so that a look which goes on ends first, and the next one waits.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field

from gate_controller.lane.hands_free import HandsFreeCodes
from hardware.interfaces import Camera

log = logging.getLogger(__name__)

GONE_SECONDS = 1.0
"""A page that has said nothing for so long is gone, and its browser has closed the camera with it."""
LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class CameraLent:
    """The gate's program has closed a lane's camera for the screen's browser, or has it back."""

    lane_id: str
    is_lent: bool


@dataclass(slots=True)
class _Lease:
    heard_seconds: float
    over: threading.Event = field(default_factory=threading.Event)


class CameraLeases:
    """The cameras of all lanes whose screens may send a picture; used by the controller's thread."""

    def __init__(
        self,
        cameras: Mapping[str, Camera],
        workers: Mapping[str, Executor],
        hands_free: Mapping[str, HandsFreeCodes],
        monotonic_seconds: Callable[[], float],
        put: Callable[[CameraLent], None],
    ) -> None:
        """Remember the parts, by lane; a lane whose camera is the browser's alone has a worker too."""
        self._cameras = cameras
        self._workers = workers
        self._hands_free = hands_free
        self._seconds = monotonic_seconds
        self._put = put
        self._leases: dict[str, _Lease] = {}

    def lend(self, lane_id: str) -> None:
        """Close a lane's camera and lend it, once the look that goes on has ended; once at a time."""
        if self._lease(lane_id) is not None or lane_id not in self._workers:
            return
        lease = self._leases[lane_id] = _Lease(self._seconds())
        self._workers[lane_id].submit(self._hold, lane_id, lease)

    def page_said(self, lane_id: str, *, is_open: bool, is_wanted: bool) -> None:
        """Take the page's word on the camera: with it open the lease goes on, closed and unwanted it ends."""
        lease = self._lease(lane_id)
        if lease is None:
            return
        lease.heard_seconds = self._seconds()
        if not is_open and not is_wanted:
            lease.over.set()

    def cancel_all(self) -> None:
        """End every lease: the gate ends, and with it the page's permission."""
        for lease in self._leases.values():
            lease.over.set()

    def _lease(self, lane_id: str) -> _Lease | None:
        """Return the lease that goes on or waits for its turn."""
        lease = self._leases.get(lane_id)
        return lease if lease is not None and not lease.over.is_set() else None

    # -- the worker --------------------------------------------------------------------------------

    def _hold(self, lane_id: str, lease: _Lease) -> None:
        with self._closed(lane_id) as is_closed:
            if is_closed and not lease.over.is_set():
                lease.heard_seconds = self._seconds()
                self._put(CameraLent(lane_id, is_lent=True))
                while not lease.over.wait(LOOK_EVERY_SECONDS):
                    if self._seconds() - lease.heard_seconds >= GONE_SECONDS:
                        break
        lease.over.set()
        self._put(CameraLent(lane_id, is_lent=False))

    @contextmanager
    def _closed(self, lane_id: str) -> Iterator[bool]:
        if lane_id in self._hands_free:
            with self._hands_free[lane_id].paused():
                yield True
            return
        camera = self._cameras.get(lane_id)
        if camera is not None:
            camera.close()
        if camera is not None and camera.is_open:
            log.error("lane %s: its camera does not close, so no call has a picture", lane_id)
        yield camera is None or not camera.is_open
