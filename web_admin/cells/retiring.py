"""Remove a cell for good: its keys are overwritten, so that what gates hold of faces stays shut."""

from pathlib import Path

import msgspec

from web_admin.cells.folders import MOVING
from web_admin.cells.holds import HELD
from web_admin.cells.moved_files import Note, Say, destroy, not_served, note_in
from web_admin.cells.moved_settings import MoveRefused, read_settings_of
from web_admin.cells.whole_files import write_whole
from web_admin.core.config import SETTINGS_NAME
from web_admin.core.database import database_name, sqlite_file

RETIRED = "nowhere: it is retired"


def plan(cell: Path) -> list[str]:
    """Return what would be done, step by step; raise MoveRefused where it cannot be."""
    note = note_in(cell)
    if note is not None and note.target == RETIRED:
        return [f"go on with the removal of {cell}, which was cut off"]
    if note is not None:
        raise MoveRefused(f"{cell} is on its way to {note.target}: finish that first")
    if not (cell / SETTINGS_NAME).is_file():
        raise MoveRefused(f"{cell} has no {SETTINGS_NAME}: no compound lies there")
    url = read_settings_of(cell).database_url
    steps = [f"overwrite the keys in {cell} and remove the folder, with the backups in it"]
    if sqlite_file(url) is None:
        steps.append(f"leave the database {database_name(url)[0]} where it is: drop it afterwards")
    return steps


def retire(cell: Path, say: Say) -> None:
    """Remove a held cell, or what is left of it; raise MoveRefused with nothing changed."""
    steps = plan(cell)
    note = note_in(cell)
    if note is None and not (cell / HELD).exists():
        raise MoveRefused(f"{cell} is not held: hold it first, so that its people see it is meant")
    remove(cell, say)
    for step in steps[1:]:
        say(step)


def remove(folder: Path, say: Say) -> None:
    """Overwrite the keys of a folder and remove it, or what is left; raise MoveRefused where it is served."""
    with not_served(folder, say):
        note = note_in(folder)
        if note is None or note.target != RETIRED:
            write_whole(folder / MOVING, msgspec.json.encode(Note(str(folder), RETIRED)))
        destroy(folder)
