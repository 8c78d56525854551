"""The server as it is served, on both databases."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.served.served_compound import ServedCompound, serve_compound
from tests.support.postgres import on_postgres
from web_admin.core.config import WebConfig


@pytest.fixture
def served(web_config: WebConfig, tmp_path: Path) -> Iterator[ServedCompound]:
    """Return a filled compound behind `menjin web run`: two workers on PostgreSQL, one on SQLite."""
    with serve_compound(web_config, tmp_path) as made:
        yield made


_NUMBERS = itertools.count(1)


@pytest.fixture
def another_database(database_url: str) -> Iterator[str]:
    """Return the address of a second empty database of the same PostgreSQL; "" for SQLite, a file a cell."""
    if database_url.startswith("sqlite"):
        yield ""
        return
    url = make_url(database_url)
    name = f"{url.database}_another_{next(_NUMBERS)}"
    on_postgres(url, f"CREATE DATABASE {name} TEMPLATE template0")
    yield url.set(database=name).render_as_string(hide_password=False)
    on_postgres(url, f"DROP DATABASE {name} WITH (FORCE)")
