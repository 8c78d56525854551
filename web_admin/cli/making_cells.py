"""`menjin web cells create` and `restore`: made beside its place, renamed into it when whole."""

import argparse
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from gate_controller.command_line.command_names import server_command
from web_admin.cells import retiring
from web_admin.cells.folders import MOVING
from web_admin.cells.holds import BY_OPERATOR, BY_RESTORE, begin_hold, end_hold, is_held_by_operator
from web_admin.cells.moved_files import note_in
from web_admin.cells.moved_settings import MoveRefused
from web_admin.cells.moving import Move, carry_out
from web_admin.cli import first_setup, restoring
from web_admin.cli.answers import CommandRefused, clock
from web_admin.cli.cell_folder import cell_of, hold_cell, refuse_its_host, say
from web_admin.core.config import SETTINGS_NAME

ROOT_KEY = "root.key"
OURS = (BY_RESTORE,)


def create(arguments: argparse.Namespace) -> str:
    """Make a new compound as a cell; cut off, the same command goes on."""
    cell = cell_of(arguments.cell, is_there=False)
    making, move = _beside(cell, "creating"), Move(_beside(cell, "creating"), cell)
    if cell.exists() and note_in(cell) != move.note:
        raise CommandRefused(f"{cell} is there already; nothing was changed")
    if arguments.dry_run:
        return f"would make {cell} as 'init' does\n"
    if not cell.exists():
        _clear_half_made(making)
        if not making.exists():
            _refuse_existing(arguments.root_key)
            first_setup.init(
                argparse.Namespace(
                    **{**vars(arguments), "data_dir": making, "root_key": making / ROOT_KEY, "brief": True}
                )
            )
        if (making / ROOT_KEY).exists():
            _refuse_existing(arguments.root_key)
            shutil.move(making / ROOT_KEY, arguments.root_key)
        refuse_its_host(move)
    carry_out(move, say)
    return (
        f"{cell} is made. Move {arguments.root_key} to two places off this machine, then delete it here: a "
        "holder of it and its passphrase can make new keys for all gates.\n"
    )


def _refuse_existing(root_key: Path | None) -> None:
    if root_key is None:
        raise CommandRefused("--root-key is missing: the file to write the root key to, outside the cell")
    if root_key.exists():
        raise CommandRefused(f"--root-key: {root_key} exists; nothing was changed")


def restore(arguments: argparse.Namespace) -> str:
    """Fill a cell from a backup; one that is there is set aside until the restore is kept or undone."""
    cell = cell_of(arguments.cell, is_there=False)
    if arguments.undo:
        return _undone(cell, is_dry=arguments.dry_run)
    if arguments.keep:
        return _kept(cell, is_dry=arguments.dry_run)
    if arguments.file is None:
        raise CommandRefused("say which backup FILE to restore, or --keep or --undo for what was restored")
    making, aside = _beside(cell, "restoring"), _beside(cell, "before-restore")
    into_place, out_of_place = Move(making, cell, OURS), Move(cell, aside, OURS)
    if cell.exists() and aside.exists() and not making.exists() and note_in(cell) is None:
        return _what_next(cell, aside)
    if cell.exists() and not aside.exists() and note_in(cell) is None and not arguments.replace:
        raise CommandRefused(
            f"{cell} is there: --replace sets it aside until you --keep or --undo the restore"
        )
    if arguments.dry_run:
        return "".join(f"would {step}\n" for step in _steps(cell, aside, arguments.file))
    if note_in(cell) != into_place.note:
        _clear_half_made(making)
        if not making.exists():
            said = restoring.restore(
                argparse.Namespace(**{**vars(arguments), "data_dir": making, "without_gate": []})
            )
            say(said.rstrip("\n"))
        _refuse_copy(into_place)
        if cell.exists() or note_in(aside) is not None:
            if cell.exists() and note_in(cell) is None:
                hold_cell(cell, BY_RESTORE)
            carry_out(out_of_place, say)
        _carry_hold(aside, making)  # the last moment: an operator may have held it until now
    carry_out(into_place, say)
    return _what_next(cell, aside) if aside.exists() else f"{cell} is restored.\n{_held(cell)}"


