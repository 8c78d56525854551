"""A call goes on to the guard: who of staff is first has it, and what opens is their ordinary order."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gate_controller.contract.calls import CallEnd, CallFor, CallStep
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.features import GUARD_CALLS
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, call_row, on_phone, set_clock, two_of_staff, wants
from web_admin.action.base import Action
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.calls import live
from web_admin.calls.missed import calls_of_home
from web_admin.compound.models import Gate, Person
from web_admin.compound.policy_models import OrderRow
from web_admin.core.refusal import ActionRefused
from web_admin.gates import guard_calls
from web_admin.journal.models import AuditEntry

FIRST, SECOND = "staff-1", "staff-2"
Act = Callable[[Action, str], object]
ACTS: dict[str, Act] = {
    "answer": guard_calls.answer,
    "reply": lambda act, call_id: guard_calls.reply(act, call_id, "wait"),
    "open": lambda act, call_id: guard_calls.open_lane(act, call_id, "An announced visitor"),
    "send away": guard_calls.send_away,
    "hang up": guard_calls.hang_up,
}
each_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


def does(compound: Compound, act: Act, actor_id: str = FIRST, call_id: str = "one") -> None:
    with compound.act("manager", actor_id) as made:
        act(made, call_id)


def refusal(compound: Compound, act: Act, actor_id: str = FIRST, call_id: str = "one") -> str:
    with pytest.raises(ActionRefused) as refused:
        does(compound, act, actor_id, call_id)
    return str(refused.value)


def stays_with_calls(compound: Compound) -> None:
    """Let the gate say that it goes on with calls that the guard has."""
    with compound.session() as session:
        session.get_one(Gate, "north").knows = [GUARD_CALLS]
        two_of_staff(session)


@pytest.fixture
def at_guard(small_compound: Compound, called: CallingGate) -> CallingGate:
    stays_with_calls(small_compound)
    called.says("one")
    set_clock(small_compound, 45)
    state = called.says("one")
    assert (state.stage, state.to_guard, state.end, state.seconds_left) == ("ringing", True, None, 120)
    return called


@pytest.mark.wide
@pytest.mark.both_databases
def test_the_first_of_staff_has_the_call_and_the_other_reads_so(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    does(small_compound, guard_calls.answer)
    does(small_compound, guard_calls.answer)
    state = at_guard.says("one")
    assert (state.stage, state.to_guard, state.leg) == ("answered", True, None)
    for act in ACTS.values():
        assert refusal(small_compound, act, SECOND) == "Guard first has answered already."
    does(small_compound, ACTS["reply"])
    assert at_guard.says("one").reply == "wait"


@pytest.mark.wide
def test_an_opening_is_the_ordinary_order_with_its_reason_and_the_gates_word_ends_the_call(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    does(small_compound, guard_calls.answer)
    does(small_compound, ACTS["open"])
    with small_compound.session() as session:
        (order,) = session.scalars(select(OrderRow))
        assert (order.lane_id, order.author_id, order.reason) == ("north-in", FIRST, "An announced visitor")
        kinds = list(session.scalars(select(AuditEntry.kind).order_by(AuditEntry.seq)))
    assert kinds[-2:] == ["guard_call_answered", "open_ordered"]
    state = at_guard.says("one")
    assert (state.stage, state.opens) == ("answered", None), "no order of a home's call"
    assert refusal(small_compound, ACTS["open"]) == "The gate was already asked to open in this call."
    over = at_guard.says("one", CallStep.OVER, end=CallEnd.OPENED, order_id=order.order_id)
    assert (over.stage, over.to_guard, over.end) == ("over", False, "opened")
    assert refusal(small_compound, ACTS["open"]) == "This call is over."


@pytest.mark.wide
@each_act
def test_nothing_is_done_by_a_call_that_is_over_or_that_the_guard_does_not_have(
    small_compound: Compound, called: CallingGate, act: Act
) -> None:
    stays_with_calls(small_compound)
    called.says("one")
    assert refusal(small_compound, act) == "There is no such call at the guard."
    assert refusal(small_compound, act, call_id="none") == "There is no such call at the guard."
    set_clock(small_compound, 45)
    called.says("one")
    called.says("one", CallStep.OVER, end=CallEnd.CANCELLED)
    assert refusal(small_compound, act) == "This call is over."


@each_act
def test_no_one_on_a_phone_does_what_staff_do(
    small_compound: Compound, at_guard: CallingGate, act: Act
) -> None:
    with on_phone(small_compound, small_compound.person_id) as made, pytest.raises(ActionRefused) as refused:
        act(made, "one")
    assert str(refused.value) == "This is for the property office and the guards."


@pytest.mark.parametrize(("act", "end"), [("send away", "sent_away"), ("hang up", "ended")])
def test_who_answered_ends_the_call_everywhere(
    small_compound: Compound, at_guard: CallingGate, act: str, end: str
) -> None:
    assert refusal(small_compound, ACTS[act]) == "Answer the call first."
    does(small_compound, guard_calls.answer)
    does(small_compound, ACTS[act])
    state = at_guard.says("one")
    assert (state.stage, state.end, state.to_guard) == ("over", end, False)


def test_the_guards_telephone_that_answers_first_has_the_call(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    state = at_guard.says("one", CallStep.LEG_ANSWERED)
    assert (state.stage, state.to_guard, state.leg) == ("answered", True, 0)
    assert refusal(small_compound, guard_calls.answer) == "The guard's telephone has answered already."
    assert at_guard.says("one", CallStep.OVER, end=CallEnd.ENDED).end == "ended"


def test_a_telephone_that_answers_after_the_page_does_not_have_the_call(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    does(small_compound, guard_calls.answer)
    assert at_guard.says("one", CallStep.LEG_ANSWERED).leg is None
    assert at_guard.says("one", CallStep.LEG_ANSWERED, leg=0).leg is None


def test_for_the_home_it_is_over_and_missed(small_compound: Compound, at_guard: CallingGate) -> None:
    now = small_compound.clock()
    person_id = small_compound.person_id
    with small_compound.session() as session:
        assert live.ringing_for(session, person_id, now) is None
        shown = live.state_for(session, "one", person_id, now)
    assert shown is not None
    assert (shown.stage, shown.end, shown.went_to_guard) == ("over", "no_answer", True)
    with on_phone(small_compound, person_id) as act, pytest.raises(ActionRefused) as refused:
        live.answer(act, "one")
    assert str(refused.value) == "This call is over."
    does(small_compound, guard_calls.answer)
    at_guard.says("one", CallStep.OVER, end=CallEnd.OPENED)
    with small_compound.session() as session:
        (past,) = calls_of_home(session, session.get_one(Person, person_id), now)
    assert (past.end, past.is_missed, past.went_to_guard) == ("no_answer", True, True)


def test_what_no_one_answers_ends_after_two_minutes(small_compound: Compound, at_guard: CallingGate) -> None:
    set_clock(small_compound, 119)
    assert at_guard.says("one").stage == "ringing"
    set_clock(small_compound, 1)
    state = at_guard.says("one")
    assert (state.stage, state.end, state.to_guard, state.offers_guard) == ("over", "no_answer", False, False)


def test_an_answer_acknowledges_the_alarm_of_this_call_and_no_other(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    for lane_id in ("north-in", "south-in"):
        with small_compound.session() as session:
            gate_id, now = lane_id.partition("-")[0], small_compound.clock()
            site_id = small_compound.site_id
            raise_alarm(session, site_id, EventKind.ALARM_HELP, now, gate_id=gate_id, lane_id=lane_id)
    does(small_compound, guard_calls.answer)
    with small_compound.session() as session:
        by = {alarm.lane_id: alarm.acknowledged_by for alarm in session.scalars(select(Alarm))}
    assert by == {"north-in": FIRST, "south-in": None}


def test_a_courier_for_the_guard_rings_there_at_once(small_compound: Compound, called: CallingGate) -> None:
    stays_with_calls(small_compound)
    wants(small_compound, courier="guard")
    state = called.says("one", purpose=CallFor.COURIER)
    assert (state.stage, state.to_guard, state.reply) == ("ringing", True, "leave_with_guard")
    row = call_row(small_compound, "one")
    assert row is not None
    assert row.plan == [{"step": "guard", "from": 0, "by": ""}]


def test_the_page_lists_what_rings_and_for_some_seconds_what_is_over(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    def shown() -> list[tuple[str, str, str | None]]:
        with small_compound.session() as session:
            calls = guard_calls.calls_at_guard(session, small_compound.site_id, small_compound.clock())
            assert guard_calls.calls_at_guard(session, "another-site", small_compound.clock()) == []
        return [(call.home, call.stage, call.end) for call in calls]

    assert shown() == [("3-1203", "ringing", None)]
    does(small_compound, guard_calls.answer)
    does(small_compound, guard_calls.hang_up)
    assert shown() == [("3-1203", "over", "ended")]
    set_clock(small_compound, 10)
    assert shown() == []


def test_a_colleague_takes_over_from_who_is_gone_and_of_two_the_first_has_it(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    does(small_compound, guard_calls.answer)

    def take_over(act: Action, call_id: str) -> object:
        return guard_calls.answer(act, call_id, FIRST)

    does(small_compound, take_over, SECOND)
    assert "answered already" in refusal(small_compound, take_over, "staff-3")
    assert "answered already" in refusal(small_compound, guard_calls.hang_up, FIRST)
    does(small_compound, guard_calls.hang_up, SECOND)
    assert call_row(small_compound, "one").stage == "over"


def test_visitors_who_ring_have_their_cards_before_calls_that_are_over(
    small_compound: Compound, at_guard: CallingGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_calls, "SHOWN_AT_MOST", 1)
    does(small_compound, guard_calls.answer)
    does(small_compound, guard_calls.hang_up)
    at_guard.says("two")
    set_clock(small_compound, 45)
    at_guard.says("two")
    with small_compound.session() as session:
        now = small_compound.clock()
        shown = guard_calls.calls_at_guard(session, small_compound.site_id, now)
    assert [call.call_id for call in shown] == ["two"]
