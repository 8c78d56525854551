"""Calls are kept for the days of passages, in the resident's own record, in no backup."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.calls import CallEnd, CallFor, CallStep
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    CallingGate,
    call_row,
    has_telephone,
    on_phone,
    set_clock,
    wants,
)
from web_admin.calls import live
from web_admin.calls.models import UNHEARD, HomeCall, TelephoneTask
from web_admin.calls.silent_gates import end_silent_calls
from web_admin.calls.telephone_tasks import begin_proof
from web_admin.core.database import current_menjin
from web_admin.core.orm import Base
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


def rows_with(compound: Compound, *words: str) -> list[str]:
    """Return the rows of the whole database in which all of these words are."""
    with compound.session() as session:
        rows = [
            f"{table.name}: {tuple(row)!r}"
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        ]
    return [row for row in rows if all(word in row for word in words)]


def deletes_passages(compound: Compound) -> None:
    with on_phone(compound, compound.person_id) as act:
        delete_own(act, compound.person_id, ["passages"])


def days_pass(compound: Compound) -> None:
    days = compound.app.extensions["menjin"].config.passage_days
    with compound.app.app_context():
        assert (
            STEPS["calls_deleted"](current_menjin(), compound.clock() + timedelta(days=days, seconds=1)) == 1
        )


@pytest.mark.both_databases
@pytest.mark.parametrize("forget", [deletes_passages, days_pass])
def test_nothing_says_for_longer_than_passages_who_opened_by_a_call(
    small_compound: Compound, ended: CallingGate, forget: Callable[[Compound], None]
) -> None:
    row = call_row(small_compound, "one")
    assert row is not None
    assert row.order_id is not None
    assert len(rows_with(small_compound, row.order_id, small_compound.person_id)) == 1, "the call's own row"
    forget(small_compound)
    assert rows_with(small_compound, row.order_id, small_compound.person_id) == []
    assert rows_with(small_compound, "call_open_ordered", "north") == []


def test_the_ledger_has_no_host_of_a_courier_who_was_let_in(
    small_compound: Compound, called: CallingGate
) -> None:
    wants(small_compound, courier="by_day", courier_by=small_compound.person_id)
    assert called.says("one", purpose=CallFor.COURIER).opens is not None
    assert len(rows_with(small_compound, "call_open_ordered")) == 1
    assert rows_with(small_compound, "call_open_ordered", small_compound.person_id) == []


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
        assert end_silent_calls(menjin, now) == 1
        assert end_silent_calls(menjin, now) == 0
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.stage, row.end, row.ended_at) == ("over", "no_answer", row.ends_at)


def test_who_deletes_passages_leaves_no_telephone_and_no_false_end_of_a_call_whose_gate_went_silent(
    small_compound: Compound, called: CallingGate
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    called.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)
    set_clock(small_compound, 301)
    with on_phone(small_compound, small_compound.person_id) as act:
        delete_own(act, small_compound.person_id, ["passages"])
    with small_compound.app.app_context():
        assert STEPS["call_sides_forgotten"](current_menjin(), small_compound.clock()) == 1
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.stage, row.answered_by, row.leg, row.shown_end) == ("over", None, None, UNHEARD)


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
