"""Periodic jobs of every compound: mail, alarms, housekeeping, leases, open pages.

Each job is one row: its name, how often, by whose leave, and what it means that it could not be done. An open
cell has its jobs as often as they say, a server of one compound likewise; a closed cell, which no gate and no
page asks, has them together every ten minutes.
"""

import itertools
import math
import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from flask import Flask

from web_admin.calls.open_pages import OpenPages, hear_calls, marks_of_homes
from web_admin.cells.cell import Cell
from web_admin.cells.rules import RENEW_SECONDS
from web_admin.cells.scheduler import AFTER_A_FAULT_SECONDS, NOT_DONE, JobRefused, NotDone, Run, Scheduler
from web_admin.cells.trouble import CellOut
from web_admin.core.cell_in_hand import CELL
from web_admin.core.database import Menjin
from web_admin.core.single_process import alone, alone_everywhere
from web_admin.custody.machine_keys import MachineRefused
from web_admin.later.acts import due_acts, hear_planned, next_begin
from web_admin.manage.live import use_watch
from web_admin.messages import delivery, outbox
from web_admin.operations import housekeeping, later_runs, machines, watch
from web_admin.resident.call_stream import STREAMS_OF_A_PERSON, use_call_watch
from web_admin.updates.actions import settle_rollouts
from web_admin.web.live_watch import (
    CALL_STREAMS_AT_MOST,
    LOOK_EVERY_SECONDS,
    LiveWatch,
    Look,
    StreamPlaces,
    mark_of,
)

