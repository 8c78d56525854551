"""A new compound leads its manager to the first passage: six steps, ticked as they are done."""

from datetime import timedelta

import pytest

from web_admin.compound.queries import all_gates
from web_admin.journal.models import GateEvent
from web_admin.operations.first_hour import first_steps


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
