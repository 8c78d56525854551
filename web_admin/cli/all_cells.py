"""`menjin web upgrade --cells DIR` and `backup --cells DIR`: each cell of a folder, one after another.

What is wrong with one keeps no other from it, and is said at the end by the exit code.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from gate_controller.command_line.command_names import server_command
from web_admin.cells.folders import cell_paths
from web_admin.cells.holds import BY_UPGRADE, end_hold, holders, says_of_hold
from web_admin.cells.moved_files import note_in
from web_admin.cells.moved_settings import read_settings_of
from web_admin.cli import commands, upgrading
from web_admin.cli.answers import CommandRefused, backup_passphrase
from web_admin.cli.cell_folder import cell_of, hold_cell
from web_admin.cli.forgetting import CheckFailed
from web_admin.cli.served_folder import refuse_environment
from web_admin.cli.upgrading_cells import other_holds, revision_of, why
from web_admin.operations import schema


class LeftAlone(Exception):
    """The cell stays as it is, and that is no fault; says why."""


def upgrade(arguments: argparse.Namespace) -> str:
    """Bring the tables of every cell to this version, each held meanwhile and after a backup of its own."""
    if arguments.backup is not None:
        raise CommandRefused("--backup names one file: leave it out, each cell has a folder of backups")
    return _each(arguments, _upgraded)


def backup(arguments: argparse.Namespace) -> str:
    """Write a sealed backup of every cell."""
    if not arguments.file.is_dir():
        raise CommandRefused(f"{arguments.file} is no folder: with --cells it has to be one")
    backup_passphrase(arguments)  # asked for once, or refused before the first cell
    return _each(arguments, _backed_up)


def _each(arguments: argparse.Namespace, do: Callable[[argparse.Namespace, Path], str]) -> str:
    if arguments.data_dir is not None:
        raise CommandRefused("--data-dir is for one compound and --cells for many: give one of them")
    refuse_environment(but_data_dir=True)
    lines, wrong = [], 0
    for path in cell_paths(arguments.cells.resolve()):
        try:
            said = do(arguments, cell_of(path))
        except LeftAlone as err:
            said = str(err)
        except Exception as err:  # noqa: BLE001 - whatever it is, it is said of this cell alone
            said = _of_later_tables(path, err) if isinstance(err, upgrading.LaterTables) else why(err)
            wrong += 1
        lines.append(f"{path.name}: {said.rstrip()}\n")
    if wrong:
        raise CheckFailed("".join([*lines, f"{wrong} of {len(lines)} cells went wrong"]))
    return "".join(lines) or f"{arguments.cells} has no cell yet.\n"


def _upgraded(arguments: argparse.Namespace, cell: Path) -> str:
    """Upgrade one cell. A hold that was there stays."""
    if held_by := other_holds(cell):
        what, todo = says_of_hold(cell, held_by)
        raise LeftAlone(f"{what}: its tables stay as they are. {todo}")
    if note_in(cell) is not None:
        raise LeftAlone("it is on its way into or out of this folder: run that command once more")
    read_settings_of(cell)
    one = argparse.Namespace(**{**vars(arguments), "data_dir": cell})
    before = revision_of(cell)
    has_steps = before is not None and schema.knows(before) and schema.steps_from(before)
    if arguments.dry_run or not has_steps:
        return upgrading.upgrade(one)
    was_held = BY_UPGRADE in holders(cell)
    hold_cell(cell, BY_UPGRADE)
    try:
        return upgrading.upgrade(one)
    finally:
        if not was_held:
            end_hold(cell, BY_UPGRADE)


def _backed_up(arguments: argparse.Namespace, cell: Path) -> str:
    if note_in(cell) is not None:
        raise LeftAlone("it is on its way into or out of this folder: no backup until it has arrived")
    folder = read_settings_of(cell).backup_dir or arguments.file / cell.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return commands.backup(argparse.Namespace(**{**vars(arguments), "data_dir": cell, "file": folder}))


def _of_later_tables(cell: Path, err: upgrading.LaterTables) -> str:
    """Return what one types to take a cell back; the server goes on meanwhile."""
    lines = [server_command(f"cells hold {cell}"), *err.lines, server_command(f"cells resume {cell}")]
    return "\n  ".join([err.said, *lines])
