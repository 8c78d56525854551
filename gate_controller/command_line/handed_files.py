"""Files that root gives to another user of the system and takes from one, without following a link of theirs.

In a folder that a user owns every name may be a link, and another one a moment later. So root writes by name
only in folders of its own, and opens what lies in a user's folder without following links.
"""

import errno
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

OWN_FILE = 0o600
PASSED_BY_OTHERS = 0o711
"""Others reach what they know by name; they list and change nothing."""


def folder_between(parent: Path) -> Path:
    """Return a new folder of root's own in one that others cannot rename in, such as /run."""
    folder = Path(tempfile.mkdtemp(dir=parent, prefix="menjin-setup-"))
    folder.chmod(PASSED_BY_OTHERS)
    return folder


@contextmanager
def between(parent: Path) -> Iterator[Path]:
    """Give such a folder for a moment."""
    folder = folder_between(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def lend(source: BinaryIO, copy: Path, user: str) -> Path:
    """Give a user a copy of what root alone may read; it is new, and its folder is root's own."""
    entry = pwd.getpwnam(user)
    descriptor = os.open(copy, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, OWN_FILE)
    with os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(source, target)
        os.fchown(descriptor, entry.pw_uid, entry.pw_gid)
    return copy


def folder_of(user: str, path: Path) -> Path:
    """Make a folder of a user's own, in one of root's."""
    entry = pwd.getpwnam(user)
    path.mkdir(mode=0o700)
    os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


def open_in(folder: Path, name: str, flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of a plain file in a user's folder; raise OSError where it is a link or else."""
    within = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_RDONLY)
    try:
        descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=within)
    except OSError as err:
        raise OSError(err.errno, err.strerror, str(folder / name)) from err
    finally:
        os.close(within)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise OSError(errno.EPERM, "it is no plain file with one name", str(folder / name))
    return descriptor


def read_in(folder: Path, name: str) -> bytes:
    """Return what such a file says; raise OSError."""
    with os.fdopen(open_in(folder, name), "rb") as file:
        return file.read()
