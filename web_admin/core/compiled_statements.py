"""Keep compiled statements for all engines of one kind; SQLAlchemy asks for them at each statement."""

from sqlalchemy import Dialect
from sqlalchemy.util import LRUCache

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
