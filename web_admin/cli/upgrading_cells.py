"""`menjin web cells upgrade` and `downgrade`: bring cells to this version of the program, and back.

Two versions run beside each other as two servers, each with its folder of cells. A cell is held, its tables
are migrated after a backup, its folder is renamed into this version's, and looked at.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from web_admin.cells.checking import look_at_cells
from web_admin.cells.holds import (
    BY_DOWNGRADE,
    BY_UPGRADE,
    HELD,
    end_hold,
    holders,
    says_of_hold,
)
from web_admin.cells.installation import Choices
from web_admin.cells.moved_files import note_in
from web_admin.cells.moved_settings import MoveRefused, read_settings_of
from web_admin.cells.moving import Move, carry_out, plan
from web_admin.cli import upgrading
from web_admin.cli.answers import CommandRefused, clock
from web_admin.cli.cell_folder import cell_of, hold_cell, refuse_its_host, say
from web_admin.cli.forgetting import CheckFailed
from web_admin.cli.way_back import BEFORE_UPGRADE, backup_folder
from web_admin.core.config import ConfigRefused
from web_admin.core.database import DatabaseError, make_engine
from web_admin.operations import schema

DONE, AS_BEFORE, RED, STAYS_HELD = "done", "as_before", "red", "held"
"""The cell is good here; it is where it was and as it was; it is here and out; it is here, held by others."""
OURS = (BY_UPGRADE, BY_DOWNGRADE)
"""Each goes on where the other was cut off."""


def upgrade(arguments: argparse.Namespace) -> str:
    """Bring cells to this version, one after another; stop at the first that is not good afterwards."""
    lines = []
    for path in arguments.cells:
        cell = cell_of(path, is_there=False)
        move = Move(cell, arguments.into.resolve() / cell.name, OURS)
        if arguments.dry_run:
            lines.append("".join(f"would {step}\n" for step in _steps(move)))
            continue
        said = _upgraded(arguments, move)
        lines.append(json.dumps(said, ensure_ascii=False) + "\n")
        if said["state"] != DONE:
            raise CheckFailed("".join(lines).rstrip("\n"))
    return "".join(lines)


def _steps(move: Move) -> Iterator[str]:
    yield f"hold {move.source}, back it up and migrate its tables"
    yield from plan(move)
    yield f"look whether {move.target} is good"


def _upgraded(arguments: argparse.Namespace, move: Move) -> dict[str, object]:
    facts: dict[str, object] = {"cell": move.target.name, "began": f"{clock():%Y-%m-%dT%H:%M:%SZ}"}
    before: str | None = None
    if others := other_holds(move.source):
        return {**facts, **_held(move.source, others, AS_BEFORE)}
    try:
        if move.source.exists() and note_in(move.source) is None:
            before = revision_of(move.source)
            refuse_its_host(move)
            hold_cell(move.source, BY_UPGRADE)
            one = _of_one(move.source, arguments, dry_run=False, no_backup=False, backup=None)
            facts["said"] = upgrading.upgrade(one).splitlines()[0]
        _renamed(move)
    except Exception as err:  # noqa: BLE001 - whatever it is, it is said of this cell alone
        if move.source.exists() and note_in(move.source) is None and revision_of(move.source) == before:
            end_hold(move.source, *OURS)
            return {
                **facts,
                "state": AS_BEFORE,
                "where": str(move.source),
                "what": why(err),
                "todo": "Mend it and go on: it is served by the version from before",
            }
        return {
            **facts,
            "state": RED,
            "where": str(move.source),
            "what": why(err),
            "todo": "Mend it and go on: it is held",
        }
    return {**facts, **_look(move.target)}


def _of_one(cell: Path, arguments: argparse.Namespace, **more: object) -> argparse.Namespace:
    return argparse.Namespace(data_dir=cell, passphrase_file=arguments.passphrase_file, **more)


def why(err: Exception) -> str:
    """Return the words of an error; of a database's only the driver's own, since values may be personal."""
    if isinstance(err, DatabaseError):
        return str(getattr(err, "orig", err)).splitlines()[0]
    is_ours = isinstance(err, CommandRefused | MoveRefused | ConfigRefused | OSError)
    return str(err) if is_ours else type(err).__name__


def _renamed(move: Move) -> None:
    """Carry the move out, unless it is done."""
    if move.source.exists() or (move.target.exists() and note_in(move.target) is not None):
        carry_out(move, say)


def revision_of(cell: Path) -> str | None:
    """Return of which version a cell's tables are; None where they, or its settings, cannot be read."""
    try:
        engine = make_engine(read_settings_of(cell).database_url)
    except MoveRefused:
        return None
    try:
        return schema.current_revision(engine)
    except DatabaseError:
        return None
    finally:
        engine.dispose()


def other_holds(cell: Path) -> list[str]:
    """Return which other commands than these two hold a cell."""
    return [by for by in holders(cell) if by not in OURS]


def _held(cell: Path, by: list[str], state: str) -> dict[str, object]:
    """Return what is said of a cell that others hold: it stays so."""
    what, todo = says_of_hold(cell, by)
    return {"state": state, "where": str(cell / HELD), "what": what, "todo": todo}


def _look(target: Path) -> dict[str, object]:
    if others := other_holds(target):
        return _held(target, others, STAYS_HELD)
    for one in look_at_cells(Choices(target.parent), only=[target.name]):
        if one.trouble is not None:
            wrong = one.trouble
            return {"state": RED, "where": wrong.where, "what": wrong.what, "todo": wrong.todo}
        return {"state": DONE, "host": one.folder.host}
    return {"state": RED, "where": str(target), "what": "it is not there", "todo": "Restore it from a backup"}


def downgrade(arguments: argparse.Namespace) -> str:
    """Take a cell of a later version back into this version's folder, from the backup before its upgrade."""
    cell = cell_of(arguments.cell, is_there=False)
    move = Move(cell, arguments.into.resolve() / cell.name, OURS)
    if not cell.exists():
        _renamed(move)
        return json.dumps({"cell": cell.name, **_look(move.target)}, ensure_ascii=False) + "\n"
    config = read_settings_of(cell)
    revision = revision_of(cell)
    is_later = revision is not None and not schema.knows(revision)
    backups = sorted(backup_folder(config).glob(f"{BEFORE_UPGRADE}{schema.newest_revision()}-*"))
    if is_later and not backups:
        raise CommandRefused(
            f"{backup_folder(config)} has no backup from before the upgrade: a later version's tables cannot "
            "be used here"
        )
    if arguments.dry_run:
        loss = f"; what came since {backups[-1].name} is lost, and faces" if is_later else ""
        return f"would hold {cell}, go back to this version's tables and move it to {move.target}{loss}\n"
    refuse_its_host(move)
    try:
        hold_cell(cell, BY_DOWNGRADE)
        if is_later:
            say(upgrading.rollback(_of_one(cell, arguments, file=backups[-1], yes=True)))
    except BaseException:
        if revision_of(cell) == revision:
            end_hold(cell, *OURS)
        raise
    _renamed(move)
    return json.dumps({"cell": cell.name, **_look(move.target)}, ensure_ascii=False) + "\n"


COMMANDS: dict[str, Callable[[argparse.Namespace], str]] = {"upgrade": upgrade, "downgrade": downgrade}
