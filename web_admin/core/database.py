"""Connect to the database: engine, transactions, and the session of a request.

SQLite serves one compound, PostgreSQL several processes. A transaction commits as a whole or not
at all. On SQLite it takes the write lock at its start: a lock wanted half-way would fail, not wait.
"""

import binascii
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, current_app, g, has_request_context, request
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Engine,
    SQLColumnExpression,
    String,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from web_admin.core.bell import NoBell
from web_admin.core.compiled_statements import Statements
from web_admin.core.config import WebConfig
from web_admin.core.effects import Effects
from web_admin.core.orm import read_json
from web_admin.core.postgresql import notice_failover, waits_for
from web_admin.core.sealing import Sealer

DatabaseSession = Session
"""A transaction's session, by the name under which doors pass it on: they import no SQL themselves."""
DatabaseError = SQLAlchemyError
"""Raised when the database does not answer or refuses a statement."""
DatabaseAway = OperationalError
"""Raised when it does not answer, or its disk is full."""

BUSY_TIMEOUT_MS = 30_000
POSTGRESQL_DISK_FULL = "53100"
MAX_CONNECTIONS = 100
"""Beyond the five that stay open: more than a process has threads, so that no gate waits for a page's."""
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
)
SYNCHRONOUS = {True: "FULL", False: "NORMAL"}
"""SQLite's setting, by whether the transaction waits for the disk."""
_SYNCHRONOUS = "menjin_synchronous"
"""Where a pooled connection notes the setting that it has."""


