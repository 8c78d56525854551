"""A compound filled once and copied for every test that wants it: hashes of passwords take their time."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import URL, Engine

from gate_controller.contract import pins
from tests.support.clock import SetClock
from tests.support.postgres import on_postgres
from web_admin.core.config import WebConfig
from web_admin.operations import schema

JUST_NOW = timedelta(minutes=1)

SERVER_KEYS = {
    name: os.urandom(32)
    for name in ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")
}
"""One server's for the whole run, so that a compound which was filled once can be copied."""

Ids = tuple[str, dict[str, str]]
"""The site's id, and those of people by name."""


Made = TypeVar("Made")


@dataclass(frozen=True)
class Filled:
    """A filled database, and what its filling returned."""

    rows: bytes | str
    """A SQLite file, or the name of a database of the same PostgreSQL."""
    made: object


_FILLED: dict[tuple[object, ...], Filled] = {}


def filled_once(
    config: WebConfig, clock: Callable[[], datetime], engine: Engine, fill: Callable[[], Ids], *, what: str
) -> Ids:
    """Fill the server's empty database, or copy what an equal server was filled with, and set its clock.

    `what` names what it is filled with; a clock that cannot be set has to be that of now.
    `engine` is the server's own; it is connected to nothing while the database is copied.
    """
    begins = None if abs(datetime.now(UTC) - clock()) < JUST_NOW else clock()
    (site_id, ids), at = copied_once(engine, (what, config.seal_key, begins), lambda: (fill(), clock()))
    if isinstance(clock, SetClock):
        clock.now = at
    return site_id, dict(ids)


def copied_once(engine: Engine, what: tuple[object, ...], fill: Callable[[], Made]) -> Made:
    """Fill an empty database, or copy what was filled under this name; return what the filling returned.

    That is one object for all, which no test may change.
    """
    url = engine.url
    kind = url.get_backend_name()
    # Another PostgreSQL server is another run's.
    started = (kind, url.host, url.port, url.query.get("host"))
    cost = pins.ARGON2_PASSES, pins.ARGON2_MEMORY_KIB  # of the codes that it is filled with
    key = (*what, cost, started)
    known = _FILLED.get(key)
    if known is None:
        made = fill()
        engine.dispose()
        _FILLED[key] = Filled(_kept(url) if kind == "sqlite" else _kept_on_server(url), made)
        return made
    engine.dispose()
    if isinstance(known.rows, str):
        _copied_on_server(url, known.rows, url.database or "")
    else:
        Path(url.database or "").write_bytes(known.rows)
    return cast("Made", known.made)


def migrated_once(engine: Engine) -> None:
    """Bring an empty database to the newest revision, as the migrations do."""
    copied_once(engine, ("migrated",), lambda: schema.upgrade(engine))


def _kept(url: URL) -> bytes:
    """Return the whole file; its journal, which may lie beside it, is written into it first."""
    with closing(sqlite3.connect(url.database or "")) as source:
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(url.database or "").read_bytes()


def _kept_on_server(url: URL) -> str:
    name = f"menjin_filled_{len(_FILLED)}"
    _copied_on_server(url, url.database or "", name)
    return name


def _copied_on_server(url: URL, source: str, target: str) -> None:
    """Recreate a database as a copy of another one, which must have no connections."""
    on_postgres(
        url,
        f"DROP DATABASE IF EXISTS {target} WITH (FORCE)",
        f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY = FILE_COPY",
    )
