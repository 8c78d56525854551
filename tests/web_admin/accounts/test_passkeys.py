"""Passkeys row by row: what is believed of a browser's answer, whose they are, how many, and their end."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.passkey import PRESENT, VERIFIED, SoftPasskey
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.made_passkeys import (
    DOES_NOT_FIT,
    asked,
    english,
    kept_of,
    made_on,
    origin_of,
    send,
    sign_in,
)
from web_admin.accounts.passkeys import place_of
from web_admin.core.config import WebConfig

TOO_LATE = "That took too long. Please try again."


@pytest.fixture
def web_config(web_config: WebConfig) -> WebConfig:
    return replace(web_config, public_url="http://localhost:8000")


@pytest.mark.wide
def test_the_request_to_a_browser_holds_no_name_and_wants_the_phone_unlocked(
    small_compound: Compound, phone: FlaskClient
) -> None:
    made_on(phone, small_compound)
    options = asked(english(small_compound), "/r/sign-in/passkey/options")
    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"
    making = asked(phone, "/r/passkeys/options")
    assert making["authenticatorSelection"]["userVerification"] == "required"
    assert making["attestation"] == "none"
    assert small_compound.person_id not in str(making)
    assert len(making["excludeCredentials"]) == 1


@pytest.mark.wide
def test_an_answer_opens_once_and_an_old_or_foreign_challenge_never(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    passkey = made_on(phone, small_compound)
    client = english(small_compound)
    options = asked(client, "/r/sign-in/passkey/options")
    with client.session_transaction() as session:
        before = dict(session)
    answer = passkey.answer(options)
    assert send(client, "/r/sign-in/passkey", answer).status_code == 200
    thief = english(small_compound)
    with thief.session_transaction() as session:
        session.update({"passkey_to_sign_in": before["passkey_to_sign_in"]})
    replayed = send(thief, "/r/sign-in/passkey", answer)
    assert (replayed.status_code, replayed.json) == (422, {"error": TOO_LATE})
    late = english(small_compound)
    answer = passkey.answer(asked(late, "/r/sign-in/passkey/options"))
    clock.now += timedelta(minutes=5)
    assert send(late, "/r/sign-in/passkey", answer).json == {"error": TOO_LATE}
    other = english(small_compound)
    answer = passkey.answer(asked(late, "/r/sign-in/passkey/options"))
    asked(other, "/r/sign-in/passkey/options")
    assert send(other, "/r/sign-in/passkey", answer).json == {"error": DOES_NOT_FIT}


def test_another_origin_a_locked_phone_a_copy_and_a_stranger_are_refused_alike(
    small_compound: Compound, phone: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    passkey.count = 5
    assert sign_in(english(small_compound), passkey).status_code == 200
    unlocked = PRESENT | VERIFIED
    elsewhere = SoftPasskey("http://evil.localhost", unlocked, 6, passkey.credential_id, passkey.key)
    locked = SoftPasskey(passkey.origin, PRESENT, 6, passkey.credential_id, passkey.key)
    copied = SoftPasskey(passkey.origin, count=5, credential_id=passkey.credential_id, key=passkey.key)
    forged = SoftPasskey(passkey.origin, count=6, credential_id=passkey.credential_id)
    for wrong in (elsewhere, locked, copied, forged, SoftPasskey(passkey.origin)):
        client = english(small_compound)
        answer = sign_in(client, wrong)
        assert (answer.status_code, answer.json) == (422, {"error": DOES_NOT_FIT})
        assert client.get("/r/").location == "/r/sign-in"


@pytest.mark.parametrize("sent", [{}, {"id": 7}, {"id": "AA", "rawId": "AA", "response": None}])
def test_what_is_no_answer_is_refused_with_a_sentence(
    small_compound: Compound, phone: FlaskClient, sent: object
) -> None:
    client = english(small_compound)
    asked(client, "/r/sign-in/passkey/options")
    assert send(client, "/r/sign-in/passkey", sent).json == {"error": DOES_NOT_FIT}
    asked(phone, "/r/passkeys/options")
    assert send(phone, "/r/passkeys", sent).json == {"error": DOES_NOT_FIT}
    assert kept_of(small_compound, small_compound.person_id) == []


def test_the_same_passkey_is_not_kept_for_a_second_person(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    again = send(neighbour, "/r/passkeys", passkey.make(asked(neighbour, "/r/passkeys/options")))
    assert (again.status_code, again.json) == (422, {"error": DOES_NOT_FIT})
    assert kept_of(small_compound, small_compound.neighbour_id) == []


@pytest.mark.wide
def test_ten_passkeys_are_enough(small_compound: Compound, phone: FlaskClient) -> None:
    for _number in range(10):
        made_on(phone, small_compound)
    more = SoftPasskey(origin_of(small_compound))
    refused = send(phone, "/r/passkeys", more.make(asked(phone, "/r/passkeys/options")))
    assert refused.json == {"error": "You have ten passkeys. Remove one that you no longer use first."}


@pytest.mark.parametrize(
    ("public_url", "host"),
    [
        ("https://gates.example", "gates.example"),
        ("https://gates.example:8443/", "gates.example"),
        ("http://localhost:5000", "localhost"),
        ("http://gates.example", None),
        ("https://192.168.1.9", None),
        ("http://127.0.0.1:5000", None),
        ("https://[fd00::1]", None),
    ],
)
def test_passkeys_are_offered_only_where_browsers_take_them(public_url: str, host: str | None) -> None:
    place = place_of(public_url)
    assert (place.host if place is not None else None) == host
