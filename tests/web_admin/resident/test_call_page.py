"""The page of a call: one answers and the others read so, one opens once, and late is missed."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.calls_at_home import (
    another_at_home,
    call_now,
    change,
    rings,
    show_calls_on,
    shown_on_phones,
    take_calls,
)
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.on_call_page import CALL, do
from web_admin.accounts.session_models import AccountSession
from web_admin.calls.models import HomeCallPerson
from web_admin.calls.pushes import YOU_ANSWERED_TEXT
from web_admin.compound.models import Person
from web_admin.messages.models import OutboxMessage
from web_admin.messages.push_models import PushPhone

pytestmark = pytest.mark.both_databases


@pytest.fixture
def other(small_compound: Compound) -> FlaskClient:
    """Return the phone of another person of the home, which takes calls."""
    take_calls(small_compound)
    return small_compound.signed_in(another_at_home(small_compound))


def heading(client: FlaskClient) -> str:
    return re.findall(r"<h1>(.*?)</h1>", client.get(CALL).text)[0]


@pytest.mark.wide
def test_it_rings_for_the_home_and_for_no_one_else(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient, neighbour: FlaskClient
) -> None:
    rings(small_compound)
    assert [heading(one) for one in (phone, other)] == ["Someone is calling"] * 2
    assert "North gate · in" in phone.get(CALL).text
    assert phone.get("/r/call/now").get_json()["call"]["address"] == CALL
    assert "Call from North gate · in" in phone.get("/r/help").text
    assert neighbour.get(CALL).status_code == 404
    assert neighbour.get(f"{CALL}/state").status_code == 404
    assert neighbour.get("/r/call/now").get_json() == {"call": None}
    assert "data-call-band" not in neighbour.get("/r/help").text


@pytest.mark.wide
def test_one_answers_the_other_reads_who_and_cannot_open(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    rings(small_compound)
    do(phone, "answer")
    assert (heading(phone), heading(other)) == ("You answered", "Answered at home")
    assert "Lin Wei has answered" in other.get(CALL).text
    assert "Open the gate" not in other.get(CALL).text
    for act in ("answer", "open", "reply", "away", "end"):
        late = do(other, act, reply="coming")
        assert (late.status_code, "Lin Wei has answered already." in late.text) == (409, True)
    assert call_now(small_compound).order_id is None
    assert other.get(f"{CALL}/state").get_json()["rings"] is False


def test_a_call_that_a_page_has_answered_rings_on_no_other_page_of_that_person(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    rings(small_compound)
    assert phone.get("/r/call/now").get_json()["call"]["rings"] is True
    assert "data-rings" in phone.get("/r/help").text
    do(phone, "answer")
    now = phone.get("/r/call/now").get_json()["call"]
    assert (now["rings"], now["text"]) == (False, "Call in progress: North gate · in")
    page = phone.get("/r/help").text
    assert ("data-rings" in page, "Go to the call" in page) == (False, True)
    assert other.get("/r/call/now").get_json() == {"call": None}


def test_a_mailbox_that_picks_up_takes_no_call_from_the_pages(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    rings(small_compound, answered_by=small_compound.person_id, stage="answered", leg=0)
    change(small_compound, answered_at=small_compound.clock())
    for client in (phone, other):
        assert "If no one presses a key there, it rings here again." in client.get(CALL).text
        now = client.get("/r/call/now").get_json()["call"]
        assert (now["rings"], now["text"]) == (False, "A telephone of your home has picked up.")
    state = other.get(f"{CALL}/state").get_json()
    assert (state["rings"], "rings here again" in state["text"]) == (False, True)
    do(other, "answer")
    assert (heading(other), heading(phone)) == ("You answered", "Answered at home")


def test_the_phone_that_answers_gets_no_message_of_it_and_the_persons_others_do(
    small_compound: Compound, phone: FlaskClient
) -> None:
    take_calls(small_compound)
    for phone_id in ("here", "tablet"):
        show_calls_on(small_compound, small_compound.person_id, phone_id)
    with small_compound.session() as session:
        here = session.get_one(PushPhone, "here")
        here.session_sha256 = session.scalars(select(AccountSession.session_sha256)).one()
    rings(small_compound)
    with small_compound.session() as session:
        session.query(OutboxMessage).delete()
    do(phone, "answer")
    assert shown_on_phones(small_compound) == [("tablet", "call_over", YOU_ANSWERED_TEXT)]


@pytest.mark.wide
def test_open_orders_once_and_a_double_tap_is_one(small_compound: Compound, phone: FlaskClient) -> None:
    take_calls(small_compound)
    rings(small_compound)
    do(phone, "answer")
    page = phone.get(CALL).text
    once = re.findall(rf'action="{CALL}/open".*?name="once" value="([^"]+)"', page, re.S)[0]
    form = {"csrf_token": csrf_of(page), "once": once}
    answers = [phone.post(f"{CALL}/open", data=form).status_code for _tap in range(2)]
    order_id = call_now(small_compound).order_id
    assert (answers, order_id is not None) == ([303, 303], True)
    assert "The gate was asked to open." in phone.get(CALL).text
    assert do(phone, "open").status_code == 409
    assert call_now(small_compound).order_id == order_id
    change(small_compound, stage="over", end="opened")
    assert "The gate opened." in phone.get(CALL).text


@pytest.mark.wide
@pytest.mark.parametrize(
    ("act", "end", "said"),
    [("away", "sent_away", "The visitor was sent away."), ("end", "ended", "The gate stayed shut.")],
)
def test_who_answered_ends_it_without_opening(
    small_compound: Compound, phone: FlaskClient, act: str, end: str, said: str
) -> None:
    take_calls(small_compound)
    rings(small_compound)
    do(phone, "answer")
    do(phone, act)
    call = call_now(small_compound)
    assert (call.stage, call.end, call.order_id) == ("over", end, None)
    assert said in phone.get(CALL).text


@pytest.mark.wide
def test_a_sentence_goes_to_the_gate(small_compound: Compound, phone: FlaskClient) -> None:
    take_calls(small_compound)
    rings(small_compound)
    do(phone, "answer")
    do(phone, "reply", reply="leave_with_guard")
    assert call_now(small_compound).reply == "leave_with_guard"
    assert do(phone, "reply", reply="I type my own").status_code == 409


@pytest.mark.wide
def test_an_answer_after_the_end_opens_nothing_and_the_page_says_missed(
    small_compound: Compound, phone: FlaskClient
) -> None:
    take_calls(small_compound)
    rings(small_compound, ends_at=small_compound.clock() - timedelta(seconds=1))
    page = phone.get(CALL).text
    assert heading(phone) == "Missed call"
    assert "<form" not in page.partition("data-call-media")[2].partition("</main>")[0]
    for act in ("answer", "open"):
        late = do(phone, act)
        assert (late.status_code, "This call is over." in late.text) == (409, True)
    assert call_now(small_compound).order_id is None
    state = phone.get(f"{CALL}/state").get_json()
    assert (state["rings"], state["text"].startswith("You missed a call")) == (False, True)


@pytest.mark.wide
def test_a_call_whose_gate_was_cut_off_is_not_said_to_have_stayed_shut(
    small_compound: Compound, phone: FlaskClient
) -> None:
    take_calls(small_compound)
    plan = [{"step": "telephone", "from": 0, "numbers": ["one"]}, {"step": "none", "from": 25}]
    rings(small_compound, plan=plan)
    change(small_compound, ends_at=small_compound.clock() - timedelta(seconds=1))
    assert heading(phone) == "The gate lost its connection"
    assert "stayed shut" not in phone.get(CALL).text
    calls = phone.get("/r/calls").text
    assert ("The gate lost its connection." in calls, "Missed" in calls, "New call" in calls) == (
        True,
        False,
        True,
    )
    state = phone.get(f"{CALL}/state").get_json()
    assert (state["rings"], "lost its connection" in state["text"]) == (False, True)


@pytest.mark.parametrize("change_of", ["not called", "suspended", "unproven", "calls off"])
def test_who_may_not_answer_now_answers_nothing(
    small_compound: Compound, phone: FlaskClient, change_of: str
) -> None:
    take_calls(small_compound, takes_calls=change_of != "calls off")
    rings(small_compound)
    page = phone.get(CALL).text
    with small_compound.session() as session:
        person = session.get_one(Person, small_compound.person_id)
        person.suspended = change_of == "suspended"
        person.phone_unproven = "invited" if change_of == "unproven" else None
        is_called = change_of != "not called"
        row = HomeCallPerson(person_id=person.person_id, home_id=person.home_id, is_called=is_called)
        session.add(row)
    form = {"csrf_token": csrf_of(page), "once": "a token of sixteen letters"}
    answer = phone.post(f"{CALL}/answer", data=form)
    allowed = change_of == "calls off"  # one that rings already is finished
    assert (call_now(small_compound).stage, answer.status_code == 303) == (
        ("answered", True) if allowed else ("ringing", False)
    )
