"""Work on the files of a cell that moves: its note, copies compared by digest, keys that are overwritten."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gate_controller.contract.command_names import server_command
from web_admin.cells.folders import MOVING, SECRETS
from web_admin.cells.moved_settings import MoveRefused
from web_admin.cells.serving_lock import FILE_NAME, ServedElsewhere, ServingLock, take_patiently
from web_admin.core.config import SETTINGS_NAME

Say = Callable[[str], None]


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is on its way: from where to where, and between machines in which parcel."""

    source: str
    target: str
    parcel: str = ""
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


def own_as(original: Path, copy: Path) -> None:
    """Give a copy the owner of its original."""
    found = original.stat()
    if (copy.stat().st_uid, copy.stat().st_gid) != (found.st_uid, found.st_gid):
        os.chown(copy, found.st_uid, found.st_gid)


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


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one step, with the rights and the owner that it has or its folder has."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    settings = path.parent / SETTINGS_NAME
    like = path if path.exists() else settings if settings.exists() else None
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if like is not None:
        own_as(like, draft)
        draft.chmod(like.stat().st_mode & 0o777)
    draft.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Wait until a folder's names are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
