"""Waits for what happens: a test that sleeps depends on the pace of the machine."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0
"""When a wait is given up: far above what the busiest machine needs, so no result depends on it."""


def until(
    true: Callable[[], object], why: Callable[[], object] = lambda: "", *, patience: float = PATIENCE_SECONDS
) -> None:
    """Return once something is true; fail with what `why` returns where it does not become so."""
    give_up = time.monotonic() + patience
    while not true():
        assert time.monotonic() < give_up, why()
        time.sleep(0.01)
