"""All cells of one installation: which there are, which host is whose, and which are open."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from web_admin.cells.cell import Cell
from web_admin.cells.folders import (
    CellFolder,
    cell_paths,
    read_folder,
    refuse_clashes,
    refuse_files,
    stamp_of,
)
from web_admin.cells.open_cell import InCommon
from web_admin.core.cell_in_hand import CELL

OPEN_CELLS = 500
IDLE_SECONDS = 900.0
LOOK_EVERY_SECONDS = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choices:
    folder: Path
    workers: int = 1
    trusted_proxies: int = 0
    open_at_most: int = OPEN_CELLS
    idle_seconds: float = IDLE_SECONDS


def read_cells(choices: Choices, known: dict[str, CellFolder] | None = None) -> dict[str, CellFolder]:
    """Return every cell of the installation by name; those with files as before are not read again."""
    known = known or {}
    found: dict[str, CellFolder] = {}
    for path in cell_paths(choices.folder):
        before = known.get(path.name)
        as_before = before is not None and before.stamp == stamp_of(path)
        found[path.name] = (
            before if before is not None and as_before else read_folder(path, choices.trusted_proxies, before)
        )
    return found


def judged(choices: Choices, found: dict[str, CellFolder]) -> dict[str, CellFolder]:
    """Return the cells, with trouble where two are in each other's way or several processes serve a file."""
    clear = refuse_clashes(found)
    return refuse_files(clear) if choices.workers > 1 else clear


class Installation:
    """The cells of one process. `prepare` gets each app that is built; `came` and `went` get cells."""

    def __init__(
        self,
        choices: Choices,
        common: InCommon,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        """Read the folder; raise OSError where there is none."""
        self.choices, self.common = choices, common
        self._monotonic = monotonic
        self._looking = threading.Lock()
        self.is_readable = True
        """True if the folder could be read at the last look."""
        self._folders: dict[str, CellFolder] = {}
        self._cells: dict[str, Cell] = {}
        self._of_host: dict[str, Cell] = {}
        self.prepare: Callable[[Cell, Flask], None] = lambda _cell, _app: None
        self.came: Callable[[Cell], None] = lambda _cell: None
        self.went: Callable[[Cell], None] = lambda _cell: None
        self.hanging: Callable[[], list[tuple[str, str]]] = list
        self.look()

    def cells(self) -> list[Cell]:
        """Return all cells, by name."""
        return [cell for _name, cell in sorted(self._cells.items())]

    def of_host(self, host: str | None) -> Cell | None:
        """Return whose host this is."""
        return self._of_host.get(host) if host is not None else None

    def look(self) -> None:
        """See what has come, gone or changed in the folder."""
        with self._looking:
            try:
                self._folders = read_cells(self.choices, self._folders)
            except OSError as err:
                if not self._cells and self.is_readable:
                    raise
                self.is_readable = False
                _log.error("the folder of cells cannot be read: %s; what is open goes on", err.strerror)
                return
            self.is_readable = True
            for name, folder in judged(self.choices, self._folders).items():
                with _in(name):
                    self._take(name, folder)
            for name in self._cells.keys() - self._folders.keys():
                with _in(name):
                    gone = self._cells.pop(name)
                    gone.end()
                    self.went(gone)
            self._of_host = {
                cell.folder.host: cell for cell in self._cells.values() if cell.folder.host is not None
            }

    def _take(self, name: str, folder: CellFolder) -> None:
        cell = self._cells.get(name)
        if cell is None:
            cell = self._cells[name] = Cell(folder, self.common, self._prepared, self._monotonic)
            self.came(cell)
        elif folder != cell.folder:
            cell.take_folder(folder)

    def _prepared(self, cell: Cell, app: Flask) -> None:
        self.prepare(cell, app)

    def close_idle(self) -> None:
        """Close what no one needs: idle ones, ending ones, and the longest unasked above the bound."""
        with_app = sorted(
            (cell for cell in self.cells() if cell.app is not None), key=lambda cell: cell.asked_at
        )
        for cell in with_app:
            with _in(cell.name):
                cell.close_if_idle(self.choices.idle_seconds)
        for cell in with_app[: max(0, len(with_app) - self.choices.open_at_most)]:
            with _in(cell.name):
                cell.close_if_idle(0.0)

    def close_all(self, seconds: float) -> None:
        """Close every cell, waiting so long in all for what runs."""
        cells = self.cells()
        for cell in cells:
            with _in(cell.name):
                cell.end()
        until = self._monotonic() + seconds
        for cell in cells:
            with _in(cell.name):
                cell.wait_closed(max(0.0, until - self._monotonic()))


@contextlib.contextmanager
def _in(name: str) -> Iterator[None]:
    token = CELL.set(name)
    try:
        yield
    finally:
        CELL.reset(token)
