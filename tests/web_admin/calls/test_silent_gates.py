"""Calls whose end their gates never say: the server ends them, and says no more than it knows."""

import pytest

from gate_controller.contract.calls import CallEnd, CallStep
from tests.support.calls_at_home import change, rings, show_calls_on, shown_on_phones, take_calls
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    CallingGate,
    call_row,
    has_telephone,
    set_clock,
    wants,
)
from web_admin.calls.live import answer, open_gate
from web_admin.calls.models import UNHEARD
from web_admin.calls.pushes import LOST_TEXT, MISSED_TEXT
from web_admin.calls.silent_gates import end_silent_calls
from web_admin.core.database import current_menjin
from web_admin.messages.models import OutboxMessage
from web_admin.operations.housekeeping import STEPS

pytestmark = pytest.mark.both_databases


def ends_silent(compound: Compound, at_once: int = 50) -> int:
    with compound.app.app_context():
        return end_silent_calls(current_menjin(), compound.clock(), at_once)


@pytest.fixture
def cut_off(small_compound: Compound, called: CallingGate) -> CallingGate:
    """Return a gate that said last that a telephone of the home was answered, five minutes ago."""
    show_calls_on(small_compound, small_compound.person_id)
    wants(small_compound, reach=["page", "telephone"])
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    called.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)
    with small_compound.session() as session:
        session.query(OutboxMessage).delete()
    set_clock(small_compound, 301)
    return called


def test_a_telephone_of_a_silent_gate_leaves_no_name_and_phones_read_that_the_gate_was_lost(
    small_compound: Compound, cut_off: CallingGate
) -> None:
    assert ends_silent(small_compound) == 1
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.stage, row.end, row.leg, row.answered_by) == ("over", None, None, None)
    assert (row.shown_end, row.ended_at) == (UNHEARD, row.ends_at)
    assert shown_on_phones(small_compound) == [("phone", "call_over", LOST_TEXT)]


@pytest.mark.parametrize("end", [CallEnd.OPENED, CallEnd.CANCELLED])
def test_a_gate_that_comes_back_says_how_it_ended(
    small_compound: Compound, cut_off: CallingGate, end: CallEnd
) -> None:
    ends_silent(small_compound)
    leg = {CallEnd.OPENED: 0, CallEnd.CANCELLED: None}[end]
    cut_off.says("one", CallStep.OVER, leg=leg, end=end)
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.shown_end, row.answered_by is not None) == (end, end == CallEnd.OPENED)


@pytest.mark.parametrize("orders", [True, False], ids=["ordered to open", "not ordered"])
def test_phones_read_that_the_gate_was_lost_after_a_page_asked_it_to_open(
    small_compound: Compound, *, orders: bool
) -> None:
    take_calls(small_compound)
    show_calls_on(small_compound, small_compound.person_id)
    rings(small_compound)
    with small_compound.act("phone", small_compound.person_id) as act:
        answer(act, "one")
        if orders:
            open_gate(act, "one")
    with small_compound.session() as session:
        session.query(OutboxMessage).delete()
    set_clock(small_compound, 301)
    assert ends_silent(small_compound) == 1
    read = [("phone", "call_over", LOST_TEXT)] if orders else []
    assert shown_on_phones(small_compound) == read


@pytest.mark.parametrize(("answered_after", "end"), [(0, "ended"), (20, UNHEARD)])
def test_a_silent_gate_may_have_opened_only_once_its_telephones_had_begun_to_ring(
    small_compound: Compound, called: CallingGate, answered_after: int, end: str
) -> None:
    show_calls_on(small_compound, small_compound.person_id)
    wants(small_compound, reach=["page", "telephone"])
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    assert called.says("one", has_telephone=True).legs is None
    set_clock(small_compound, answered_after)
    with small_compound.act("phone", small_compound.person_id) as act:
        answer(act, "one")
    set_clock(small_compound, 301)
    for _look in ("while no one ended it", "once it was ended"):
        row = call_row(small_compound, "one")
        assert row is not None
        assert row.shown_end == end
        ends_silent(small_compound)


def test_a_call_that_could_open_nothing_is_missed_on_phones(small_compound: Compound) -> None:
    take_calls(small_compound)
    show_calls_on(small_compound, small_compound.person_id)
    rings(small_compound)
    with small_compound.session() as session:
        session.query(OutboxMessage).delete()
    set_clock(small_compound, 61)
    assert ends_silent(small_compound) == 1
    assert shown_on_phones(small_compound) == [("phone", "call_over", MISSED_TEXT)]


def test_a_call_that_the_guard_had_ends_without_a_message(small_compound: Compound) -> None:
    take_calls(small_compound)
    show_calls_on(small_compound, small_compound.person_id)
    rings(small_compound)
    change(small_compound, to_guard=True)
    with small_compound.session() as session:
        session.query(OutboxMessage).delete()
    set_clock(small_compound, 61)
    ends_silent(small_compound)
    assert shown_on_phones(small_compound) == []


def test_many_are_ended_a_few_at_a_time_and_none_that_goes_on(small_compound: Compound) -> None:
    take_calls(small_compound)
    for number in range(3):
        rings(small_compound, f"old-{number}")
    set_clock(small_compound, 61)
    rings(small_compound, "goes-on")
    assert [ends_silent(small_compound, at_once=2) for _run in range(3)] == [2, 1, 0]


def test_the_server_ends_them_before_it_forgets_what_is_left_of_them() -> None:
    assert list(STEPS).index("silent_calls_ended") < list(STEPS).index("call_sides_forgotten")
