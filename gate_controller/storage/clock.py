"""Read the time, and decide whether it is reliable.

A clock is sure when it starts from a battery-backed clock or a network time that is not before what
the gate already knows (its journal, its policy, its build), or once the server's signed time agrees.
It becomes unsure when it jumps against the monotonic clock or disagrees with the server.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MAX_JUMP = timedelta(seconds=120)
BUILT_AT = datetime(2026, 11, 1, tzinfo=UTC)


class GateClock:
    """The gate's time; safe to ask from several threads."""

    def __init__(
        self,
        wall: Callable[[], datetime],
        monotonic_seconds: Callable[[], float],
        *,
        floor: datetime | None,
        is_battery_backed: bool,
    ) -> None:
        """Start sure only with a battery-backed clock that is not before `floor` and the build."""
        self._wall = wall
        self._monotonic = monotonic_seconds
        self._lock = threading.Lock()
        now = wall()
        self._offset = now - timedelta(seconds=monotonic_seconds())
        self._past = max(floor or BUILT_AT, BUILT_AT)
        self._sure = is_battery_backed and now >= self._past

    def monotonic_seconds(self) -> float:
        """Return seconds that only grow."""
        return self._monotonic()

    def now(self) -> datetime:
        """Return the aware time; note a jump of the wall clock."""
        now = self._wall()
        with self._lock:
            offset = now - timedelta(seconds=self._monotonic())
            if abs(offset - self._offset) > MAX_JUMP:
                self._sure = False
            self._offset = offset
            if self._sure:
                self._past = max(self._past, now)
        return now

    @property
    def is_sure(self) -> bool:
        """Return whether anything time-bound may be judged by this clock."""
        with self._lock:
            return self._sure

    @property
    def surely_past(self) -> datetime:
        """Return a moment that has passed, however unsure the clock is now."""
        with self._lock:
            return self._past

    def server_said(self, server_time: datetime) -> bool:
        """Compare with the server's signed time; return whether the clock is sure now."""
        agrees = abs(self.now() - server_time) <= MAX_JUMP
        with self._lock:
            self._sure = agrees
            return self._sure
