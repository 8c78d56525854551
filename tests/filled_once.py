"""A compound filled once and copied for every test that wants it: hashes of passwords take their time."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url

from tests.resident_compound import SetClock
from web_admin.config import WebConfig

JUST_NOW = timedelta(minutes=1)

Ids = tuple[str, dict[str, str]]
"""The site's id, and those of people by name."""


@dataclass(frozen=True)
class Filled:
    """A filled database in memory, and when it was filled."""

    rows: sqlite3.Connection
    at: datetime
    ids: Ids


_FILLED: dict[tuple[bytes, datetime | None], Filled] = {}


def filled_once(config: WebConfig, clock: SetClock, fill: Callable[[], Ids]) -> Ids:
    """Fill the server's empty database, or copy what an equal server was filled with, and set its clock.

    PostgreSQL is filled anew each time.
    """
    url = make_url(config.database_url)
    if url.get_backend_name() != "sqlite":
        return fill()
    path = Path(url.database or "")
    key = (config.seal_key, None if abs(datetime.now(UTC) - clock()) < JUST_NOW else clock())
    known = _FILLED.get(key)
    if known is None:
        ids = fill()
        rows = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(path)) as source:
            source.backup(rows)
        _FILLED[key] = Filled(rows, clock(), ids)
        return ids
    with closing(sqlite3.connect(path)) as target:
        known.rows.backup(target)
    clock.now = known.at
    return known.ids[0], dict(known.ids[1])
