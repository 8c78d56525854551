"""A table of PostgreSQL that is locked for a while: a request that reads it keeps its thread."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool


@contextmanager
def held_table(url: str, table: str) -> Iterator[None]:
    """Lock a table, so that a transaction that reads it waits until the block ends."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
