"""An operator brings a filled server up to a later version, tries it first, and goes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from gate_controller.command_line.command_names import OF_PACKAGES, SERVER_VARIABLE
from tests.web_admin.cli.upgraded import (
    HOMES_OF_PEOPLE,
    REVISION,
    later_version,
    make_empty,
    read,
    server_in,
    web,
)
from web_admin.cells.serving_lock import ServingLock, take_patiently
from web_admin.cli import served_folder
from web_admin.core.config import load_config
from web_admin.core.database import make_engine
from web_admin.operations import schema

LOSES_HOMES = 'op.execute("DELETE FROM home")'


@pytest.fixture
def data(tmp_path: Path, database_url: str, now) -> Path:
    return server_in(tmp_path / "data", database_url, now)


@pytest.fixture
def connection(data: Path, database_url: str) -> Iterator[Connection]:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def backups(data: Path) -> list[Path]:
    return sorted((data / "backups").glob("*")) if (data / "backups").exists() else []


@pytest.mark.wide
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


@pytest.mark.wide
def test_a_trial_does_everything_and_leaves_nothing(data, connection, monkeypatch, tmp_path, capsys):
    before = read(connection, REVISION)
    later_version(monkeypatch, tmp_path)
    assert web("upgrade", data, "--dry-run") == 0
    said = capsys.readouterr()
    assert "All 2 steps can be done" in said.out and "2 of 2" in said.err
    assert read(connection, REVISION) == before
    assert "lift" not in inspect(connection).get_table_names()
    assert backups(data) == []


@pytest.mark.wide
@pytest.mark.first_set
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


@pytest.mark.wide
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


def test_tables_from_before_the_first_version_are_refused_in_one_sentence(data, connection, capsys):
    connection.execute(text("UPDATE alembic_version SET version_num = '0016'"))
    connection.commit()
    for command in ("run", "upgrade"):
        capsys.readouterr()
        assert web(command, data) == 2
        [said] = capsys.readouterr().err.splitlines()
        assert "the tables are of revision 0016, from before 0.3.0, and no version upgrades them" in said
        assert "begin a new data directory with 'menjin web init'" in said


def test_an_older_database_is_not_served_before_its_upgrade(data, monkeypatch, tmp_path, capsys):
    later_version(monkeypatch, tmp_path)
    capsys.readouterr()
    assert web("run", data) == 2
    assert "2 steps before this version: run 'menjin web upgrade' first" in capsys.readouterr().err


def test_the_database_of_another_compound_is_neither_served_nor_upgraded(
    data, connection, monkeypatch, tmp_path, capsys
):
    before = read(connection, REVISION)
    (data / "secrets" / "seal.key").write_bytes((data / "secrets" / "lookup.key").read_bytes())
    for version in (lambda: None, lambda: later_version(monkeypatch, tmp_path)):
        version()
        for command in ("run", "upgrade"):
            capsys.readouterr()
            assert web(command, data) == 2
            [said] = capsys.readouterr().err.splitlines()
            assert f"the database is of another compound than the keys in {data / 'secrets'}" in said
    assert read(connection, REVISION) == before


def test_an_upgrade_beside_a_server_that_runs_is_refused(data, connection, monkeypatch, tmp_path, capsys):
    if connection.dialect.name == "postgresql":
        pytest.skip("its tables are shared: several machines may serve them")
    later_version(monkeypatch, tmp_path)
    monkeypatch.setattr(served_folder, "ENDS_WITHIN_SECONDS", 0.1)
    before, lock = read(connection, REVISION), ServingLock(data, alone=True)
    take_patiently(lock, print, ends_within_seconds=0.1)
    try:
        assert web("upgrade", data) == 2
    finally:
        lock.give_back()
    assert "end it first" in capsys.readouterr().err.splitlines()[-1]
    assert read(connection, REVISION) == before


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
def test_a_backup_of_another_server_is_refused(data, tmp_path, capsys, connection):
    path = tmp_path / "backup"
    assert web("backup", data, path) == 0
    (data / "secrets" / "seal.key").write_bytes((data / "secrets" / "lookup.key").read_bytes())
    capsys.readouterr()
    assert web("rollback", data, path, "--yes") == 2
    assert "is a backup of another server; nothing was changed" in capsys.readouterr().err
    assert read(connection, HOMES_OF_PEOPLE) == ["3-1", "3-2"]
