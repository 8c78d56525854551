"""Couriers are let in as a home said before: once in half an hour, by day, by the right of who chose so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.calls import CallEnd, CallFor, CallStep
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    HOME,
    CallingGate,
    add_partner,
    call_row,
    calling_gate,
    on_phone,
    set_clock,
    wants,
)
from web_admin.calls import live
from web_admin.compound.models import GrantRow, Person
from web_admin.core.refusal import ActionRefused


@pytest.fixture
def by_day(small_compound: Compound, called: CallingGate) -> CallingGate:
    """Return the gate; the first home lets couriers in by day."""
    wants(small_compound, courier="by_day", courier_by=small_compound.person_id)
    return called


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_courier_is_let_in_once_and_the_next_one_is_asked_about(
    small_compound: Compound, by_day: CallingGate
) -> None:
    state = by_day.says("one", purpose=CallFor.COURIER)
    order = by_day.order(state)
    assert (state.stage, order.person_id) == ("answered", small_compound.person_id)
    by_day.says("one", CallStep.OVER, purpose=CallFor.COURIER, end=CallEnd.OPENED, order_id=order.order_id)
    set_clock(small_compound, 29 * 60)
    assert by_day.says("two", purpose=CallFor.COURIER).stage == "ringing"
    set_clock(small_compound, 60)
    assert by_day.says("three", purpose=CallFor.COURIER).opens is not None


@pytest.mark.wide
def test_the_home_reads_that_a_courier_came_in_as_someone_of_it_chose(
    small_compound: Compound, by_day: CallingGate
) -> None:
    order = by_day.order(by_day.says("one", purpose=CallFor.COURIER))
    by_day.says("one", CallStep.OVER, purpose=CallFor.COURIER, end=CallEnd.OPENED, order_id=order.order_id)
    phone = small_compound.signed_in(small_compound.person_id)
    assert "A courier was let in, as Lin Wei chose" in phone.get("/r/calls").text


@pytest.mark.wide
def test_the_half_hour_is_of_one_gate(small_compound: Compound, by_day: CallingGate) -> None:
    assert by_day.says("one", purpose=CallFor.COURIER).opens is not None
    south = calling_gate(small_compound, "south")
    assert south.says("two", purpose=CallFor.COURIER).opens is not None


def test_who_says_to_be_no_courier_rings(by_day: CallingGate) -> None:
    state = by_day.says("one")
    assert (state.stage, state.opens) == ("ringing", None)


def test_quiet_hours_by_day_disturb_no_one_and_let_couriers_in(
    small_compound: Compound, by_day: CallingGate
) -> None:
    wants(small_compound, quiet_from=0, quiet_until=24 * 60 - 1)
    assert by_day.says("one", purpose=CallFor.COURIER).opens is not None
    assert by_day.says("two", purpose=CallFor.COURIER).end == CallEnd.NO_CALLS


def test_a_courier_who_is_let_in_rings_on_no_page(small_compound: Compound, by_day: CallingGate) -> None:
    assert by_day.says("one", purpose=CallFor.COURIER).opens is not None
    with small_compound.session() as session:
        assert live.ringing_for(session, small_compound.person_id, small_compound.clock()) is None


@pytest.mark.parametrize("courier", ["by_day", "guard"])
def test_do_not_disturb_keeps_every_courier_away(
    small_compound: Compound, by_day: CallingGate, courier: str
) -> None:
    wants(small_compound, courier=courier, dnd_until=small_compound.clock() + timedelta(hours=1))
    state = by_day.says("one", purpose=CallFor.COURIER)
    assert (state.end, state.opens, state.to_guard) == (CallEnd.NO_CALLS, None, False)


def test_at_night_couriers_are_asked_about(small_compound: Compound, by_day: CallingGate) -> None:
    set_clock(small_compound, 8 * 3600)  # noon in Shanghai, and eight hours more
    assert by_day.says("one", purpose=CallFor.COURIER).stage == "ringing"


@pytest.mark.parametrize("lost", ["suspended", "moved", "right", "age"])
def test_without_the_right_of_who_chose_so_they_are_asked_about(
    small_compound: Compound, by_day: CallingGate, lost: str
) -> None:
    add_partner(small_compound)
    with small_compound.session() as session:
        person = session.get_one(Person, small_compound.person_id)
        if_lost: dict[str, dict[str, object]] = {
            "suspended": {"suspended": True},
            "moved": {"home_id": session.get_one(Person, small_compound.neighbour_id).home_id},
            "right": {},
            "age": {"age_band": "14_17"},
        }
        for name, value in if_lost[lost].items():
            setattr(person, name, value)
        grants = session.scalars(select(GrantRow).where(GrantRow.person_id == person.person_id))
        for grant in grants:
            grant.lanes = grant.lanes if if_lost[lost] else ["south-in"]
    state = by_day.says("one", purpose=CallFor.COURIER)
    assert (state.stage, state.opens) == ("ringing", None)


def test_what_is_left_with_the_guard_goes_there_and_rings_no_one(
    small_compound: Compound, called: CallingGate
) -> None:
    wants(small_compound, courier="guard")
    state = called.says("one", purpose=CallFor.COURIER)
    assert (state.stage, state.to_guard, state.reply) == ("over", True, "leave_with_guard")
    with small_compound.session() as session:
        assert live.ringing_for(session, small_compound.person_id, small_compound.clock()) is None


@pytest.mark.parametrize("wishes", [{"takes_calls": False}, {"blocked_gates": ["north"]}])
def test_where_a_home_wants_nothing_of_a_gate_its_couriers_are_not_wanted_either(
    small_compound: Compound, by_day: CallingGate, wishes: dict[str, object]
) -> None:
    wants(small_compound, None, **wishes)
    state = by_day.says("one", purpose=CallFor.COURIER)
    assert (state.end, state.opens) == (CallEnd.NO_CALLS, None)
    assert call_row(small_compound, "one") is None


def test_who_is_asked_about_a_courier_opens_as_in_any_call(
    small_compound: Compound, by_day: CallingGate
) -> None:
    by_day.says("one", purpose=CallFor.COURIER)
    with on_phone(small_compound, small_compound.person_id) as act, pytest.raises(ActionRefused):
        live.open_gate(act, "one")  # it was ordered already
    assert by_day.says("one", purpose=CallFor.COURIER, home=HOME).opens is not None
