"""The pages of cards: one, and many at once."""

import re

import pytest
from sqlalchemy import select

from tests.web_admin.manage.acting_pages import at, hidden_of
from tests.web_admin.manage.tapped_cards import BATCH, state_of, tap
from web_admin.action.base import one_publication
from web_admin.compound.models import UNASSIGNED, CredentialRow
from web_admin.core.sealing import card_lookup
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home


@pytest.fixture
def compound_with_homes(compound):
    with at(compound) as act, one_publication(act) as quiet:
        homes = [add_home(quiet, f"9-{number}") for number in (10, 9, 2)]
        add_person(quiet, display_name="何静", home_id=homes[0].home_id)
    return compound


@pytest.fixture
def client(compound_with_homes):
    return compound_with_homes.signed_in("manager")


def card_of(compound, number):
    with at(compound) as act:
        wanted = select(CredentialRow.credential_id).where(
            CredentialRow.lookup == card_lookup(act.sealer, number), CredentialRow.state != "ended"
        )
        return act.session.scalars(wanted).one()


@pytest.mark.wide
def test_a_homes_card_is_given_to_the_person_who_holds_it(client, compound_with_homes):
    page = client.get(f"{BATCH}?building=9&after=019-019").text
    tap(client, page, "7200001")
    assert state_of(compound_with_homes, 7200001) == [("active", UNASSIGNED, "9-10")]
    path = f"/manage/cards/{card_of(compound_with_homes, 7200001)}/holder"
    page = client.get(path).text
    person_id = re.search(r'<option value="([^"]+)">何静', page)[1]
    assert client.post(path, data=hidden_of(page) | {"person_id": person_id}).status_code == 303
    assert state_of(compound_with_homes, 7200001) == [
        ("ended", UNASSIGNED, "9-10"),
        ("active", "resident", "9-10"),
    ]
    other = client.post(path, data=hidden_of(page) | {"person_id": compound_with_homes.persons["王芳"]})
    assert other.status_code == 422


def test_a_lost_card_is_replaced_in_one_step_and_the_old_one_ends(client, compound_with_homes):
    path = f"/manage/cards/{card_of(compound_with_homes, 4200005)}/replace"
    page = client.get(path).text
    same = client.post(path, data=hidden_of(page) | {"number": "4200005"})
    assert "This is the card that is to be replaced." in same.text
    taken = client.post(path, data=hidden_of(same.text) | {"number": "4200001"})
    assert "Home 1-0102 holds this card already." in taken.text
    assert state_of(compound_with_homes, 4200005) == [("active", "resident", "3-1203")]
    assert client.post(path, data=hidden_of(taken.text) | {"number": "7200009"}).status_code == 303
    assert state_of(compound_with_homes, 4200005) == [("ended", "resident", "3-1203")]
    assert state_of(compound_with_homes, 7200009) == [("active", "resident", "3-1203")]


def turn_of(page):
    return re.search(r'id="turn">([^<]+)', page)[1]


@pytest.mark.wide
def test_fresh_cards_go_to_one_home_after_another_in_their_order(client, compound_with_homes):
    turns, page = [], client.get(f"{BATCH}?building=9").text
    for number in ("7200001", "7200002", "7200003"):
        turns.append(turn_of(page))
        page = client.get(tap(client, page, number).headers["Location"]).text
    assert turns == ["9-2", "9-9", "9-10"]
    assert "Every home has a card" in page
    assert state_of(compound_with_homes, 7200003) == [("active", UNASSIGNED, "9-10")]


def test_a_card_with_a_holder_is_refused_and_the_same_home_waits(client):
    page = client.get(f"{BATCH}?building=9").text
    answer = tap(client, page, "4200005")
    assert answer.status_code == 422
    assert re.search(r'id="number-wrong-1">.*?Home 3-1203 holds this card', answer.text, re.DOTALL)
    assert (turn_of(answer.text), 'value="4200005"' in answer.text) == ("9-2", True)


@pytest.mark.wide
def test_a_double_tap_gives_one_card_and_not_the_next_home_another(client, compound_with_homes):
    page = client.get(f"{BATCH}?building=9").text
    assert tap(client, page, "7200001").status_code == 303
    assert tap(client, page, "7200001").status_code == 303
    assert state_of(compound_with_homes, 7200001) == [("active", UNASSIGNED, "9-2")]
    assert turn_of(client.get(f"{BATCH}?building=9").text) == "9-9"
