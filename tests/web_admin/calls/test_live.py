"""One person of the called home answers a call and opens, once, by their own right."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gate_controller.contract.calls import CallEnd, CallFor, CallStep
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    NEIGHBOUR,
    CallingGate,
    add_partner,
    call_row,
    has_telephone,
    home_of,
    on_phone,
    set_clock,
    wants,
)
from web_admin.action.base import Action, DeskPerson
from web_admin.calls import live
from web_admin.calls.missed import calls_of_home, note_seen
from web_admin.calls.models import CallNumber, HomeCall, HomeCallPerson, HomeCallWishes
from web_admin.calls.reach import called_persons, note_page_open
from web_admin.compound.models import Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person, move_out
from web_admin.restore.actions import begin_restoring

Act = Callable[[Action, str], object]
ACTS: dict[str, Act] = {
    "answer": live.answer,
    "reply": lambda act, call_id: live.reply(act, call_id, "wait"),
    "open": live.open_gate,
    "send away": live.send_away,
    "hang up": live.hang_up,
}
each_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


def does(compound: Compound, act: Act, call_id: str = "one", person_id: str | None = None) -> None:
    with on_phone(compound, person_id or compound.person_id) as made:
        act(made, call_id)


def refusal(compound: Compound, act: Act, call_id: str = "one", person_id: str | None = None) -> str:
    with pytest.raises(ActionRefused) as refused:
        does(compound, act, call_id, person_id)
    return str(refused.value)


@pytest.fixture
def answered(small_compound: Compound, called: CallingGate) -> CallingGate:
    called.says("one")
    does(small_compound, live.answer)
    return called


def test_one_answers_and_opens_and_the_gate_gets_one_order(
    small_compound: Compound, answered: CallingGate
) -> None:
    assert answered.says("one").opens is None, "an answer opens nothing"
    does(small_compound, live.open_gate)
    first, again = answered.says("one"), answered.says("one")
    order = answered.order(first)
    assert order == answered.order(again), "the same one, which the gate obeys once"
    assert (order.call_id, order.lane_id, order.person_id) == ("one", "north-in", small_compound.person_id)
    answered.says("one", CallStep.OVER, end=CallEnd.OPENED, order_id=order.order_id)
    with small_compound.session() as session:
        shown = live.state_for(session, "one", small_compound.person_id, small_compound.clock())
        (facts,) = session.scalars(select(AuditEntry.facts).where(AuditEntry.kind == "call_open_ordered"))
    assert shown is not None
    assert (shown.opened, shown.is_mine, shown.gate_and_lane) == (True, True, "North gate · in")
    assert facts == {
        "actor_id": "home-call",
        "channel": "phone",
        "call_id": "one",
        "order_id": order.order_id,
    }


def test_the_page_says_that_it_opens_only_once_the_gate_reported_it(
    small_compound: Compound, answered: CallingGate
) -> None:
    does(small_compound, live.open_gate)
    with small_compound.session() as session:
        shown = live.state_for(session, "one", small_compound.person_id, small_compound.clock())
        late = live.state_for(
            session, "one", small_compound.person_id, small_compound.clock() + timedelta(seconds=15)
        )
    assert shown is not None
    assert late is not None
    assert (shown.is_opening, shown.opened) == (True, False)
    assert (late.is_opening, late.was_ordered, late.opened) == (False, True, False)


def test_an_order_is_made_once_and_dies_after_ten_seconds(
    small_compound: Compound, answered: CallingGate
) -> None:
    does(small_compound, live.open_gate)
    assert refusal(small_compound, live.open_gate) == "The gate was already asked to open in this call."
    set_clock(small_compound, 10)
    assert answered.says("one").opens is None


def test_replies_are_shown_at_the_gate_and_only_prepared_ones(
    small_compound: Compound, answered: CallingGate
) -> None:
    does(small_compound, lambda act, call_id: live.reply(act, call_id, "leave_at_door"))
    assert answered.says("one").reply == "leave_at_door"
    words = refusal(small_compound, lambda act, call_id: live.reply(act, call_id, "go to hell"))
    assert words == "Choose one of the sentences."


@pytest.mark.parametrize(("act", "end"), [(live.send_away, "sent_away"), (live.hang_up, "ended")])
def test_a_call_that_is_ended_stops_at_the_gate_and_opens_nothing(
    small_compound: Compound, answered: CallingGate, act: Act, end: str
) -> None:
    does(small_compound, live.open_gate)
    does(small_compound, act)
    state = answered.says("one")
    assert (state.stage, state.end, state.opens) == ("over", end, None)


# -- refused ---------------------------------------------------------------------------------------


@each_act
def test_nothing_is_done_in_a_call_that_is_over(
    small_compound: Compound, answered: CallingGate, act: Act
) -> None:
    answered.says("one", CallStep.OVER, end=CallEnd.CANCELLED)
    assert refusal(small_compound, act) == "This call is over."


@each_act
def test_nothing_is_done_in_a_call_whose_time_is_over(
    small_compound: Compound, answered: CallingGate, act: Act
) -> None:
    set_clock(small_compound, 300)
    assert refusal(small_compound, act) == "This call is over."
    assert answered.says("one").end == CallEnd.ENDED


@each_act
def test_nothing_is_done_by_another_home_or_in_no_call(
    small_compound: Compound, answered: CallingGate, act: Act
) -> None:
    words = "This call is for another home, or you are not called at your home."
    assert refusal(small_compound, act, person_id=small_compound.neighbour_id) == words
    assert refusal(small_compound, act, "none") == words


@each_act
def test_a_second_phone_of_the_home_reads_who_answered(
    small_compound: Compound, answered: CallingGate, act: Act
) -> None:
    partner = add_partner(small_compound)
    assert refusal(small_compound, act, person_id=partner) == "Lin Wei has answered already."


@each_act
def test_a_suspended_person_does_nothing(small_compound: Compound, answered: CallingGate, act: Act) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).suspended = True
    assert "suspended" in refusal(small_compound, act)


@pytest.mark.wide
@each_act
def test_who_moved_out_does_nothing(small_compound: Compound, answered: CallingGate, act: Act) -> None:
    with small_compound.act("manager") as office:
        move_out(office, small_compound.person_id)
    assert "moved out" in refusal(small_compound, act)


@each_act
def test_a_phone_that_showed_nothing_yet_does_nothing(
    small_compound: Compound, answered: CallingGate, act: Act
) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).phone_unproven = "invited"
    assert "confirm it's you" in refusal(small_compound, act)


@each_act
def test_staff_do_nothing_in_calls_of_homes(
    small_compound: Compound, answered: CallingGate, act: Act
) -> None:
    for channel in ("manager", "desk", "home", "api"):
        with small_compound.act(channel, small_compound.person_id) as made, pytest.raises(ActionRefused):
            act(made, "one")
    with on_phone(small_compound, "staff-1") as made:
        served = replace(made, served=DeskPerson("visit", small_compound.person_id))
        with pytest.raises(ActionRefused):
            act(served, "one")


@pytest.mark.parametrize("act", [ACTS[name] for name in ACTS if name != "answer"])
def test_without_an_answer_nothing_is_done(small_compound: Compound, called: CallingGate, act: Act) -> None:
    called.says("one")
    assert refusal(small_compound, act) == "Answer the call first."
    assert called.says("one").stage == "ringing"


@pytest.mark.parametrize("act", [ACTS[name] for name in ACTS if name != "answer"])
def test_a_call_that_a_telephone_picked_up_is_not_the_pages(
    small_compound: Compound, called: CallingGate, act: Act
) -> None:
    picked_up(small_compound, called)
    assert refusal(small_compound, act) == "Answer the call first."


def test_a_page_takes_a_call_from_a_telephone_on_which_no_key_was_pressed(
    small_compound: Compound, called: CallingGate
) -> None:
    picked_up(small_compound, called)
    does(small_compound, live.answer)
    state = called.says("one", has_telephone=True)
    assert (state.stage, state.legs, state.leg) == ("answered", None, None), "the gate hangs it up"
    does(small_compound, live.open_gate)
    assert called.order(called.says("one", has_telephone=True)).person_id == small_compound.person_id


@pytest.mark.parametrize(("reach", "is_shown"), [(["page", "telephone"], True), (["telephone"], False)])
def test_pages_that_have_rung_show_that_a_telephone_picked_up(
    small_compound: Compound, called: CallingGate, reach: list[str], is_shown: bool
) -> None:
    partner = add_partner(small_compound)
    wants(small_compound, reach=reach)
    picked_up(small_compound, called)
    assert (rings_for(small_compound, partner) == "one") is is_shown


def picked_up(compound: Compound, gate: CallingGate) -> None:
    has_telephone(compound, compound.person_id, "+8613900000001")
    gate.says("one", has_telephone=True)
    gate.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)


# -- at once ---------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_of_two_who_answer_at_once_one_has_the_call(small_compound: Compound, called: CallingGate) -> None:
    people = [small_compound.person_id, add_partner(small_compound)]
    called.says("one")
    together, said = threading.Barrier(2), dict[str, str]()

    def answers(person_id: str) -> None:
        together.wait()
        try:
            does(small_compound, live.answer, person_id=person_id)
            said[person_id] = "mine"
        except ActionRefused as refused:
            said[person_id] = str(refused.message._args[0])

    threads = [threading.Thread(target=answers, args=(person_id,)) for person_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = call_row(small_compound, "one")
    assert row is not None
    assert sorted(said.values()) == ["%(name)s has answered already.", "mine"]
    assert said[str(row.answered_by)] == "mine"


# -- whom it rings for -----------------------------------------------------------------------------


def rings_for(compound: Compound, person_id: str) -> str | None:
    with compound.session() as session:
        call = live.ringing_for(session, person_id, compound.clock())
        return None if call is None else call.call_id


def test_it_rings_for_the_adults_of_the_home_and_for_no_one_else(
    small_compound: Compound, called: CallingGate
) -> None:
    partner = add_partner(small_compound)
    child = add_partner(small_compound, "Lin Bao", age_band="under_14")
    called.says("one")
    people = (small_compound.person_id, partner, child, small_compound.neighbour_id)
    assert [rings_for(small_compound, one) for one in people] == ["one", "one", None, None]
    with small_compound.session() as session:
        home_id = session.get_one(Person, partner).home_id
        for person_id, is_called in ((partner, False), (child, True)):
            session.add(HomeCallPerson(person_id=person_id, home_id=home_id, is_called=is_called))
    assert [rings_for(small_compound, one) for one in people] == ["one", None, "one", None]
    does(small_compound, live.answer)
    assert [rings_for(small_compound, one) for one in people] == ["one", None, None, None]


@pytest.mark.both_databases
def test_an_open_page_changes_neither_who_is_called_nor_their_order(
    small_compound: Compound, called: CallingGate
) -> None:
    partner, son = add_partner(small_compound), add_partner(small_compound, "Lin Bo")
    home_id = home_of(small_compound, partner)
    with small_compound.session() as session:
        before = called_persons(session, home_id)
        note_page_open(session, before[-1], small_compound.clock())
        session.flush()
        assert called_persons(session, home_id) == before
        note_page_open(session, partner, small_compound.clock())
        session.flush()
        chosen = session.get_one(HomeCallPerson, partner)
        chosen.position = 0
        session.flush()
        assert called_persons(session, home_id) == [partner, *(one for one in before if one != partner)]
        note_page_open(session, son, small_compound.clock())
        session.get_one(Person, son).age_band = "14_17"
        session.flush()
        assert called_persons(session, home_id) == [partner, small_compound.person_id]


def test_pages_that_come_after_telephones_ring_when_it_is_their_turn(
    small_compound: Compound, called: CallingGate
) -> None:
    wants(small_compound, reach=["telephone", "page"])
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    assert rings_for(small_compound, small_compound.person_id) is None
    set_clock(small_compound, 25)
    assert rings_for(small_compound, small_compound.person_id) == "one"


# -- missed ----------------------------------------------------------------------------------------


def test_missed_calls_say_gate_time_and_who_answered_and_no_more(
    small_compound: Compound, called: CallingGate
) -> None:
    called.says("one")
    with small_compound.session() as session:
        note_seen(session, home_of(small_compound, small_compound.person_id), small_compound.clock())
    called.says("one", CallStep.OVER, end=CallEnd.CANCELLED)
    set_clock(small_compound, 5)
    called.says("two")
    does(small_compound, live.answer, "two")
    does(small_compound, live.hang_up, "two")
    with small_compound.session() as session:
        reader = session.get_one(Person, small_compound.person_id)
        listed = calls_of_home(session, reader, small_compound.clock())
        assert [(call.call_id, call.is_missed, call.is_new, call.answered_by) for call in listed] == [
            ("two", False, False, "Lin Wei"),
            ("one", True, True, None),
        ]
        note_seen(session, str(reader.home_id), small_compound.clock())
        assert not calls_of_home(session, reader, small_compound.clock())[1].is_new
        assert calls_of_home(session, reader, small_compound.clock() + timedelta(days=15)) == []
    assert called.says("other", home=NEIGHBOUR).end == CallEnd.NO_CALLS


# -- ends ------------------------------------------------------------------------------------------


def test_a_move_out_ends_calls_numbers_and_wishes(small_compound: Compound, answered: CallingGate) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    does(small_compound, live.open_gate)
    with small_compound.act("manager") as office:
        move_out(office, small_compound.person_id)
    state = answered.says("one")
    assert (state.stage, state.end, state.opens) == ("over", "ended", None)
    with small_compound.session() as session:
        for table in (CallNumber, HomeCallPerson, HomeCallWishes):
            assert session.scalars(select(table)).all() == []


def test_the_next_people_of_a_home_read_no_call_of_the_last(
    small_compound: Compound, answered: CallingGate
) -> None:
    answered.says("two")
    answered.says("two", CallStep.OVER, end=CallEnd.CANCELLED)
    with small_compound.act("manager") as office:
        home_id = str(office.session.get_one(Person, small_compound.person_id).home_id)
        move_out(office, small_compound.person_id)
        assert [row.call_id for row in office.session.scalars(select(HomeCall))] == ["one"]
    set_clock(small_compound, 600)
    with small_compound.act("manager") as office:
        new = add_person(office, display_name="Chen Jie", home_id=home_id)
        assert calls_of_home(office.session, new, small_compound.clock()) == []


def test_a_home_goes_on_taking_calls_while_an_adult_lives_there(
    small_compound: Compound, called: CallingGate
) -> None:
    add_partner(small_compound)
    wants(small_compound, courier="by_day", courier_by=small_compound.person_id)
    with small_compound.act("manager") as office:
        move_out(office, small_compound.person_id)
    with small_compound.session() as session:
        (row,) = session.scalars(select(HomeCallWishes))
        assert (row.takes_calls, row.courier, row.courier_by) == (True, "ask", None)
    assert called.says("one").stage == "ringing"


@pytest.mark.parametrize("change", [{"suspended": True}, {"home_id": None}], ids=["suspended", "left"])
def test_who_may_answer_no_more_has_the_order_of_a_call_taken_away(
    small_compound: Compound, answered: CallingGate, change: dict[str, object]
) -> None:
    does(small_compound, live.open_gate)
    with small_compound.session() as session:
        session.execute(update(Person).where(Person.person_id == small_compound.person_id).values(change))
    state = answered.says("one")
    assert (state.stage, state.opens) == ("over", None)


def test_after_a_restore_no_telephone_and_no_courier_is_let_in_on_an_older_word(
    small_compound: Compound, called: CallingGate
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    wants(small_compound, courier="by_day", courier_by=small_compound.person_id)
    with small_compound.act() as act:
        begin_restoring(act.session, act.sealer, act.site_id, act.now)
        act.session.get_one(Site, act.site_id).restoring = False
    assert called.says("one", has_telephone=True).legs is None
    assert called.says("two", purpose=CallFor.COURIER).opens is None
