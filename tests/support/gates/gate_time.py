"""The clocks of a gate on a bench, which tests stop and move on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from gate_controller.assembly.assemble import Clocks, boot_seconds


class GateTime:
    """The clocks of one gate: they run as real ones do, until a test stops them or moves them on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._moved_seconds = 0.0
        self._stopped_at: float | None = None
        self._wall = datetime.now(UTC)
        monotonic, boot = self._began, boot_seconds()
        self.clocks = Clocks(self.wall, lambda: monotonic + self._elapsed(), lambda: boot + self._elapsed())

    def _elapsed(self) -> float:
        real = time.monotonic() if self._stopped_at is None else self._stopped_at
        return real - self._began + self._moved_seconds

    def wall(self) -> datetime:
        """Return the aware time of the gate's wall clock."""
        return self._wall + timedelta(seconds=self._elapsed())

    def second(self) -> int:
        """Return the second of the gate's wall clock, as codes name it."""
        return int(self.wall().timestamp())

    def stop(self) -> None:
        """Stop the clock; only `move_on` advances it."""
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()

    def run(self) -> None:
        """Let a stopped clock run on from where it was stopped."""
        if self._stopped_at is not None:
            self._moved_seconds -= time.monotonic() - self._stopped_at
            self._stopped_at = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the clock while the block runs, such as one that takes longer on a busy machine."""
        self.stop()
        try:
            yield
        finally:
            self.run()

    def move_on(self, seconds: float) -> None:
        """Advance the clocks by so many seconds at once."""
        self._moved_seconds += seconds
