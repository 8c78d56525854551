"""My home on the phone: who is in it, invitations, children, helpers, and never another one's passages."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Person
from web_admin.credentials.models import ChildAgreement
from web_admin.journal.models import GateEvent
from web_admin.people.actions import add_person

HELPER = {
    "display_name": "Xiao Wang",
    "gates": "north",
    "hours": "typed",
    "days": "thu",
    "starts_at": "09:00",
    "ends_at": "12:00",
    "last_day": "2026-05-31",
}


def named(compound: Compound, name: str) -> Person:
    with compound.session() as session:
        return session.scalars(select(Person).where(Person.display_name == name)).one()


def page_of(compound: Compound, name: str) -> str:
    return f"/r/home/with/{named(compound, name).person_id}"


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
    press(phone, f"{page}/take-back", seen_on=page)
    with small_compound.session() as session:
        (agreement,) = session.scalars(select(ChildAgreement)).all()
        assert agreement.withdrawn_at is not None
    assert "I am a guardian and agree" in phone.get(page).text
    press(phone, f"{page}/agree", seen_on=page)
    assert "No PIN yet" in phone.get(page).text


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


def test_a_helper_is_added_changed_given_a_pin_and_ended(
    small_compound: Compound, phone: FlaskClient
) -> None:
    page = press(phone, "/r/home/helpers", seen_on="/r/home", **HELPER).location
    assert "Thursday 09:00 – 12:00" in phone.get("/r/home").text
    pin = press(phone, f"{page}/pin", seen_on=page).text.partition("data-pin>")[2][:6]
    assert pin.isdecimal()
    press(phone, f"{page}/times", seen_on=page, **{**HELPER, "hours": "always", "last_day": "2026-06-30"})
    shown = phone.get(page).text
    assert ("at all hours" in shown, 'value="2026-06-30"' in shown) == (True, True)
    press(phone, f"{page}/end", seen_on=page)
    assert "Xiao Wang" not in phone.get("/r/home").text
    assert named(small_compound, "Xiao Wang").ended_at is not None


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


def test_a_form_sent_twice_adds_one_person(small_compound: Compound, phone: FlaskClient) -> None:
    page = phone.get("/r/home").text
    once = page.partition('name="once" value="')[2].partition('"')[0]
    fields = {**HELPER, "csrf_token": csrf_of(page), "once": once}
    assert [phone.post("/r/home/helpers", data=fields).status_code for _time in range(2)] == [303, 303]
    assert named(small_compound, "Xiao Wang").kind == "helper"


def test_no_member_of_the_home_sees_when_another_adult_or_a_child_passed(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.act() as act:
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        others = [
            add_person(act, display_name=name, home_id=home_id, age_band=band).person_id
            for name, band in (("Wife", "adult"), ("Bao", "under_14"))
        ]
        for seq, person_id in enumerate(others, start=1):
            act.session.add(
                GateEvent(
                    gate_id="north",
                    journal_id="j",
                    seq=seq,
                    at=act.now,
                    kind="access",
                    lane_id="north-in",
                    person_id=person_id,
                    facts={"method": "card", "opens": True, "reason": "granted"},
                    personal={},
                    salt=b"s",
                    personal_digest=bytes(32),
                    previous=bytes(32),
                    digest=bytes(32),
                    received_at=act.now,
                )
            )
    pages = ["/r/home", f"/r/home/with/{others[1]}", "/r/records"]
    shown = [phone.get(path).text for path in pages]
    assert [("Wed, Mar 4 12:00" in text or "last used" in text) for text in shown] == [False] * 3
    assert phone.get(f"/r/home/with/{others[0]}").status_code == 404


def test_a_neighbour_a_minor_and_a_helper_reach_no_member_of_the_home(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    page = press(phone, "/r/home/helpers", seen_on="/r/home", **HELPER).location
    with small_compound.act() as act:
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        son = add_person(act, display_name="Son", home_id=home_id, age_band="14_17").person_id
    helper = named(small_compound, "Xiao Wang").person_id
    for client in (neighbour, small_compound.signed_in(son), small_compound.signed_in(helper)):
        assert client.get(page).status_code == 404
        for what in ("pin", "end", "times", "take-back", "agree", "code"):
            assert press(client, f"{page}/{what}").status_code == 404
    assert "Who lives here" not in small_compound.signed_in(helper).get("/r/home").text
