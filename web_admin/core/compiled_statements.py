"""Keep compiled statements for all engines of one kind; SQLAlchemy asks for them at each statement."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnClause, Dialect, Select, TextualSelect, bindparam, column, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.util import LRUCache

_DIALECTS: dict[str, Callable[..., Dialect]] = {"sqlite": SQLiteDialect, "postgresql": PGDialect}

STATEMENTS_KEPT = 3_000
"""Compiled ones, of all engines that share them."""


class Statements(LRUCache[tuple[object, ...], object]):
    """Compiled statements that engines of one kind share; they hold no value of any row."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(STATEMENTS_KEPT)

    def get(self, key: tuple[object, ...], default: object = None) -> object:
        """Return what an engine of the same kind has compiled."""
        return super().get(_of_kind(key), default)

    def __setitem__(self, key: tuple[object, ...], compiled: object) -> None:
        """Keep a compiled statement."""
        super().__setitem__(_of_kind(key), compiled)


def _of_kind(key: tuple[object, ...]) -> tuple[object, ...]:
    """Return the key of a statement with its dialect's kind instead of one engine's dialect."""
    dialect, *rest = key
    version = getattr(dialect, "server_version_info", None)
    return (dialect.name if isinstance(dialect, Dialect) else dialect, version, *rest)


def written_out(
    statement: Select[*tuple[Any, ...]]
    | ReturningInsert[*tuple[Any, ...]]
    | ReturningUpdate[*tuple[Any, ...]],
    dialect: str,
) -> TextualSelect:
    """Return a statement as the text that SQLite or PostgreSQL gets, its parameters and types as they are.

    What was compiled of it is found by the text. Of a statement in parts, the key is the tree of all parts,
    some hundred of them in a long statement, and it is hashed at each execution.
    """
    compiled = statement.compile(dialect=_DIALECTS[dialect](paramstyle="named"))
    given = [
        bindparam(name, one.value, one.type, required=one.required)
        for one, name in compiled.bind_names.items()
    ]
    returned: list[ColumnClause[Any]] = [
        column(str(name), one.type) for name, one in statement.exported_columns.items()
    ]
    return text(compiled.string).bindparams(*given).columns(*returned)