def make_engine(url: str, *, shared: Statements | None = None) -> Engine:
    """Return an engine for an SQLite or PostgreSQL address; raise ValueError on another kind.

    `shared`: one of many of this process; it keeps one connection instead of five.
    """
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    many: dict[str, Any] = {"json_deserializer": read_json}
    if shared is not None:
        many |= {"pool_size": 1, "execution_options": {"compiled_cache": shared}}
    if url.startswith("postgresql+psycopg://"):
        engine = create_engine(
            url,
            pool_pre_ping=True,
            max_overflow=MAX_CONNECTIONS,
            hide_parameters=True,
            connect_args=waits_for(make_url(url)),
            **many,
        )
        notice_failover(engine)
        return engine
    if not url.startswith("sqlite:///"):
        raise ValueError("the database must be sqlite:///FILE or postgresql://…")
    engine = create_engine(url, max_overflow=MAX_CONNECTIONS, hide_parameters=True, **many)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def sqlite_file(url: str) -> Path | None:
    """Return the file that an SQLite address names, as SQLAlchemy reads it; None for another database."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or address.database is None:
        return None
    return Path(address.database)


def database_name(url: str) -> tuple[str, str]:
    """Return the name of the database and of the user in it that a URL says; either may be empty."""
    address = make_url(url)
    return address.database or "", address.username or ""


def make_calls_engine(engine: Engine) -> Engine:
    """Return an engine for one statement at a time: what counts a gate's call, with no wait for the disk.

    A PostgreSQL that crashes, or gives way to its standby, may lose the calls of its last second, SQLite on a
    machine whose power fails those since the last other act: a number counted then is taken once more.
    Each statement is a transaction of its own. Its connections are not tried before use, so a caller is ready
    for OperationalError. On SQLite they are the engine's own. It is disposed of together with `engine`.
    """
    if engine.dialect.name != "postgresql":
        return engine.execution_options(menjin_waits_for_disk=False, menjin_begins=False)
    options = {key: value for key, value in engine.get_execution_options().items() if key == "compiled_cache"}
    calls = create_engine(
        engine.url,
        isolation_level="AUTOCOMMIT",
        connect_args=waits_for(engine.url) | {"options": "-c synchronous_commit=off"},
        json_deserializer=read_json,
        pool_size=cast(QueuePool, engine.pool).size(),
        max_overflow=MAX_CONNECTIONS,
        execution_options=options,
    )
    event.listen(engine, "engine_disposed", lambda _engine: calls.dispose())
    return calls


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # Python's own driver would begin transactions when it sees fit; we do it, in _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
    # SQLite's own knows A to Z alone, so that a name such as Åsa would never be found.
    driver = cast(sqlite3.Connection, connection)
    driver.create_function("lower", 1, _lower, deterministic=True)
    driver.create_function("decode", 2, _decode, deterministic=True)  # as PostgreSQL has it


def _lower(value: str | bytes | float | None) -> str | bytes | float | None:
    return value.lower() if isinstance(value, str) else value


def _decode(value: str | None, form: str) -> bytes | None:
    if form != "base64":
        raise ValueError(f"{form} is not read here")
    return None if value is None else binascii.a2b_base64(value)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("menjin_reads_only", False):
        connection.exec_driver_sql("BEGIN DEFERRED")
        return
    # At each begin, since a pooled connection serves both: with a write-ahead log FULL waits for the disk at
    # each commit, NORMAL at a checkpoint (https://sqlite.org/pragma.html#pragma_synchronous).
    synchronous = SYNCHRONOUS[options.get("menjin_waits_for_disk", True)]
    if connection.info.get(_SYNCHRONOUS) != synchronous:
        cast(sqlite3.Connection, connection.connection.dbapi_connection).execute(
            f"PRAGMA synchronous = {synchronous}"
        )
        connection.info[_SYNCHRONOUS] = synchronous
    if options.get("menjin_begins", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def is_disk_full(error: BaseException) -> bool:
    """Return whether the database could not write because its disk is full."""
    cause = getattr(error, "orig", None)
    of_sqlite = getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return of_sqlite or getattr(cause, "sqlstate", None) == POSTGRESQL_DISK_FULL


class Database:
    def __init__(self, engine: Engine) -> None:
        """Take an engine made by `make_engine`."""
        self.engine = engine
        self.open_session = sessionmaker(engine, expire_on_commit=False)
        self.reading = engine.execution_options(menjin_reads_only=True)
        self.open_reading = sessionmaker(self.reading, expire_on_commit=False)
        self._snapshots = (
            engine.execution_options(isolation_level="REPEATABLE READ")
            if engine.dialect.name == "postgresql"
            else self.reading
        )

    @cached_property
    def calls(self) -> Engine:
        return make_calls_engine(self.engine)

    @cached_property
    def lending_calls(self) -> Engine:
        """Return the engine that counts calls which are lent something, in a transaction.

        On PostgreSQL they wait for the disk and the standby: a primary cut off from that lends nothing.
        """
        if self.engine.dialect.name == "postgresql":
            return self.engine
        return self.engine.execution_options(menjin_waits_for_disk=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give one transaction: committed at the end, rolled back when anything is raised."""
        with self.open_session.begin() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Give a session that reads one consistent state and hinders no writer."""
        with Session(self._snapshots) as session:
            yield session


Work = Callable[[], None]


def _as_it_is(work: Work) -> Work:
    """Return the work of a server that is open until its process ends."""
    return work


@dataclass(frozen=True, slots=True)
class Menjin:
    """Parts that every request may use; the clock is the only one it may read."""

    config: WebConfig
    database: Database
    sealer: Sealer
    clock: Callable[[], datetime]
    effects: Effects
    bell: NoBell = field(default_factory=NoBell)
    keeps_open: Callable[[Work], Work] = _as_it_is
    """Wrapper for the work of a thread of its own: until that ends, no one closes the database under it."""


def current_menjin() -> Menjin:
    """Return the parts of the running app."""
    return cast(Menjin, current_app.extensions["menjin"])


def request_session() -> Session:
    """Return this request's session, begun on first use; committed when the answer is no error.

    A request that only asks takes no write lock, so pages being read hold no gate up.
    """
    if "menjin_session" not in g:
        database = current_menjin().database
        asks = request.method in ("GET", "HEAD")
        g.menjin_session = database.open_reading() if asks else database.open_session()
    return cast(Session, g.menjin_session)


def put_down_request_session() -> None:
    """End the read transaction of this request's session, so that another transaction may write meanwhile.

    On SQLite a second writer would wait for the first, which here waits for it; on PostgreSQL a request
    would keep two connections. Raises RuntimeError when something was changed already: count first.
    """
    session: Session | None = g.get("menjin_session") if has_request_context() else None
    if session is None or not session.in_transaction():
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a try is counted before the request changes anything")
    session.commit()


def undo_request_session() -> None:
    """End a failed transaction, in which PostgreSQL answers no question of the error page."""
    session: Session | None = g.get("menjin_session")
    if session is not None:
        session.rollback()


def undo_and_read_on() -> None:
    """Undo what this request changed; the rest of it only reads, so no gate waits while a page is made."""
    undo_request_session()
    request_session().bind = current_menjin().database.reading


def init_database(app: Flask, menjin: Menjin) -> None:
    """Give the app its database and end each request's transaction."""
    app.extensions["menjin"] = menjin

    @app.after_request
    def _end_transaction(response: Response) -> Response:
        session: Session | None = g.get("menjin_session")
        if session is not None:
            if response.status_code < 400:
                session.commit()
            else:
                session.rollback()
        return response

    @app.teardown_appcontext
    def _close_session(_error: BaseException | None) -> None:
        session: Session | None = g.pop("menjin_session", None)
        if session is not None:
            session.close()


IN_LIST = 500
"""Most ids given to one SQL IN (…)."""


def among(
    session: Session,
    column: SQLColumnExpression[str] | SQLColumnExpression[str | None],
    ids: Collection[str],
) -> ColumnElement[bool]:
    """Return the condition that a column is one of many ids, with one parameter for all of them."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, list(ids), type_=ARRAY(String)))
    return column.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))
