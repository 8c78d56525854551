"""Sound and picture at the guard's page: who of staff meets the gate, and what their browser may open."""

import json
import re
from datetime import timedelta

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import CallEnd, CallStep
from gate_controller.contract.features import CALL_RELAYS, GUARD_CALLS
from tests.support.calls_at_home import call_now
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import Compound, csrf_of
from tests.support.media_side import SIDE
from tests.web_admin.calls.played_calls import CallingGate, set_clock, two_of_staff
from tests.web_admin.manage.forms import once_of
from web_admin.accounts.models import User
from web_admin.calls.media import turn_of
from web_admin.calls.models import HomeCall
from web_admin.compound.models import Gate, Home
from web_admin.core.database import current_menjin
from web_admin.core.limits import CALL_SIDES
from web_admin.core.refusal import ActionRefused
from web_admin.gates import guard_calls

OTHER = msgspec.structs.replace(SIDE, ufrag="gOL8")
FIRST, SECOND = "staff-1", "staff-2"


@pytest.fixture
def at_guard(small_compound: Compound, called: CallingGate) -> CallingGate:
    """Give a gate with sound whose call has gone on to the guard."""
    with small_compound.session() as session:
        session.get_one(Gate, "north").knows = [GUARD_CALLS, CALL_RELAYS]
        two_of_staff(session)
    called.says("one")
    set_clock(small_compound, 45)
    called.says("one", media_offer=SIDE)
    return called


def answers(compound: Compound, actor_id: str = FIRST, taken_from: str = "") -> None:
    with compound.act("manager", actor_id) as act:
        guard_calls.answer(act, "one", taken_from)


def gives(compound: Compound, side: MediaSide, actor_id: str = FIRST) -> None:
    with compound.act("manager", actor_id) as act:
        guard_calls.give_side(act, "one", side, turn_of(call_now(compound).answered_at))


def offered(compound: Compound, actor_id: str = FIRST) -> object:
    with compound.app.app_context(), compound.session() as session:
        call = session.get_one(HomeCall, "one")
        media = guard_calls.media_for(current_menjin().config, call, actor_id, compound.clock())
        return media and media["offer"]


def test_who_answered_meets_the_gate_and_who_takes_over_is_met_after_them(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    assert offered(small_compound) is None
    answers(small_compound)
    at_guard.says("one", media_offer=SIDE)
    assert offered(small_compound) == msgspec.to_builtins(SIDE)
    assert offered(small_compound, SECOND) is None
    gives(small_compound, SIDE)
    assert at_guard.says("one", media_offer=SIDE).media_answer == SIDE
    answers(small_compound, SECOND, taken_from=FIRST)
    assert offered(small_compound) is None
    assert at_guard.says("one", media_offer=SIDE).media_answer is None
    gives(small_compound, OTHER, SECOND)
    assert at_guard.says("one", media_offer=SIDE).media_answer == OTHER


def test_another_answer_of_the_same_person_takes_the_sound_to_that_page(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    answers(small_compound)
    gives(small_compound, SIDE)
    turn = turn_of(call_now(small_compound).answered_at)
    set_clock(small_compound, 1)
    answers(small_compound)
    assert call_now(small_compound).media_answer is None
    with pytest.raises(ActionRefused), small_compound.act("manager", FIRST) as act:
        guard_calls.give_side(act, "one", OTHER, turn)
    assert call_now(small_compound).media_answer is None, "the page before has no sound any more"


def test_a_call_of_an_account_that_is_closed_rings_again_for_the_others(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    answers(small_compound)
    gives(small_compound, SIDE)
    with small_compound.session() as session:
        session.get_one(User, 1).active = False
    state = at_guard.says("one", media_offer=SIDE)
    assert (state.stage, state.to_guard, state.media_answer) == ("ringing", True, None)
    answers(small_compound, SECOND)
    assert at_guard.says("one").stage == "answered"


def test_the_guards_telephone_has_no_side_and_nothing_is_left_of_a_call_that_is_over(
    small_compound: Compound, at_guard: CallingGate
) -> None:
    at_guard.says("one", CallStep.LEG_ANSWERED)
    assert offered(small_compound) is None
    at_guard.says("one", CallStep.OVER, end=CallEnd.ENDED)
    assert (call_now(small_compound).media_offer, call_now(small_compound).media_answer) == (None, None)


def ringing_at(compound: ManagedCompound, offer: object) -> None:
    """Let the guard of a whole compound have a call whose gate has sound."""
    with compound.act() as act:
        home = act.session.scalars(select(Home)).first()
        assert home is not None
        act.session.add(
            HomeCall(
                call_id="one",
                site_id=compound.site_id,
                gate_id="north",
                lane_id="north-in",
                home_id=home.home_id,
                purpose="home",
                stage="ringing",
                to_guard=True,
                plan=[{"step": "guard", "from": 0, "by": ""}],
                has_telephone=False,
                started_at=act.now,
                ends_at=act.now + timedelta(seconds=60),
                sealing_public_key=b"k" * 32,
                media_offer=offer,
            )
        )


def answer_of_page(compound: ManagedCompound) -> object:
    with compound.act() as act:
        return act.session.get_one(HomeCall, "one").media_answer


def send(client: FlaskClient, side: object) -> TestResponse:
    return send_often(client, side, 1)[0]


def send_often(client: FlaskClient, side: object, times: int) -> list[TestResponse]:
    page = client.get("/manage/").text
    turn = "".join(re.findall(r'\sdata-turn="([^"]*)"', page))
    sent = {"csrf_token": csrf_of(page), "side": json.dumps(side), "turn": turn}
    return [client.post("/manage/calls/one/media", data=sent) for _ in range(times)]


def test_a_side_is_taken_from_the_page_that_answered_and_nothing_else_of_it(
    compound: ManagedCompound,
) -> None:
    side = json.loads(msgspec.json.encode(SIDE))
    guard, installer = compound.signed_in("guard"), compound.signed_in("installer")
    ringing_at(compound, side)
    assert send(guard, side).status_code == 409
    page = guard.get("/manage/").text
    sent = {"csrf_token": csrf_of(page), "once": once_of(page)}
    assert guard.post("/manage/calls/one/answer", data=sent).status_code == 303
    assert guard.get("/manage/calls/one/media").get_json()["offer"] == side
    assert installer.get("/manage/calls/one/media").status_code == 403
    for none in ({}, [], "v=0", side | {"sdp": "v=0"}, side | {"candidates": side["candidates"] * 99}):
        assert send(guard, none).status_code == 400
    assert answer_of_page(compound) is None
    assert send(guard, side).status_code == 204
    assert answer_of_page(compound) == side
    often = send_often(guard, side, CALL_SIDES.most)
    assert [taken.status_code for taken in often[-3:]] == [204, 429, 429]


def test_the_page_of_now_may_open_the_microphone_and_no_other_page_of_staff(
    compound: ManagedCompound,
) -> None:
    guard = compound.signed_in("guard")
    policies = {
        path: guard.get(path).headers["Permissions-Policy"]
        for path in ("/manage/", "/manage/alarms", "/manage/events", "/manage/calls/one/media")
    }
    assert [path for path, policy in policies.items() if "microphone=(self)" in policy] == ["/manage/"]
    assert all("camera=()" in policy for policy in policies.values())