AGAIN_SECONDS = 30.0
"""After a run that found its cell out."""
LIVE = "live"
LATER = "later"
OUTBOX = "outbox"
NO_CHANNELS: Collection[outbox.Channel] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Periodic work on one compound; `name` is also that of its lock."""

    name: str
    every_seconds: float
    do: Callable[[Menjin], object]
    lease: Callable[[Cell, Menjin, str], AbstractContextManager[bool]]
    """Says whether this process may do it now, and keeps others from it meanwhile."""
    failure: str
    """The sentence of a failure, for the log."""


def in_one_process(_cell: Cell, menjin: Menjin, name: str) -> AbstractContextManager[bool]:
    """Return whether no other process of this machine does the job just now."""
    return alone(menjin.config.data_dir, name)


def on_one_machine(cell: Cell, menjin: Menjin, name: str) -> AbstractContextManager[bool]:
    """Return whether no other process of any machine over the database does the job just now.

    Of many cells each machine does it, and the database takes what two find once: each cell keeps one
    connection, and the lock would need a second.
    """
    if not cell.is_only:
        return alone(menjin.config.data_dir, name)
    return alone_everywhere(menjin.database, menjin.config.data_dir, name)


def _keep_house(menjin: Menjin) -> None:
    housekeeping.run(menjin, menjin.clock())


def _beat(menjin: Menjin) -> None:
    try:
        machines.beat(menjin, menjin.clock())
    except MachineRefused as err:
        raise JobRefused(f"this machine must not go on: {err}") from err


HOUSEKEEPING = Job(
    name="housekeeping",
    every_seconds=housekeeping.EVERY_SECONDS,
    do=_keep_house,
    lease=on_one_machine,
    failure="housekeeping could not run",
)
BEAT = Job(
    name="machine",
    every_seconds=machines.EVERY_SECONDS,
    do=_beat,
    lease=in_one_process,
    failure="this machine could not say that it runs",
)
DELIVERIES = {
    channel: Job(
        name=f"outbox-{channel}",
        every_seconds=delivery.LOOK_EVERY_SECONDS,
        do=partial(delivery.deliver, channels=(channel,)),
        lease=in_one_process,
        failure=f"{channel} that is due could not be looked for",
    )
    for channel in outbox.CHANNELS
}
"""Each channel has its own: receivers of webhooks that are slow hold no mail up."""


class PeriodicJobs:
    """The jobs of all cells; `words` is an app that lends its catalogues and nothing else."""

    def __init__(
        self, scheduler: Scheduler, words: Flask, places: StreamPlaces, is_stopping: Callable[[], bool]
    ) -> None:
        """Take who runs them, the places of staff's streams, and whether the process ends."""
        self._scheduler, self._words, self._places = scheduler, words, places
        self._call_places = StreamPlaces(CALL_STREAMS_AT_MOST)
        self._is_stopping = is_stopping
        self._numbers = itertools.count(1)
        self._watch = Job(
            name="watch",
            every_seconds=watch.EVERY_SECONDS,
            do=self._notify,
            lease=on_one_machine,
            failure="what Health finds could not be looked at",
        )

    def add(self, cell: Cell) -> None:
        """Let a cell have its jobs, spread over time by its name; those of an only cell begin at once."""
        self._add(cell, OUTBOX, delivery.LOOK_EVERY_SECONDS, partial(self._look_for_messages, cell))
        self._add(cell, self._watch.name, self._watch.every_seconds, partial(self._watch_open, cell))
        self._add(cell, HOUSEKEEPING.name, HOUSEKEEPING.every_seconds, partial(self._always, cell))
        self._add(cell, LATER, later_runs.LOOK_EVERY_SECONDS, partial(self._later, cell))
        self._add(cell, BEAT.name, BEAT.every_seconds, partial(self._say_that_it_runs, cell))
        self._add(cell, "lease", RENEW_SECONDS, partial(self._renew, cell))

    def remove(self, cell: Cell) -> None:
        """Give a cell that is gone no further runs, but for its open pages, which end."""
        self._scheduler.remove(lambda key: key[0] == cell.name and not key[1].startswith(LIVE))

    def prepare(self, cell: Cell, app: Flask) -> None:
        """Let the open pages of a new app be looked after in turn, as long as the cell is."""

        def mark() -> str:
            with cell.at_work() as menjin:
                return mark_of(menjin)

        pages = OpenPages()

        def mark_calls() -> str:
            with cell.at_work() as menjin:
                pages.note(menjin, calls.persons())
                return marks_of_homes(menjin)

        number = next(self._numbers)  # an app before this one may still have pages that end

        def start(what: str, look: Look) -> None:
            self._scheduler.add(
                (cell.name, f"{what} {number}"),
                partial(_in_cell, cell.name, partial(_look_for_pages, look)),
                after_a_fault_seconds=LOOK_EVERY_SECONDS,
            )

        live = LiveWatch(mark, start=partial(start, LIVE), places=self._places)
        calls = LiveWatch(
            mark_calls,
            streams_at_most=CALL_STREAMS_AT_MOST,
            of_a_person_at_most=STREAMS_OF_A_PERSON,
            start=partial(start, f"{LIVE} calls"),
            places=self._call_places,
        )
        for watch_of_pages in (live, calls):
            watch_of_pages.stop_when(lambda: cell.is_ending or self._is_stopping())
        use_watch(app, live)
        use_call_watch(app, calls)
        menjin: Menjin = app.extensions["menjin"]
        soon_to_calls = partial(self._scheduler.soon, (cell.name, f"{LIVE} calls {number}"))
        hear_calls(menjin.database.open_session, soon_to_calls)
        hear_planned(menjin.database.open_session, partial(self._scheduler.soon, (cell.name, LATER)))
        outbox.hear_put(menjin.database.open_session, partial(self._scheduler.soon, (cell.name, OUTBOX)))

    def _add(self, cell: Cell, what: str, seconds: float, run: Run) -> None:
        spread = zlib.crc32(f"{cell.name} {what}".encode()) / 2**32 if not cell.is_only else 0.0
        self._scheduler.add(
            (cell.name, what),
            partial(_in_cell, cell.name, run),
            spread * seconds,
            after_a_fault_seconds=seconds or AFTER_A_FAULT_SECONDS,
        )

    # -- one run each ------------------------------------------------------------------------------

    def _look_for_messages(self, cell: Cell) -> float:
        """Begin to deliver by each channel that has something due: slow receivers of one hold up no other."""
        if cell.app is None:
            return delivery.LOOK_EVERY_SECONDS
        key, says = (cell.name, OUTBOX), "messages that are due could not be looked for"
        try:
            with cell.at_work() as menjin:
                due = partial(delivery.due_channels, menjin)
                # Here, since a run that finds the cell closed or out must not count as one that works again.
                channels = self._scheduler.failures.tried(key, says, due, otherwise=NO_CHANNELS)
        except CellOut:
            return AGAIN_SECONDS
        for channel in channels:
            self._add(cell, DELIVERIES[channel].name, 0.0, partial(self._deliver, cell, channel))
        return delivery.LOOK_EVERY_SECONDS

    def _deliver(self, cell: Cell, channel: outbox.Channel) -> None:
        self._done(cell, [DELIVERIES[channel]])

    def _watch_open(self, cell: Cell) -> float:
        if cell.app is None:
            return self._watch.every_seconds
        try:
            with cell.at_work():
                cell.look_at_tables()
        except CellOut:
            return AGAIN_SECONDS
        return self._done(cell, [self._watch]) or self._watch.every_seconds

    def _notify(self, menjin: Menjin) -> None:
        with self._words.app_context():
            watch.watch(menjin, menjin.clock())
            settle_rollouts(menjin, menjin.clock())

    def _always(self, cell: Cell) -> float:
        jobs = [HOUSEKEEPING]
        if cell.app is None:
            jobs = [self._watch, *DELIVERIES.values(), HOUSEKEEPING, _later_of(cell)]
        return self._done(cell, jobs) or HOUSEKEEPING.every_seconds

    def _later(self, cell: Cell) -> float:
        """Begin planned acts that are due, and come again when the next one is."""
        if cell.app is None:
            return later_runs.LOOK_EVERY_SECONDS
        key, says = (cell.name, LATER), "planned acts could not be looked for"
        try:
            with cell.at_work() as menjin:
                seconds = partial(_seconds_to_next, menjin)
                waits = self._scheduler.failures.tried(key, says, seconds, otherwise=AGAIN_SECONDS)
        except CellOut:
            return AGAIN_SECONDS
        if waits > 0:
            return min(waits, later_runs.LOOK_EVERY_SECONDS)
        return self._done(cell, [_later_of(cell)]) or later_runs.AGAIN_SECONDS

    def _say_that_it_runs(self, cell: Cell) -> float:
        """Say that this machine serves the cell, where several may: over PostgreSQL."""
        if cell.app is not None and not cell.folder.is_sqlite:
            self._done(cell, [BEAT])
        return BEAT.every_seconds

    @staticmethod
    def _renew(cell: Cell) -> float:
        cell.renew_lease()
        return RENEW_SECONDS

    def _done(self, cell: Cell, jobs: Sequence[Job]) -> float | None:
        """Do jobs that no other process does; return when to try again where the cell is out."""
        try:
            with cell.at_work() as menjin:
                for job in jobs:
                    key, work = (cell.name, job.name), partial(_alone, cell, menjin, job)
                    self._scheduler.failures.tried(key, job.failure, work, otherwise=None)
        except CellOut:
            return AGAIN_SECONDS
        finally:
            if cell.app is None:
                cell.close_if_idle(0.0)
        return None


