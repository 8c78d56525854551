"""Staff and residents sign in."""

import re

import pytest
from flask import Flask, url_for
from passlib.totp import TOTP
from sqlalchemy import select, update

from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from tests.support.compounds.resident import csrf_of
from tests.web_admin.web.signed_in import resident_client, session_of, sign_in
from web_admin.accounts.models import User
from web_admin.accounts.permissions import ENDPOINTS_OF_OTHERS
from web_admin.accounts.staff import create_staff
from web_admin.web.phone_label import phone_label
from web_admin.web.staff_guessing import TAKE_SECRETS


def test_password_and_code_together_open_the_managers_pages(compound):
    client = compound.signed_in_by_hand("manager")
    assert client.get("/manage/").status_code == 200


def test_a_password_alone_opens_nothing(compound):
    client = compound.app.test_client()
    answer = sign_in(client, "manager@example.org", PASSWORD)
    assert answer.status_code == 302
    assert client.get("/manage/").headers["Location"].startswith("/staff/sign-in")


def test_the_same_code_does_not_work_twice(compound):
    compound.signed_in_by_hand("manager")
    client = compound.app.test_client()
    sign_in(client, "manager@example.org", PASSWORD)
    token = csrf_of(client.get("/staff/code").text)
    answer = client.post("/staff/code", data={"code": last_code(compound), "csrf_token": token})
    assert "This code is wrong or already used" in answer.text
    assert client.get("/manage/").status_code == 302


def last_code(compound):
    with compound.app.app_context(), session_of(compound) as session:
        counter = session.scalar(select(User.last_totp_counter).where(User.email == "manager@example.org"))
    return TOTP(TOTP_SECRET).generate(counter * 30).token


def test_a_new_member_of_staff_sets_the_authenticator_up_first(compound):
    with compound.app.app_context(), session_of(compound) as session:
        create_staff(session, "guard", "new@example.org", PASSWORD)
    client = compound.app.test_client()
    page = sign_in(client, "new@example.org", PASSWORD)
    page = client.get(page.headers["Location"]) if page.status_code == 302 else page
    shown = client.post(
        "/staff/authenticator", data={"setup": "authenticator", "csrf_token": csrf_of(page.text)}
    )
    assert 'src="data:image/svg+xml' in shown.text
    assert client.get("/manage/").status_code == 302


def test_authenticator_secrets_and_passwords_are_never_stored_readable(compound):
    with compound.app.app_context(), session_of(compound) as session:
        user = session.scalar(select(User).where(User.email == "manager@example.org"))
        assert TOTP_SECRET not in user.tf_totp_secret
        assert user.password.startswith("$argon2id$")


def test_wrong_password_and_unknown_address_read_alike(compound):
    client = compound.app.test_client()
    wrong = sign_in(client, "manager@example.org", "not the password")
    unknown = sign_in(client, "nobody@example.org", "not the password")
    said = "E-mail address or password is wrong."
    assert wrong.text.count(said) == unknown.text.count(said) > 0


@pytest.mark.wide
def test_guessing_is_slowed_for_one_address_and_locks_no_other_out(compound):
    guesser = compound.app.test_client()
    answers = [sign_in(guesser, "manager@example.org", f"guess {n} guess").status_code for n in range(12)]
    assert answers[-1] == 429
    elsewhere = compound.app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert sign_in(elsewhere, "manager@example.org", PASSWORD).status_code == 302
    with elsewhere.session_transaction() as session:
        assert session["tf_state"] == "ready"


def test_who_is_slowed_keeps_the_address_they_wanted(compound):
    client = compound.app.test_client()
    asked = client.get("/manage/events/?result=refused").location
    token = csrf_of(client.get(asked).text)
    form = {"email": "manager@example.org", "password": "guess", "csrf_token": token}
    answers = [client.post(asked, data=form) for _guess in range(12)]
    assert answers[-1].status_code == 429
    back = re.search(r'btn-accent" href="([^"]+)"', answers[-1].text)[1].replace("&amp;", "&")
    assert back == asked
    assert client.get(back).status_code == 200


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://localhost/manage/lanes/north-in?x=1", "/staff/sign-in?next=/manage/lanes/north-in?x%3D1"),
        ("http://elsewhere.example/manage/", "/staff/sign-in"),
        (None, "/staff/sign-in"),
    ],
)
def test_a_form_of_a_page_that_outlived_its_session_leads_to_the_sign_in(compound, referrer, back):
    client = compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    answer = client.post(
        "/manage/lanes/north-in/open",
        data={"reason": "courier", "csrf_token": "old"},
        headers={"Referer": referrer} if referrer else {},
    )
    assert answer.status_code == 400
    assert "You were signed out after a while. Nothing was changed." in answer.text
    assert re.search(r'btn-accent" href="([^"]+)">Sign in', answer.text)[1] == back


@pytest.mark.wide
def test_a_secret_in_json_is_refused_at_every_page_that_takes_one(compound):
    client = compound.signed_in_by_hand()
    token = csrf_of(client.get("/manage/people/").text)
    for endpoint in sorted(TAKE_SECRETS):
        with compound.app.test_request_context("/"):
            path = url_for(endpoint, **{name: "x" for name in ("token",) if endpoint.endswith("_validate")})
        answer = client.post(path, json={"password": PASSWORD}, headers={"X-CSRFToken": token})
        assert answer.status_code in (302, 415), endpoint
    assert client.get("/manage/").status_code == 200


def test_every_page_of_the_library_that_takes_a_secret_is_counted(compound):
    rules = [rule for rule in compound.app.url_map.iter_rules() if rule.endpoint in ENDPOINTS_OF_OTHERS]
    posts = {rule.endpoint for rule in rules if "POST" in rule.methods}
    # Out, and the choice of an authenticator, which takes none.
    assert posts - {"security.logout", "security.two_factor_setup"} == TAKE_SECRETS


@pytest.mark.wide
def test_session_cookies_are_closed_to_scripts_and_other_sites(compound):
    client = compound.app.test_client()
    cookie = client.get("/staff/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_resident_cannot_use_the_staffs_sign_in(compound):
    resident_client(compound)
    with compound.app.app_context(), session_of(compound) as session:
        session.execute(update(User).where(User.username == "linwei").values(email="lin@example.org"))
    client = compound.app.test_client()
    answer = sign_in(client, "lin@example.org", PASSWORD)
    assert "E-mail address or password is wrong." in answer.text


WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {WEBKIT}", "iPhone"),
        (f"Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) {WEBKIT}", "iPad"),
        (f"Mozilla/5.0 (Linux; Android 12; HarmonyOS; ALN-AL00) {WEBKIT}", "HarmonyOS"),
        (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {WEBKIT}", "Android"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}", "Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}", "Mac"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT}", "Linux"),
        ("something else", "Phone"),
        ("", "Phone"),
    ],
)
def test_the_narrowest_name_that_a_browser_says_is_taken(agent: str, label: str) -> None:
    with Flask(__name__).test_request_context(headers={"User-Agent": agent}):
        assert phone_label() == label
