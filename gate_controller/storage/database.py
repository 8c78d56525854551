"""Open the gate's own databases so that a power cut loses no committed data."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)

DAMAGED_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def open_database(path: Path, schema: str, now: datetime) -> tuple[sqlite3.Connection, Path | None]:
    """Open or make a database: WAL, full sync, deleted bytes overwritten.

    A damaged file is set aside under another name and a new one made; its new path is returned so
    that the caller can salvage and report. Raise OSError when the file cannot be used though it is
    whole: a full or read-only disk, or another gate that has it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _open(path, schema), None
    except DamagedFile as err:
        log.error("the database %s is damaged: %s", path, err)
    except sqlite3.Error as err:
        raise OSError(f"cannot use {path}: {err}; free the disk and its rights, then start again") from err
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}")
    log.error("set aside as %s", aside)
    # The write-ahead log goes along: it holds what was written last.
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return _open(path, schema), aside


class DamagedFile(Exception):
    """This file is no whole database."""


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
            raise DamagedFile(verdict)
        connection.executescript(schema)
    except sqlite3.DatabaseError as err:
        connection.close()
        # A full disk or a lock is no damage: setting a whole file aside would forget what was used.
        if getattr(err, "sqlite_errorcode", 0) & 0xFF in DAMAGED_CODES:
            raise DamagedFile(str(err)) from err
        raise
    except DamagedFile:
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
        connection.execute("COMMIT")
    except BaseException:
        # A full disk fails at COMMIT too, and SQLite may have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def salvage_rows(damaged: Path, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a table that can still be read from a damaged file, in the file's order."""
    rows: list[tuple[object, ...]] = []
    old = sqlite3.connect(f"file:{damaged}?mode=ro", uri=True)
    try:
        for row in old.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a table named in our own code
            rows.append(row)
    except sqlite3.DatabaseError as err:
        log.error("%s: after %d rows, %s cannot be read: %s", damaged, len(rows), table, err)
    finally:
        old.close()
    return rows
