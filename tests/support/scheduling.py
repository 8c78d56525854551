"""The scheduler of tests: theirs alone, or one for the open pages of every app that no server serves."""

import itertools
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask

from web_admin.calls.open_pages import OpenPages, marks_of_homes
from web_admin.cells.cell import Cell
from web_admin.cells.folders import CellFolder
from web_admin.cells.open_cell import InCommon
from web_admin.cells.periodic_jobs import PeriodicJobs
from web_admin.cells.scheduler import Run, Scheduler
from web_admin.core.database import Menjin
from web_admin.manage.live import use_watch
from web_admin.resident.call_stream import STREAMS_OF_A_PERSON, use_call_watch
from web_admin.web.live_watch import LiveWatch, StreamPlaces, mark_of

_numbers = itertools.count()


def make_scheduler(**more: Any) -> Scheduler:
    """Return a scheduler over the real time, not yet started."""
    return Scheduler(**{"monotonic": time.monotonic, "start_thread": _start_thread, **more})


def _start_thread(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


@cache
def _of_all_apps() -> Scheduler:
    made = make_scheduler()
    made.start()
    return made


def start_looks(look: Run) -> None:
    """Have a look done again and again, as a server does."""
    _of_all_apps().add(("tests", f"live {next(_numbers)}"), look, after_a_fault_seconds=0.01)


def renew_watch(app: Flask) -> None:
    """Give an app a watch without streams, over the database that it has now."""
    menjin = app.extensions["menjin"]
    use_watch(app, LiveWatch(lambda: mark_of(menjin), start=start_looks))
    pages = OpenPages()

    def look() -> str:
        pages.note(menjin, calls.persons())
        return marks_of_homes(menjin)

    calls = LiveWatch(look, of_a_person_at_most=STREAMS_OF_A_PERSON, start=start_looks)
    use_call_watch(app, calls)


class OpenCell(Cell):
    """The only cell of a server that serves these parts, without an app of theirs."""

    is_only = True

    def __init__(self, menjin: Menjin) -> None:
        """Take what is open."""
        folder = CellFolder("", menjin.config.data_dir, (), menjin.config)
        super().__init__(folder, InCommon(menjin.clock), lambda _cell, _app: None, time.monotonic)
        self._menjin, self._app = menjin, Flask("no pages")

    def look_at_tables(self) -> None:
        """Look at nothing: what tests fill is of no version."""


def jobs_on(scheduler: Scheduler) -> PeriodicJobs:
    """Return the periodic jobs of a server, with words of no language."""
    return PeriodicJobs(scheduler, Flask("no words"), StreamPlaces(1), bool)
