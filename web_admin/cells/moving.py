"""Move a compound's folder into an installation of cells, or out of it; its address and its gates stay.

    moving.json    in the folder from the first step to the last: it is served by no one meanwhile

On one file system it is one rename. Otherwise the files are copied beside the target, compared by digest and
renamed; then the keys of the original are overwritten and it is removed. Cut off at any step, the same
command goes on.
"""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from web_admin.cells.folders import MOVING
from web_admin.cells.holds import end_all_holds, end_hold
from web_admin.cells.moved_files import Note, Say, destroy, digest_of, files_of, not_served, note_in
from web_admin.cells.moved_settings import MoveRefused, moved_settings, read_settings_of
from web_admin.cells.whole_files import own_as, sync, write_whole
from web_admin.core.config import SETTINGS_NAME


@dataclass(frozen=True, slots=True)
class Move:
    """One move: the folder as it lies now and where it shall lie."""

    source: Path
    target: Path
    ends_holds_by: tuple[str, ...] = ()
    """The commands whose holds of the cell end with the move; none named: every hold does."""

    @property
    def arriving(self) -> Path:
        """Return where files of another file system arrive; no cell, as its name begins with a point."""
        return self.target.with_name(f".{self.target.name}.arriving")

    @property
    def note(self) -> Note:
        """Return what the note says meanwhile."""
        return Note(str(self.source), str(self.target))


def plan(move: Move) -> list[str]:
    """Return what the move would do, step by step; raise MoveRefused where it cannot be done."""
    if note_in(move.target) == move.note:
        return [f"go on with the move into {move.target}, which was cut off"]
    _refuse_target(move)
    found = note_in(move.source)
    if found is not None and found != move.note:
        raise MoveRefused(f"{move.source} is on its way to {found.target}: finish that first")
    if not (move.source / SETTINGS_NAME).is_file():
        raise MoveRefused(f"{move.source} has no {SETTINGS_NAME}: no compound lies there")
    read_settings_of(move.source)
    changes = moved_settings(move.source, move.target)
    steps = [f"lock {move.source} and note the move in it"]
    if _on_one_file_system(move):
        steps.append(f"rename it to {move.target}")
    else:
        count = sum(1 for _file in files_of(move.source))
        steps.append(f"copy {count} files to {move.arriving}, compare them and rename it to {move.target}")
        steps.append(f"overwrite the keys in {move.source} and remove it")
    if changes is not None:
        steps.append(f"let {SETTINGS_NAME} name the new place of its files")
    return steps


def carry_out(move: Move, say: Say) -> None:
    """Do the move, or what is left of it; raise MoveRefused with nothing changed, OSError in the middle."""
    if note_in(move.target) == move.note:
        with not_served(move.target, say):
            _finish(move, say)
        return
    plan(move)
    with not_served(move.source, say):
        write_whole(move.source / MOVING, msgspec.json.encode(move.note))
        if _on_one_file_system(move) and _renamed(move):
            say(f"renamed to {move.target}")
        else:
            _copied(move, say)
        _finish(move, say)


def _finish(move: Move, say: Say) -> None:
    changed = moved_settings(move.target, move.target, written_for=move.source)
    if changed is not None:
        write_whole(move.target / SETTINGS_NAME, changed.encode())
        say(f"{SETTINGS_NAME} names the new place of its files")
    if move.source.exists() and note_in(move.source) == move.note:
        destroy(move.source)
        say(f"removed {move.source}")
    if move.ends_holds_by:
        end_hold(move.target, *move.ends_holds_by)
    else:
        end_all_holds(move.target)
    (move.target / MOVING).unlink(missing_ok=True)
    sync(move.target)


def _refuse_target(move: Move) -> None:
    parent = move.target.parent
    if not parent.is_dir():
        raise MoveRefused(f"{parent} is no folder")
    if move.target == move.source or move.source in move.target.parents:
        raise MoveRefused(f"{move.target} lies in {move.source} itself")
    if move.target.is_symlink() or (move.target.exists() and not move.target.is_dir()):
        raise MoveRefused(f"{move.target} is no folder")
    if move.target.is_dir() and any(move.target.iterdir()):
        raise MoveRefused(f"{move.target} is not empty")


def _on_one_file_system(move: Move) -> bool:
    return move.source.stat().st_dev == move.target.parent.stat().st_dev


def _renamed(move: Move) -> bool:
    """Rename the folder; return whether that can be done here at all."""
    try:
        move.source.rename(move.target)
    except OSError as err:
        if err.errno != errno.EXDEV:  # one device, and yet two file systems
            raise
        return False
    sync(move.target.parent)
    sync(move.source.parent)
    return True


def _copied(move: Move, say: Say) -> None:
    for file in files_of(move.source):
        there = move.arriving / file.relative_to(move.source)
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not there.is_file() or digest_of(there) != digest_of(file):
            say(f"copying {file.relative_to(move.source)}, {file.stat().st_size} bytes")
            _copy(file, there)
        if digest_of(there) != digest_of(file):
            raise OSError(errno.EIO, "the copy differs from the original; nothing was removed", str(there))
    for folder in [move.arriving, *(path for path in move.arriving.rglob("*") if path.is_dir())]:
        original = move.source / folder.relative_to(move.arriving)
        shutil.copystat(original, folder)
        own_as(original, folder)
        sync(folder)
    move.arriving.rename(move.target)
    sync(move.target.parent)


def _copy(file: Path, there: Path) -> None:
    there.unlink(missing_ok=True)
    shutil.copy2(file, there)
    own_as(file, there)
    descriptor = os.open(there, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
