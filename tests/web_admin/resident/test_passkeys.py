"""Passkeys: what is believed of a browser's answer, whose they are, and when they end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support.clock import SetClock
from tests.support.compounds.passkey import PRESENT, VERIFIED, SoftPasskey
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import press
from web_admin.accounts.models import Passkey
from web_admin.accounts.passkeys import place_of
from web_admin.accounts.throttle import failed_unasked
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.core.limit_counts import current_counts
from web_admin.core.limits import SIGN_IN_ADDRESS
from web_admin.people.actions import move_out

DOES_NOT_FIT = "This passkey does not fit. Try again, or sign in with name and password."
TOO_LATE = "That took too long. Please try again."


@pytest.fixture
def web_config(web_config: WebConfig) -> WebConfig:
    return replace(web_config, public_url="http://localhost:8000")


def origin_of(compound: Compound) -> str:
    with compound.app.app_context():
        return current_menjin().config.public_url


def send(client: FlaskClient, path: str, body: object) -> TestResponse:
    token = csrf_of(client.get("/r/password", follow_redirects=True).text)
    assert token
    return client.post(path, json=body, headers={"X-CSRFToken": token})


def made_on(phone: FlaskClient, compound: Compound) -> SoftPasskey:
    """Make a passkey on the phone, as the page's script does."""
    passkey = SoftPasskey(origin_of(compound))
    kept = send(phone, "/r/passkeys", passkey.make(asked(phone, "/r/passkeys/options")))
    assert (kept.status_code, kept.json) == (200, {"next": "/r/password"})
    return passkey


def asked(client: FlaskClient, path: str) -> dict[str, Any]:
    options = send(client, path, {}).json
    assert options is not None
    return options


def sign_in(client: FlaskClient, passkey: SoftPasskey) -> TestResponse:
    return send(client, "/r/sign-in/passkey", passkey.answer(asked(client, "/r/sign-in/passkey/options")))


def english(compound: Compound) -> FlaskClient:
    client = compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


def kept_of(compound: Compound, person_id: str) -> list[str]:
    with compound.session() as session:
        query = select(Passkey.passkey_id).where(Passkey.person_id == person_id)
        return list(session.scalars(query.order_by(Passkey.created_at, Passkey.passkey_id)))


def test_a_passkey_made_on_the_phone_signs_its_owner_in_on_a_browser_that_knows_nothing(
    small_compound: Compound, phone: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    stranger = english(small_compound)
    answer = sign_in(stranger, passkey)
    assert (answer.status_code, answer.json) == (200, {"next": "/r/"})
    page = stranger.get("/r/password").text
    assert "Hello, Lin Wei" in page
    assert "this phone" in page


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


def test_a_removed_passkey_does_not_sign_in_and_another_persons_is_404(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    (passkey_id,) = kept_of(small_compound, small_compound.person_id)
    path = f"/r/passkeys/{passkey_id}/remove"
    assert press(neighbour, path, seen_on="/r/password").status_code == 404
    assert kept_of(small_compound, small_compound.person_id) == [passkey_id]
    assert press(phone, path, seen_on="/r/password").location == "/r/password"
    assert sign_in(english(small_compound), passkey).json == {"error": DOES_NOT_FIT}


def test_a_new_invitation_ends_the_passkeys_of_a_stolen_phone(
    small_compound: Compound, phone: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    small_compound.invitation(small_compound.person_id)
    assert sign_in(english(small_compound), passkey).json == {"error": DOES_NOT_FIT}


def test_signing_out_everywhere_keeps_the_passkey_of_this_phone_alone(
    small_compound: Compound, phone: FlaskClient
) -> None:
    lost = made_on(phone, small_compound)
    new_phone = english(small_compound)
    assert sign_in(new_phone, lost).status_code == 200
    own = made_on(new_phone, small_compound)
    press(new_phone, "/r/sign-out-everywhere", seen_on="/r/help")
    assert sign_in(english(small_compound), lost).status_code == 422
    assert sign_in(english(small_compound), own).status_code == 200


def test_moving_out_leaves_no_passkey(small_compound: Compound, phone: FlaskClient) -> None:
    made_on(phone, small_compound)
    with small_compound.act("manager") as act:
        move_out(act, small_compound.person_id)
    assert kept_of(small_compound, small_compound.person_id) == []


def test_ten_passkeys_are_enough(small_compound: Compound, phone: FlaskClient) -> None:
    for _number in range(10):
        made_on(phone, small_compound)
    more = SoftPasskey(origin_of(small_compound))
    refused = send(phone, "/r/passkeys", more.make(asked(phone, "/r/passkeys/options")))
    assert refused.json == {"error": "You have ten passkeys. Remove one that you no longer use first."}


def test_the_export_names_the_passkeys_without_their_keys(
    small_compound: Compound, phone: FlaskClient
) -> None:
    made_on(phone, small_compound)
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    (passkey,) = exported["passkeys"]
    assert sorted(passkey) == ["label", "last_used", "since"]


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


def test_who_tries_passkeys_too_often_reads_so_and_a_right_one_signs_in_all_the_same(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    passkey = made_on(phone, small_compound)
    with small_compound.app.app_context():
        for _passkey in range(SIGN_IN_ADDRESS.most - 1):
            failed_unasked(current_counts(), "127.0.0.1", clock())
    wrong = SoftPasskey(origin_of(small_compound))
    assert sign_in(english(small_compound), wrong).status_code == 429
    assert sign_in(english(small_compound), passkey).status_code == 200
