"""Do periodic work of many cells in a few threads, in turn; what hangs holds up nothing else.

Each work is known by a key and is done by one thread at a time. A thread that has been at one work for longer
than a few seconds no longer counts: another takes its place until it is back, so that each hanging work costs
one thread and no one's turn.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Key = tuple[str, str]
"""Whose work, and which."""
Turn = Callable[[], float | None]
"""Works once; returns after how many seconds its next turn is due, None for never."""

THREADS = 4
MORE_THREADS = 200
PATIENCE_SECONDS = 5.0
AFTER_A_FAULT_SECONDS = 60.0
MINDED_EVERY_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Work:
    key: Key
    turn: Turn
    is_wanted: bool = True
    is_asked_again: bool = False
    """It was added once more while its last turn ran."""
    began: float | None = None


class Turns:
    """The works and the threads; nothing runs before `start`."""

    def __init__(
        self,
        *,
        threads: int = THREADS,
        more_threads: int = MORE_THREADS,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how many threads work, and how many more may stand in for hanging ones."""
        self._threads, self._more_threads = threads, more_threads
        self._patience_seconds, self._monotonic = patience_seconds, monotonic
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _Work]] = []
        self._numbers = itertools.count()
        self._works: dict[Key, _Work] = {}
        self._running: set[_Work] = set()
        self._alive = 0
        self._over = threading.Event()

    def start(self) -> None:
        """Start the threads."""
        with self._changed:
            for _number in range(self._threads):
                self._start_one()
        threading.Thread(target=self._mind, name="turns-minder", daemon=True).start()

    def stop(self, seconds: float = 5.0) -> None:
        """Begin no further turn, and wait so long for those that run."""
        with self._changed:
            self._over.set()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._alive == 0, seconds)

    def add(self, key: Key, turn: Turn, first_seconds: float = 0.0) -> None:
        """Add work that is due after so many seconds; a known key keeps its work, for one turn at least."""
        with self._changed:
            known = self._works.get(key)
            if known is not None:
                known.is_asked_again = known.began is not None
                return
            work = self._works[key] = _Work(key, turn)
            self._put(work, first_seconds)

    def remove(self, is_gone: Callable[[Key], bool]) -> None:
        """Forget works; a turn that runs is its last."""
        with self._changed:
            for key in [key for key in self._works if is_gone(key)]:
                self._works.pop(key).is_wanted = False

    def hanging(self) -> list[Key]:
        """Return whose works have been at their turn for longer than they should."""
        now = self._monotonic()
        with self._changed:
            return sorted(one.key for one in self._running if self._is_late(one, now))

    def _is_late(self, work: _Work, now: float) -> bool:
        return work.began is not None and now - work.began > self._patience_seconds

    def _put(self, work: _Work, seconds: float) -> None:
        heapq.heappush(self._due, (self._monotonic() + seconds, next(self._numbers), work))
        self._changed.notify()

    def _start_one(self) -> None:
        self._alive += 1
        threading.Thread(target=self._work, name="turns", daemon=True).start()

    def _mind(self) -> None:
        """Start threads in the place of those that hang."""
        while not self._over.wait(MINDED_EVERY_SECONDS):
            with self._changed:
                for _number in range(self._wanted() - self._alive):
                    self._start_one()

    def _wanted(self) -> int:
        now = self._monotonic()
        late = sum(1 for one in self._running if self._is_late(one, now))
        return self._threads + min(late, self._more_threads)

    def _work(self) -> None:
        while (work := self._next()) is not None:
            seconds = self._done(work)
            with self._changed:
                self._running.discard(work)
                work.began = None
                if seconds is None and work.is_asked_again:
                    seconds = 0.0
                work.is_asked_again = False
                if seconds is None and self._works.get(work.key) is work:
                    del self._works[work.key]
                elif seconds is not None and work.is_wanted:
                    self._put(work, seconds)

    def _done(self, work: _Work) -> float | None:
        try:
            return work.turn()
        except Exception:  # noqa: BLE001 - one fault stops no other work, and it is logged
            _log.exception("%s of cell %s failed; it is tried again in a minute", work.key[1], work.key[0])
            return AFTER_A_FAULT_SECONDS

    def _next(self) -> _Work | None:
        """Return the work whose turn it is; None where this thread is one too many."""
        with self._changed:
            while True:
                if self._over.is_set() or self._alive > self._wanted():
                    self._alive -= 1
                    self._changed.notify_all()
                    return None
                now = self._monotonic()
                while self._due and not self._due[0][2].is_wanted:
                    heapq.heappop(self._due)
                if self._due and self._due[0][0] <= now:
                    work = heapq.heappop(self._due)[2]
                    work.began = now
                    self._running.add(work)
                    return work
                self._changed.wait(self._due[0][0] - now if self._due else None)
