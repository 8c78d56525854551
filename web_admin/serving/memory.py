"""Keep garbage collection from holding up a server that has much in memory.

Python looks through all objects again and again; with hundreds of compounds open that is half a second in
which nothing is answered. What outlived such a look is excluded from the next ones; when a compound is closed
all of it is looked at once more (https://docs.python.org/3/library/gc.html#gc.freeze).
"""

import gc
import time
from collections.abc import Callable, Mapping

LONG_LOOK_SECONDS = 0.1
SETTLES_SECONDS = 30.0
"""After a compound was closed its last threads end, and what they hold is garbage."""
OLDEST = 2


def keep_what_is_loaded() -> None:
    """Exclude everything loaded so far from garbage collection; all of it stays to the end."""
    gc.collect()
    gc.freeze()


class LongLooks:
    """Notices how long looks through everything take; excludes what outlived a long one from the next."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        thread_time: Callable[[], float] = time.thread_time,
        long_look_seconds: float = LONG_LOOK_SECONDS,
    ) -> None:
        """Take a clock, and one that stands still while another thread runs."""
        self._monotonic, self._thread_time = monotonic, thread_time
        self._long_look_seconds = long_look_seconds
        self._began = 0.0
        self._closed_at: float | None = None
        self._is_whole = False

    def begin(self) -> None:
        """Begin to notice, in this process."""
        gc.callbacks.append(self.notice)

    def closed(self) -> None:
        """Let one look go through everything, in a while: what was excluded may be garbage by now."""
        if self._closed_at is None:
            self._closed_at = self._monotonic()

    def notice(self, phase: str, about: Mapping[str, int]) -> None:
        """Take what `gc.callbacks` get: nothing else collects, excludes or includes meanwhile."""
        if about["generation"] != OLDEST:
            return
        if phase == "start":
            if self._closed_at is not None and self._monotonic() - self._closed_at >= SETTLES_SECONDS:
                gc.unfreeze()
                self._closed_at, self._is_whole = None, True
            self._began = self._thread_time()
            return
        took = self._thread_time() - self._began
        if self._closed_at is None and (self._is_whole or took > self._long_look_seconds):
            gc.freeze()
            self._is_whole = False
