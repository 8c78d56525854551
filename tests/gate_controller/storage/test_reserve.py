"""The room that a database keeps inside its file: used where the disk is full, filled where it is not."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.storage.database import open_database
from gate_controller.storage.reserve import PIECE_BYTES, SCHEMA, keep, write

NOW = datetime(2026, 7, 14, 4, 0, tzinfo=UTC)
TABLE = "CREATE TABLE IF NOT EXISTS kept (n INTEGER PRIMARY KEY, x BLOB);"
ROW_BYTES = 1000


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    return open_database(tmp_path / "gate.sqlite3", TABLE + SCHEMA, NOW)[0]


def rows_written(connection: sqlite3.Connection, most: int) -> int:
    """Write rows until the file may grow no more; return how many went in."""
    insert = "INSERT INTO kept (x) VALUES (randomblob(?))"
    for number in range(most):
        try:
            write(connection, lambda: connection.execute(insert, (ROW_BYTES,)))
        except sqlite3.OperationalError:
            return number
    return most


def may_not_grow(connection: sqlite3.Connection) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_stops_the_writes_when_the_reserve_is_used_and_not_before(
    connection: sqlite3.Connection,
) -> None:
    assert [keep(connection, 3, add=True) for _ in range(4)] == [2, 1, 0, 0]
    may_not_grow(connection)
    written = rows_written(connection, 10_000)
    assert written > 3 * PIECE_BYTES // (2 * ROW_BYTES)
    assert keep(connection, 3, add=False) == 3, "all of it was used"
    (count,) = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert count == written, "the write that found no room left nothing behind"


def test_without_a_reserve_there_is_hardly_a_write(connection: sqlite3.Connection) -> None:
    assert keep(connection, 3, add=False) == 3
    may_not_grow(connection)
    assert rows_written(connection, 10_000) < 20


def test_another_error_uses_no_reserve(connection: sqlite3.Connection) -> None:
    keep(connection, 1, add=True)
    write(connection, lambda: connection.execute("INSERT INTO kept (n) VALUES (1)"))
    with pytest.raises(sqlite3.IntegrityError):
        write(connection, lambda: connection.execute("INSERT INTO kept (n) VALUES (1)"))
    assert keep(connection, 1, add=False) == 0
