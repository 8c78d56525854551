"""Work on the files of a cell that moves: its note, copies compared by digest, keys that are overwritten."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gate_controller.command_line.command_names import server_command
from web_admin.cells.folders import MOVING, SECRETS
from web_admin.cells.moved_settings import MoveRefused
from web_admin.cells.serving_lock import FILE_NAME, ServedElsewhere, ServingLock, take_patiently
from web_admin.cells.whole_files import sync

Say = Callable[[str], None]


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """A move that is on its way: from where to where, and between machines in which transfer archive."""

    source: str
    target: str
    archive: str = msgspec.field(default="", name="parcel")
    """The digest of what was packed."""
    receipt: str = ""
    """At the original a secret, at the copy its mark: it is shown when the original is gone."""
    is_leaving: bool = False
    """The original is being removed: there is no way back."""


def note_in(folder: Path) -> Note | None:
    """Return the note in a folder, None where there is none; raise MoveRefused."""
    try:
        return msgspec.json.decode((folder / MOVING).read_bytes(), type=Note)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except msgspec.MsgspecError as err:
        raise MoveRefused(f"{folder / MOVING} cannot be read; if no move is under way, remove it") from err


@contextmanager
def not_served(folder: Path, say: Say, *, ends_within_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock of a folder, waiting so long for a server that ends; raise MoveRefused."""
    lock = ServingLock(folder, alone=True)
    try:
        take_patiently(lock, say, ends_within_seconds=ends_within_seconds)
    except ServedElsewhere as err:
        raise MoveRefused(
            f"{folder}: {err}. End that server first, or take the cell out: "
            + server_command(f"cells hold {folder}")
        ) from err
    try:
        yield
    finally:
        lock.give_back()


def files_of(folder: Path) -> Iterator[Path]:
    """Give the files that make up a cell, without its lock."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name != FILE_NAME:
            yield path


def digest_of(file: Path) -> bytes:
    """Return the SHA-256 of a file."""
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").digest()


def overwrite(key: Path) -> None:
    """Overwrite the file of a key in its place; one that is not there is none."""
    if not key.exists():
        return
    with key.open("r+b") as file:
        file.write(os.urandom(key.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def destroy(folder: Path) -> None:
    """Remove the original: two copies of keys would let a face outlive its forgetting."""
    for key in sorted(path for path in (folder / SECRETS).glob("*") if path.is_file()):
        overwrite(key)
    note = folder / MOVING
    for path in sorted(folder.iterdir()):
        if path == note:
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    note.unlink()
    folder.rmdir()
    sync(folder.parent)
