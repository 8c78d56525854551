"""Health: each trouble is shown with what to do, the worst first, in a fixed number of questions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.web_admin.operations.health_of import DAY, NOW, WELL, well_gate
from web_admin.core.database import Menjin
from web_admin.core.health_models import ServerMark
from web_admin.operations import housekeeping
from web_admin.operations.gate_health import gate_health
from web_admin.operations.health import server_findings, worst
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
