"""How a gate is: each trouble has its level, and a gate without face is well."""

from datetime import timedelta

import pytest

from gate_controller.contract.program import program_version
from tests.web_admin.operations.health_of import NOW, well_gate
from web_admin.operations.gate_health import gate_health


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
