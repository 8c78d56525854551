"""Bound how often one gate asks, so that a gate which asks all the time is slowed alone.

Each process of the server counts alone, in memory: what is bounded is its work, and a gate that is turned
away asks again two seconds later.
"""

import threading
import time
from collections.abc import Callable

ASKS_A_SECOND, ASKS_AT_ONCE = 20, 100
"""An honest gate asks ten times a second at most: so often where `ask_again_seconds` is at its least."""


class AskBounds:
    """How often each gate asked lately; safe to use from several threads."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        """Know no gate yet."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._used_until: dict[str, float] = {}

    def take(self, gate_id: str) -> bool:
        """Count a question of a gate that signed it; return whether it may be answered."""
        now = self._seconds()
        with self._lock:
            used_until = max(self._used_until.get(gate_id, now), now)
            if used_until - now > ASKS_AT_ONCE / ASKS_A_SECOND:
                return False
            self._used_until[gate_id] = used_until + 1 / ASKS_A_SECOND
            return True

    def give_back(self, gate_id: str) -> None:
        """Count a question no more that was not answered after all."""
        with self._lock:
            if gate_id in self._used_until:
                self._used_until[gate_id] -= 1 / ASKS_A_SECOND
