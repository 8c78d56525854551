"""A restore from the command line: an older backup gets its columns, a later one is refused, none is half."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from tests.web_admin.cli.upgraded import (
    HOMES_OF_PEOPLE,
    PASSPHRASE,
    REVISION,
    later_version,
    make_empty,
    read,
    server_in,
    web,
)
from web_admin.cli import restoring
from web_admin.core.config import load_config
from web_admin.core.database import Database, make_engine
from web_admin.operations import schema
from web_admin.operations.backup import BackupRefused, write_backup
from web_admin.operations.backup_rows import restore_rows

FAILS = "raise ZeroDivisionError"


@pytest.fixture
def data(tmp_path: Path, database_url: str, now) -> Path:
    return server_in(tmp_path / "data", database_url, now)


@pytest.fixture
def connection(data: Path, database_url: str) -> Iterator[Connection]:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.wide
@pytest.mark.parametrize("behind_proxy", [[], ["--behind-proxy"]], ids=["bare", "behind a proxy"])
@pytest.mark.first_set
def test_a_restore_names_its_settings_when_all_is_there(data, tmp_path, monkeypatch, behind_proxy, now):
    path, new = tmp_path / "backup", tmp_path / "data" / "new"
    assert web("backup", data, path) == 0
    there: list[bool] = []
    fill = restoring.fill_from_backup

    def looked(*words: object) -> str:
        there.append((new / "web.toml").exists())
        return fill(*words)

    monkeypatch.setattr(restoring, "fill_from_backup", looked)
    address = ["--public-url", "https://gate.example.org", *behind_proxy]
    assert web("restore", new, path, "--passphrase-file", tmp_path / "word", *address) == 0
    assert there == [False], "a restore that is cut off would leave what looks like a server"
    assert load_config({}, new).trusted_proxies == len(behind_proxy)
    assert not (new / "web.toml.part").exists()


# -- backups of an earlier version -----------------------------------------------------------------------

OVERRIDES = '''
"""Let staff override."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None


def upgrade():
    op.add_column("person", sa.Column("may_override", sa.Boolean(), nullable=True))
    op.execute("UPDATE person SET may_override = (person_id IS NOT NULL)")
    {last}
'''


@pytest.fixture
def old_backup(data, connection, tmp_path, monkeypatch, database_url, now) -> Path:
    """Return a backup from before staff could override; the program's models have that column since."""
    connection.execute(text("ALTER TABLE person DROP COLUMN may_override"))
    connection.commit()
    versions = tmp_path / "migrations" / "versions"
    shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (first,) = versions.glob("0*.py")
    written = first.read_text(encoding="utf-8").splitlines(keepends=True)
    first.write_text("".join(line for line in written if "may_override" not in line), encoding="utf-8")
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "migrations")
    path = tmp_path / "old"
    database = Database(make_engine(database_url))
    write_backup(database, load_config({}, data), PASSPHRASE, path, now)
    database.engine.dispose()
    return path


@pytest.fixture
def empty(tmp_path: Path, database_url: str, connection: Connection) -> Iterator[Database]:
    """Return a new database of the same kind."""
    if database_url.startswith("postgresql"):
        make_empty(connection)
    url = database_url if database_url.startswith("postgresql") else f"sqlite:///{tmp_path / 'new.sqlite3'}"
    database = Database(make_engine(url))
    yield database
    database.engine.dispose()


@pytest.mark.wide
def test_a_backup_from_before_a_column_comes_back_and_gets_it(old_backup, empty, tmp_path):
    (tmp_path / "migrations/versions/9999.py").write_text(
        OVERRIDES.format(before=schema.newest_revision(), last=""), encoding="utf-8"
    )
    restore_rows(empty, PASSPHRASE, old_backup)
    with empty.engine.connect() as connection:
        assert read(connection, "SELECT may_override FROM person") == [True, True]
        assert read(connection, HOMES_OF_PEOPLE) == ["3-1", "3-2"]
        assert read(connection, REVISION) == ["9999"]


def test_a_restore_that_fails_in_a_migration_leaves_no_table(old_backup, empty, tmp_path):
    (tmp_path / "migrations/versions/9999.py").write_text(
        OVERRIDES.format(before=schema.newest_revision(), last=FAILS), encoding="utf-8"
    )
    with pytest.raises(ZeroDivisionError):
        restore_rows(empty, PASSPHRASE, old_backup)
    assert inspect(empty.engine).get_table_names() == []


@pytest.mark.wide
def test_a_backup_of_a_later_version_is_refused_with_both_revisions(
    data, tmp_path, monkeypatch, database_url, empty, now
):
    path = tmp_path / "backup"
    with monkeypatch.context() as patch:
        later_version(patch, tmp_path / "program")
        source = Database(make_engine(f"sqlite:///{tmp_path / 'later.sqlite3'}"))
        schema.upgrade(source.engine)
        write_backup(source, load_config({}, data), PASSPHRASE, path, now)
        source.engine.dispose()
    says = rf"another version \(its revision is 9999; this one's newest is {schema.newest_revision()}\)"
    with pytest.raises(BackupRefused, match=says):
        restore_rows(empty, PASSPHRASE, path)
    assert inspect(empty.engine).get_table_names() == []
