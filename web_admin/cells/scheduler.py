"""Run the periodic jobs of a server process in a few threads; a job that hangs holds up no other.

Each job is known by a key and runs in one thread at a time. A thread that has been at one job for longer than
a few seconds no longer counts: another takes its place until it is back, so that each hanging job costs one
thread and no other job's time.
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

Key = tuple[str, str]
"""Of which cell a job is ("" where a server has one compound), and its name."""


class NotDone(Enum):
    """The result of work that was not done: a failure before it stays known."""

    NOT_DONE = "not done"


NOT_DONE = NotDone.NOT_DONE
Run = Callable[[], float | NotDone | None]
"""Runs once; returns after how many seconds the next run is due, None for never, NOT_DONE likewise."""
StartThread = Callable[[str, Callable[[], None]], None]
"""Starts a thread of this name, which ends with the process."""

Result = TypeVar("Result")

THREADS = 4
MORE_THREADS = 200
PATIENCE_SECONDS = 5.0
AFTER_A_FAULT_SECONDS = 60.0
MINDED_EVERY_SECONDS = 1.0
MINDER: Key = ("", "scheduler-minder")

_log = logging.getLogger(__name__)


class JobRefused(Exception):
    """A job says in its own words why it could not be done; the log needs no trace."""


class Failures:
    """Failures of jobs: logged once until the job works again, and once more when it fails otherwise."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[tuple[Key, str], str] = {}

    def tried(self, key: Key, says: str, work: Callable[[], Result], otherwise: Result) -> Result:
        """Do work and return its result, or the other one where it fails; that is logged, and raises nothing.

        `says` is what it means that the work could not be done. Work that returns NOT_DONE neither failed nor
        works again.
        """
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - one fault stops no other job, and it is logged
            self._note(key, says, error)
            return otherwise
        if result is not NOT_DONE and self._known.pop((key, says), None) is not None:
            _log.warning("%s works again", name_of(key))
        return result

    def _note(self, key: Key, says: str, error: Exception) -> None:
        in_own_words = isinstance(error, JobRefused)
        kind = str(error) if in_own_words else type(error).__name__
        if self._known.get((key, says)) == kind:
            return
        self._known[key, says] = kind
        if in_own_words:
            _log.error("%s", error)
        else:
            _log.error("%s; it is tried again, and logged once until it works", says, exc_info=error)

    def forget(self, key: Key) -> None:
        """Take that there is no such job any more."""
        for known in [known for known in list(self._known) if known[0] == key]:
            self._known.pop(known, None)


def name_of(key: Key) -> str:
    """Return a job's name for the log."""
    cell, what = key
    return f"{what} of cell {cell}" if cell else what


@dataclass(eq=False)
class _Job:
    key: Key
    run: Run
    after_a_fault_seconds: float
    is_wanted: bool = True
    is_asked_again: bool = False
    """It was added once more, or wanted soon, while its last run went on."""
    began: float | None = None
    place: int = -1
    """Its number among those that are due; one that was put once more leaves its earlier place."""


