"""The open sessions of an account: listed, one ended by the password, and none left where all end."""

import re

import pytest

from tests.support.compounds.managed import PASSWORD
from tests.web_admin.manage.staff_accounts import (
    NEW_PASSWORD,
    is_signed_in,
    send,
)


def sessions_of(page: str) -> str:
    """Return the page up to the phones, which name the browser too."""
    return page.partition('id="phones"')[0]


@pytest.mark.wide
def test_staff_see_their_sessions_and_end_another_by_their_password(compound):
    here, elsewhere, third = (
        compound.signed_in("guard"),
        compound.signed_in_again("guard"),
        compound.signed_in_again("guard"),
    )
    page = here.get("/manage/account").text
    marks = re.findall(r'name="session" value="([0-9a-f]{32})"', page)
    assert (len(marks), sessions_of(page).count("This browser")) == (2, 1), (
        "this browser is signed out by its own button"
    )
    colleague = compound.signed_in("manager")
    compound.signed_in_again("manager")
    send(
        colleague,
        "/manage/account",
        "/manage/account/sessions",
        form=2,
        own_password=PASSWORD,
        session=marks[0],
    )
    assert is_signed_in(elsewhere) and is_signed_in(third), "no one ends the session of another account"
    wrong = send(
        here,
        "/manage/account",
        "/manage/account/sessions",
        form=2,
        own_password="not it at all",
        session=marks[0],
    )
    assert (wrong.status_code, is_signed_in(elsewhere), is_signed_in(third)) == (422, True, True)
    done = send(
        here, "/manage/account", "/manage/account/sessions", form=2, own_password=PASSWORD, session=marks[0]
    )
    assert done.status_code == 303
    assert is_signed_in(here)
    assert sorted([is_signed_in(elsewhere), is_signed_in(third)]) == [False, True]
    assert len(re.findall(r'name="session"', here.get("/manage/account").text)) == 1


def test_what_signs_every_browser_out_leaves_none_in_the_list(compound):
    here, _elsewhere = compound.signed_in("guard"), compound.signed_in_again("guard")
    send(here, "/manage/account", "/manage/account/password", form=1, current=PASSWORD, password=NEW_PASSWORD)
    page = here.get("/manage/account").text
    assert (sessions_of(page).count("This browser"), 'name="session"' in page) == (1, False)
