"""Figures for a monitor, and marks of time."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from web_admin.accounts.api_keys import make_api_key
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Gate
from web_admin.core.health_models import ServerMark
from web_admin.operations.marks import BACKUP, REFUSED, certificate_since, certificate_until, mark

ROOT = Path(__file__).parents[3]
NAME = re.compile(r"menjin_[a-z_]+")


def numbers(compound):
    """Return what a monitor reads, by name and label."""
    with compound.act("manager") as act:
        key = make_api_key(
            act, name="Prometheus", scopes=("metrics:read",), valid_until=act.now + timedelta(days=30)
        ).text
    answer = compound.app.test_client().get("/api/v1/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    assert answer.content_type.startswith("text/plain; version=")
    return answer.text, {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def bare(name):
    """Return the name of a histogram without what Prometheus adds to it."""
    return re.sub(r"_(bucket|count|sum)$", "", name)


@pytest.mark.wide
def test_gates_are_counted_as_they_are(compound):
    with compound.act() as act:
        north, east = (act.session.get_one(Gate, gate_id) for gate_id in ("north", "east"))
        north.behind_since, north.told_seq = act.now - timedelta(seconds=90), north.acknowledged_seq + 150
        east.last_seen_at = act.now - timedelta(hours=25)
        north.disk_free_mib, north.disk_total_mib, north.disk_reserve_in_use = 3, 7400, True
    _text, found = numbers(compound)
    assert (found["menjin_gate_up", "north"], found["menjin_gate_up", "east"]) == (1, 0)
    assert ("menjin_gate_up", "garage") not in found, "it was never paired"
    assert found["menjin_gate_policy_behind_seconds", "north"] == 90
    assert found["menjin_gate_policy_behind_seconds", "east"] == 0
    assert found["menjin_gate_events_unsent", "north"] == 150
    assert found["menjin_gate_last_contact_seconds", "east"] == 25 * 3600
    assert found["menjin_gate_disk_free_bytes", "north"] == 3 * 2**20
    assert found["menjin_gate_disk_bytes", "north"] == 7400 * 2**20
    assert found["menjin_gate_disk_reserve_in_use", "north"] == 1
    assert ("menjin_gate_disk_free_bytes", "east") not in found, "it has not said"
    assert found["menjin_gate_health", "east"] == found["menjin_gate_health", "north"] == 2


@pytest.mark.wide
def test_open_alarms_are_counted_by_kind_and_silent_ones_never(compound):
    with compound.act() as act:
        for number in range(2):
            raise_alarm(
                act.session, compound.site_id, "alarm_tamper", act.now, gate_id="north", detail=str(number)
            )
        raise_alarm(act.session, compound.site_id, "alarm_duress", act.now, gate_id="north")
    text, found = numbers(compound)
    assert found["menjin_open_alarms", "alarm_tamper"] == 2
    assert "duress" not in text


@pytest.mark.wide
def test_no_number_names_a_person_a_home_or_a_card(compound):
    text, found = numbers(compound)
    names = [*compound.persons, *compound.persons.values(), "1-0101", "4200000"]
    assert [name for name in names if re.search(rf"(?<![\d.]){name}(?!\d)", text)] == []
    assert 4200000 not in found.values()


def test_a_stranger_and_a_key_of_another_scope_read_nothing(compound):
    client = compound.app.test_client()
    assert client.get("/api/v1/metrics").status_code == 401
    with compound.act("manager") as act:
        key = make_api_key(
            act, name="Courier", scopes=("passes:read",), valid_until=act.now + timedelta(days=30)
        ).text
    assert client.get("/api/v1/metrics", headers={"Authorization": f"Bearer {key}"}).status_code == 403


@pytest.mark.wide
def test_every_number_of_an_alert_and_of_the_page_is_one_that_is_given(compound):
    text, _found = numbers(compound)
    # Another test of this process may have served cells, which have numbers of their own.
    own = [name for name in NAME.findall(text) if not name.startswith("menjin_cell_")]
    given = {bare(name) for name in own if not name.endswith("_created")} | {
        "menjin_backup_age_seconds",
        "menjin_housekeeping_age_seconds",
        "menjin_certificate_expires_seconds",
        "menjin_certificate_life_seconds",
        "menjin_request_duration_seconds",
        "menjin_bell_rings_total",
        "menjin_bell_connected",
    }
    rules = yaml.safe_load((ROOT / "deploy/monitoring/menjin_alerts.yml").read_text(encoding="utf-8"))
    (of_a_server,) = (group["rules"] for group in rules["groups"] if group["name"] == "menjin")
    asked = {bare(name) for rule in of_a_server for name in NAME.findall(rule["expr"])}
    page = {
        name
        for name in NAME.findall((ROOT / "docs/monitoring.md").read_text(encoding="utf-8"))
        if not name.startswith("menjin_controller_")
    } - {"menjin_alerts", "menjin_gate_alerts", "menjin_dashboard"}
    assert (asked - given, page - given) == (set(), set())
    every = [rule for group in rules["groups"] for rule in group["rules"]]
    assert all(rule["annotations"]["summary"] for rule in every)
    assert given - page == set(), "each number has its line on the page"


def test_a_newer_mark_takes_the_place_of_the_one_before(database, now):
    with database.session() as session:
        mark(session, BACKUP, now, "first")
        mark(session, BACKUP, now + timedelta(hours=1))
    with database.session() as session:
        (row,) = session.scalars(select(ServerMark))
        assert (row.name, row.at, row.note) == (BACKUP, now + timedelta(hours=1), "")


def test_a_note_says_since_when_and_until_when_a_certificate_holds():
    note = "until 2026-06-01T00:00:00+00:00 from 2026-03-01T00:00:00+00:00"
    assert certificate_until(note) == datetime(2026, 6, 1, tzinfo=UTC)
    assert certificate_since(note) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("note", ["", REFUSED, "until 2026-06-01T00:00:00+00:00"])
def test_a_note_that_does_not_say_since_when_says_none(note):
    assert certificate_since(note) is None


@pytest.mark.parametrize("note", ["", REFUSED])
def test_a_note_of_no_certificate_says_none(note):
    assert certificate_until(note) is None
