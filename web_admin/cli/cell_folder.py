"""Take a cell's folder by what was typed, hold it, and see that its host is no other cell's."""

import sys
from dataclasses import replace
from pathlib import Path

from web_admin.cells.folders import read_folder
from web_admin.cells.holds import begin_hold, holders
from web_admin.cells.installation import Choices, judged, read_cells
from web_admin.cells.moved_settings import MoveRefused
from web_admin.cells.moving import Move
from web_admin.cells.rules import is_name
from web_admin.cells.serving_lock import ServedElsewhere, ServingLock, take_patiently
from web_admin.cli.answers import CommandRefused, clock
from web_admin.core.config import SETTINGS_NAME

LEFT_WITHIN_SECONDS = 30.0


def hold_cell(cell: Path, by: str) -> None:
    """Take a cell out and wait until no process serves it; raise CommandRefused."""
    begin_hold(cell, by, clock())
    lock = ServingLock(cell, alone=True)
    try:
        take_patiently(lock, say, ends_within_seconds=LEFT_WITHIN_SECONDS)
    except ServedElsewhere as err:
        raise CommandRefused(f"{cell} is held, but {err}: what runs in it has not ended; ask again") from err
    lock.give_back()
    if by not in holders(cell):
        raise CommandRefused(f"{cell} was replaced or resumed meanwhile, and is not held: say it once more")


def refuse_its_host(move: Move) -> None:
    """Raise MoveRefused where another cell has its host, keys, database or backups: both would be out."""
    choices = Choices(move.target.parent)
    found = read_cells(choices) if move.target.parent.is_dir() else {}
    found.pop(move.target.name, None)
    if (move.source / SETTINGS_NAME).is_file():
        read = read_folder(move.source, 0, name=move.target.name)
        arriving = replace(read, name="(this one)", trouble=None)
        together = judged(choices, {**found, arriving.name: arriving})[arriving.name]
        if together.trouble is not None:
            raise MoveRefused(f"{move.source}: {together.trouble.what}")


def cell_of(path: Path, *, is_there: bool = True) -> Path:
    """Return the folder of a cell; raise CommandRefused where it is none."""
    cell = path.resolve()
    if not is_name(cell.name) or (is_there and not cell.is_dir()):
        raise CommandRefused(f"{path} is no cell: it has to be a folder DIR/NAME")
    return cell


def say(text: str) -> None:
    """Say beside the output what goes on."""
    print(f"  {text}", file=sys.stderr)
