"""Statements that reach a database during a block."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Select, event
from sqlalchemy.dialects import postgresql

from web_admin.core.database import Database

POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
_AFTER_TABLES = re.compile(r"^ (UPDATE|INSERT|SELECT|DELETE)\b", re.MULTILINE)


def verbs(statements: Iterable[str]) -> list[str]:
    """Return what each statement does; of one that begins with tables of its own, what it does with them."""
    return [_verb(statement) for statement in statements]


def _verb(statement: str) -> str:
    first = statement.split(maxsplit=1)[0]
    after_tables = _AFTER_TABLES.search(statement) if first == "WITH" else None
    return first if after_tables is None else after_tables.group(1)


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """Give the list that each statement joins, without the beginning of transactions and SQLite's settings.

    On SQLite the engine that counts calls is the other one with an option, and hears what that one hears: a
    listener at both would hear a call twice, or once, as their order has it.
    """
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    engines = [database.engine]
    if database.engine.dialect.name == "postgresql":
        engines.append(database.calls)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@contextmanager
def statements_that_wait(database: Database) -> Iterator[list[tuple[str, bool]]]:
    """Give the list that each statement joins by its verb, with whether its commit waits for the disk."""
    seen: list[tuple[str, bool]] = []

    def note(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            is_of_calls = connection.engine.pool is not database.engine.pool
            waits = connection.get_execution_options().get("menjin_waits_for_disk", not is_of_calls)
            [verb] = verbs([statement])
            seen.append((verb, bool(waits)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def locks_of(database: Database, ask: Callable[[], object]) -> list[str]:
    """Return the tables of which rows were locked meanwhile, in order, as PostgreSQL would be asked."""
    return [table for table, _statement in locking(database, ask)]


def locking(database: Database, ask: Callable[[], object]) -> list[tuple[str, Select[str]]]:
    """Return the locked tables with the statement that locked each."""
    locked: list[tuple[str, Select[str]]] = []

    def note(_connection: object, statement: Select[str], *_rest: object) -> None:
        words = str(statement.compile(dialect=POSTGRESQL)) if statement.is_select else ""
        if words.endswith(("FOR UPDATE", "FOR NO KEY UPDATE")):
            locked.append((words.partition("FROM ")[2].split()[0], statement))

    event.listen(database.engine, "before_execute", note)
    try:
        ask()
    finally:
        event.remove(database.engine, "before_execute", note)
    return locked