def _later_of(cell: Cell) -> Job:
    """Return the job that begins a cell's planned acts."""
    return Job(
        name=LATER,
        every_seconds=later_runs.LOOK_EVERY_SECONDS,
        do=partial(_begin_later, cell),
        lease=in_one_process,
        failure="planned acts that are due could not be begun",
    )


def _seconds_to_next(menjin: Menjin) -> float:
    begins_at = next_begin(menjin.database)
    return math.inf if begins_at is None else (begins_at - menjin.clock()).total_seconds()


def _begin_later(cell: Cell, menjin: Menjin) -> None:
    """Begin the acts whose time has come, by the pages that they were sent to."""
    if not due_acts(menjin.database, menjin.clock()):
        return
    app = cell.enter()
    try:
        later_runs.run_due(app)
    finally:
        cell.leave()


def _alone(cell: Cell, menjin: Menjin, job: Job) -> NotDone | None:
    with job.lease(cell, menjin, job.name) as is_mine:
        if not is_mine:
            return NOT_DONE
        job.do(menjin)
    return None


def _look_for_pages(look: Look) -> float | NotDone:
    seconds = look()
    return NOT_DONE if seconds is None else seconds


def _in_cell(name: str, run: Run) -> float | NotDone | None:
    CELL.set(name)
    return run()
