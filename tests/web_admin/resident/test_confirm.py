"""A person who changes a sign-in proves the identity first; an unlocked phone is not enough."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import press


@pytest.mark.wide
def test_an_unlocked_phone_changes_no_password_without_the_old_one(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    press(phone, "/r/password", name="linwei", password="a long enough one")
    clock.now += timedelta(minutes=11)
    assert 'name="name"' not in phone.get("/r/password").text
    refused = press(phone, "/r/password", seen_on="/r/", name="linwei", password="set by the finder")
    assert (refused.status_code, refused.location) == (303, "/r/password")
    wrong = press(phone, "/r/password/confirm", seen_on="/r/password", password="set by the finder")
    assert (wrong.status_code, 'id="confirm-problem"' in wrong.text) == (422, True)
    right = press(phone, "/r/password/confirm", seen_on="/r/password", password="a long enough one")
    assert right.location == "/r/password"
    assert press(phone, "/r/password", name="linwei", password="another long one").location == "/r/code"
    elsewhere = small_compound.app.test_client()
    right = press(elsewhere, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="another long one")
    assert right.location == "/r/code"


def test_an_unlocked_phone_makes_and_removes_no_passkey_without_the_password(
    phone: FlaskClient, clock: SetClock
) -> None:
    press(phone, "/r/password", name="linwei", password="a long enough one")
    clock.now += timedelta(minutes=11)
    headers = {"X-CSRFToken": csrf_of(phone.get("/r/").text)}
    made = phone.post("/r/passkeys/options", json={}, headers=headers)
    assert (made.status_code, "First confirm that it is you" in made.get_json()["error"]) == (403, True)
    assert phone.post("/r/passkeys", json={}, headers=headers).status_code == 403
    assert press(phone, "/r/passkeys/any/remove", seen_on="/r/").location == "/r/password"


@pytest.mark.wide
def test_residents_see_where_they_are_signed_in_and_end_one_after_they_confirmed(
    phone: FlaskClient, clock: SetClock
) -> None:
    press(phone, "/r/password", name="linwei", password="a long enough one")
    other = phone.application.test_client()
    press(other, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="a long enough one")
    (where,) = re.findall(r'action="(/r/sessions/[0-9a-f]{32}/end)"', phone.get("/r/password").text)
    clock.now += timedelta(minutes=11)
    assert press(phone, where, seen_on="/r/").location == "/r/password"
    assert other.get("/r/").status_code == 200, "an unlocked phone signs no other one out"
    press(phone, "/r/password/confirm", seen_on="/r/password", password="a long enough one")
    press(phone, where, seen_on="/r/password")
    assert other.get("/r/").status_code in (302, 303)
    assert phone.get("/r/").status_code == 200


@pytest.mark.wide
def test_guesses_at_the_old_password_count_as_at_the_sign_in(phone: FlaskClient, clock: SetClock) -> None:
    press(phone, "/r/password", name="linwei", password="a long enough one")
    clock.now += timedelta(minutes=11)
    answers = [
        press(phone, "/r/password/confirm", seen_on="/r/password", password=f"guess number {n}").status_code
        for n in range(11)
    ]
    assert answers == [422] * 10 + [429]
