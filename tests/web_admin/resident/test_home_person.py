"""The page of a person of the home: no passages of theirs, and no stranger reaches it."""

import pytest
from flask.testing import FlaskClient

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.homes import HELPER, named
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Person
from web_admin.journal.models import GateEvent
from web_admin.people.actions import add_person


@pytest.mark.wide
def test_a_helper_is_added_changed_given_a_pin_and_ended(
    small_compound: Compound, phone: FlaskClient
) -> None:
    page = press(phone, "/r/home/helpers", seen_on="/r/home", **HELPER).location
    assert "Thursday 09:00 – 12:00" in phone.get("/r/home").text
    pin = press(phone, f"{page}/pin", seen_on=page, sure="1").text.partition("data-pin>")[2][:6]
    assert pin.isdecimal()
    press(phone, f"{page}/times", seen_on=page, **{**HELPER, "hours": "always", "last_day": "2026-06-30"})
    shown = phone.get(page).text
    assert ("at all hours" in shown, 'value="2026-06-30"' in shown) == (True, True)
    press(phone, f"{page}/end", seen_on=page, sure="1")
    assert "Xiao Wang" not in phone.get("/r/home").text
    assert named(small_compound, "Xiao Wang").ended_at is not None


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


@pytest.mark.wide
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