def _refuse_copy(into_place: Move) -> None:
    """Raise CommandRefused where what was filled and a cell beside it would take each other out."""
    try:
        refuse_its_host(into_place)
    except MoveRefused as err:
        undo = server_command(f"cells restore {into_place.target} --undo")
        raise CommandRefused(f"{err}. Nothing is served of it. Take it away: {undo}") from err


def _carry_hold(cell: Path, in_its_place: Path) -> None:
    """Let what comes in the place of a cell be held as well where an operator holds the cell."""
    if is_held_by_operator(cell):
        begin_hold(in_its_place, BY_OPERATOR, clock())


def _steps(cell: Path, aside: Path, file: Path) -> Iterator[str]:
    yield f"fill a new folder beside {cell} from {file}"
    if cell.exists():
        yield f"hold {cell} and set it aside as {aside}"
    yield f"rename the new folder to {cell}"


def _what_next(cell: Path, aside: Path) -> str:
    return (
        f"{cell} is restored. What was there is in {aside}, with its keys: --keep removes it, --undo puts it "
        f"back.\n{_held(cell)}"
    )


def _held(cell: Path) -> str:
    """Return a line where the operator holds a cell, which stays out."""
    if not is_held_by_operator(cell):
        return ""
    return f"The operator holds it: {server_command(f'cells resume {cell}')} lets it be served.\n"


def _kept(cell: Path, *, is_dry: bool) -> str:
    aside = _beside(cell, "before-restore")
    if not aside.exists():
        return f"nothing of {cell} is set aside.\n"
    if is_dry:
        return f"would overwrite the keys in {aside} and remove it\n"
    retiring.remove(aside, say)
    return f"{aside} is removed.\n"


def _undone(cell: Path, *, is_dry: bool) -> str:
    """Remove what was restored and put back what was there."""
    making, aside = _beside(cell, "restoring"), _beside(cell, "before-restore")
    out_of_place, back = Move(cell, aside, OURS), Move(aside, cell, OURS)
    if is_dry:
        return _would_undo(cell, making, aside)
    if note_in(aside) == out_of_place.note:
        carry_out(out_of_place, say)
    if note_in(cell) == out_of_place.note:
        (cell / MOVING).unlink()  # it was on its way out, and is where it was
    if note_in(cell) != back.note:
        if cell.exists() and aside.exists():
            if note_in(cell) is None:
                hold_cell(cell, BY_RESTORE)
            _carry_hold(cell, aside)
            retiring.remove(cell, say)
        if making.exists():
            for step in retiring.plan(making)[1:]:
                say(step)
            retiring.remove(making, say)
        if not aside.exists():
            if cell.exists():
                end_hold(cell, BY_RESTORE)
            return f"{cell} is as before.\n{_held(cell)}"
    carry_out(back, say)
    return f"{cell} is as before.\n{_held(cell)}"


def _would_undo(cell: Path, making: Path, aside: Path) -> str:
    if cell.exists() and aside.exists():
        return f"would remove what was restored to {cell} and put {aside} back\n"
    if making.exists():
        return f"would remove {making}\n"
    return f"would put {aside} back\n" if aside.exists() else f"{cell} is as before.\n"


def _clear_half_made(making: Path) -> None:
    """Remove what a set-up left that was cut off; no server ever ran there."""
    if making.exists() and not (making / SETTINGS_NAME).is_file():
        shutil.rmtree(making)


def _beside(cell: Path, what: str) -> Path:
    return cell.with_name(f".{cell.name}.{what}")


COMMANDS: dict[str, Callable[[argparse.Namespace], str]] = {"create": create, "restore": restore}
