"""An operator brings a filled server up to a later version, tries it first, and goes back."""

import os
import pwd
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, inspect, text

from gate_controller.command_line.command_names import OF_PACKAGES, SERVER_VARIABLE
from tests.support.acting import household, manager
from web_admin.cli import restoring
from web_admin.cli.main import run
from web_admin.cli.way_back import new_database
from web_admin.compound.keys import create_site
from web_admin.core.config import SECRET_NAMES, load_config, write_secret, write_settings
from web_admin.core.database import Database, make_engine
from web_admin.core.effects import NoEffects
from web_admin.core.sealing import Sealer
from web_admin.credentials.cards import issue_card
from web_admin.operations import schema
from web_admin.operations.backup import BackupRefused, write_backup
from web_admin.operations.backup_rows import restore_rows

PASSPHRASE = "a long passphrase"
REBUILDS_HOMES = '''
"""Give homes a floor."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "8888", "{before}", None, None


def upgrade():
    with op.batch_alter_table("home", recreate="auto") as home:
        home.add_column(sa.Column("floor", sa.Integer(), nullable=False, server_default="1"))
        home.alter_column("building", existing_type=sa.String(200), type_=sa.String(300))
'''
SECOND = '''
"""Make a table of lifts."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "8888", None, None


def upgrade():
    op.create_table("lift", sa.Column("number", sa.Integer(), primary_key=True))
    {last}
'''
LOSES_HOMES = 'op.execute("DELETE FROM home")'
FAILS = "raise ZeroDivisionError"


@pytest.fixture
def data(tmp_path: Path, database_url: str, now) -> Path:
    return server_in(tmp_path / "data", database_url, now)


def server_in(folder: Path, database_url: str, now: datetime) -> Path:
    """Return the data directory of a server with two homes, a person in each and their cards."""
    (folder.parent / "word").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    (folder / "secrets").mkdir(parents=True)
    for name in SECRET_NAMES:
        write_secret(folder / "secrets", name)
    write_settings(folder / "web.toml", {"public_url": "http://127.0.0.1:8000", "database_url": database_url})
    database, config = Database(make_engine(database_url)), load_config({}, folder)
    schema.upgrade(database.engine)
    with database.session() as session:
        sealer = Sealer(config.seal_key, config.lookup_key)
        site, _pem = create_site(session, sealer, "Court", "Asia/Shanghai", "en", PASSPHRASE, now)
        act = manager(session, sealer, site.site_id, now, NoEffects())
        for number in (1, 2):
            _home, person = household(act, f"3-{number}")
            issue_card(act, person.person_id, number)
    database.engine.dispose()
    return folder


def later_version(monkeypatch: pytest.MonkeyPatch, folder: Path, last: str = "") -> None:
    """Let the program have two migrations more."""
    before, versions = schema.newest_revision(), folder / "migrations" / "versions"
    shutil.copytree(schema.MIGRATIONS, folder / "migrations")
    (versions / "8888_floors.py").write_text(REBUILDS_HOMES.format(before=before), encoding="utf-8")
    (versions / "9999_lifts.py").write_text(SECOND.format(last=last), encoding="utf-8")
    monkeypatch.setattr(schema, "MIGRATIONS", folder / "migrations")


@pytest.fixture
def connection(data: Path, database_url: str) -> Iterator[Connection]:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def web(command: str, data: Path, *arguments: object) -> int:
    word = data.parent / "word"
    passphrase = ["--passphrase-file", str(word)] if command in ("upgrade", "rollback", "backup") else []
    return run([command, "--data-dir", str(data), *passphrase, *map(str, arguments)])


def read(connection: Connection, query: str) -> list[object]:
    """Return the first column of what is stored now."""
    found = list(connection.scalars(text(query)))
    connection.rollback()
    return found


def backups(data: Path) -> list[Path]:
    return sorted((data / "backups").glob("*")) if (data / "backups").exists() else []


HOMES_OF_PEOPLE = "SELECT number FROM person JOIN home USING (home_id) ORDER BY number"
REVISION = "SELECT version_num FROM alembic_version"


