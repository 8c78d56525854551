"""A child under 14 gets a card or PIN only after a guardian agreed by their own action."""

import re

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import read
from tests.web_admin.manage.acting_pages import at
from tests.web_admin.manage.forms import send
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.models import ChildAgreement
from web_admin.credentials.pins import issue_pin
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person
from web_admin.people.print_runs import PINS, begin_run
from web_admin.people.unassigned_cards import give_home_card, give_to_person

MOTHER, NEIGHBOUR = "4200005", "4200000"  # 王芳 of the child's home, 林薇 of another


@pytest.fixture
def child(compound):
    with at(compound) as act:
        home_id = act.session.get_one(Person, compound.persons["王芳"]).home_id
        return add_person(act, display_name="王宝", home_id=home_id, age_band="under_14").person_id


def cards(compound, person_id):
    wanted = select(CredentialRow.kind).where(CredentialRow.person_id == person_id)
    return read(compound, lambda s: s.scalars(wanted).all())


@pytest.mark.wide
@pytest.mark.parametrize(
    ("tapped", "said"),
    [
        ("", "A guardian agrees first"),
        (NEIGHBOUR, "This is not the card of a guardian"),
        ("7300001", "This is not the card of a guardian"),
        ("zebra", "This is not a card number"),
    ],
)
def test_without_a_guardians_own_card_the_child_gets_none(compound, child, tapped, said):
    page = send(
        compound.signed_in("manager"), f"/manage/cards/give/{child}", number="7300001", guardian_card=tapped
    )
    assert page.status_code == 422
    assert re.search(rf'id="guardian_card-wrong-1">.*?{said}', page.text, re.DOTALL)
    assert cards(compound, child) == []
    assert read(compound, lambda s: s.scalars(select(ChildAgreement)).all()) == []


def test_with_the_guardians_card_it_gets_one_and_who_and_when_is_kept(compound, child):
    client = compound.signed_in("manager")
    path = f"/manage/cards/give/{child}"
    assert re.findall(r'<input[^>]*autofocus[^>]*id="(\w+)"', client.get(path).text) == ["guardian_card"]
    assert send(client, path, number="7300001", guardian_card=MOTHER).status_code == 303
    assert cards(compound, child) == ["card"]
    (row,) = read(compound, lambda s: s.scalars(select(ChildAgreement)).all())
    assert (row.child_id, row.guardian_id, row.channel) == (child, compound.persons["王芳"], "manager")
    assert row.text.startswith("I am a guardian of this child and agree")
    (entry,) = read(
        compound, lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "child_agreed")).all()
    )
    assert entry.facts["by"] == "card"
    assert "guardian_card" not in client.get(path).text  # asked once


def test_no_other_page_gives_a_child_a_card_or_pin_before(compound, child):
    with at(compound) as act:
        home_id = act.session.get_one(Person, child).home_id
        unassigned = give_home_card(act, home_id, 7300002).credential_id
        for give in (
            lambda: issue_card(act, child, 7300001),
            lambda: issue_pin(act, child),
            lambda: give_to_person(act, unassigned, child),
        ):
            with pytest.raises(ActionRefused) as refused:
                give()
            assert "guardian" in refused.value.message._args[0]
        run = begin_run(act, PINS, ["3"], everyone=True)
        assert (run.total, run.left_out) == (3, 1)
    assert cards(compound, child) == []


def test_an_adult_is_asked_for_no_guardian(compound):
    client = compound.signed_in("manager")
    path = f"/manage/cards/give/{compound.persons['林薇']}"
    assert "guardian_card" not in client.get(path).text
    assert send(client, path, number="7300001").status_code == 303


@pytest.mark.wide
@pytest.mark.parametrize(
    ("age_band", "seen_by"), [("under_14", "guardian"), ("14_17", "guardian"), ("adult", None)]
)
def test_a_homes_card_counts_as_known_to_guardians_once_a_minor_has_it(compound, child, age_band, seen_by):
    with at(compound) as act:
        person = act.session.get_one(Person, child)
        unassigned = give_home_card(act, person.home_id, 7300002).credential_id
        person.age_band = age_band
        if age_band == "under_14":
            act.session.add(
                ChildAgreement(
                    child_id=child,
                    guardian_id=compound.persons["王芳"],
                    given_at=act.now,
                    channel="manager",
                    language="zh",
                )
            )
        act.session.flush()
        assert give_to_person(act, unassigned, child).seen_by == seen_by
