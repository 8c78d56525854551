"""From each revision to the newest: a filled database is upgraded, its backup restored, and both are served.

The revisions are those that the program knows: a new one is tested as soon as it is there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, inspect, text

from tests.served.served_compound import ServedCompound, fill_data_dir, serve_data_dir
from tests.served.signed_gate import SignedGate, signed_gate
from tests.support.compounds.lived_in import live_in
from tests.support.compounds.older_tables import Contents, contents, fill_older, referring_to_none, revisions
from web_admin.cli.main import run
from web_admin.core.config import WebConfig, load_config, write_settings
from web_admin.core.database import Database, make_engine
from web_admin.custody.models import ServerMachine, WrapKeyCopy
from web_admin.operations import schema
from web_admin.operations.backup import LEFT_OUT, write_backup
from web_admin.operations.backup_rows import restore_rows

pytestmark = [pytest.mark.both_databases, pytest.mark.wide]  # each has steps of its own
PASSPHRASE = "a long passphrase"

CHANGED: dict[str, set[tuple[str, str]]] = {
    "0001": {("pair_attempt", "state")},
}
"""What a step changes in rows that there were, by the revision it leads to: (table, column)."""


@dataclass
class Older:
    """A server's data directory whose tables are of some revision."""

    data_dir: Path
    config: WebConfig
    gate: SignedGate
    compound: ServedCompound
    revision: str

    def web(self, command: str, *arguments: object) -> int:
        """Run `menjin web` on it."""
        return run(
            [
                command,
                "--data-dir",
                str(self.data_dir),
                "--passphrase-file",
                str(self.data_dir / "word"),
                *map(str, arguments),
            ]
        )

    @contextmanager
    def served(self) -> Iterator[ServedCompound]:
        """Serve what the data directory has now."""
        log = self.data_dir / "server.log"
        with serve_data_dir(self.config, log) as (address, process):
            self.gate.address = address
            yield replace(self.compound, address=address, process=process)


