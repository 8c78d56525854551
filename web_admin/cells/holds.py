"""Hold a cell: a file in its folder with a line for each command that holds it; it is served when none does.

A command ends its own hold and no other's, so that what an operator holds outlasts a restore, an upgrade and
the way back.
"""

from datetime import datetime
from pathlib import Path

HELD = "held"
BY_OPERATOR, BY_UPGRADE, BY_RESTORE = "cells hold", "cells upgrade", "cells restore"
"""Which command holds a cell, as a line of its file says."""


def begin_hold(cell: Path, by: str, now: datetime) -> None:
    """Hold a cell by a command; twice changes nothing."""
    if not is_held_by(cell, by):
        line = f"held since {now:%Y-%m-%d %H:%M} UTC by '{by}'\n"
        (cell / HELD).write_text("".join(_lines(cell)) + line, encoding="utf-8")


def end_hold(cell: Path, by: str) -> None:
    """End a command's hold; the cell is served again where no other holds it."""
    left = [line for line in _lines(cell) if _holder(line) != by]
    if left:
        (cell / HELD).write_text("".join(left), encoding="utf-8")
    else:
        end_all_holds(cell)


def end_all_holds(cell: Path) -> None:
    """Let a cell be served again."""
    (cell / HELD).unlink(missing_ok=True)


def holders(cell: Path) -> list[str]:
    """Return which commands hold a cell; a line that names none is an operator's."""
    return [_holder(line) for line in _lines(cell)]


def is_held_by(cell: Path, by: str) -> bool:
    """Return whether this command holds the cell."""
    return by in holders(cell)


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
    return next((by for by in (BY_UPGRADE, BY_RESTORE) if f"'{by}'" in line), BY_OPERATOR)
