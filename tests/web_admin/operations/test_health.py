"""Server, gates and machines on the page of health."""

import shutil
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from gate_controller.contract.program import program_version
from tests.web_admin.operations.health_of import DAY, NOW, WELL, well_gate
from web_admin.compound.queries import all_gates, the_site
from web_admin.core.database import Menjin
from web_admin.core.health_models import ServerMark
from web_admin.core.single_process import alone_everywhere
from web_admin.custody.models import ServerMachine
from web_admin.journal.models import GateEvent
from web_admin.operations import housekeeping
from web_admin.operations.first_hour import first_steps
from web_admin.operations.gate_health import gate_health
from web_admin.operations.health import server_findings, worst
from web_admin.operations.health_facts import server_facts
from web_admin.policy.effects import PolicyEffects
from web_admin.privacy.audits import AuditDue

HOUR = timedelta(hours=1)


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


# -- gathering ---------------------------------------------------------------------------------------


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


def test_a_step_of_housekeeping_that_fails_is_named(menjin, site, clock, monkeypatch):
    def fail(_menjin, _now):
        raise ZeroDivisionError

    monkeypatch.setattr(housekeeping, "STEPS", {**housekeeping.STEPS, "faces_ended": fail})
    housekeeping.run(menjin, clock.now)
    with menjin.database.session() as session:
        assert session.get_one(ServerMark, "housekeeping").note == "faces_ended"


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


MIB = 1024 * 1024


def machine(name, now, **facts):
    return ServerMachine(
        machine_id=name, name=name, run="one", transport_key=bytes(32), joined_at=now, seen_at=now, **facts
    )


def finding(compound_session, config, now, name):
    facts = server_facts(compound_session, config, the_site(compound_session), now)
    return next((one for one in server_findings(facts, now) if str(one.name) == name), None)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_machines_one_does_the_work(database, tmp_path):
    folders = [tmp_path / name for name in ("web1", "web2")]
    for folder in folders:
        folder.mkdir()
    with alone_everywhere(database, folders[0], "watch") as first:
        with alone_everywhere(database, folders[1], "watch") as second:
            assert (first, second) == (True, False)
        with alone_everywhere(database, folders[1], "housekeeping") as other_work:
            assert other_work
    with alone_everywhere(database, folders[1], "watch") as later:
        assert later


def test_the_fullest_disk_is_the_one_that_counts(act, web_config, now, monkeypatch):
    room = SimpleNamespace(total=100 * MIB, used=0, free=90 * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: room)
    act.session.add_all(
        [
            machine("web1", now, disk_free_mib=90, disk_total_mib=100),
            machine("web2", now, disk_free_mib=4, disk_total_mib=100),
        ]
    )
    act.session.flush()
    said = finding(act.session, web_config, now, "Disk")
    assert (said.level, said.raw) == ("bad", "web2")
    long_ago = now - timedelta(hours=1)
    act.session.get_one(ServerMachine, "web2").seen_at = long_ago
    act.session.flush()
    assert finding(act.session, web_config, now, "Disk").level == "good", "what it said long ago is no news"


def test_a_machine_that_is_silent_is_named(act, web_config, now):
    assert finding(act.session, web_config, now, "Machines") is None
    act.session.add_all([machine("web1", now), machine("web2", now - timedelta(minutes=6))])
    act.session.flush()
    said = finding(act.session, web_config, now, "Machines")
    assert (said.level, "web2" in str(said.says), "web1" in str(said.says)) == ("bad", True, False)
    act.session.get_one(ServerMachine, "web2").seen_at = now
    act.session.flush()
    assert finding(act.session, web_config, now, "Machines").level == "good"


def steps(compound, gates=None):
    with compound.act() as act:
        found = list(all_gates(act.session, compound.site_id)) if gates is None else gates
        return first_steps(act.session, compound.site_id, found, has_second_factor=True)


def test_a_site_without_gates_begins_with_the_gate(compound) -> None:
    found = {step.key: (step.is_done, step.endpoint) for step in steps(compound, gates=[])}
    assert found["sign_in"] == (True, "own.show")
    assert found["gate"] == (False, "gates.new_gate")
    assert found["sheet"][0] is False
    assert found["pairing"][0] is False


@pytest.mark.wide
@pytest.mark.both_databases
def test_the_steps_stay_away_when_refusals_follow_the_first_passage(compound) -> None:
    with compound.act() as act:
        act.session.query(GateEvent).delete()
        put_tries(act, ["face_no_match"])
    assert steps(compound)
    with compound.act() as act:
        put_tries(act, ["granted", *["face_no_match"] * 60])
    assert steps(compound) == []
    page = compound.signed_in("manager").get("/manage/").text
    assert "Getting started" not in page


def put_tries(act, reasons):
    first = act.session.query(GateEvent).count()
    for number, reason in enumerate(reasons):
        at = act.now + timedelta(seconds=first + number)
        act.session.add(
            GateEvent(
                journal_id="f",
                gate_id="north",
                seq=first + number,
                kind="access",
                lane_id="north-in",
                at=at,
                received_at=at,
                facts={"opens": reason == "granted", "reason": reason, "method": "face"},
                personal={},
                salt=b"s",
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
            )
        )
