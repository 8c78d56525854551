"""Gates report calls and are answered: the same for every home that is not called."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from gate_controller.contract.calls import CALLS_PATH, CallEnd, CallReport, CallState, CallStep
from gate_controller.contract.messages import ASK_PATH, AskReply
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import (
    HOME,
    NEIGHBOUR,
    CallingGate,
    add_partner,
    call_row,
    calling_gate,
    has_telephone,
    home_of,
    on_phone,
    set_clock,
    wants,
)
from web_admin.calls import live
from web_admin.calls.missed import calls_of_home
from web_admin.calls.models import UNHEARD, HomeCall, HomeCallPerson
from web_admin.calls.reach import note_page_open
from web_admin.compound.models import Gate, GrantRow, Person, Site
from web_admin.core.limits import CALLS_OF_GATE, CALLS_TO_HOME, CALLS_TO_HOME_AT_SITE
from web_admin.gates.ask_bounds import ASKS_AT_ONCE, AskBounds

NOT_CALLED = {"stage": "over", "end": "no_calls", "offers_guard": True}


def plain(state: CallState) -> dict[str, object]:
    """Return what an answer says, without which call it is of."""
    return {name: value for name, value in msgspec.to_builtins(state).items() if name != "call_id"}


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_home_that_takes_calls_rings(called: CallingGate) -> None:
    assert plain(called.says("one")) == {"stage": "ringing", "seconds_left": 45}


def test_a_server_names_the_feature(called: CallingGate) -> None:
    played = called.played
    played.knows = ("calls",)
    reply = msgspec.json.decode(
        played.post(ASK_PATH, played.question(called.compound.clock())).data, type=AskReply
    )
    assert "calls" in (reply.knows or ())


def test_whatever_is_not_called_gets_one_answer(small_compound: Compound, gate: CallingGate) -> None:
    """No such home, never switched on, off again, quiet, resting, blocked: a visitor learns nothing."""
    soon = small_compound.clock() + timedelta(hours=1)
    answers = [gate.says("none", home="999"), gate.says("never")]
    quiet: dict[str, Any] = {"quiet_from": 11 * 60, "quiet_until": 15 * 60}
    for wishes in (
        {"takes_calls": False},
        {"takes_calls": True, **quiet},
        {"quiet_from": None, "dnd_until": soon},
        {"dnd_until": None, "blocked_gates": ["north"]},
    ):
        wants(small_compound, None, **{"takes_calls": True, **wishes})
        answers.append(gate.says(f"call-{len(answers)}"))
        set_clock(small_compound, 601)
    assert [plain(answer) for answer in answers] == [NOT_CALLED] * 6


@pytest.mark.parametrize("what", ["lanes", "valid_from", "valid_until"])
def test_a_home_of_which_no_one_may_pass_there_now_is_not_called(
    small_compound: Compound, called: CallingGate, what: str
) -> None:
    now = small_compound.clock()
    change = {"lanes": ["south-in"], "valid_from": now + timedelta(seconds=1), "valid_until": now}[what]
    with small_compound.session() as session:
        for grant in session.scalars(select(GrantRow)):
            setattr(grant, what, change)
    assert plain(called.says("one")) == NOT_CALLED


def test_a_home_whose_people_are_suspended_or_not_to_be_called_is_not_called(
    small_compound: Compound, called: CallingGate
) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).suspended = True
    assert plain(called.says("one")) == NOT_CALLED
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).suspended = False
        session.add(
            HomeCallPerson(
                person_id=small_compound.person_id,
                home_id=session.get_one(Person, small_compound.person_id).home_id,
                is_called=False,
            )
        )
    assert plain(called.says("two")) == NOT_CALLED


def test_nothing_is_kept_of_a_call_that_did_not_ring(small_compound: Compound, gate: CallingGate) -> None:
    gate.says("one")
    gate.says("two", home="999")
    assert call_row(small_compound, "one") is None
    assert call_row(small_compound, "two") is None


def test_a_server_that_is_being_restored_calls_no_one(small_compound: Compound, called: CallingGate) -> None:
    with small_compound.session() as session:
        session.get_one(Site, small_compound.site_id).restoring = True
    assert plain(called.says("one")) == NOT_CALLED


# -- reach -----------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_telephones_ring_in_the_homes_order_sealed_to_this_call(
    small_compound: Compound, called: CallingGate
) -> None:
    set_clock(small_compound, 1)
    partner = add_partner(small_compound)
    has_telephone(small_compound, partner, "+8613900000002")
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    has_telephone(small_compound, small_compound.person_id, "+8613900000009", proved_at=None)
    has_telephone(small_compound, small_compound.person_id, "+4990000000", position=3)
    state = called.says("one", has_telephone=True)
    first, second = (small_compound.person_id, "+8613900000001"), (partner, "+8613900000002")

    def given(state: CallState) -> list[tuple[str, str]]:
        return [(leg.person_id, leg.number) for leg in called.legs("one", state)]

    assert given(state) == [first]
    assert b"1390000" not in msgspec.json.encode(state)
    assert given(called.says("one", CallStep.LEG_RINGS, leg=0, has_telephone=True)) == [first]
    assert given(called.says("one", CallStep.LEG_ENDED, leg=1, has_telephone=True)) == [first]
    assert given(called.says("one", CallStep.LEG_ENDED, leg=0, has_telephone=True)) == [first, second]
    assert called.says("two", has_telephone=False).legs is None, "this gate has none"


def test_pages_that_are_open_ring_alone_for_twenty_seconds(
    small_compound: Compound, called: CallingGate
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    with small_compound.session() as session:
        assert note_page_open(session, small_compound.person_id, small_compound.clock())
        assert not note_page_open(session, small_compound.person_id, small_compound.clock())
    assert called.says("one", has_telephone=True).legs is None
    for step in (CallStep.LEG_ENDED, CallStep.LEG_ANSWERED):
        state = called.says("one", step, leg=0, has_telephone=True)
        assert (state.stage, state.legs) == ("ringing", None), "the gate may not say that one answered"
    set_clock(small_compound, 20)
    assert called.says("one", has_telephone=True).legs is not None
    set_clock(small_compound, 25)
    assert plain(called.says("one", has_telephone=True)) == {
        "stage": "over",
        "end": "no_answer",
        "to_guard": True,
    }


def test_pages_ring_before_the_end_after_five_telephones(
    small_compound: Compound, called: CallingGate
) -> None:
    wants(small_compound, reach=["telephone", "page"])
    for last in range(5):
        has_telephone(small_compound, small_compound.person_id, f"+861390000000{last}")
    called.says("one", has_telephone=True)
    for leg in range(4):
        state = called.says("one", CallStep.LEG_ENDED, leg=leg, has_telephone=True)
    assert len(called.legs("one", state)) == 5
    set_clock(small_compound, 99)
    assert called.says("one", has_telephone=True).legs is not None
    set_clock(small_compound, 1)
    state = called.says("one", has_telephone=True)
    assert (state.stage, state.legs, state.seconds_left) == ("ringing", None, 20)
    row = call_row(small_compound, "one")
    assert row is not None
    assert row.pushed_at is not None, "or a call that no one answered would not be said to be missed"


def test_a_home_that_leaves_the_guard_out_lets_the_screen_offer_it(
    small_compound: Compound, called: CallingGate
) -> None:
    wants(small_compound, reach=["page"])
    called.says("one")
    set_clock(small_compound, 45)
    assert plain(called.says("one")) == {"stage": "over", "end": "no_answer", "offers_guard": True}


@pytest.mark.wide
@pytest.mark.both_databases
def test_who_picks_up_a_telephone_has_the_call_and_pages_stop(
    small_compound: Compound, called: CallingGate
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    state = called.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)
    assert (state.stage, len(called.legs("one", state))) == ("answered", 1), "or the gate hangs up"
    row = call_row(small_compound, "one")
    assert row is not None
    assert live.rings_on_pages(row, small_compound.clock()) is False
    state = called.says("one", CallStep.LEG_ENDED, leg=0, has_telephone=True)
    assert state.stage == "ringing", "a telephone that no key was pressed on is no answer"
    over = called.says("one", CallStep.OVER, leg=0, end=CallEnd.OPENED, has_telephone=True)
    assert (over.stage, over.end) == ("over", "opened")
    row = call_row(small_compound, "one")
    assert row is not None
    assert row.answered_by == small_compound.person_id


def test_the_next_telephone_rings_as_long_after_one_that_was_answered_without_a_key(
    small_compound: Compound, called: CallingGate
) -> None:
    for number in ("+8613900000001", "+8613900000002"):
        has_telephone(small_compound, small_compound.person_id, number)
    called.says("one", has_telephone=True)
    set_clock(small_compound, 10)
    called.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)
    set_clock(small_compound, 60)
    called.says("one", CallStep.LEG_ENDED, leg=0, has_telephone=True)
    set_clock(small_compound, 39)
    assert called.says("one", has_telephone=True).legs is not None
    set_clock(small_compound, 1)
    assert called.says("one", has_telephone=True).to_guard


def three_telephones(compound: Compound, reach: list[str]) -> None:
    wants(compound, reach=reach)
    for last in range(3):
        has_telephone(compound, compound.person_id, f"+861390000000{last}")


def test_phones_ring_beside_a_mailbox_in_time_and_again_once_it_is_put_down(
    small_compound: Compound, called: CallingGate
) -> None:
    three_telephones(small_compound, ["telephone", "page"])
    began = small_compound.clock()

    def notified() -> float | None:
        row = call_row(small_compound, "one")
        assert row is not None
        return None if row.pushed_at is None else (row.pushed_at - began).total_seconds()

    called.says("one", has_telephone=True)
    set_clock(small_compound, 20)
    called.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)
    for seconds, expected in ((79, None), (1, 100), (5, 100)):
        set_clock(small_compound, seconds)
        assert called.says("one", has_telephone=True).stage == "answered"
        assert notified() == expected
    set_clock(small_compound, 5)
    called.says("one", CallStep.LEG_ENDED, leg=0, has_telephone=True)
    assert notified() == 110


def test_mailboxes_do_not_keep_a_call_from_the_guard(small_compound: Compound, called: CallingGate) -> None:
    three_telephones(small_compound, ["telephone", "guard"])
    called.says("one", has_telephone=True)
    for leg in range(2):
        set_clock(small_compound, 20)
        assert not called.says("one", CallStep.LEG_ANSWERED, leg=leg, has_telephone=True).to_guard
        set_clock(small_compound, 90)
        state = called.says("one", CallStep.LEG_ENDED, leg=leg, has_telephone=True)
    assert state.to_guard


@pytest.mark.parametrize("end", [CallEnd.CANCELLED, CallEnd.FAILED, CallEnd.NO_ANSWER])
def test_a_telephone_on_which_no_key_was_pressed_leaves_a_missed_call(
    small_compound: Compound, called: CallingGate, end: CallEnd
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    called.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)
    called.says("one", CallStep.OVER, end=end, has_telephone=True)
    assert missed_calls(small_compound) == [(end, None, True)]


def test_a_telephone_without_a_key_when_the_gate_went_silent_leaves_a_missed_call(
    small_compound: Compound, called: CallingGate
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    called.says("one", CallStep.LEG_ANSWERED, leg=0, has_telephone=True)
    set_clock(small_compound, 301)
    assert missed_calls(small_compound) == [(UNHEARD, None, True)]
    called.says("one", has_telephone=True)
    assert missed_calls(small_compound) == [("no_answer", None, True)]


@pytest.mark.parametrize("rings", [["page"], ["telephone"]])
def test_a_gate_that_went_silent_may_have_opened_only_by_a_telephone_or_an_order(
    small_compound: Compound, called: CallingGate, rings: list[str]
) -> None:
    wants(small_compound, reach=rings)
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=rings == ["telephone"])
    set_clock(small_compound, 301)
    shown = {"page": "no_answer", "telephone": UNHEARD}[rings[0]]
    assert missed_calls(small_compound) == [(shown, None, True)]


def test_a_gate_that_went_silent_with_an_order_to_open_may_have_opened(
    small_compound: Compound, called: CallingGate
) -> None:
    called.says("one")
    with on_phone(small_compound, small_compound.person_id) as act:
        live.answer(act, "one")
        live.open_gate(act, "one")
    set_clock(small_compound, 301)
    assert missed_calls(small_compound) == [(UNHEARD, "Lin Wei", False)]


def missed_calls(small_compound: Compound) -> list[tuple[str, str | None, bool]]:
    """Return how each call of the home ended, who answered it, and whether it was missed."""
    with small_compound.session() as session:
        reader = session.get_one(Person, small_compound.person_id)
        past = calls_of_home(session, reader, small_compound.clock())
    return [(one.end, one.answered_by, one.is_missed) for one in past]


def test_a_telephone_that_is_not_of_this_call_answers_nothing(
    small_compound: Compound, called: CallingGate
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    assert called.says("one", CallStep.LEG_ANSWERED, leg=5, has_telephone=True).stage == "ringing"


def test_a_call_of_a_gate_that_went_silent_ends_with_time(
    small_compound: Compound, called: CallingGate
) -> None:
    called.says("one")
    set_clock(small_compound, 61)
    with small_compound.session() as session:
        assert live.ringing_for(session, small_compound.person_id, small_compound.clock()) is None
        shown = live.state_for(session, "one", small_compound.person_id, small_compound.clock())
    assert shown is not None
    assert (shown.stage, shown.end) == ("over", "no_answer")


def test_what_a_gate_did_without_the_server_is_believed_later(
    small_compound: Compound, called: CallingGate
) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    called.says("one", has_telephone=True)
    set_clock(small_compound, 200)
    called.says("one")
    called.says("one", CallStep.OVER, leg=0, end=CallEnd.OPENED)
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.end, row.answered_by) == ("opened", small_compound.person_id)
    called.says("one", CallStep.OVER, end=CallEnd.CANCELLED)
    assert call_row(small_compound, "one").end == "opened"  # type: ignore[union-attr]


# -- strangers, limits -----------------------------------------------------------------------------


def test_a_call_belongs_to_the_gate_and_lane_that_began_it(
    small_compound: Compound, called: CallingGate
) -> None:
    called.says("one")
    south = calling_gate(small_compound, "south")
    assert called.says("one", lane_id="south-in").end == CallEnd.FAILED
    assert south.says("two", lane_id="north-in").end == CallEnd.FAILED
    over = south.says("one", CallStep.OVER, end=CallEnd.OPENED, lane_id="north-in")
    assert over.end == CallEnd.FAILED
    assert called.says("one").stage == "ringing"


def test_a_gate_that_is_not_trusted_calls_no_one(small_compound: Compound, called: CallingGate) -> None:
    with small_compound.session() as session:
        session.get_one(Gate, "north").forked_at = small_compound.clock()
    assert called.says("one").end == CallEnd.FAILED
    assert call_row(small_compound, "one") is None


def test_a_call_that_is_over_stays_over(called: CallingGate) -> None:
    called.says("one")
    called.says("one", CallStep.OVER, end=CallEnd.CANCELLED)
    assert called.says("one").end == CallEnd.CANCELLED
    assert called.says("unheard", CallStep.OVER, end=CallEnd.OPENED).end == CallEnd.FAILED


@pytest.mark.wide
@pytest.mark.both_databases
def test_guests_who_are_let_in_do_not_wear_the_gate_out(
    small_compound: Compound, called: CallingGate
) -> None:
    for number in range(2 * CALLS_TO_HOME.most):
        assert called.says(f"guest-{number}").stage == "ringing"
        called.says(f"guest-{number}", CallStep.OVER, end=CallEnd.OPENED)
    for number in range(CALLS_TO_HOME.most):
        assert called.says(f"call-{number}").stage == "ringing"
    for _report in range(2):
        called.says("call-0", CallStep.OVER, end=CallEnd.OPENED)
    assert called.says("guest").stage == "ringing"
    assert called.says("again").end == CallEnd.TOO_MANY


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_prankster_wears_out_and_not_the_home(small_compound: Compound, called: CallingGate) -> None:
    for number in range(CALLS_TO_HOME.most):
        assert called.says(f"call-{number}").stage == "ringing"
    refused = {"stage": "over", "end": "too_many", "offers_guard": True}
    assert plain(called.says("again")) == refused
    assert plain(called.says("one-more")) == refused
    assert calling_gate(small_compound, "south").says("other-gate").stage == "ringing"
    for number in range(CALLS_TO_HOME.most):
        assert plain(called.says(f"unknown-{number}", home="999")) == NOT_CALLED
    assert plain(called.says("unknown", home="999")) == refused, "as of a home that there is"
    set_clock(small_compound, CALLS_TO_HOME.window_seconds)
    assert called.says("later").stage == "ringing"


@pytest.mark.wide
def test_a_prankster_at_many_gates_wears_out_too(small_compound: Compound, called: CallingGate) -> None:
    south = calling_gate(small_compound, "south")
    for home, end in ((HOME, None), ("999", CallEnd.NO_CALLS)):
        for number in range(CALLS_TO_HOME_AT_SITE.most):
            gate = (called, south)[number % 2]
            assert gate.says(f"{home}-{number}", home=home).end == end
        assert called.says(f"{home}-again", home=home).end == CallEnd.TOO_MANY
        assert south.says(f"{home}-again-here", home=home).end == CallEnd.TOO_MANY


@pytest.mark.wide
def test_one_gate_calls_so_many_homes_and_no_more(called: CallingGate) -> None:
    ends = []
    for number in range(CALLS_OF_GATE.most + 1):
        ends.append(called.says(f"call-{number}", home=str(1000 + number)).end)
    assert ends == [CallEnd.NO_CALLS] * CALLS_OF_GATE.most + [CallEnd.TOO_MANY]


@pytest.mark.wide
def test_a_gate_that_floods_is_slowed_and_its_check_ins_are_answered(
    called: CallingGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(called.compound.app.extensions, "menjin_call_bounds", AskBounds(lambda: 7.0))
    statuses = [called.sends("one").status_code for _time in range(ASKS_AT_ONCE + 100)]
    assert statuses.count(200) <= ASKS_AT_ONCE + 1
    assert statuses[-99:] == [429] * 99
    assert called.sends("one").get_json()["error"] == "calls_too_often"
    called.played.ask(called.compound.clock())
    with called.compound.session() as session:
        assert session.scalar(select(func.count()).select_from(HomeCall)) == 1


def test_a_key_that_is_none_is_refused_with_a_word(small_compound: Compound, called: CallingGate) -> None:
    has_telephone(small_compound, small_compound.person_id, "+8613900000001")
    report = CallReport(
        call_id="one", lane_id="north-in", home=HOME, has_telephone=True, sealing_public_key=bytes(32)
    )
    response = called.played.post(CALLS_PATH, report)
    assert (response.status_code, response.get_json()["error"]) == (400, "sealing_key_unusable")


def test_two_gates_call_one_home_and_each_call_is_its_own(
    small_compound: Compound, called: CallingGate
) -> None:
    south = calling_gate(small_compound, "south")
    called.says("one")
    south.says("two")
    with on_phone(small_compound, small_compound.person_id) as act:
        live.answer(act, "two")
    assert (called.says("one").stage, south.says("two").stage) == ("ringing", "answered")
    assert called.says("other", home=NEIGHBOUR).end == CallEnd.NO_CALLS
    assert home_of(small_compound, small_compound.person_id) == call_row(small_compound, "one").home_id  # type: ignore[union-attr]
