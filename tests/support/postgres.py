"""Make, copy and drop databases of the PostgreSQL that a run of the tests has for itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine, create_engine, make_url, text

_ENGINES: dict[tuple[int, str], Engine] = {}
"""By process, as a fork has its own, and server: each test makes and drops a database, so one stays open."""


def on_postgres(url: URL | str, *statements: str) -> None:
    """Run statements one by one, each without a transaction, in the server's own database."""
    server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    engine = _ENGINES.get((os.getpid(), server))
    if engine is None:
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        _ENGINES[os.getpid(), server] = engine
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


@contextmanager
def kept_connections() -> Iterator[None]:
    """Close at the end of the block what this process keeps open."""
    yield
    for process, server in list(_ENGINES):
        if process == os.getpid():
            _ENGINES.pop((process, server)).dispose()
