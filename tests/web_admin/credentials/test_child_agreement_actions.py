"""Who counts as a child's guardian at the reader of the desk, and what is kept of their yes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import at_desk, household
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, GuardianRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.child_agreements import (
    agree_by_card,
    agreement_for,
    lacks_agreement,
    may_act_for,
    refuse_without_agreement,
)
from web_admin.credentials.models import ChildAgreement
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person

MOTHERS, FATHERS, NEIGHBOURS = 71, 72, 73
TEXT = "I agree to a card and a PIN."


@pytest.fixture
def family(act: Action) -> tuple[Action, Person, Person, Person]:
    """Return the action, two parents with a card each, and their child of under 14."""
    home, mother = household(act, name="Mother")
    father = add_person(act, display_name="Father", home_id=home.home_id)
    child = add_person(act, display_name="Child", home_id=home.home_id, age_band="under_14")
    for number, parent in ((MOTHERS, mother), (FATHERS, father)):
        issue_card(act, parent.person_id, number)
    return act, mother, father, child


def agree(act: Action, child: Person, number: int = MOTHERS) -> ChildAgreement:
    return agree_by_card(at_desk(act), child.person_id, number, "en", TEXT)


def check_guardian(act: Action, guardian: Person, child: Person, *, ended: bool = False) -> None:
    act.session.add(
        GuardianRow(
            minor_id=child.person_id,
            guardian_id=guardian.person_id,
            checked_by="manager-1",
            checked_at=act.now,
            ended_at=act.now if ended else None,
        )
    )
    act.session.flush()


def test_what_is_kept_of_a_yes_is_who_when_where_and_to_which_text(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, child = family
    row = agree(act, child)
    assert act.session.scalars(select(ChildAgreement)).all() == [row]
    assert (row.child_id, row.guardian_id, row.given_at) == (child.person_id, mother.person_id, act.now)
    assert (row.channel, row.language, row.text, row.withdrawn_at) == ("desk", "en", TEXT, None)
    entry = act.session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert entry is not None
    assert (entry.kind, entry.person_id) == ("child_agreed", child.person_id)
    assert entry.facts == {
        "guardian_id": mother.person_id,
        "by": "card",
        "actor_id": "manager-1",
        "channel": "desk",
    }


def test_a_second_yes_of_the_same_guardian_replaces_the_first_that_was_taken_back(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, _mother, _father, child = family
    row = agree(act, child)
    row.withdrawn_at = act.now
    act.session.flush()
    assert agreement_for(act, child) is None and lacks_agreement(act, child)
    assert agree(act, child) is row
    assert row.withdrawn_at is None and agreement_for(act, child) is row


def test_of_two_agreements_the_first_that_lives_counts(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, father, child = family
    second, first = agree(act, child, MOTHERS), agree(act, child, FATHERS)
    first.given_at -= timedelta(days=1)
    act.session.flush()
    assert agreement_for(act, child) is first
    first.withdrawn_at = act.now
    act.session.flush()
    assert agreement_for(act, child) is second
    assert agreement_for(act, mother) is agreement_for(act, father) is None


def test_only_a_child_under_14_lacks_an_agreement(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, _father, child = family
    assert lacks_agreement(act, child) and not lacks_agreement(act, mother)
    refuse_without_agreement(act, mother)
    with pytest.raises(ActionRefused, match="A guardian agrees first to a card and PIN") as refused:
        refuse_without_agreement(act, child)
    assert refused.value.field == "number"
    agree(act, child)
    assert not lacks_agreement(act, child)
    refuse_without_agreement(act, child)


def test_every_adult_of_the_home_counts_until_the_office_checked_one(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, child = family
    assert may_act_for(act, mother, child) is may_act_for(act, father, child) is True
    check_guardian(act, father, child)
    assert may_act_for(act, mother, child) is False and may_act_for(act, father, child) is True
    with pytest.raises(ActionRefused):
        agree(act, child, MOTHERS)
    assert agree(act, child, FATHERS).guardian_id == father.person_id


def test_a_guardian_whom_the_office_struck_out_makes_room_for_no_other(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, child = family
    check_guardian(act, father, child, ended=True)
    assert may_act_for(act, mother, child) is may_act_for(act, father, child) is False


def test_a_guardian_checked_for_one_child_leaves_the_others_as_they_were(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, father, child = family
    sister = add_person(act, display_name="Sister", home_id=child.home_id, age_band="14_17")
    check_guardian(act, father, sister)
    assert may_act_for(act, mother, child) is True and may_act_for(act, mother, sister) is False


@pytest.mark.parametrize("changed", ["kind", "age_band", "home_id"])
@pytest.mark.parametrize("whose", ["guardian", "child"])
def test_a_guardian_is_an_adult_resident_and_the_minor_one_of_the_same_home(
    family: tuple[Action, Person, Person, Person], changed: str, whose: str
) -> None:
    act, mother, _father, child = family
    other_home, _neighbour = household(act, number="9-0909", name="Neighbour")
    who = mother if whose == "guardian" else child
    other = {
        "kind": "staff",
        "age_band": "14_17" if who is mother else "adult",
        "home_id": other_home.home_id,
    }
    setattr(who, changed, other[changed])
    assert may_act_for(act, mother, child) is False
    act.session.expire(who)


def test_two_people_without_a_home_share_none(family: tuple[Action, Person, Person, Person]) -> None:
    act, mother, _father, child = family
    with act.session.no_autoflush:
        mother.home_id = child.home_id = None
        assert may_act_for(act, mother, child) is False
        act.session.expire(mother)
        act.session.expire(child)


@pytest.mark.parametrize("what", ["ended_card", "suspended", "moved_out", "unknown", "neighbour", "a_pin"])
def test_no_other_card_says_yes(family: tuple[Action, Person, Person, Person], what: str) -> None:
    act, mother, _father, child = family
    number = MOTHERS
    card = act.session.scalars(
        select(CredentialRow).where(CredentialRow.person_id == mother.person_id, CredentialRow.kind == "card")
    ).one()
    if what == "ended_card":
        card.state = "suspended"
    elif what == "suspended":
        mother.suspended = True
    elif what == "moved_out":
        mother.ended_at = act.now
    elif what == "a_pin":
        card.kind = "pin"
    elif what == "unknown":
        number = 4_999_999
    else:
        _home, neighbour = household(act, number="9-0909", name="Neighbour")
        issue_card(act, neighbour.person_id, NEIGHBOURS)
        number = NEIGHBOURS
    act.session.flush()
    with pytest.raises(ActionRefused, match=r"^This is not the card of a guardian: an adult of") as refused:
        agree(act, child, number)
    assert refused.value.field == "guardian_card"
    assert act.session.scalars(select(ChildAgreement)).all() == []


def test_a_guardians_card_that_has_run_out_agrees_to_nothing(
    family: tuple[Action, Person, Person, Person],
) -> None:
    act, mother, _father, child = family
    (card,) = act.session.scalars(select(CredentialRow).where(CredentialRow.person_id == mother.person_id))
    card.valid_until = act.now
    act.session.flush()
    with pytest.raises(ActionRefused, match="not the card of a guardian"):
        agree(act, child)
    card.valid_until = act.now + timedelta(seconds=1)
    act.session.flush()
    assert agree(act, child).guardian_id == mother.person_id
