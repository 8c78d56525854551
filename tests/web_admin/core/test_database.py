"""What the server stores: seals, transactions, the audit chain, the tables themselves."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask, abort
from sqlalchemy import func, select, text

from gate_controller.contract.journal_chain import ChainBroken
from gate_controller.contract.signing import KEY_ROLES, certified_key, public_bytes
from tests.support.compounds.tables import all_tables
from web_admin.compound.keys import certificate, create_site, private_key
from web_admin.compound.models import Home
from web_admin.core.database import (
    SYNCHRONOUS,
    Database,
    Menjin,
    init_database,
    make_engine,
    request_session,
)
from web_admin.journal.ledger import append_audit, verify_audit
from web_admin.operations import schema
from web_admin.policy.effects import PolicyEffects
from web_admin.tables import METADATA

pytestmark = pytest.mark.both_databases


def test_what_one_engine_compiled_another_of_its_kind_does_not_compile_again(tmp_path):
    first, second = (make_engine(f"sqlite:///{tmp_path / name}") for name in ("first", "second"))
    kept = first.get_execution_options()["compiled_cache"]
    with first.connect() as connection:
        connection.execute(select(func.count().label("compiled_in_this_test")))
    known = set(kept)
    with second.connect() as connection:
        connection.execute(select(func.count().label("compiled_in_this_test")))
    assert second.get_execution_options()["compiled_cache"] is kept
    assert set(kept) == known
    for engine in (first, second):
        engine.dispose()


def test_the_root_certifies_every_key_of_the_site(database, sealer, now):
    with database.session() as session:
        site, pem = create_site(session, sealer, "S", "Asia/Shanghai", "en", "passphrase", now)
        for role in KEY_ROLES:
            key = certified_key(
                site.root_public_key, certificate(session, site.site_id, role), site.site_id, role
            )
            assert key == public_bytes(private_key(session, sealer, site.site_id, role))
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


# -- transactions ------------------------------------------------------------------------------------


def test_a_transaction_is_whole_or_nothing(database, site):
    with pytest.raises(ZeroDivisionError), database.session() as session:
        session.add(Home(home_id="h", site_id=site, number="1-1", pin_salt=bytes(16)))
        session.flush()
        raise ZeroDivisionError
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Home)) == 0


@pytest.fixture
def pages(web_config, database, sealer, site, now):
    app = Flask("pages")
    init_database(app, Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer)))

    @app.get("/<int:status>")
    def add(status):
        request_session().add(Home(home_id=str(status), site_id=site, number="1-1", pin_salt=bytes(16)))
        request_session().flush()
        if status >= 400:
            abort(status)
        return "", status

    @app.get("/fault")
    def fail():
        request_session().add(Home(home_id="fault", site_id=site, number="1-1", pin_salt=bytes(16)))
        request_session().flush()
        raise ZeroDivisionError

    return app.test_client()


@pytest.mark.parametrize(
    ("path", "kept"), [("/200", 1), ("/302", 1), ("/400", 0), ("/409", 0), ("/fault", 0)]
)
def test_a_request_is_one_transaction_kept_only_when_it_succeeds(database, pages, path, kept):
    pages.get(path)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Home)) == kept


def test_an_act_waits_for_the_disk_and_a_gates_call_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr("web_admin.core.database.SYNCHRONOUS", SYNCHRONOUS)  # which tests do without
    database = Database(make_engine(f"sqlite:///{tmp_path / 'menjin.sqlite3'}"))
    asked, waits, does_not = text("PRAGMA synchronous"), 2, 1  # FULL, NORMAL
    seen = []
    for _turn in range(2):  # by one pooled connection in turn
        with database.session() as session:
            seen.append(session.scalar(asked))
        with database.calls.begin() as connection:
            seen.append(connection.scalar(asked))
    assert seen == [waits, does_not, waits, does_not]
    assert database.engine.pool.checkedin() == 1
    database.engine.dispose()


def test_a_gates_call_is_a_transaction_alone_and_one_that_lends_begins_its_own(tmp_path):
    database = Database(make_engine(f"sqlite:///{tmp_path / 'menjin.sqlite3'}"))
    kept = []
    with database.session() as session:
        session.execute(text("CREATE TABLE call (number INTEGER)"))
    for engine in (database.calls, database.lending_calls):
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO call VALUES (1)"))
            kept.append(connection.connection.dbapi_connection.in_transaction)
            connection.rollback()
            kept.append(connection.scalar(text("SELECT count(*) FROM call")))
    assert kept == [False, 1, True, 1]
    database.engine.dispose()


def test_another_kind_of_database_is_refused():
    with pytest.raises(ValueError, match="sqlite:///FILE or postgresql"):
        make_engine("mysql://x/y")


# -- the audit journal -------------------------------------------------------------------------------


@pytest.fixture
def audited(database, site, now):
    with database.session() as session:
        for n in range(5):
            append_audit(session, site, "look_up", {"n": n, "x": 1.5}, {"name": f"n{n}"}, now, person_id="p")
    return database


def test_the_audit_journal_verifies_and_still_does_after_lawful_erasure(audited, site):
    with audited.session() as session:
        before = verify_audit(session, site)
        session.execute(text("UPDATE audit_entry SET personal = NULL, salt = NULL WHERE seq <= 2"))
        session.expire_all()
        assert verify_audit(session, site) == before
        assert before[0] == 5


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        ("UPDATE audit_entry SET kind = 'nothing' WHERE seq = 3", 3),
        ("""UPDATE audit_entry SET personal = '{"name": "else"}' WHERE seq = 3""", 3),
        ("DELETE FROM audit_entry WHERE seq = 3", 4),
        ("DELETE FROM audit_entry WHERE seq = 1", 2),
    ],
)
def test_an_edit_of_the_audit_journal_shows(audited, site, change, entry):
    with audited.session() as session:
        session.execute(text(change))
        session.expire_all()
        with pytest.raises(ChainBroken, match=f"entry {entry}"):
            verify_audit(session, site)


# -- the tables --------------------------------------------------------------------------------------


@pytest.mark.wide
def test_the_migrations_make_exactly_the_tables_of_the_models(database_url):
    engine = make_engine(database_url)
    schema.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, METADATA)
    assert differences == []
    assert schema.current_revision(engine) == schema.newest_revision()
    check_storage(engine)
    schema.upgrade(engine)
    Database(engine).engine.dispose()


@pytest.mark.wide
@pytest.mark.parametrize("module", ["web_admin.operations.backup", "web_admin.privacy.register"])
def test_a_backup_and_a_migration_know_every_table(module):
    script = f"import {module}; from web_admin.tables import METADATA; print(*METADATA.tables)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == set(all_tables().tables)


def test_no_table_has_room_for_a_picture_or_a_template():
    words = ("template", "picture", "photo", "image", "embedding", "descriptor")
    columns = [f"{t.name}.{c.name}" for t in METADATA.tables.values() for c in t.columns]
    assert [name for name in columns if any(word in name for word in words)] == []
    assert len(columns) > 100


def test_writers_at_the_same_time_follow_one_another_in_the_audit_journal(database, site, now):
    def write(_n):
        with database.session() as session:
            append_audit(session, site, "look_up", {}, {}, now)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(24)))
    with database.session() as session:
        assert verify_audit(session, site)[0] == 24


def test_sums_lie_in_their_row(database):
    check_storage(database.engine)


def check_storage(engine):
    """Check that PostgreSQL does not try to compress sums; SQLite keeps what fits in the row anyway."""
    if engine.dialect.name == "postgresql":
        of_column = text(
            "SELECT CAST(attstorage AS text) FROM pg_attribute"
            " WHERE attrelid = 'policy_sums'::regclass AND attname = 'sums'"
        )
        with engine.connect() as connection:
            assert connection.scalar(of_column) == "p", "PLAIN"
