"""Lock work for one process at a time: of this machine, and of all machines over one PostgreSQL."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from web_admin.core.database import Database


@contextmanager
def alone(folder: Path, work: str) -> Iterator[bool]:
    """Return whether no other process of this machine does this work right now."""
    descriptor = os.open(folder / f"{work}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


@contextmanager
def alone_everywhere(database: Database, folder: Path, work: str) -> Iterator[bool]:
    """Return whether no other process of any machine over this database does this work right now.

    PostgreSQL keeps the lock as long as a transaction of its own lasts, so it ends with the connection.
    """
    with alone(folder, work) as is_alone:
        if not is_alone or database.engine.dialect.name != "postgresql":
            yield is_alone
            return
        with database.engine.connect() as connection:
            yield bool(connection.scalar(select(func.pg_try_advisory_xact_lock(_number(work)))))


@contextmanager
def one_at_a_time(database: Database, work: str) -> Iterator[None]:
    """Wait until no other machine over this database does this work."""
    if database.engine.dialect.name != "postgresql":
        yield
        return
    with database.engine.connect() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_number(work))))
        yield


def _number(work: str) -> int:
    return int.from_bytes(hashlib.sha256(f"menjin work {work}".encode()).digest()[:8], signed=True)