@pytest.fixture(params=revisions())
def older(request: pytest.FixtureRequest, web_config: WebConfig, tmp_path: Path) -> Iterator[Older]:
    """Return a compound people live in, in the tables of each revision."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    config = replace(web_config, data_dir=data_dir, secrets_dir=data_dir / "secrets")
    today = f"sqlite:///{tmp_path / 'today.sqlite3'}"
    compound = fill_data_dir(replace(config, database_url=today))
    served = ServedCompound("", compound, tmp_path / "server.log", None)  # type: ignore[arg-type]  # not yet
    gate = signed_gate(served)
    live_in(compound)
    engine, source = make_engine(config.database_url), make_engine(today)
    fill_older(engine, request.param, contents(source))
    source.dispose()
    engine.dispose()
    (data_dir / "web.toml").unlink()
    settings = {"database_url": config.database_url, "public_url": config.public_url}
    write_settings(data_dir / "web.toml", settings)
    (data_dir / "word").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    yield Older(data_dir, load_config({}, data_dir), gate, served, request.param)
    compound.close()


def rows_in(config: WebConfig) -> Contents:
    """Return all that a database holds; no row of it refers to one that is not there."""
    engine = make_engine(config.database_url)
    with engine.connect() as connection:
        assert referring_to_none(connection) == []
    found = contents(engine)
    assert schema.current_revision(engine) == schema.newest_revision()
    engine.dispose()
    return found


def is_kept(before: Contents, after: Contents, revision: str) -> None:
    """Compare rows in the columns that both have, but for what a step says that it changes."""
    steps = {step.revision for step in schema.steps_from(revision)}
    changed = {one for step, columns in CHANGED.items() if step in steps for one in columns}
    differ = []
    for table in before.keys() & after.keys():
        both = before[table][0].keys() & after[table][0].keys() if after[table] else {}
        columns = sorted(name for name in both if (table, name) not in changed)
        if not after[table] or _narrowed(before[table], columns) != _narrowed(after[table], columns):
            differ.append(table)
    assert sorted(differ) == []


def _narrowed(rows: list[dict[str, object]], columns: list[str]) -> list[list[object]]:
    return sorted(([row[name] for name in columns] for row in rows), key=str)


def test_a_filled_database_of_each_revision_is_upgraded_and_served(older: Older, capsys) -> None:
    engine = make_engine(older.config.database_url)
    before = contents(engine)
    engine.dispose()
    assert all(before.values()), "every table has a row"
    steps = len(schema.steps_from(older.revision))
    capsys.readouterr()
    if_older = [run(["run", "--data-dir", str(older.data_dir)])] if steps else []
    assert if_older in ([], [2])
    assert capsys.readouterr().err.count("run 'menjin web upgrade' first") == len(if_older)
    assert older.web("upgrade", "--dry-run") == 0
    assert older.web("upgrade") == 0
    assert capsys.readouterr().err.count(f"{steps} of {steps}: ") == min(steps, 1) * 2
    del before["server_mark"]  # it says now when the backup was made
    is_kept(before, rows_in(older.config), older.revision)
    take_out_made_up_machines(older.config)
    serves_people_and_gates(older)


def take_out_made_up_machines(config: WebConfig) -> None:
    """Empty the list of web machines, which on PostgreSQL would refuse this one."""
    engine = make_engine(config.database_url)
    with engine.begin() as connection:
        connection.execute(delete(WrapKeyCopy))
        connection.execute(delete(ServerMachine))
    engine.dispose()


def serves_people_and_gates(older: Older) -> None:
    """Start the server, read a page as a manager and ask as a gate."""
    with older.served() as served:
        people = served.signed_in("manager").get("/manage/people/")
        assert people.status_code == 200 and "王芳" in people.text
        answer = older.gate.asks()
        assert answer.status_code == 200 and answer.json()["policy"]


def new_database(config: WebConfig, folder: Path) -> str:
    """Return the address of an empty database of the same kind; PostgreSQL's own is made empty."""
    if config.database_url.startswith("sqlite"):
        return f"sqlite:///{folder / 'new.sqlite3'}"
    engine = make_engine(config.database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return config.database_url


def test_a_backup_of_each_revision_comes_back_and_is_served(older: Older, tmp_path: Path, capsys) -> None:
    path, engine = tmp_path / "backup", make_engine(older.config.database_url)
    before = contents(engine)
    write_backup(Database(engine), older.config, PASSPHRASE, path, datetime.now(UTC))
    engine.dispose()
    rows_come_back(path, before, older.revision, tmp_path)
    new, url = tmp_path / "new", new_database(older.config, tmp_path)
    given = [
        "--data-dir",
        str(new),
        "--public-url",
        older.config.public_url,
        "--database-url",
        url,
        "--passphrase-file",
        str(older.data_dir / "word"),
    ]
    nothing_is_left_by_a_restore_that_fails(path, given, url, new)
    capsys.readouterr()
    assert run(["restore", str(path), *given]) == 0
    assert " rows, person" in capsys.readouterr().err, "progress is shown"
    restored = replace(older, data_dir=new, config=load_config({}, new))
    after = rows_in(restored.config)
    for table, name in (("person", "person_id"), ("home", "number"), ("credential", "lookup")):
        assert {row[name] for row in after[table]} == {row[name] for row in before[table]}
    with restored.served() as served:
        assert served.browser().get("/staff/sign-in").status_code == 200
        assert older.gate.asks().status_code == 200


def rows_come_back(path: Path, before: Contents, revision: str, folder: Path) -> None:
    """Restore the rows alone: into SQLite from either database, so that a backup moves between them."""
    database = Database(make_engine(f"sqlite:///{folder / 'rows.sqlite3'}"))
    restore_rows(database, PASSPHRASE, path)
    is_kept(
        {table: rows for table, rows in before.items() if table not in LEFT_OUT},
        contents(database.engine),
        revision,
    )
    database.engine.dispose()


def nothing_is_left_by_a_restore_that_fails(path: Path, given: list[str], url: str, new: Path) -> None:
    """Restore from a file that was cut off."""
    cut_off = path.with_name("cut-off")
    cut_off.write_bytes(path.read_bytes()[:-40])
    assert run(["restore", str(cut_off), *given]) == 2
    engine = make_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    assert [found for found in new.rglob("*") if found.is_file()] == []
