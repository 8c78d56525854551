"""Both sides of a call's sound pass to who answered and to the gate, and are forgotten with the call."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import CallEnd, CallStep
from tests.support.compounds.resident import Compound
from tests.support.media_side import SIDE
from tests.web_admin.calls.played_calls import CallingGate, add_partner, call_row, on_phone, set_clock
from web_admin.action.base import Action
from web_admin.calls import live
from web_admin.calls.media import answer_media, gate_media, turn_of
from web_admin.calls.models import HomeCall
from web_admin.calls.silent_gates import end_silent_calls
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused

OFFER = msgspec.structs.replace(SIDE, ufrag="gate")
SECOND = msgspec.structs.replace(SIDE, ufrag="again")
Act = Callable[[Action, str], object]


def does(compound: Compound, act: Act, person_id: str | None = None) -> None:
    with on_phone(compound, person_id or compound.person_id) as made:
        act(made, "one")


def offer_seen(compound: Compound, person_id: str | None = None) -> MediaSide | None:
    with on_phone(compound, person_id or compound.person_id) as made:
        config = current_menjin().config
        media = gate_media(config, made.session, "one", person_id or compound.person_id, made.now)
    return msgspec.convert(media["offer"], MediaSide | None) if media is not None else None


def answers(made: Action, call_id: str) -> object:
    turn = turn_of(made.session.get_one(HomeCall, call_id).answered_at)
    return answer_media(made, call_id, SIDE, turn)


@pytest.fixture
def answered(small_compound: Compound, called: CallingGate) -> CallingGate:
    called.says("one", media_offer=OFFER)
    called.says("one", media_offer=OFFER)
    does(small_compound, live.answer)
    return called


def test_who_answered_is_given_the_gates_side_and_the_gate_theirs(
    small_compound: Compound, answered: CallingGate
) -> None:
    assert offer_seen(small_compound) == OFFER
    assert answered.says("one", media_offer=OFFER).media_answer is None
    does(small_compound, answers)
    assert answered.says("one", media_offer=OFFER).media_answer == SIDE


def test_no_one_else_of_the_home_is_given_it_and_no_one_before_the_answer(
    small_compound: Compound, called: CallingGate
) -> None:
    partner = add_partner(small_compound)
    called.says("one", media_offer=OFFER)
    called.says("one", media_offer=OFFER)
    assert offer_seen(small_compound) is None
    with pytest.raises(ActionRefused):
        does(small_compound, answers)
    does(small_compound, live.answer)
    assert offer_seen(small_compound, partner) is None
    with pytest.raises(ActionRefused):
        does(small_compound, answers, partner)
    assert called.says("one").media_answer is None


def test_a_new_offer_has_no_answer_and_a_report_without_one_changes_nothing(
    small_compound: Compound, answered: CallingGate
) -> None:
    does(small_compound, answers)
    assert answered.says("one").media_answer == SIDE
    assert offer_seen(small_compound) == OFFER
    assert answered.says("one", media_offer=SECOND).media_answer is None
    assert offer_seen(small_compound) == SECOND


@pytest.mark.parametrize("ends", ["hang_up", "gate"])
def test_both_sides_are_forgotten_with_the_call(
    small_compound: Compound, answered: CallingGate, ends: str
) -> None:
    does(small_compound, answers)
    {
        "hang_up": lambda: does(small_compound, live.hang_up),
        "gate": lambda: answered.says("one", CallStep.OVER, end=CallEnd.ENDED, media_offer=OFFER),
    }[ends]()
    answered.says("one", media_offer=OFFER)
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.media_offer, row.media_answer) == (None, None)
    assert offer_seen(small_compound) is None


def test_they_are_forgotten_also_where_the_gate_says_no_more(
    small_compound: Compound, answered: CallingGate
) -> None:
    does(small_compound, answers)
    set_clock(small_compound, timedelta(minutes=10).total_seconds())
    with small_compound.app.app_context():
        end_silent_calls(current_menjin(), small_compound.clock())
    row = call_row(small_compound, "one")
    assert row is not None
    assert (row.media_offer, row.media_answer) == (None, None)
