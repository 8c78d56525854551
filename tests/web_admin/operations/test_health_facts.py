"""The facts of the server's health: from the database, the disk and the certificate."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from tests.served.real_caddy import MISSING, caddy_before, has_caddy
from tests.support.peers import hook_peer, make_certificate
from tests.web_admin.operations.health_of import DAY, NOW, WELL
from web_admin.compound.models import Gate, Site
from web_admin.core.backup_files import MAGIC
from web_admin.core.database import Menjin
from web_admin.core.health_models import ServerMark
from web_admin.operations import housekeeping, marks
from web_admin.operations.health import server_findings
from web_admin.operations.health_facts import gates_health, newest_backup, server_facts
from web_admin.policy.effects import PolicyEffects

# -- gathering ---------------------------------------------------------------------------------------


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


def test_facts_come_from_the_database_and_the_disk(menjin, site, clock):
    housekeeping.run(menjin, clock.now)
    with menjin.database.session() as session:
        facts = server_facts(session, menjin.config, session.get_one(Site, site), clock.now)
    assert (facts.housekeeping_at, facts.housekeeping_failed) == (clock.now, "")
    assert facts.database_bytes > 100_000
    assert 0 < facts.disk_free <= facts.disk_total
    assert facts.backup_at is None


def test_the_newest_backup_is_the_commands_or_the_newest_file_that_is_one(web_config, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    config = replace(web_config, backup_dir=folder)
    assert newest_backup(config, None) is None
    for name, content, days in (("old", MAGIC, 9), ("new", MAGIC, 2), ("notes.txt", b"x", 0)):
        (folder / name).write_bytes(content)
        os.utime(folder / name, ((NOW - days * DAY).timestamp(),) * 2)
    assert newest_backup(config, None) == NOW - 2 * DAY
    made = ServerMark(name="backup", at=NOW - DAY, note="")
    assert newest_backup(config, made) == NOW - DAY


def test_the_certificate_of_the_public_address_is_looked_at_as_a_browser_would(
    menjin, site, clock, tmp_path, monkeypatch
):
    certificate = make_certificate(tmp_path)
    with hook_peer(certificate) as peer:
        menjin = replace(menjin, config=replace(menjin.config, public_url=peer.url.removesuffix("/take")))
        assert marks.look_at_certificate(menjin, clock.now) == 1
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert marks.look_at_certificate(menjin, clock.now) == 0
        with menjin.database.session() as session:
            until = marks.certificate_until(session.get_one(ServerMark, "certificate").note)
    assert timedelta(hours=20) < until - datetime.now(UTC) < timedelta(hours=28)
    menjin = replace(menjin, config=replace(menjin.config, public_url="https://localhost:9"))
    assert marks.look_at_certificate(menjin, clock.now) == 0


@pytest.mark.skipif(not has_caddy(), reason=MISSING)
def test_caddys_own_authority_is_no_fault_where_it_is_named(menjin, site, clock, tmp_path):
    with caddy_before("http://127.0.0.1:9", tmp_path) as proxy:
        config = replace(menjin.config, public_url=proxy.address, own_authority=proxy.server_ca)
        assert marks.look_at_certificate(replace(menjin, config=config), clock.now) == 0
    with menjin.database.session() as session:
        note = session.get_one(ServerMark, "certificate").note
    since, until = marks.certificate_since(note), marks.certificate_until(note)
    assert until - since < DAY, "Caddy's own authority signs for hours"
    facts = replace(WELL, certificate_since=since, certificate_until=until)
    findings = server_findings(facts, since + (until - since) * 0.6)
    (finding,) = [one for one in findings if one.says.startswith("Holds")]
    assert (finding.level, finding.alarm) == ("good", None)


def test_an_authority_by_choice_is_no_fault(menjin, site, clock, tmp_path):
    certificate = make_certificate(tmp_path)
    with hook_peer(certificate) as peer:
        public_url = peer.url.removesuffix("/take")
        config = replace(menjin.config, public_url=public_url, own_authority=certificate[0])
        menjin = replace(menjin, config=config)
        assert marks.look_at_certificate(menjin, clock.now) == 0
        with menjin.database.session() as session:
            note = session.get_one(ServerMark, "certificate").note
        assert marks.certificate_since(note) < datetime.now(UTC) < marks.certificate_until(note)
        missing = replace(menjin, config=replace(config, own_authority=tmp_path / "none.pem"))
        assert marks.look_at_certificate(missing, clock.now) == 1


def test_what_a_gate_reports_of_its_clock_and_journal_is_kept(north, database, clock):
    north.ask(clock.now)
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        assert gate.clock_behind_seconds is not None
        assert gate.told_seq is not None


def test_a_thousand_gates_take_no_more_questions_than_three(menjin, site, clock):
    def questions():
        count = 0

        def seen(*_arguments):
            nonlocal count
            count += 1

        event.listen(menjin.database.engine, "before_cursor_execute", seen)
        with menjin.database.session() as session:
            found = gates_health(session, session.get_one(Site, site), clock.now)
        event.remove(menjin.database.engine, "before_cursor_execute", seen)
        return len(found), count

    def add(first, last):
        with menjin.database.session() as session:
            for number in range(first, last):
                session.add(Gate(gate_id=f"g{number}", site_id=site, number=number, name=f"G{number}"))

    add(1, 4)
    few = questions()
    add(4, 1001)
    many = questions()
    assert (few[0], many[0]) == (3, 1000)
    assert few[1] == many[1]
