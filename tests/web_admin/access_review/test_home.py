"""Each home confirms its helpers and children; no other home, and no adult who is not the guardian."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.support.acting import by_phone, household
from tests.support.compounds.access_reviews import close_now
from tests.web_admin.access_review.reviewed import Compound, begin, of_kind
from web_admin.access_review.closing import signed_review
from web_admin.access_review.home import decide_at_home
from web_admin.access_review.models import ReviewRow
from web_admin.access_review.queries import rows_for_home, waits_for_person
from web_admin.access_review.rules import Kind
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, GuardianRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import add_person


@pytest.fixture
def compound(compound: Compound) -> Compound:
    compound.child.age_band = "14_17"
    issue_card(compound.act, compound.child.person_id, 3001)
    return compound


def at_home(compound: Compound, row: ReviewRow, choice: str, member: Person | None = None) -> str:
    who = (member or compound.adult).person_id
    return decide_at_home(by_phone(compound.act, who), who, row.row_id, choice)


def cards_of(act: Action, person: Person) -> list[str]:
    return list(
        act.session.scalars(select(CredentialRow.state).where(CredentialRow.person_id == person.person_id))
    )


def test_a_home_keeps_a_helper_and_suspends_a_childs_card(compound: Compound) -> None:
    of_round = begin(compound)
    helper, child = (of_kind(compound.act, of_round, kind) for kind in (Kind.HELPER, Kind.CHILD))
    assert waits_for_person(compound.act.session, compound.act.site_id, compound.adult)
    assert at_home(compound, helper, "keep") == "keep"
    assert at_home(compound, child, "suspend") == "suspend"
    assert cards_of(compound.act, compound.child) == ["suspended"]
    assert cards_of(compound.act, compound.helper) == ["active"]
    assert (child.decided_by, child.reason) == (compound.adult.person_id, "home")
    assert not waits_for_person(compound.act.session, compound.act.site_id, compound.adult)
    with pytest.raises(ActionRefused, match="decided meanwhile"):
        at_home(compound, helper, "suspend")
    record = signed_review(close_now(compound.act)).record
    assert {row.decided_by for row in record.rows} == {None, "home"}, "a signed record names no resident"


def test_a_home_may_leave_it_to_the_office(compound: Compound) -> None:
    row = of_kind(compound.act, begin(compound), Kind.HELPER)
    assert at_home(compound, row, "office") == "office"
    assert (row.decision, row.answer) == (None, "office")
    assert cards_of(compound.act, compound.helper) == ["active"]


def test_no_other_home_and_no_child_decides(compound: Compound) -> None:
    row = of_kind(compound.act, begin(compound), Kind.HELPER)
    _home, stranger = household(compound.act, "5-0101", "Zhao")
    for member in (stranger, compound.child, compound.helper):
        with pytest.raises(ActionRefused):
            at_home(compound, row, "keep", member)
        assert rows_for_home(compound.act.session, compound.act.site_id, member) == []
    assert row.decision is None


def test_an_adult_who_is_not_the_checked_guardian_neither_sees_nor_decides_a_child(
    compound: Compound,
) -> None:
    other = add_person(compound.act, display_name="Lodger", home_id=compound.home.home_id)
    compound.act.session.add(
        GuardianRow(
            minor_id=compound.child.person_id,
            guardian_id=compound.adult.person_id,
            checked_by="staff-1",
            checked_at=compound.act.now,
        )
    )
    row = of_kind(compound.act, begin(compound), Kind.CHILD)
    session, site_id = compound.act.session, compound.act.site_id
    assert [one.kind for one in rows_for_home(session, site_id, other)] == ["helper"]
    assert [one.kind for one in rows_for_home(session, site_id, compound.adult)] == ["helper", "child"]
    with pytest.raises(ActionRefused):
        at_home(compound, row, "suspend", other)
    assert cards_of(compound.act, compound.child) == ["active"]


def test_a_row_of_the_office_is_not_the_homes(compound: Compound) -> None:
    of_round = begin(compound)
    with pytest.raises(ActionRefused, match="no such"):
        at_home(compound, of_kind(compound.act, of_round, Kind.CARD), "keep")
    with pytest.raises(ActionRefused, match="offered values"):
        at_home(compound, of_kind(compound.act, of_round, Kind.HELPER), "end")


def test_without_a_card_that_works_the_page_of_the_home_is_named(compound: Compound) -> None:
    of_round = begin(compound)
    row = of_kind(compound.act, of_round, Kind.HELPER)
    for card in compound.helper.credentials:
        card.state = "ended"
    compound.act.session.flush()
    with pytest.raises(ActionRefused, match="no card that works"):
        at_home(replace(compound), row, "suspend")
