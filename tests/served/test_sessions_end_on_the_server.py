"""Signing out ends the session on the server: no copy of its cookies works any more."""

from datetime import datetime

import pytest
import requests
from sqlalchemy import select

from tests.served.copies import copied
from tests.served.served_compound import Browser, ServedCompound
from tests.support.compounds.managed import PASSWORD
from web_admin.accounts.models import User
from web_admin.accounts.residents import set_resident_password
from web_admin.accounts.session_models import AccountSession
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin

# Two workers, whose counts and sessions have to be one; on SQLite there is one worker.
pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def resident_browser(served: ServedCompound) -> Browser:
    with served.compound.app.test_request_context("/"), current_menjin().database.session() as session:
        person = session.get_one(Person, served.compound.persons["林薇"])
        set_resident_password(session, person, "linwei", PASSWORD)
    browser = served.browser()
    browser.get("/r/sign-in")
    assert browser.post("/r/sign-in", {"name": "linwei", "password": PASSWORD}).status_code in (302, 303)
    assert browser.get("/r/").url.endswith("/r/")
    return browser


def ends_of_sessions(served: ServedCompound) -> list[datetime]:
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        return sorted(session.scalars(select(AccountSession.ends_at)))


def test_a_copied_cookie_of_staff_is_refused_after_the_sign_out(served: ServedCompound) -> None:
    signed_in, other = served.signed_in("manager"), served.signed_in("manager")
    signed_in.get("/manage/people")
    thief = copied(signed_in)
    assert signed_in.post("/staff/sign-out", {}).status_code == 302
    answer = thief.get("/manage/people")
    assert "/staff/sign-in" in answer.url, f"the copied cookie opened {answer.url}"
    assert other.get("/manage/people").url.endswith("/manage/people/")


def test_each_sign_in_makes_a_new_session_and_ends_the_one_of_before(served: ServedCompound) -> None:
    browser = served.browser()
    browser.get("/staff/sign-in")
    before = copied(browser)
    served.sign_in(browser, "manager")
    assert browser.session.cookies["menjin"] != before.session.cookies["menjin"]
    assert "/staff/sign-in" in before.get("/manage/people").url, "the session of before was signed in"
    assert browser.get("/manage/people").url.endswith("/manage/people/")


def test_the_password_typed_again_makes_a_new_session_and_ends_the_first(served: ServedCompound) -> None:
    browser = served.signed_in("manager")
    browser.get("/staff/again")
    before = copied(browser)
    assert before.get("/manage/people").url.endswith("/manage/people/")
    ends = ends_of_sessions(served)
    assert browser.post("/staff/again", {"password": "not the password"}).status_code == 200
    assert before.get("/manage/people").url.endswith("/manage/people/"), "a wrong password ends nothing"
    assert browser.post("/staff/again", {"password": PASSWORD}).status_code == 302
    assert browser.get("/manage/people").url.endswith("/manage/people/")
    answer = before.get("/manage/people")
    assert "/staff/sign-in" in answer.url, f"the session before the password opened {answer.url}"
    assert ends_of_sessions(served) == ends, "a password alone makes no session longer"


def test_a_sign_in_after_a_sign_out_in_the_same_browser_makes_a_new_session(served: ServedCompound) -> None:
    browser = served.signed_in("manager")
    browser.get("/manage/people")
    before = copied(browser)
    assert browser.post("/staff/sign-out", {}).status_code == 302
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        manager = session.scalars(select(User).where(User.email == "manager@example.org")).one()
        manager.last_totp_counter = None
    served.sign_in(browser, "manager")
    assert browser.get("/manage/people").url.endswith("/manage/people/")
    assert "/staff/sign-in" in before.get("/manage/people").url, "the first session opened a page"


def test_copied_cookies_of_a_resident_are_refused_after_the_sign_out(served: ServedCompound) -> None:
    signed_in, other = resident_browser(served), resident_browser(served)
    whole = copied(signed_in)
    remembered = served.browser()
    remembered.session.cookies.set("menjin_remember", signed_in.session.cookies["menjin_remember"])
    assert signed_in.post("/r/sign-out", {}).status_code in (302, 303)
    for thief in (whole, remembered):
        answer = thief.get("/r/")
        assert "/r/sign-in" in answer.url, f"the copied cookie opened {answer.url}"
    assert other.get("/r/").url.endswith("/r/")


def test_no_token_signs_in(served: ServedCompound) -> None:
    with served.compound.app.test_request_context("/"), current_menjin().database.session() as session:
        manager = session.scalars(select(User).where(User.email == "manager@example.org")).one()
        token = manager.get_auth_token()
    for sent in (
        {"params": {"auth_token": token}},
        {"headers": {"Authentication-Token": token}},
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"json": {"auth_token": token}},
    ):
        answer = requests.get(served.address + "/manage/people", timeout=60, **sent)
        assert "/staff/sign-in" in answer.url, f"a token opened {answer.url}"


def test_looking_at_the_page_of_the_code_keeps_the_session(served: ServedCompound) -> None:
    signed_in = served.signed_in("manager")
    signed_in.get("/staff/code")
    assert signed_in.get("/manage/people").url.endswith("/manage/people/")
