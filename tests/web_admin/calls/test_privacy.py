"""Calls are kept for the days of passages, in the resident's own record, in no backup."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.calls import CallEnd, CallStep
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, call_row, has_telephone, on_phone, set_clock
from web_admin.calls import live
from web_admin.calls.models import HomeCall, TelephoneTask
from web_admin.calls.telephone_tasks import begin_proof
from web_admin.core.database import current_menjin
from web_admin.operations.backup import LEFT_OUT
from web_admin.privacy.deletion import delete_own
from web_admin.privacy.retention import STEPS


@pytest.fixture
def ended(small_compound: Compound, called: CallingGate) -> CallingGate:
    """Return the gate; the first person answered a call and let someone in."""
    called.says("one")
    with on_phone(small_compound, small_compound.person_id) as act:
        live.answer(act, "one")
    with on_phone(small_compound, small_compound.person_id) as act:
        live.open_gate(act, "one")
    called.says("one", CallStep.OVER, end=CallEnd.OPENED)
    return called


def test_the_own_record_has_calls_that_one_answered_and_telephones_without_their_numbers(
    small_compound: Compound, ended: CallingGate, phone: FlaskClient
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001", label="kitchen")
    whole = phone.get("/r/records/export.json").get_json()
    assert [call["end"] for call in whole["calls_answered"]] == ["opened"]
    assert [one["label"] for one in whole["call_numbers"]] == ["kitchen"]
    assert whole["called_at_home"] is True
    page = phone.get("/r/records/export.html").text
    assert "Calls from gates that you answered" in page
    assert "kitchen" in page
    assert "13900000001" not in page + str(whole)


@pytest.mark.wide
def test_who_deletes_passages_is_named_in_no_past_call(small_compound: Compound, ended: CallingGate) -> None:
    with on_phone(small_compound, small_compound.person_id) as act:
        delete_own(act, small_compound.person_id, ["passages"])
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.answered_by, row.order_person_id, row.end) == (None, None, "opened")


def test_a_call_whose_gate_went_silent_is_forgotten_like_the_others(
    small_compound: Compound, called: CallingGate
) -> None:
    called.says("one")
    with on_phone(small_compound, small_compound.person_id) as act:
        live.answer(act, "one")
    set_clock(small_compound, 301)
    with on_phone(small_compound, small_compound.person_id) as act:
        delete_own(act, small_compound.person_id, ["passages"])
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.answered_by, row.stage, row.shown_end) == (None, "over", "ended")


def test_housekeeping_ends_a_call_whose_gate_went_silent(
    small_compound: Compound, called: CallingGate
) -> None:
    called.says("one")
    set_clock(small_compound, 301)
    with small_compound.app.app_context():
        menjin, now = current_menjin(), small_compound.clock()
        assert STEPS["call_sides_forgotten"](menjin, now) == 1
        assert STEPS["call_sides_forgotten"](menjin, now) == 0
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.stage, row.shown_end) == ("over", "no_answer")


def test_calls_end_with_the_passages_of_their_days(small_compound: Compound, ended: CallingGate) -> None:
    days = small_compound.app.extensions["menjin"].config.passage_days
    deleted = STEPS["calls_deleted"]
    with small_compound.app.app_context():
        menjin, now = current_menjin(), small_compound.clock()
        assert deleted(menjin, now + timedelta(days=days)) == 0
        assert deleted(menjin, now + timedelta(days=days, seconds=1)) == 1


def test_proofs_are_forgotten_after_two_days(small_compound: Compound, gate: CallingGate) -> None:
    number_id = has_telephone(small_compound, small_compound.person_id, "+8613900000001", proved_at=None)
    with on_phone(small_compound, small_compound.person_id) as act:
        begin_proof(act, number_id)
    set_clock(small_compound, 2 * 24 * 3600 + 1)
    with small_compound.app.app_context():
        assert STEPS["telephone_tasks_deleted"](current_menjin(), small_compound.clock()) == 1
    with small_compound.session() as session:
        assert session.scalars(select(TelephoneTask)).all() == []


def test_no_backup_has_calls_or_what_gates_call_for_the_server() -> None:
    assert {HomeCall.__tablename__, TelephoneTask.__tablename__} <= LEFT_OUT
