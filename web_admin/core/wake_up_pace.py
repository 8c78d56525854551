"""Limit the wake-ups that are sent at a moment: the first go fast, the others as fast as a server answers."""

BURST = 1000
"""So many at once before they are spread wider; one process of a server lets 1,500 questions wait."""
AT_ONCE = 100
WAKE_UPS_A_SECOND = 1000.0
EVERY_SECONDS = 0.02


class WakeUpPace:
    """A token bucket: at most `BURST`, `WAKE_UPS_A_SECOND` more as time passes; monotonic seconds."""

    def __init__(self) -> None:
        """Begin with a full bucket."""
        self._left, self._at = float(BURST), 0.0

    def most(self, now: float) -> int:
        """Return how many wake-ups may be sent now, after `EVERY_SECONDS` at least one."""
        self._left = min(float(BURST), self._left + (now - self._at) * WAKE_UPS_A_SECOND)
        self._at = now
        return min(AT_ONCE, int(self._left))

    def sent(self, count: int) -> None:
        self._left -= count
