"""What a database is asked meanwhile."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

from web_admin.core.database import Database

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
