"""Passkeys: what is believed of a browser's answer, whose they are, and when they end."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.passkey import SoftPasskey
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.made_passkeys import DOES_NOT_FIT, english, kept_of, made_on, origin_of, sign_in
from tests.web_admin.resident.pressing import press
from web_admin.accounts.throttle import failed_unasked
from web_admin.core.config import WebConfig
from web_admin.core.limit_counts import current_counts
from web_admin.core.limits import SIGN_IN_ADDRESS
from web_admin.people.actions import move_out


@pytest.fixture
def web_config(web_config: WebConfig) -> WebConfig:
    return replace(web_config, public_url="http://localhost:8000")


@pytest.mark.wide
def test_a_passkey_made_on_the_phone_signs_its_owner_in_on_a_browser_that_knows_nothing(
    small_compound: Compound, phone: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    stranger = english(small_compound)
    answer = sign_in(stranger, passkey)
    assert (answer.status_code, answer.json) == (200, {"next": "/r/code"})
    page = stranger.get("/r/password").text
    assert "Hello, Lin Wei" in page
    assert "this phone" in page


@pytest.mark.wide
def test_a_removed_passkey_does_not_sign_in_and_another_persons_is_404(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    (passkey_id,) = kept_of(small_compound, small_compound.person_id)
    path = f"/r/passkeys/{passkey_id}/remove"
    assert press(neighbour, path, seen_on="/r/password").status_code == 404
    assert kept_of(small_compound, small_compound.person_id) == [passkey_id]
    assert press(phone, path, seen_on="/r/password", sure="1").location == "/r/password"
    assert sign_in(english(small_compound), passkey).json == {"error": DOES_NOT_FIT}


def test_a_new_invitation_ends_the_passkeys_of_a_stolen_phone(
    small_compound: Compound, phone: FlaskClient
) -> None:
    passkey = made_on(phone, small_compound)
    small_compound.invitation(small_compound.person_id)
    assert sign_in(english(small_compound), passkey).json == {"error": DOES_NOT_FIT}


@pytest.mark.wide
def test_signing_out_everywhere_keeps_the_passkey_of_this_phone_alone(
    small_compound: Compound, phone: FlaskClient
) -> None:
    lost = made_on(phone, small_compound)
    new_phone = english(small_compound)
    assert sign_in(new_phone, lost).status_code == 200
    own = made_on(new_phone, small_compound)
    press(new_phone, "/r/sign-out-everywhere", seen_on="/r/help", sure="1")
    assert sign_in(english(small_compound), lost).status_code == 422
    assert sign_in(english(small_compound), own).status_code == 200


def test_moving_out_leaves_no_passkey(small_compound: Compound, phone: FlaskClient) -> None:
    made_on(phone, small_compound)
    with small_compound.act("manager") as act:
        move_out(act, small_compound.person_id)
    assert kept_of(small_compound, small_compound.person_id) == []


def test_the_export_names_the_passkeys_without_their_keys(
    small_compound: Compound, phone: FlaskClient
) -> None:
    made_on(phone, small_compound)
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    (passkey,) = exported["passkeys"]
    assert sorted(passkey) == ["label", "last_used", "since"]


@pytest.mark.wide
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
