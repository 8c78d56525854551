"""Families in and out on one page each, staff with hours, and the list in which people are found."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.web_admin.manage.acting_pages import at, hidden_of
from tests.web_admin.manage.moved_people import MOVE_IN
from web_admin.compound.models import CredentialRow, Gate, GrantRow, Home, Hours, Invitation, Person


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


def family(**typed):
    return {
        "number": "7-0101",
        "members-0-name": "何静",
        "members-0-kind": "resident",
        "members-0-age_band": "adult",
        "members-0-card": "7100001",
        "members-0-is_invited": "y",
        "members-1-name": "何小",
        "members-1-kind": "resident",
        "members-1-age_band": "14_17",
        "members-1-card": "108,45678",
        "members-2-kind": "resident",
        "members-2-age_band": "adult",
        "members-2-is_invited": "y",
    } | typed


@pytest.mark.wide
def test_a_family_moves_in_on_one_page_with_cards_and_invitations(client, compound):
    data = hidden_of(client.get(MOVE_IN).text) | family()
    done = client.post(MOVE_IN, data=data)
    assert done.status_code == 200
    assert done.text.count('class="code"') == 1
    with at(compound) as act:
        home = act.session.scalars(select(Home).where(Home.number == "7-0101")).one()
        assert {person.display_name for person in home.persons} == {"何静", "何小"}
        assert all(len(person.credentials) == 1 and len(person.grants) == 1 for person in home.persons)
        assert act.session.scalar(select(func.count()).select_from(Invitation)) == 1
    again = client.post(MOVE_IN, data=data)
    assert again.status_code == 303
    assert "何静" in client.get(again.headers["Location"]).text
    with at(compound) as act:
        assert len(act.session.scalars(select(Home).where(Home.number == "7-0101")).one().persons) == 2


@pytest.mark.wide
@pytest.mark.parametrize(
    ("typed", "field", "error"),
    [
        ({"members-1-card": "4200005"}, "members-1-card", "Home 3-1203 holds this card already."),
        ({"members-1-card": "7100001"}, "members-1-card", "This card is in another row already."),
        ({"members-1-card": "zebra"}, "members-1-card", "This is not a card number."),
        ({"members-1-name": ""}, "members-1-name", "Please fill this in."),
        ({"number": "7号"}, "number", "Write the home as digits"),
        ({"number": "3-1203"}, "joins", "People live there already."),
        (
            {"members-0-name": "", "members-0-card": "", "members-1-name": "", "members-1-card": ""},
            "members-0-name",
            "Type the name of one person at least.",
        ),
    ],
)
def test_an_error_is_beside_its_field_and_nothing_typed_is_lost(client, compound, typed, field, error):
    with at(compound) as act:
        before = act.session.scalar(select(func.count()).select_from(Person))
    answer = client.post(MOVE_IN, data=hidden_of(client.get(MOVE_IN).text) | family(**typed))
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-wrong-1">.*?{re.escape(error)}', answer.text, re.DOTALL)
    chosen = ("y", "resident", "adult", "14_17", "under_14", "")
    kept = [value for value in family(**typed).values() if value not in chosen]
    assert [value for value in kept if f'value="{value}"' not in answer.text] == []
    with at(compound) as act:
        assert act.session.scalar(select(func.count()).select_from(Person)) == before


def test_a_card_that_waits_for_a_guardian_holds_up_no_one_else(client, compound):
    typed = family(**{"members-1-age_band": "under_14", "members-1-is_invited": ""})
    done = client.post(MOVE_IN, data=hidden_of(client.get(MOVE_IN).text) | typed)
    assert done.status_code == 200
    with at(compound) as act:
        home = act.session.scalars(select(Home).where(Home.number == "7-0101")).one()
        cards = {person.display_name: len(person.credentials) for person in home.persons}
        child_id = next(person.person_id for person in home.persons if person.age_band == "under_14")
    assert cards == {"何静": 1, "何小": 0}
    assert "Next step: the card of 何小" in done.text
    assert f'href="/manage/cards/give/{child_id}"' in done.text


def test_a_family_is_asked_which_language_it_reads(client, compound):
    page = client.get(MOVE_IN).text
    assert re.search(r'<select[^>]*name="language"', page)
    done = client.post(MOVE_IN, data=hidden_of(page) | family(language="en"))
    assert '<section class="card-box once slip" lang="en">' in done.text
    with at(compound) as act:
        home = act.session.scalars(select(Home).where(Home.number == "7-0101")).one()
        assert {person.language for person in home.persons} == {"en"}


def test_more_rows_come_without_scripts_and_keep_what_was_typed(client):
    page = client.post(MOVE_IN, data=hidden_of(client.get(MOVE_IN).text) | family(more="1")).text
    assert 'value="何静"' in page
    assert 'id="members-4-name"' in page


def test_a_home_moves_out_after_a_look_at_what_ends(client, compound):
    with at(compound) as act:
        home_id = act.session.scalars(select(Home.home_id).where(Home.number == "3-1203")).one()
    path = f"/manage/people/homes/{home_id}/move-out"
    page = client.get(path).text
    assert page.count("1 card") == 2
    refused = client.post(path, data=hidden_of(page))
    assert refused.status_code == 422
    client.post(path, data=hidden_of(page) | {"sure": "y"})
    with at(compound) as act:
        people = act.session.scalars(select(Person).where(Person.home_id == home_id)).all()
        assert [person.ended_at is not None for person in people] == [True, True]
        live = select(CredentialRow).where(
            CredentialRow.person_id.in_([p.person_id for p in people]), CredentialRow.state != "ended"
        )
        assert act.session.scalars(live).all() == []
    assert "No one lives here yet" in client.get(f"/manage/people/homes/{home_id}").text


def test_new_staff_are_offered_no_lane_out_of_use_and_get_all_others_unless_some_are_ticked(client, compound):
    with at(compound) as act:
        act.session.get_one(Gate, "north").state = "retired"
        act.session.get_one(Gate, "east").state = "stolen"
    path = "/manage/people/staff/new"
    page = client.get(path).text
    boxes = [box for box in re.findall(r"<input[^>]*>", page) if 'name="lanes"' in box]
    assert "north-in" not in page
    assert [box for box in boxes if "checked" in box] == []
    data = {"name": "园丁", "hours_id": "", "valid_until": "", "card": ""}
    assert client.post(path, data=hidden_of(page) | data).status_code == 303
    with at(compound) as act:
        person = act.session.scalars(select(Person).where(Person.display_name == "园丁")).one()
        assert [grant.lanes for grant in person.grants] == [["garage-in", "garage-out"]]


@pytest.mark.wide
def test_staff_come_with_hours_an_end_and_a_card(client, compound):
    path = "/manage/people/staff/new"
    with at(compound) as act:
        hours_id = act.session.scalars(select(Hours.hours_id)).one()
    until = (compound.clock() + timedelta(days=90, hours=8)).strftime("%Y-%m-%dT%H:%M")
    data = {"name": "园丁", "lanes": ["north-in"], "hours_id": hours_id, "valid_until": until}
    wrong = client.post(path, data=hidden_of(client.get(path).text) | data | {"card": "4200005"})
    assert re.search(r'id="card-wrong-1">.*?Home 3-1203 holds this card', wrong.text, re.DOTALL)
    assert client.post(path, data=hidden_of(wrong.text) | data | {"card": "7100009"}).status_code == 303
    with at(compound) as act:
        person = act.session.scalars(select(Person).where(Person.display_name == "园丁")).one()
        grant = act.session.scalars(select(GrantRow).where(GrantRow.person_id == person.person_id)).one()
        assert (person.kind, grant.lanes, grant.hours_id) == ("staff", ["north-in"], hours_id)
        assert grant.valid_until is not None
    assert "保洁时段" in client.get("/manage/people/?kind=staff").text
