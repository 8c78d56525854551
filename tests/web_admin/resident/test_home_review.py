"""An access review asks a person on their phone, and the adults of a home about those they look after."""

import pytest

from tests.support.compounds.access_reviews import URL, cards_were_used_last, row_about
from tests.support.compounds.resident import csrf_of
from web_admin.access_review.actions import ask, begin_round, mark_of
from web_admin.access_review.rules import Kind
from web_admin.compound.models import CredentialRow, Person
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import add_person

PATH = "/r/home/review"


@pytest.fixture
def helper(small_compound):
    with small_compound.act() as act:
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        person = add_person(act, display_name="Wu", home_id=home_id, kind="helper")
        issue_card(act, person.person_id, 9001)
        issue_card(act, small_compound.person_id, 9002)
        cards_were_used_last(act.session, act)
        begin_round(act, URL)
        return person.person_id


def answered(phone, row, choice):
    sent = {"csrf_token": csrf_of(phone.get(PATH).text), "choice": choice}
    return phone.post(f"{PATH}/{row.row_id}", data=sent, follow_redirects=True)


def row_of(compound, kind, subject_id=None):
    with compound.act() as act:
        return row_about(act.session, kind, subject_id)


def state_of(compound, person_id):
    with compound.act() as act:
        person = act.session.get_one(Person, person_id)
        return [row.state for row in person.credentials if row.kind == "card"]


@pytest.mark.wide
def test_an_adult_suspends_a_helpers_card_from_the_page_of_the_review(phone, small_compound, helper):
    assert PATH in phone.get("/r/home").text
    page = phone.get(PATH).text
    assert "Wu" in page
    row = row_of(small_compound, Kind.HELPER)
    assert "The card is suspended" in answered(phone, row, "suspend").text
    assert state_of(small_compound, helper) == ["suspended"]
    assert PATH not in phone.get("/r/home").text


def test_a_choice_that_is_not_offered_changes_nothing(phone, small_compound, helper):
    row = row_of(small_compound, Kind.HELPER)
    assert "Choose one of the offered values" in answered(phone, row, "end").text
    assert state_of(small_compound, helper) == ["active"]


@pytest.mark.wide
def test_a_person_answers_about_their_own_card_and_nothing_is_suspended(phone, small_compound, helper):
    with small_compound.act() as act:
        cards = [
            row
            for row in act.session.get_one(Person, small_compound.person_id).credentials
            if isinstance(row, CredentialRow) and row.kind == "card" and row.state == "active"
        ]
        own = row_about(act.session, Kind.CARD, cards[0].credential_id)
        ask(act, own.row_id, mark_of(own), URL)
    assert PATH in phone.get("/r/").text
    assert "Thank you" in answered(phone, own, "not_needed").text
    assert state_of(small_compound, small_compound.person_id).count("suspended") == 0
