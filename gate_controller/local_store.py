"""Open the gate's own databases so that a power cut loses nothing that was said to be written."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)


def open_database(path: Path, schema: str, now: datetime) -> tuple[sqlite3.Connection, Path | None]:
    """Open or make a database: WAL, full sync, deleted bytes overwritten.

    A damaged file is set aside under another name and a new one made; its new path is returned so
    that the caller can salvage and report. Raise OSError when the folder cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _open(path, schema), None
    except sqlite3.DatabaseError as err:
        if isinstance(err, sqlite3.OperationalError) and not path.exists():
            raise OSError(f"cannot write {path}: {err}") from err
        aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}")
        log.exception("the database %s is damaged; set aside as %s", path, aside)
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _open(path, schema), aside


def _open(path: Path, schema: str) -> sqlite3.Connection:
    # Every store guards its connection with a lock of its own, so threads may share it.
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA busy_timeout=5000")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        connection.executescript(schema)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    path.chmod(0o600)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything in the block, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
