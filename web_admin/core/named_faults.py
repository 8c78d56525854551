"""Faults of the disk that say which file they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in an OSError that names none, or its source: a write that fails, as on a full disk."""
    try:
        yield
    except OSError as err:
        if err.filename is None or err.filename2 is not None:
            err.filename, err.filename2 = str(path), None
        raise
