"""The way back to before an upgrade: the file of the database and whose a new one is."""

import os
import pwd
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from tests.web_admin.cli.upgraded import (
    server_in,
    web,
)
from web_admin.cli.way_back import new_database


@pytest.fixture
def data(tmp_path: Path, database_url: str, now) -> Path:
    return server_in(tmp_path / "data", database_url, now)


@pytest.mark.wide
def test_going_back_finds_the_file_of_an_escaped_address(tmp_path, now):
    kept = tmp_path / "50%25 of 门"
    kept.mkdir()
    data = server_in(tmp_path / "data", f"sqlite:///{quote(str(kept / 'menjin.sqlite3'))}", now)
    path = tmp_path / "backup"
    assert web("backup", data, path) == 0
    assert web("rollback", data, path, "--yes") == 0
    names = {file.name.partition(".before-rollback-")[0] for file in kept.iterdir()}
    assert names == {"menjin.sqlite3"}
    assert len(list(kept.glob("*.before-rollback-*"))) == 1


def test_an_empty_database_belongs_to_whom_the_server_connects_as():
    here = pwd.getpwuid(os.geteuid()).pw_name
    for url, name, owner in (
        ("postgresql:///menjin?host=/run/postgresql", "menjin", here),
        ("postgresql+psycopg://gates@db/court", "court", "gates"),
    ):
        kept, made = new_database(SimpleNamespace(database_url=url))
        assert kept.startswith(f'sudo -u postgres psql -c \'ALTER DATABASE "{name}" RENAME TO')
        assert made.endswith(f" --owner {owner} {name}")
