"""Health: each trouble is shown with what to do, the worst first, in a fixed number of questions."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from gate_controller.contract.program import program_version
from tests.served.real_caddy import MISSING, caddy_before, has_caddy
from tests.support.peers import hook_peer, make_certificate
from web_admin.compound.models import Gate, Site
from web_admin.core.backup_files import MAGIC
from web_admin.core.database import Menjin, current_menjin
from web_admin.core.health_models import ServerMark
from web_admin.custody.models import GateFaceRow
from web_admin.operations import housekeeping, marks
from web_admin.operations.gate_health import gate_health
from web_admin.operations.health import ServerFacts, server_findings, worst
from web_admin.operations.health_facts import gates_health, newest_backup, server_facts
from web_admin.policy.effects import PolicyEffects
from web_admin.privacy.audits import AuditDue

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WELL = ServerFacts(
    disk_free=60,
    disk_total=100,
    database_bytes=1,
    backup_at=NOW - DAY,
    housekeeping_at=NOW,
    housekeeping_failed="",
    outbox_waiting=0,
    outbox_since=None,
    outbox_failed=0,
    newest_entry_at=NOW - DAY,
    clock_synchronised=True,
    https=True,
    certificate_note="",
    certificate_until=NOW + 60 * DAY,
    key_waits_since=None,
    review_due_at=NOW + DAY,
    audit=AuditDue(NOW + 100 * DAY, is_task=False, is_late=False, minors=False),
    site_since=NOW - DAY,
)


def well_gate(**changes):
    gate = Gate(
        gate_id="north",
        site_id="s",
        number=1,
        name="North",
        state="paired",
        clock_sure=True,
        last_seen_at=NOW - timedelta(seconds=3),
        published_version=7,
        have_version=7,
        acknowledged_seq=50,
        told_seq=50,
        clock_behind_seconds=0.2,
        device_states=[{"device": "reader", "health": "ok"}],
    )
    for name, value in changes.items():
        setattr(gate, name, value)
    return gate


def levels(facts):
    return worst(finding.level for finding in server_findings(facts, NOW))


# -- judging -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "good"),
        ({"disk_free": 14}, "look"),
        ({"disk_free": 4}, "bad"),
        ({"backup_at": None}, "look"),
        ({"backup_at": NOW - 8 * DAY}, "look"),
        ({"backup_at": NOW - 31 * DAY}, "bad"),
        ({"housekeeping_at": NOW - timedelta(hours=1)}, "look"),
        ({"housekeeping_at": None}, "look"),
        ({"housekeeping_failed": "faces_ended"}, "look"),
        ({"outbox_since": NOW - timedelta(minutes=16), "outbox_waiting": 1}, "look"),
        ({"outbox_since": NOW - timedelta(minutes=1), "outbox_waiting": 1}, "good"),
        ({"outbox_failed": 1}, "look"),
        ({"newest_entry_at": NOW + timedelta(hours=1)}, "bad"),
        ({"clock_synchronised": False}, "look"),
        ({"clock_synchronised": None}, "good"),
        ({"certificate_until": NOW + 20 * DAY}, "look"),
        ({"certificate_until": NOW + 2 * DAY}, "bad"),
        # Caddy's own authority signs for twelve hours, and renews four hours before the end.
        ({"certificate_until": NOW + 4 * HOUR, "certificate_since": NOW - 8 * HOUR}, "good"),
        ({"certificate_until": NOW + 2 * HOUR, "certificate_since": NOW - 10 * HOUR}, "look"),
        ({"certificate_until": NOW + timedelta(minutes=10), "certificate_since": NOW - 12 * HOUR}, "bad"),
        ({"certificate_until": NOW + 20 * DAY, "certificate_since": NOW - 345 * DAY}, "look"),
        ({"certificate_until": NOW + 22 * DAY, "certificate_since": NOW - 343 * DAY}, "good"),
        ({"certificate_until": None, "certificate_note": "refused"}, "bad"),
        ({"certificate_until": None, "certificate_note": "unreachable"}, "good"),
        ({"https": False, "certificate_until": None, "certificate_note": "refused"}, "good"),
        ({"key_waits_since": NOW - timedelta(hours=25)}, "bad"),
        ({"key_waits_since": NOW - timedelta(hours=1)}, "good"),
        ({"review_due_at": NOW - DAY}, "look"),
        ({"audit": AuditDue(NOW + DAY, is_task=True, is_late=False, minors=True)}, "look"),
    ],
)
def test_each_trouble_of_the_server_has_its_level_and_says_what_to_do(change, level):
    facts = replace(WELL, **change)
    assert levels(facts) == level
    findings = server_findings(facts, NOW)
    assert [f for f in findings if f.level in ("look", "bad") and f.todo is None] == []
    assert findings[0].level in (level, "unknown")


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "good"),
        ({"last_seen_at": NOW - timedelta(minutes=3)}, "look"),
        ({"last_seen_at": NOW - timedelta(hours=25)}, "bad"),
        ({"last_seen_at": None}, "bad"),
        ({"have_version": 6}, "good"),
        ({"told_seq": 151}, "look"),
        ({"told_seq": None}, "good"),
        ({"clock_sure": False}, "look"),
        ({"clock_behind_seconds": -31.0}, "look"),
        ({"device_states": [{"device": "reader", "health": "lost", "detail": "no answer"}]}, "look"),
        ({"behind_since": NOW - timedelta(seconds=16)}, "bad"),
        ({"behind_since": NOW - timedelta(seconds=2)}, "good"),
        ({"behind_since": NOW - timedelta(hours=1), "policy_withheld": True}, "good"),
        ({"policy_trouble": "1 of a later version: record 'person:p1'"}, "look"),
        ({"forked_at": NOW}, "bad"),
        ({"state": "new"}, "look"),
        ({"state": "stolen"}, "bad"),
    ],
)
def test_each_trouble_of_a_gate_has_its_level(change, level):
    assert gate_health(well_gate(**change), tampered=False, now=NOW).level == level


@pytest.mark.parametrize(
    ("change", "command"),
    [
        ({"backup_at": NOW - 31 * DAY}, "menjin web backup FILE"),
        ({"backup_at": None}, "menjin web backup FILE"),
        ({"housekeeping_at": None}, "menjin web run"),
        ({"clock_synchronised": False}, "sudo timedatectl set-ntp true"),
        ({"key_waits_since": NOW - timedelta(hours=25)}, "menjin web rotate-keys"),
        ({"silent_machines": ("web2",)}, "menjin web machines --forget NAME"),
    ],
)
def test_a_command_is_a_line_of_its_own_and_in_no_sentence(change, command):
    finding = server_findings(replace(WELL, **change), NOW)[0]
    assert finding.command == command
    assert "menjin" not in f"{finding.says} {finding.todo}"
    lost = well_gate(device_states=[{"device": "reader", "health": "lost", "detail": "no answer"}])
    (of_gate,) = gate_health(lost, tampered=False, now=NOW).findings
    assert of_gate.command == "menjin gate check SITE.toml"


def test_rules_that_did_not_arrive_are_reported_of_a_silent_gate():
    silent = well_gate(have_version=4, last_seen_at=NOW - timedelta(minutes=5))
    names = [str(finding.level) for finding in gate_health(silent, tampered=False, now=NOW).findings]
    assert names == ["look", "look"]
    assert gate_health(well_gate(have_version=4), tampered=False, now=NOW).findings == ()


def test_a_gate_that_does_not_take_new_rules_is_named_with_both_versions():
    gate = well_gate(behind_since=NOW - timedelta(minutes=3), program="0.1.0")
    (finding,) = gate_health(gate, tampered=False, now=NOW).findings
    assert "for 3 minutes" in str(finding.says)
    assert f"version 0.1.0, this server of {program_version()}" in str(finding.todo)


def test_a_gate_without_face_says_so_and_is_well():
    health = gate_health(well_gate(without_face=True), tampered=False, now=NOW)
    assert (health.level, [str(one.says) for one in health.findings]) == (
        "good",
        ["Its program has no code for faces."],
    )


def test_a_tampered_gate_is_bad():
    assert gate_health(well_gate(), tampered=True, now=NOW).level == "bad"


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


def test_a_step_of_housekeeping_that_fails_is_named(menjin, site, clock, monkeypatch):
    def fail(_menjin, _now):
        raise ZeroDivisionError

    monkeypatch.setattr(housekeeping, "STEPS", {**housekeeping.STEPS, "faces_ended": fail})
    housekeeping.run(menjin, clock.now)
    with menjin.database.session() as session:
        assert session.get_one(ServerMark, "housekeeping").note == "faces_ended"


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


# -- pages -------------------------------------------------------------------------------------------


def test_the_page_says_what_needs_staff_first(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.add(GateFaceRow(gate_id="east", tamper_id="t", tampered_at=compound.clock()))
        session.scalars(select(Gate).where(Gate.gate_id == "north")).one().device_states = [
            {"device": "reader-1", "health": "lost", "detail": "no answer for 9 s"}
        ]
    page = compound.signed_in("installer").get("/manage/health").text
    words, raw = page.index("reader-1: Does not answer"), page.index("no answer for 9 s")
    assert page.index("It may have been opened.") < words < raw
    assert page[words:raw].count("<details>") == 1
    assert "things need attention" in page
    assert "None was ever made here." in page


@pytest.mark.parametrize(("language", "says"), [("en", "Without face"), ("zh", "它的程序不含人脸代码。")])
def test_the_page_names_a_gate_without_face(compound, language, says):
    client = compound.signed_in("manager", language)
    assert says not in client.get("/manage/health").text
    with compound.act() as act:
        act.session.get_one(Gate, "north").without_face = True
    assert says in client.get("/manage/health").text


def test_a_monitor_reads_one_word_and_a_stranger_no_more(compound):
    stranger = compound.app.test_client()
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert stranger.get("/manage/health").status_code == 302


def test_a_database_that_is_away_is_reported_without_details(compound, caplog):
    with compound.app.app_context():
        engine = current_menjin().database.engine

    def broken(_connection, _cursor, statement, _parameters, _context, _many):
        raise OperationalError(statement, {}, OSError("secret-host refused"))

    event.listen(engine, "before_cursor_execute", broken)
    answer = compound.app.test_client().get("/healthz")
    event.remove(engine, "before_cursor_execute", broken)
    assert (answer.status_code, answer.text) == (503, "not ok: database\n")
    assert "secret-host" not in answer.text + caplog.text