class Scheduler:
    """The jobs and the threads; nothing runs before `start`."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        start_thread: StartThread,
        threads: int = THREADS,
        more_threads: int = MORE_THREADS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Take how many threads work, and how many more may stand in for hanging ones."""
        self._threads, self._more_threads = threads, more_threads
        self._patience_seconds, self._monotonic = patience_seconds, monotonic
        self._start_thread = start_thread
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _Job]] = []
        self._numbers = itertools.count()
        self._jobs: dict[Key, _Job] = {}
        self._running: set[_Job] = set()
        self._alive = 0
        self._over = threading.Event()
        self.failures = Failures()

    def start(self) -> None:
        with self._changed:
            for _number in range(self._threads):
                self._start_one()
        self._start_thread(name_of(MINDER), self._mind)

    def stop(self, seconds: float = 5.0) -> None:
        """Begin no further run, and wait so long for those that go on."""
        with self._changed:
            self._over.set()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._alive == 0, seconds)

    def add(
        self,
        key: Key,
        run: Run,
        first_seconds: float = 0.0,
        after_a_fault_seconds: float = AFTER_A_FAULT_SECONDS,
    ) -> None:
        """Add a job that is due after so many seconds; a known key keeps its job, for one run at least."""
        with self._changed:
            known = self._jobs.get(key)
            if known is not None:
                known.is_asked_again = known.began is not None
                return
            job = self._jobs[key] = _Job(key, run, after_a_fault_seconds)
            self._put(job, first_seconds)

    def soon(self, key: Key) -> None:
        """Let a job that is due later run now; one that runs just now comes once more after that."""
        with self._changed:
            known = self._jobs.get(key)
            if known is None:
                return
            if known.began is not None:
                known.is_asked_again = True
            else:
                self._put(known, 0.0)

    def remove(self, is_gone: Callable[[Key], bool]) -> None:
        """Forget jobs; a run that goes on is the last."""
        with self._changed:
            for key in [key for key in self._jobs if is_gone(key)]:
                self._jobs.pop(key).is_wanted = False
                self.failures.forget(key)

    def hanging(self) -> list[Key]:
        """Return which jobs have been at their run for longer than they should."""
        now = self._monotonic()
        with self._changed:
            return sorted(one.key for one in self._running if self._is_late(one, now))

    def _is_late(self, job: _Job, now: float) -> bool:
        return job.began is not None and now - job.began > self._patience_seconds

    def _put(self, job: _Job, seconds: float) -> None:
        job.place = next(self._numbers)
        heapq.heappush(self._due, (self._monotonic() + seconds, job.place, job))
        self._changed.notify()

    def _start_one(self) -> None:
        self._alive += 1
        try:
            self._start_thread("scheduler", self._work)
        except BaseException:
            self._alive -= 1
            raise

    def _mind(self) -> None:
        """Start threads in the place of those that hang; where the system refuses one, try again later."""
        says = "no thread could take the place of one that hangs"
        while not self._over.wait(MINDED_EVERY_SECONDS):
            self.failures.tried(MINDER, says, self._start_wanted, otherwise=None)

    def _start_wanted(self) -> NotDone | None:
        with self._changed:
            wanted = self._wanted() - self._alive
            for _number in range(wanted):
                self._start_one()
        return None if wanted > 0 else NOT_DONE

    def _wanted(self) -> int:
        now = self._monotonic()
        late = sum(1 for one in self._running if self._is_late(one, now))
        return self._threads + min(late, self._more_threads)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            result = self._done(job)
            seconds = None if result is NOT_DONE else result
            with self._changed:
                self._running.discard(job)
                job.began = None
                if job.is_asked_again:
                    seconds = 0.0
                job.is_asked_again = False
                if seconds is None and self._jobs.get(job.key) is job:
                    del self._jobs[job.key]
                    if result is NOT_DONE:
                        self.failures.forget(job.key)
                elif seconds is not None and job.is_wanted:
                    self._put(job, seconds)

    def _done(self, job: _Job) -> float | NotDone | None:
        later: float | NotDone | None = job.after_a_fault_seconds
        return self.failures.tried(job.key, f"{name_of(job.key)} failed", job.run, otherwise=later)

    def _leave_out(self) -> None:
        """Take away what is next as long as it is wanted no more, or was put elsewhere since."""
        while self._due and not (self._due[0][2].is_wanted and self._due[0][2].place == self._due[0][1]):
            heapq.heappop(self._due)

    def _next(self) -> _Job | None:
        """Return the job that is due; None where this thread is one too many."""
        with self._changed:
            while True:
                if self._over.is_set() or self._alive > self._wanted():
                    self._alive -= 1
                    self._changed.notify_all()
                    return None
                now = self._monotonic()
                self._leave_out()
                if self._due and self._due[0][0] <= now:
                    job = heapq.heappop(self._due)[2]
                    job.began = now
                    self._running.add(job)
                    return job
                self._changed.wait(self._due[0][0] - now if self._due else None)
