"""What earlier programs wrote is upgraded and restored: a backup of each revision, kept in `kept/`.

0033 was written by commit 5066cdf, 0001 by 36e2c0fe: programs, not fixtures, filled these tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from tests.served.keep_backup import KEPT, PASSPHRASE
from tests.served.served_compound import Browser, serve_data_dir
from tests.support.compounds.managed import PASSWORD, code_now
from tests.support.compounds.older_tables import referring_to_none, revisions
from web_admin.cli.main import run
from web_admin.compound.models import Gate, Person, Site
from web_admin.core.config import SECRET_NAMES, WebConfig, load_config, write_secret, write_settings
from web_admin.core.database import Database, make_engine
from web_admin.journal.ledger import verify_audit
from web_admin.operations import backup, schema
from web_admin.operations.backup import Rows, decode_frame, read_frames, read_preface
from web_admin.operations.backup_rows import _typed
from web_admin.operations.stored_tables import stored_tables

ADDRESS = "http://127.0.0.1:8000"
"""The public address of each."""


PRODUCTS_COST = backup.SCRYPT_COST
"""As it is when tests are collected: those of other folders stretch less, in the same process."""


@pytest.fixture(autouse=True)
def as_the_product_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "SCRYPT_COST", PRODUCTS_COST)


@pytest.fixture(params=sorted(path.name for path in KEPT.glob("*.backup")))
def kept(request: pytest.FixtureRequest) -> Path:
    return KEPT / request.param


@pytest.fixture
def word(tmp_path: Path) -> Path:
    (tmp_path / "word").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return tmp_path / "word"


@dataclass
class Server:
    """A data directory and what is in it."""

    data_dir: Path
    config: WebConfig

    @contextmanager
    def served(self) -> Iterator[Browser]:
        """Serve it, and give a browser without a session."""
        with serve_data_dir(self.config, self.data_dir / "server.log") as (address, _process):
            browser = Browser(address)
            browser.session.headers["Accept-Language"] = "en"
            yield browser

    def is_whole(self) -> None:
        """Read names, gates and the ledger; no row refers to one that is not there."""
        engine = make_engine(self.config.database_url)
        assert schema.current_revision(engine) == schema.newest_revision()
        with engine.connect() as connection:
            assert referring_to_none(connection) == []
        with Database(engine).session() as session:
            (site,) = session.scalars(select(Site))
            assert "王芳" in set(session.scalars(select(Person.display_name)))
            assert len(session.scalars(select(Gate)).all()) == 3
            assert verify_audit(session, site.site_id)[0] > 10
        engine.dispose()


@pytest.fixture
def older(kept: Path, database_url: str, tmp_path: Path) -> Server:
    """Return a server as the earlier program left it: its rows in its tables, its keys beside them."""
    preface, data_dir, engine = read_preface(PASSPHRASE, kept), tmp_path / "data", make_engine(database_url)
    (data_dir / "secrets").mkdir(parents=True)
    for name in SECRET_NAMES:
        write_secret(data_dir / "secrets", name, preface.secrets.get(name))
    write_settings(data_dir / "web.toml", {"database_url": database_url, "public_url": ADDRESS})
    with schema.migrating(engine) as connection, kept.open("rb") as file:
        schema.migrate(connection, preface.revision)
        tables = stored_tables(connection)
        for frame in list(read_frames(file, PASSPHRASE))[1:]:
            rows = decode_frame(frame, Rows)
            if rows.rows:
                table = tables[rows.table]
                connection.execute(insert(table), _typed(table, rows.columns, rows.rows))
    engine.dispose()
    return Server(data_dir, load_config({}, data_dir))


def test_every_revision_has_a_kept_backup() -> None:
    missing = set(revisions()) - {path.stem for path in KEPT.glob("*.backup")}
    assert missing == set(), "python -m tests.served.keep_backup, with the program whose newest it is"


def test_a_step_makes_the_columns_that_its_program_had(kept: Path, tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'tables.sqlite3'}")
    schema.upgrade(engine, kept.stem)
    with engine.connect() as connection, kept.open("rb") as file:
        tables = stored_tables(connection)
        for frame in list(read_frames(file, PASSPHRASE))[1:]:
            rows = decode_frame(frame, Rows)
            has = set(tables[rows.table].columns.keys())
            assert set(rows.columns) == has, "a step was changed: add another"
    engine.dispose()


def test_what_an_earlier_program_wrote_is_upgraded_and_its_manager_signs_in(
    older: Server, word: Path
) -> None:
    assert run(["upgrade", "--data-dir", str(older.data_dir), "--passphrase-file", str(word)]) == 0
    older.is_whole()
    with older.served() as browser:
        browser.get("/staff/sign-in")
        browser.post("/staff/sign-in", {"email": "manager@example.org", "password": PASSWORD})
        browser.get("/staff/code")
        assert browser.post("/staff/code", {"code": code_now()}).status_code == 302
        for path in ("/manage/", "/manage/health", "/manage/gates/", "/manage/privacy", "/manage/alarms/"):
            assert browser.get(path).status_code == 200, path
        assert "王芳" in browser.get("/manage/people/").text


@pytest.mark.wide
def test_a_backup_of_an_earlier_program_is_restored(kept: Path, word: Path, tmp_path: Path, capsys) -> None:
    data_dir = tmp_path / "new"
    given = ["--data-dir", str(data_dir), "--public-url", ADDRESS, "--passphrase-file", str(word)]
    assert run(["restore", str(kept), *given]) == 0
    restored = Server(data_dir, load_config({}, data_dir))
    restored.is_whole()
    capsys.readouterr()
    assert run(["staff-link", "manager@example.org", "--data-dir", str(data_dir)]) == 0
    link = next(part for part in capsys.readouterr().out.split() if part.startswith(ADDRESS))
    with restored.served() as browser:
        assert browser.get(link.removeprefix(ADDRESS)).status_code == 200
