"""Room that a database keeps inside its own file, where no other program takes it, for a full disk.

The room is rows of zeros. Before an entry would make the file longer, one of them is deleted and its pages
are used: SQLite could not copy its log into a file that must grow. While the disk has room, rows are added.
"""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from gate_controller.storage.database import transaction

PIECE_BYTES = 256 * 1024
LOW_PAGES = 32
"""Half a piece: more than the next entry takes."""
SCHEMA = "CREATE TABLE IF NOT EXISTS reserve (piece INTEGER PRIMARY KEY, room BLOB NOT NULL);"

Result = TypeVar("Result")


def write(connection: sqlite3.Connection, work: Callable[[], Result]) -> Result:
    """Do all of some work or nothing, in the room of the reserve where the disk is full.

    Raise sqlite3.Error when there is no room left.
    """
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if free < LOW_PAGES and _pieces(connection):
        _give_piece(connection)
    try:
        with transaction(connection):
            return work()
    except sqlite3.OperationalError as err:
        if not is_full(err):
            raise
    _write_log_over(connection)
    with transaction(connection):
        return work()


def is_full(err: sqlite3.Error) -> bool:
    """Return whether a write failed because there was no room."""
    return getattr(err, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def keep(connection: sqlite3.Connection, pieces: int, *, add: bool) -> int:
    """Add a piece if one of so many is missing and `add`; return how many are missing then.

    One at a time: a card that is read meanwhile waits for it. Raise sqlite3.Error when the disk lacks it.
    """
    kept = _pieces(connection)
    if kept < pieces and add:
        # Two of which one becomes free pages: one alone would be made of those that are free already.
        with transaction(connection):
            for _ in range(2):
                connection.execute("INSERT INTO reserve (room) VALUES (zeroblob(?))", (PIECE_BYTES,))
        _give_piece(connection)
        # Now the file itself is as long, and not only its log.
        _write_log_over(connection)
        kept += 1
    return max(0, pieces - kept)


def _pieces(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM reserve").fetchone()
    return int(count)


def _write_log_over(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def _give_piece(connection: sqlite3.Connection) -> None:
    # There is nothing in these pages to overwrite, and writing them would need the room that is missing.
    connection.execute("PRAGMA secure_delete=OFF")
    try:
        with transaction(connection):
            connection.execute("DELETE FROM reserve WHERE piece = (SELECT max(piece) FROM reserve)")
    finally:
        connection.execute("PRAGMA secure_delete=ON")