def test_an_upgrade_rebuilds_a_table_to_which_others_refer_and_shows_each_step(
    data, connection, monkeypatch, tmp_path, capsys
):
    later_version(monkeypatch, tmp_path)
    capsys.readouterr()
    assert web("upgrade", data) == 0
    said = capsys.readouterr()
    assert "1 of 2: 8888 Give homes a floor." in said.err
    assert "2 of 2: 9999 Make a table of lifts." in said.err
    assert "The tables are of revision 9999, they were" in said.out
    assert read(connection, HOMES_OF_PEOPLE) == ["3-1", "3-2"]
    assert read(connection, "SELECT floor FROM home") == [1, 1]
    (file,) = backups(data)
    assert f"menjin web rollback --data-dir {data} {file}" in said.out
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        connection.execute(text("UPDATE person SET home_id = 'none'"))
    connection.rollback()
    assert web("upgrade", data) == 0
    assert "as before" in capsys.readouterr().out


def test_a_trial_does_everything_and_leaves_nothing(data, connection, monkeypatch, tmp_path, capsys):
    before = read(connection, REVISION)
    later_version(monkeypatch, tmp_path)
    assert web("upgrade", data, "--dry-run") == 0
    said = capsys.readouterr()
    assert "All 2 steps can be done" in said.out and "2 of 2" in said.err
    assert read(connection, REVISION) == before
    assert "lift" not in inspect(connection).get_table_names()
    assert backups(data) == []


@pytest.mark.parametrize(
    ("host", "username", "setting", "waits"),
    [
        ("192.0.2.7", "office", "", True),
        ("127.0.0.1", "", "", True),
        ("192.168.1.9", "", "", True),
        ("1.1.1.1", "", "", False),
        ("1.1.1.1", "office", "1.1.1.1:587", False),
    ],
)
def test_an_upgrade_prints_the_line_for_which_mail_waits(
    data, connection, monkeypatch, tmp_path, capsys, host, username, setting, waits
):
    connection.execute(
        text(
            "INSERT INTO mail_server (site_id, host, port, security, username, sender) "
            "SELECT site_id, :host, 587, 'starttls', :username, 'gate@example.org' FROM site"
        ),
        {"host": host, "username": username},
    )
    connection.commit()
    monkeypatch.setenv("MENJIN_MAIL_SERVER", setting)
    later_version(monkeypatch, tmp_path)
    for trial in (["--dry-run"], [], []):  # tried, done, and done already
        capsys.readouterr()
        assert web("upgrade", data, *trial) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if "mail_server" in line]
        assert len(lines) == waits
    if waits:
        [line] = lines
        key = line.partition("write ")[2].partition(" into ")
        assert f"{data / 'web.toml'} " in key[2]
        monkeypatch.delenv("MENJIN_MAIL_SERVER")
        with (data / "web.toml").open("a") as settings:
            settings.write(f"{key[0]}\n")
        assert load_config({}, data).mail_server == f"{host}:587"
        assert web("upgrade", data) == 0
        assert "mail_server" not in capsys.readouterr().out


@pytest.mark.parametrize("trial", [[], ["--dry-run"]], ids=["for real", "on trial"])
def test_an_upgrade_that_would_lose_what_rows_refer_to_changes_nothing(
    data, connection, monkeypatch, tmp_path, capsys, trial
):
    before = read(connection, REVISION)
    later_version(monkeypatch, tmp_path, LOSES_HOMES)
    capsys.readouterr()
    assert web("upgrade", data, *trial) in (1, 2)
    said = capsys.readouterr().err
    assert "home" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert read(connection, REVISION) == before
    assert read(connection, HOMES_OF_PEOPLE) == ["3-1", "3-2"]


@pytest.mark.parametrize("packaged", [False, True], ids=["checkout", "package"])
def test_tables_of_a_later_version_are_refused_with_the_lines_that_go_back(
    data, connection, capsys, monkeypatch, database_url, packaged
):
    called, place = "menjin web", f"--data-dir {data} "
    if packaged:
        monkeypatch.setenv(SERVER_VARIABLE, OF_PACKAGES[SERVER_VARIABLE])
        monkeypatch.setenv("MENJIN_DATA_DIR", str(data))
        called, place = "sudo menjin-server", ""
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    connection.commit()
    (data / "backups").mkdir()
    for name in ("0035-20260102T000000Z", "0034-20260103T000000Z", "0036-20260101T000000Z"):
        (data / "backups" / f"before-upgrade-of-{name}.menjin").touch()
    for command in ("run", "upgrade"):
        capsys.readouterr()
        assert web(command, data) == 3
        first, *lines = capsys.readouterr().err.splitlines()
        assert "revision 9999, which this version does not know" in first
        newest = data / "backups" / "before-upgrade-of-0034-20260103T000000Z.menjin"
        assert lines[-1] == f"  {called} rollback {place}{newest}"
        of_postgres = [line.split()[3] for line in lines[:-1]]
        assert of_postgres == (["psql", "createdb"] if database_url.startswith("postgresql") else [])


