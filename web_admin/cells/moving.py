"""Move a compound's folder into an installation of cells, or out of it; its address and its gates stay.

    moving.json    in the folder from the first step to the last: it is served by no one meanwhile

On one file system it is one rename. Otherwise the files are copied beside the target, compared by digest and
renamed; then the keys of the original are overwritten and it is removed. Cut off at any step, the same
command goes on.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gate_controller.contract.command_names import server_command
from web_admin.cells.folders import HELD, MOVING, SECRETS
from web_admin.cells.moved_settings import MoveRefused, moved_settings, read_settings_of
from web_admin.cells.serving_lock import FILE_NAME, ServedElsewhere, ServingLock, take_patiently
from web_admin.core.config import SETTINGS_NAME

Say = Callable[[str], None]
CHUNK_BYTES = 1024 * 1024


class _Note(msgspec.Struct, frozen=True):
    """What is on its way: from where to where."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Move:
    """One move: the folder as it lies now and where it shall lie."""

    source: Path
    target: Path

    @property
    def arriving(self) -> Path:
        """Return where files of another file system arrive; no cell, as its name begins with a point."""
        return self.target.with_name(f".{self.target.name}.arriving")

    @property
    def note(self) -> _Note:
        """Return what the note says meanwhile."""
        return _Note(str(self.source), str(self.target))


def plan(move: Move) -> list[str]:
    """Return what the move would do, step by step; raise MoveRefused where it cannot be done."""
    if _note_in(move.target) == move.note:
        return [f"go on with the move into {move.target}, which was cut off"]
    _refuse_target(move)
    found = _note_in(move.source)
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
        count = sum(1 for _file in _files(move.source))
        steps.append(f"copy {count} files to {move.arriving}, compare them and rename it to {move.target}")
        steps.append(f"overwrite the keys in {move.source} and remove it")
    if changes is not None:
        steps.append(f"let {SETTINGS_NAME} name the new place of its files")
    return steps


def carry_out(move: Move, say: Say) -> None:
    """Do the move, or what is left of it; raise MoveRefused with nothing changed, OSError in the middle."""
    if _note_in(move.target) == move.note:
        with _not_served(move.target, say):
            _finish(move, say)
        return
    plan(move)
    with _not_served(move.source, say):
        _write(move.source / MOVING, msgspec.json.encode(move.note))
        if _on_one_file_system(move) and _renamed(move):
            say(f"renamed to {move.target}")
        else:
            _copied(move, say)
        _finish(move, say)


def _finish(move: Move, say: Say) -> None:
    changed = moved_settings(move.target, move.target, written_for=move.source)
    if changed is not None:
        _write(move.target / SETTINGS_NAME, changed.encode())
        say(f"{SETTINGS_NAME} names the new place of its files")
    if move.source.exists() and _note_in(move.source) == move.note:
        _destroy(move.source)
        say(f"removed {move.source}")
    (move.target / HELD).unlink(missing_ok=True)
    (move.target / MOVING).unlink(missing_ok=True)
    _sync(move.target)


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


def _note_in(folder: Path) -> _Note | None:
    try:
        return msgspec.json.decode((folder / MOVING).read_bytes(), type=_Note)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except msgspec.MsgspecError as err:
        raise MoveRefused(f"{folder / MOVING} cannot be read; if no move is under way, remove it") from err


@contextmanager
def _not_served(folder: Path, say: Say) -> Iterator[None]:
    lock = ServingLock(folder, alone=True)
    try:
        take_patiently(lock, say, ends_within_seconds=0.0)
    except ServedElsewhere as err:
        raise MoveRefused(
            f"{folder}: {err}. End that server first, or take the cell out: "
            + server_command(f"cells hold {folder}")
        ) from err
    try:
        yield
    finally:
        lock.give_back()


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
    _sync(move.target.parent)
    _sync(move.source.parent)
    return True


def _copied(move: Move, say: Say) -> None:
    for file in _files(move.source):
        there = move.arriving / file.relative_to(move.source)
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not there.is_file() or _digest(there) != _digest(file):
            say(f"copying {file.relative_to(move.source)}, {file.stat().st_size} bytes")
            _copy(file, there)
        if _digest(there) != _digest(file):
            raise OSError(errno.EIO, "the copy differs from the original; nothing was removed", str(there))
    for folder in [move.arriving, *(path for path in move.arriving.rglob("*") if path.is_dir())]:
        original = move.source / folder.relative_to(move.arriving)
        shutil.copystat(original, folder)
        _own_as(original, folder)
        _sync(folder)
    move.arriving.rename(move.target)
    _sync(move.target.parent)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name != FILE_NAME:
            yield path


def _copy(file: Path, there: Path) -> None:
    there.unlink(missing_ok=True)
    shutil.copy2(file, there)
    _own_as(file, there)
    descriptor = os.open(there, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _own_as(original: Path, copy: Path) -> None:
    found = original.stat()
    if (copy.stat().st_uid, copy.stat().st_gid) != (found.st_uid, found.st_gid):
        os.chown(copy, found.st_uid, found.st_gid)


def _digest(file: Path) -> bytes:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").digest()


def _destroy(folder: Path) -> None:
    """Remove the original: two copies of keys would let a face outlive its forgetting."""
    for key in sorted(path for path in (folder / SECRETS).glob("*") if path.is_file()):
        with key.open("r+b") as file:
            file.write(os.urandom(key.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    note = folder / MOVING
    for path in sorted(folder.iterdir()):
        if path == note:
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    note.unlink()
    folder.rmdir()
    _sync(folder.parent)


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step, with the rights and the owner that it has or its folder has."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    like = path if path.exists() else path.parent / SETTINGS_NAME
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _own_as(like, draft)
    draft.chmod(like.stat().st_mode & 0o777)
    draft.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
