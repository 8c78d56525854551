"""Invitation, name and password, and out again."""

from datetime import timedelta

from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Person

WRONG_CODE = "This code is wrong, has been used or is too old."


def test_opening_an_invitation_link_does_not_use_it_up(small_compound: Compound) -> None:
    code = small_compound.invitation(small_compound.person_id)
    preview = small_compound.app.test_client()
    assert preview.get(f"/r/welcome/{code}").status_code == 200
    answer = press(small_compound.app.test_client(), "/r/welcome", seen_on=f"/r/welcome/{code}", code=code)
    assert (answer.status_code, answer.location) == (303, "/r/password")


def test_an_invitation_that_was_read_in_english_opens_an_english_page(small_compound: Compound) -> None:
    with small_compound.act() as act:
        act.session.get_one(Person, small_compound.person_id).language = "zh"
    code = small_compound.invitation(small_compound.person_id)
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    client = small_compound.app.test_client()
    token = csrf_of(client.get(f"/r/welcome/{code}", headers=english).text)
    client.post("/r/welcome", data={"code": code, "csrf_token": token}, headers=english)
    assert '<html lang="en"' in client.get("/r/", headers=english).text
    with small_compound.act() as act:
        assert act.session.get_one(Person, small_compound.person_id).language == "en"


def test_an_invitation_works_once(small_compound: Compound) -> None:
    code = small_compound.invitation(small_compound.person_id)
    press(small_compound.app.test_client(), "/r/welcome", seen_on="/r/welcome", code=code)
    again = small_compound.app.test_client()
    answer = press(again, "/r/welcome", seen_on="/r/welcome", code=code)
    assert answer.status_code == 422
    assert again.get("/r/").location == "/r/sign-in"


def test_who_is_signed_in_and_taps_the_used_invitation_again_comes_to_their_page(
    small_compound: Compound,
) -> None:
    code = small_compound.invitation(small_compound.person_id)
    client = small_compound.app.test_client()
    press(client, "/r/welcome", seen_on=f"/r/welcome/{code}", code=code)
    again = press(client, "/r/welcome", seen_on=f"/r/welcome/{code}", code=code)
    assert (again.status_code, again.location) == (303, "/r/code")
    assert "You are signed in on this phone already" in client.get("/r/").text


def test_an_old_or_mistyped_invitation_is_refused_in_plain_words(
    small_compound: Compound, clock: SetClock
) -> None:
    code = small_compound.invitation(small_compound.person_id)
    client = small_compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    assert WRONG_CODE in press(client, "/r/welcome", seen_on="/r/welcome", code="AAAA-BBBB-CCCC").text
    clock.now += timedelta(days=4)
    assert WRONG_CODE in press(client, "/r/welcome", seen_on="/r/welcome", code=code).text


def test_a_name_and_password_open_the_page_elsewhere(small_compound: Compound, phone: FlaskClient) -> None:
    saved = press(phone, "/r/password", name="linwei", password="a long enough one")
    assert saved.location == "/r/code"
    elsewhere = small_compound.app.test_client()
    wrong = press(elsewhere, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="not this one")
    assert (wrong.status_code, "The PIN for the gate is another one." in wrong.text) == (422, True)
    right = press(elsewhere, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="a long enough one")
    assert right.location == "/r/code"
    assert elsewhere.get("/r/").status_code == 200


def test_a_short_password_is_refused_beside_its_field(phone: FlaskClient) -> None:
    answer = press(phone, "/r/password", name="linwei", password="short")
    assert answer.status_code == 422
    assert 'id="password-problem"' in answer.text
    assert 'value="linwei"' in answer.text


def test_signing_out_everywhere_ends_the_other_session_and_keeps_this_one(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/password", name="linwei", password="a long enough one")
    other = small_compound.app.test_client()
    press(other, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="a long enough one")
    press(other, "/r/sign-out-everywhere", seen_on="/r/help", sure="1")
    assert other.get("/r/").status_code == 200
    assert phone.get("/r/").location == "/r/sign-in"


def test_a_second_invitation_ends_what_is_signed_in_on_a_stolen_phone(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/password", name="linwei", password="set by the thief")
    small_compound.invitation(small_compound.person_id)
    assert phone.get("/r/").location == "/r/sign-in"
    thief = small_compound.app.test_client()
    answer = press(thief, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="set by the thief")
    assert answer.status_code == 422


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/password", name="linwei", password="a long enough one")
    other = small_compound.app.test_client()
    press(other, "/r/sign-in", seen_on="/r/sign-in", name="linwei", password="a long enough one")
    press(phone, "/r/password", seen_on="/r/password", name="linwei", password="another long one")
    assert phone.get("/r/").status_code == 200
    assert other.get("/r/").location == "/r/sign-in"
