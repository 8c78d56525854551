"""Read a file that a person supplied, up to a size that the caller can hold in memory."""

import os
import stat
from pathlib import Path


class NoRegularFile(Exception):
    """The name leads to a pipe, a device or a folder."""


class FileTooLarge(Exception):
    """The file has more bytes than the caller allows."""


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Return all bytes of a regular file, or of one that a link leads to.

    Raise NoRegularFile, FileTooLarge or OSError. The size from `stat` is not enough: a device has
    none and never ends, and a file can grow while it is read.
    """
    # Without O_NONBLOCK, opening a pipe hangs until another process writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NoRegularFile(f"{path} is no regular file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise FileTooLarge(f"{path} has more than {max_bytes:,} bytes")
    return content
