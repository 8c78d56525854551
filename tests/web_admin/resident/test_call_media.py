"""The page of who answered meets the gate's page: who may, with what, and what their browser may open."""

import json
import re
from html import unescape

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.calls_at_home import another_at_home, call_now, change, rings, take_calls
from tests.support.compounds.resident import Compound, csrf_of
from tests.support.media_side import SIDE
from tests.web_admin.calls.played_calls import set_clock
from tests.web_admin.resident.on_call_page import CALL, do
from web_admin.core.limits import CALL_SIDES

MEDIA = f"{CALL}/media"
OFFER = msgspec.json.decode(msgspec.json.encode(SIDE))


@pytest.fixture
def other(small_compound: Compound) -> FlaskClient:
    """Return the phone of another person of the home, which takes calls."""
    take_calls(small_compound)
    return small_compound.signed_in(another_at_home(small_compound))


def send(client: FlaskClient, side: object) -> TestResponse:
    page = client.get(CALL).text
    (turn,) = re.findall(r'\sdata-turn="([^"]*)"', page)
    return client.post(MEDIA, data={"csrf_token": csrf_of(page), "side": json.dumps(side), "turn": turn})


def send_often(client: FlaskClient, times: int) -> list[int]:
    page = client.get(CALL).text
    turn = "".join(re.findall(r'\sdata-turn="([^"]*)"', page))
    sent = {"csrf_token": csrf_of(page), "side": json.dumps(OFFER), "turn": turn}
    return [client.post(MEDIA, data=sent).status_code for _ in range(times)]


def brought(client: FlaskClient) -> object:
    (found,) = re.findall(r'\sdata-media="([^"]*)"', client.get(CALL).text)
    media = json.loads(unescape(found))
    return media and media["offer"]


def offer(client: FlaskClient) -> object:
    answer = client.get(MEDIA)
    assert answer.status_code in {200, 409}
    return answer.get_json()["offer"] if answer.status_code == 200 else None


@pytest.mark.wide
def test_only_who_answered_is_given_the_gates_side_and_may_answer_it(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    rings(small_compound, media_offer=OFFER)
    assert offer(phone) is None
    assert send(phone, OFFER).status_code == 409
    do(phone, "answer")
    assert offer(phone) == OFFER
    assert offer(other) is None
    assert send(other, OFFER).status_code == 409
    assert call_now(small_compound).media_answer is None
    assert send(phone, OFFER).status_code == 204
    assert call_now(small_compound).media_answer == OFFER


def test_the_page_on_which_a_person_answered_last_is_the_one_that_speaks(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    del other
    rings(small_compound, media_offer=OFFER)
    first = do(phone, "answer").headers["Location"]
    page = phone.get(CALL).text
    assert first.endswith(re.findall(r'\sdata-turn="([^"]+)"', page)[0])
    set_clock(small_compound, 1)
    second = do(phone, "answer").headers["Location"]
    assert first != second
    turn = first.partition("answered=")[2]
    sent = {"csrf_token": csrf_of(page), "side": json.dumps(OFFER), "turn": turn}
    assert phone.post(MEDIA, data=sent).status_code == 409
    assert phone.post(MEDIA, data=sent | {"turn": second.partition("answered=")[2]}).status_code == 204


def test_the_page_of_who_answered_brings_the_gates_side_along(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    """So that hearing the gate takes no further question."""
    rings(small_compound, media_offer=OFFER)
    assert brought(phone) is None
    do(phone, "answer")
    assert brought(phone) == OFFER
    assert brought(other) is None
    do(phone, "end")
    assert brought(phone) is None


def test_sound_that_begins_without_end_is_refused(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    rings(small_compound, media_offer=OFFER)
    do(phone, "answer")
    assert send_often(other, CALL_SIDES.most + 1) == [*([409] * CALL_SIDES.most), 429]
    assert send_often(phone, CALL_SIDES.most + 1) == [*([204] * CALL_SIDES.most), 429]
    set_clock(small_compound, CALL_SIDES.window_seconds)
    assert send_often(phone, 1) == [409]  # the call is over


@pytest.mark.wide
@pytest.mark.parametrize(
    "side", [{}, [], "v=0", OFFER | {"sdp": "v=0"}, OFFER | {"candidates": OFFER["candidates"] * 99}]
)
def test_what_is_no_side_is_refused(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient, side: object
) -> None:
    del other
    rings(small_compound, media_offer=OFFER)
    do(phone, "answer")
    assert send(phone, side).status_code in {400, 413}
    assert call_now(small_compound).media_answer is None


def test_after_the_call_there_is_no_side_left(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    del other
    rings(small_compound, media_offer=OFFER)
    do(phone, "answer")
    send(phone, OFFER)
    do(phone, "end")
    assert offer(phone) is None
    assert (call_now(small_compound).media_offer, call_now(small_compound).media_answer) == (None, None)
    assert send(phone, OFFER).status_code == 409


def test_a_call_of_another_home_gives_nothing(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    take_calls(small_compound)
    rings(small_compound, media_offer=OFFER)
    do(phone, "answer")
    assert offer(neighbour) is None
    change(small_compound, stage="over", end="ended")
    assert offer(phone) is None


@pytest.mark.wide
def test_the_page_of_a_call_may_open_the_microphone_and_no_other_page_anything(
    small_compound: Compound, phone: FlaskClient, other: FlaskClient
) -> None:
    del other
    rings(small_compound)
    assert phone.get(CALL).headers["Permissions-Policy"] == "camera=(), microphone=(self), geolocation=()"
    for path in ("/", "/r/", "/r/calls", "/r/code", MEDIA, f"{CALL}/state", "/r/call_media.js"):
        policy = phone.get(path).headers["Permissions-Policy"]
        assert policy == "camera=(), microphone=(), geolocation=()"
