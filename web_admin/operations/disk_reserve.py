"""Keep room inside the SQLite file, where no other program takes it: staff sign in and read on a full disk.

The room is free pages of the file, which SQLite uses before it makes the file longer. `menjin web run` looks
every minute. With PostgreSQL the records lie elsewhere, and nothing is kept.
"""

import logging
import shutil

from sqlalchemy import text
from sqlalchemy.orm import Session

from web_admin.core.config import WebConfig
from web_admin.core.database import DatabaseError, Menjin

RESERVE_BYTES = 4 * 1024 * 1024
LOW_BYTES = RESERVE_BYTES // 2
FOR_STAFF_BYTES = RESERVE_BYTES // 4
"""The last of it: entries of gates wait at the gates then, which have reserves of their own."""
ROOMY_BYTES = 64 * 1024 * 1024

_log = logging.getLogger(__name__)


def keep_reserve(menjin: Menjin) -> bool:
    """Fill the reserve where it is low and the disk has room; return whether it was filled."""
    if not _is_file(menjin.config):
        return False
    with menjin.database.snapshot() as session:
        missing = RESERVE_BYTES - _reserve_bytes(session)
    if missing < LOW_BYTES or _free_bytes(menjin.config) < ROOMY_BYTES:
        return False
    try:
        with menjin.database.session() as session:
            session.execute(text("CREATE TABLE reserve (room BLOB)"))
            session.execute(text("INSERT INTO reserve VALUES (zeroblob(:size))"), {"size": RESERVE_BYTES})
            session.execute(text("DROP TABLE reserve"))
        with menjin.database.engine.connect() as connection:
            # Now the file itself is as long, and not only its log.
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
            connection.exec_driver_sql("BEGIN")
    except DatabaseError:
        _log.exception("no room can be kept for a full disk")
        return False
    return True


def is_for_staff_only(session: Session, config: WebConfig) -> bool:
    """Return whether what is left of a full disk is kept for staff, so that gates have to wait."""
    if not _is_file(config) or _free_bytes(config) >= ROOMY_BYTES:
        return False
    return _reserve_bytes(session) < FOR_STAFF_BYTES


def _is_file(config: WebConfig) -> bool:
    return config.database_url.startswith("sqlite")


def _free_bytes(config: WebConfig) -> int:
    return shutil.disk_usage(config.data_dir).free


def _reserve_bytes(session: Session) -> int:
    pages = session.scalar(text("PRAGMA freelist_count")) or 0
    return int(pages) * int(session.scalar(text("PRAGMA page_size")) or 0)