def test_an_older_database_is_not_served_before_its_upgrade(data, monkeypatch, tmp_path, capsys):
    later_version(monkeypatch, tmp_path)
    capsys.readouterr()
    assert web("run", data) == 2
    assert "2 steps before this version: run 'menjin web upgrade' first" in capsys.readouterr().err


def make_empty(connection: Connection) -> None:
    """Give a PostgreSQL server's database back its first state, as an operator makes a new one."""
    connection.execute(text("DROP SCHEMA public CASCADE"))
    connection.execute(text("CREATE SCHEMA public"))
    connection.commit()


def test_going_back_says_what_is_lost_and_restores_what_was_there_before(
    data, connection, monkeypatch, tmp_path, capsys, database_url
):
    later_version(monkeypatch, tmp_path)
    assert web("upgrade", data) == 0
    (file,) = backups(data)
    connection.execute(text("UPDATE home SET number = '9-9' WHERE number = '3-1'"))
    connection.commit()
    monkeypatch.undo()
    face_key = (data / "secrets" / "face.key").read_bytes()
    capsys.readouterr()
    assert web("rollback", data, file) == 2
    assert "is lost on the server" in (said := capsys.readouterr().err) and "--yes" in said
    if database_url.startswith("postgresql"):
        assert web("rollback", data, file, "--yes") == 2
        said = capsys.readouterr().err
        assert "the database is not empty" in said
        assert "sudo -u postgres createdb" in said
        make_empty(connection)
    connection.close()
    assert web("rollback", data, file, "--yes") == 0
    assert "rows came back" in capsys.readouterr().out
    engine = make_engine(database_url)
    with engine.connect() as again:
        assert read(again, HOMES_OF_PEOPLE) == ["3-1", "3-2"]
        assert read(again, REVISION) == [schema.newest_revision()]
    engine.dispose()
    assert (data / "secrets" / "face.key").read_bytes() != face_key
    aside = list(data.glob("menjin.sqlite3.before-rollback-*")) + list(tmp_path.glob("*.before-rollback-*"))
    assert bool(aside) == database_url.startswith("sqlite")


def test_a_backup_that_breaks_off_leaves_the_present_server_as_it_is(
    data, connection, tmp_path, capsys, database_url
):
    if database_url.startswith("postgresql"):
        pytest.skip("a PostgreSQL server goes back into an empty database")
    connection.close()
    path = tmp_path / "backup"
    assert web("backup", data, path) == 0
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert web("rollback", data, path, "--yes") == 2
    assert "cut off" in capsys.readouterr().err
    engine = make_engine(database_url)
    with engine.connect() as again:
        assert read(again, HOMES_OF_PEOPLE) == ["3-1", "3-2"]
    engine.dispose()
    assert list(tmp_path.glob("*.before-rollback-*")) == []


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


def test_a_backup_of_another_server_is_refused(data, tmp_path, capsys, connection):
    path = tmp_path / "backup"
    assert web("backup", data, path) == 0
    (data / "secrets" / "seal.key").write_bytes((data / "secrets" / "lookup.key").read_bytes())
    capsys.readouterr()
    assert web("rollback", data, path, "--yes") == 2
    assert "is a backup of another server; nothing was changed" in capsys.readouterr().err
    assert read(connection, HOMES_OF_PEOPLE) == ["3-1", "3-2"]


def test_an_empty_database_belongs_to_whom_the_server_connects_as():
    here = pwd.getpwuid(os.geteuid()).pw_name
    for url, name, owner in (
        ("postgresql:///menjin?host=/run/postgresql", "menjin", here),
        ("postgresql+psycopg://gates@db/court", "court", "gates"),
    ):
        kept, made = new_database(SimpleNamespace(database_url=url))
        assert kept.startswith(f'sudo -u postgres psql -c \'ALTER DATABASE "{name}" RENAME TO')
        assert made.endswith(f" --owner {owner} {name}")


@pytest.mark.parametrize("behind_proxy", [[], ["--behind-proxy"]], ids=["bare", "behind a proxy"])
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
    (first,) = versions.glob("0000_*.py")
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
    says = rf"a later version \(revision 9999; this one knows up to {schema.newest_revision()}\)"
    with pytest.raises(BackupRefused, match=says):
        restore_rows(empty, PASSPHRASE, path)
    assert inspect(empty.engine).get_table_names() == []
