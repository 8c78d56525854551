"""Hold a cell: a file in its folder with a line for each command that holds it; it is served when none does.

A command ends its own hold. What an operator holds outlasts a restore, an upgrade and the way back; a move to
another machine or out of the cells ends every hold.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from gate_controller.command_line.command_names import server_command
from web_admin.cells.whole_files import write_whole

HELD = "held"
BY_OPERATOR, BY_UPGRADE, BY_DOWNGRADE, BY_RESTORE = (
    "cells hold",
    "cells upgrade",
    "cells downgrade",
    "cells restore",
)
"""The commands that can hold a cell, as a line of its file names them."""


def begin_hold(cell: Path, by: str, now: datetime) -> None:
    """Hold a cell by a command; twice changes nothing."""
    if by not in holders(cell):
        line = f"held since {now:%Y-%m-%d %H:%M} UTC by '{by}'\n"
        write_whole(cell / HELD, ("".join(_lines(cell)) + line).encode())


def end_hold(cell: Path, *by: str) -> None:
    """End the holds of these commands; the cell is served again where no other holds it."""
    left = [line for line in _lines(cell) if _holder(line) not in by]
    if left:
        write_whole(cell / HELD, "".join(left).encode())
    else:
        end_all_holds(cell)


def end_all_holds(cell: Path) -> None:
    """Let a cell be served again."""
    (cell / HELD).unlink(missing_ok=True)


def holders(cell: Path) -> list[str]:
    """Return which commands hold a cell; a line that names none is an operator's."""
    return [_holder(line) for line in _lines(cell)]


def is_held_by_operator(cell: Path) -> bool:
    return BY_OPERATOR in holders(cell)


def says_of_hold(cell: Path, held_by: Iterable[str]) -> tuple[str, str]:
    """Return what holds a cell, and what ends that, in words."""
    again = f"To serve it again: {server_command(f'cells resume {cell}')}"
    held_by = list(held_by)
    if BY_OPERATOR in held_by:
        return "the operator holds it", again
    return f"'{held_by[0]}' holds it", f"Run that command once more. {again}"


def _lines(cell: Path) -> list[str]:
    """Return the lines of the file; an empty or unreadable file is an operator's."""
    try:
        found = (cell / HELD).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:  # it is there and cannot be read
        found = ""
    return [f"{line}\n" for line in found.splitlines() if line.strip()] or [f"held by '{BY_OPERATOR}'\n"]


def _holder(line: str) -> str:
    return next((by for by in (BY_UPGRADE, BY_DOWNGRADE, BY_RESTORE) if f"'{by}'" in line), BY_OPERATOR)
