"""What every cell has done for it without being asked: mail, alarms, housekeeping, the lease, open pages.

An open cell has it as often as a server of one compound; a closed one, which no gate and no page asks, every
ten minutes.
"""

import itertools
import logging
import zlib
from collections.abc import Callable, Mapping
from functools import partial

from flask import Flask

from web_admin.cells.cell import Cell
from web_admin.cells.rules import RENEW_SECONDS
from web_admin.cells.trouble import CellOut
from web_admin.cells.turns import Turns
from web_admin.core.cell_in_hand import CELL
from web_admin.core.database import Menjin
from web_admin.core.single_process import alone
from web_admin.manage.live import use_watch
from web_admin.messages import outbox
from web_admin.operations import housekeeping, machines, watch
from web_admin.updates.actions import settle_rollouts
from web_admin.web.live_watch import LiveWatch, StreamPlaces, mark_of

AGAIN_SECONDS = 30.0
"""After a turn that found its cell out."""

LIVE = "live"
Task = Callable[[Menjin], object]
_log = logging.getLogger(__name__)


class Works:
    """The periodic work of all cells; `words` is an app that lends its catalogues and nothing else."""

    def __init__(
        self, turns: Turns, words: Flask, places: StreamPlaces, is_stopping: Callable[[], bool]
    ) -> None:
        """Take who does it, and whether the process ends."""
        self._turns, self._words, self._places = turns, words, places
        self._is_stopping = is_stopping
        self._numbers = itertools.count(1)

    def add(self, cell: Cell) -> None:
        """Let a cell have its turns, spread over time by its name."""
        watches: Task = partial(self._watch, cell)
        self._add(cell, "outbox", outbox.LOOK_EVERY_SECONDS, partial(self._look_for_messages, cell))
        self._add(cell, "watch", watch.EVERY_SECONDS, partial(self._while_open, cell, watches))
        self._add(cell, "housekeeping", housekeeping.EVERY_SECONDS, partial(self._always, cell, watches))
        self._add(cell, "machine", machines.EVERY_SECONDS, partial(self._beat, cell))
        self._add(cell, "lease", RENEW_SECONDS, partial(self._renew, cell))

    def remove(self, cell: Cell) -> None:
        """Give a cell that is gone no further turns, but for its open pages, which end."""
        self._turns.remove(lambda key: key[0] == cell.name and not key[1].startswith(LIVE))

    def prepare(self, cell: Cell, app: Flask) -> None:
        """Let the open pages of a new app be looked after in turn, as long as the cell is."""

        def mark() -> str:
            with cell.at_work() as menjin:
                return mark_of(menjin)

        number = next(self._numbers)  # an app before this one may still have pages that end

        def start(look: Callable[[], float | None]) -> None:
            self._turns.add((cell.name, f"{LIVE} {number}"), partial(_in_cell, cell.name, look))

        live = LiveWatch(mark, start=start, places=self._places)
        live.stop_when(lambda: cell.is_ending or self._is_stopping())
        use_watch(app, live)

    def _add(self, cell: Cell, what: str, seconds: float, turn: Callable[[], float | None]) -> None:
        spread = zlib.crc32(f"{cell.name} {what}".encode()) / 2**32
        self._turns.add((cell.name, what), partial(_in_cell, cell.name, turn), spread * seconds)

    def _watch(self, cell: Cell, menjin: Menjin) -> None:
        cell.look_at_tables()
        with self._words.app_context():
            watch.watch(menjin, menjin.clock())
            settle_rollouts(menjin, menjin.clock())

    def _look_for_messages(self, cell: Cell) -> float:
        """Begin to deliver by each channel that has something due: slow receivers of one hold up no other."""
        if cell.app is not None:
            try:
                with cell.at_work() as menjin:
                    channels = outbox.due_channels(menjin)
            except CellOut:
                return AGAIN_SECONDS
            for channel in channels:
                self._add(cell, f"outbox-{channel}", 0.0, partial(self._deliver_once, cell, channel))
        return outbox.LOOK_EVERY_SECONDS

    @staticmethod
    def _deliver_once(cell: Cell, channel: outbox.Channel) -> None:
        what = f"outbox-{channel}"
        _worked(cell, {what: _DELIVERIES[what]})

    @staticmethod
    def _while_open(cell: Cell, watches: Task) -> float:
        return (_worked(cell, {"watch": watches}) if cell.app is not None else None) or watch.EVERY_SECONDS

    @staticmethod
    def _always(cell: Cell, watches: Task) -> float:
        tasks: dict[str, Task] = {"housekeeping": _keep_house}
        if cell.app is None:
            tasks = {"watch": watches, **_DELIVERIES, **tasks}
        return _worked(cell, tasks) or housekeeping.EVERY_SECONDS

    @staticmethod
    def _beat(cell: Cell) -> float:
        """Say that this machine serves the cell, where several may: over PostgreSQL."""
        if cell.app is not None and not cell.folder.is_sqlite:
            _worked(cell, {"machine": lambda menjin: machines.beat(menjin, menjin.clock())})
        return machines.EVERY_SECONDS

    @staticmethod
    def _renew(cell: Cell) -> float:
        cell.renew_lease()
        return RENEW_SECONDS


_DELIVERIES: Mapping[str, Task] = {
    f"outbox-{channel}": partial(outbox.deliver, channels=(channel,)) for channel in outbox.CHANNELS
}


def _keep_house(menjin: Menjin) -> None:
    housekeeping.run(menjin, menjin.clock())


def _worked(cell: Cell, tasks: Mapping[str, Task]) -> float | None:
    """Do tasks that no other process of this machine does; return when to try again where the cell is out."""
    try:
        with cell.at_work() as menjin:
            for what, task in tasks.items():
                with alone(menjin.config.data_dir, what) as is_alone:
                    if is_alone:
                        _done(what, task, menjin)
    except CellOut:
        return AGAIN_SECONDS
    finally:
        if cell.app is None:
            cell.close_if_idle(0.0)
    return None


def _done(what: str, task: Task, menjin: Menjin) -> None:
    try:
        task(menjin)
    except Exception:  # noqa: BLE001 - one fault stops no other task, and it is logged
        _log.exception("%s failed; the next turn tries again", what)


def _in_cell(name: str, turn: Callable[[], float | None]) -> float | None:
    CELL.set(name)
    return turn()
