"""The page of a home, and its forms."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.homes import HELPER, named
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Person
from web_admin.credentials.models import ChildAgreement


def page_of(compound: Compound, name: str) -> str:
    return f"/r/home/with/{named(compound, name).person_id}"


@pytest.mark.wide
def test_an_adult_invites_another_whose_code_is_shown_once_and_opens_their_page(
    small_compound: Compound, phone: FlaskClient
) -> None:
    shown = press(phone, "/r/home/members", seen_on="/r/home", display_name="Chen Li", age_band="adult").text
    code = shown.partition("data-home-code>")[2].partition("<")[0]
    assert code in shown.partition('id="link" readonly value="')[2].partition('"')[0]
    page = phone.get("/r/home").text
    assert ("Chen Li" in page, "Invited" in page, code in page) == (True, True, False)
    stranger = small_compound.app.test_client()
    form = csrf_of(stranger.get("/r/welcome").text)
    assert stranger.post("/r/welcome", data={"code": code, "csrf_token": form}).status_code == 303
    assert "Invited" not in phone.get("/r/home").text
    assert phone.get(page_of(small_compound, "Chen Li")).status_code == 404


def test_where_the_site_wants_it_an_invited_adult_waits_for_the_office(
    small_compound: Compound, phone: FlaskClient
) -> None:
    menjin = small_compound.app.extensions["menjin"]
    config = replace(menjin.config, new_members_wait=1)
    small_compound.app.extensions["menjin"] = replace(menjin, config=config)
    press(phone, "/r/home/members", seen_on="/r/home", display_name="Chen Li", age_band="adult")
    assert "Office decides" in phone.get("/r/home").text
    with small_compound.session() as session:
        assert session.get_one(Person, named(small_compound, "Chen Li").person_id).grants == []


@pytest.mark.wide
def test_a_child_is_added_by_a_guardian_who_agreed_and_gets_a_pin_once(
    small_compound: Compound, phone: FlaskClient
) -> None:
    refused = press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao")
    assert (refused.status_code, 'id="agrees-problem"' in refused.text) == (422, True)
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    page = page_of(small_compound, "Bao")
    assert "ask the property office for one, with this name" in phone.get(page).text
    assert [">Give a PIN<" in phone.get(page).text, ">New PIN<" in phone.get(page).text] == [True, False]
    pin = press(phone, f"{page}/pin", seen_on=page).text.partition("data-pin>")[2][:6]
    assert pin.isdecimal()
    assert pin not in phone.get(page).text
    assert ">New PIN<" in phone.get(page).text
    press(phone, f"{page}/take-back", seen_on=page, sure="1")
    with small_compound.session() as session:
        (agreement,) = session.scalars(select(ChildAgreement)).all()
        assert agreement.withdrawn_at is not None
    assert "I am a guardian and agree" in phone.get(page).text
    press(phone, f"{page}/agree", seen_on=page)
    assert "No PIN yet" in phone.get(page).text


@pytest.mark.wide
def test_what_a_guardian_agreed_to_and_weekly_visitors_are_in_the_export(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    weekly = {"label": "Piano teacher", "uses": "weekly", "gate_numbers": "1", "last_day": "2026-04-30"}
    times = {"days": "thu", "starts_at": "09:00", "ends_at": "12:00"}
    press(phone, "/r/visitors", seen_on="/r/visitors", **weekly, **times)
    whole = phone.get("/r/records/export.json").json
    assert whole is not None
    assert [row["label"] for row in whole["weekly_visitors"]] == ["Piano teacher"]
    assert [row["withdrawn_at"] for row in whole["agreed_for_children"]] == [None]
    assert not re.search(r"\bBao\b", phone.get("/r/records/export.json").text)
    assert "Piano teacher" in phone.get("/r/records/export.html").text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"gates": ""}, "lanes-problem"),
        ({"days": ""}, "days-problem"),
        ({"starts_at": "x"}, "starts-problem"),
        ({"ends_at": "08:00"}, "ends-problem"),
        ({"last_day": ""}, "last-problem"),
        ({"last_day": "2030-01-01"}, "last-problem"),
        ({"display_name": " "}, "helper-name-problem"),
    ],
)
def test_wrong_fields_of_a_helper_are_refused_beside_them_and_stay_typed(
    phone: FlaskClient, changes: dict[str, str], problem: str
) -> None:
    answer = press(phone, "/r/home/helpers", seen_on="/r/home", **{**HELPER, **changes})
    assert answer.status_code == 422
    assert f'id="{problem}"' in answer.text
    assert f'value="{changes.get("display_name", "Xiao Wang")}"' in answer.text
