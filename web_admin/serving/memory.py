"""Keep garbage collection from holding up a server that has much in memory.

Python looks through all objects again and again; with hundreds of compounds open that is half a second in
which nothing is answered. What outlived such a look is excluded from the next ones; when a compound is closed
all of it is looked at once more (https://docs.python.org/3/library/gc.html#gc.freeze).
"""

import gc
import time
from collections.abc import Callable, Mapping

LONG_LOOK_SECONDS = 0.1
OLDEST = 2


def keep_what_is_loaded() -> None:
    """Exclude everything loaded so far from garbage collection; all of it stays to the end."""
    gc.collect()
    gc.freeze()


def keep_what_lasts(
    monotonic: Callable[[], float] = time.monotonic, long_look_seconds: float = LONG_LOOK_SECONDS
) -> Callable[[str, Mapping[str, int]], None]:
    """Exclude from now on what outlived a look through everything that took long; return what does so."""
    began = 0.0

    def notice(phase: str, about: Mapping[str, int]) -> None:
        nonlocal began
        if about["generation"] != OLDEST:
            return
        if phase == "start":
            began = monotonic()
        elif monotonic() - began > long_look_seconds:
            gc.freeze()

    gc.callbacks.append(notice)
    return notice


def look_at_all_again() -> None:
    """Let the next look go through everything: something that was excluded may be garbage by now."""
    gc.unfreeze()
