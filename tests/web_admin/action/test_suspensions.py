"""Who suspended decides who may resume: the table for all pairs, and the actions that ask it."""

from dataclasses import replace
from datetime import datetime
from itertools import product

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household, show_card
from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action, DeskPerson, publish
from web_admin.action.suspensions import MAY_END, PARTIES, in_the_way, with_party
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.config import WebConfig
from web_admin.core.database import Database
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import resume_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.people.invitations import accept_invitation, invite
from web_admin.people.members import for_home
from web_admin.people.suspensions import resume_person

ENDS = {
    ("owner", "owner"),
    ("owner", "office"),
    ("home", "home"),
    ("home", "office"),
    ("guard", "guard"),
    ("guard", "office"),
    ("office", "office"),
}
"""(who suspended, who resumes), and no other pair."""
PAIRS = sorted(product(PARTIES, PARTIES))


def as_party(act: Action, party: str, person_id: str) -> Action:
    return {
        "owner": by_phone(act, person_id),
        "home": for_home(replace(act, actor_id="somebody-at-home", channel="phone")),
        "guard": replace(act, channel="manager", role="guard"),
        "office": replace(act, channel="manager", role="manager"),
    }[party]


@pytest.fixture
def person(act: Action) -> Person:
    """Return a resident with a card."""
    add_lane(act)
    _, made = household(act)
    issue_card(act, made.person_id, 77)
    return made


def card_of(act: Action, person: Person) -> CredentialRow:
    return act.session.scalars(
        select(CredentialRow).where(CredentialRow.person_id == person.person_id, CredentialRow.kind == "card")
    ).one()


def test_the_table_names_every_party_and_no_other() -> None:
    assert set(MAY_END) == set(PARTIES)
    assert {(by, who) for by in PARTIES for who in MAY_END[by]} == ENDS


@pytest.mark.first_set
@pytest.mark.publishing
@pytest.mark.parametrize(("by", "who"), PAIRS)
def test_each_pair_on_a_card(act: Action, person: Person, by: str, who: str) -> None:
    card = card_of(act, person)
    suspend_credential(as_party(act, by, person.person_id), card.credential_id)
    resumes = as_party(act, who, person.person_id)
    if (by, who) in ENDS:
        resume_credential(resumes, card.credential_id)
        assert (card.state, card.suspended_by) == ("active", "")
    else:
        with pytest.raises(ActionRefused):
            resume_credential(resumes, card.credential_id)
        assert card.state == "suspended"
        publish(act)
        assert not show_card(act, 77).opens


@pytest.mark.parametrize("who", ["guard", "office"])
def test_who_resumes_a_person_whom_the_office_suspended(act: Action, person: Person, who: str) -> None:
    suspend_for_days(act, person.person_id)
    resumes = as_party(act, who, person.person_id)
    if ("office", who) in ENDS:
        resume_person(resumes, person.person_id)
        assert not person.suspended
    else:
        with pytest.raises(ActionRefused, match="property office suspended"):
            resume_person(resumes, person.person_id)
        assert person.suspended


@pytest.mark.parametrize("by", ["owner", "home", "guard"])
def test_the_office_alone_suspends_a_whole_person(act: Action, person: Person, by: str) -> None:
    with pytest.raises(ActionRefused):
        suspend_for_days(as_party(act, by, person.person_id), person.person_id)
    assert not person.suspended


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_suspending_once_more_never_makes_a_suspension_weaker(first: str, second: str) -> None:
    both = with_party(with_party("", first, is_suspended=False), second, is_suspended=True)
    for who in PARTIES:
        one_by_one = in_the_way(first, who) is None and in_the_way(second, who) is None
        assert (in_the_way(both, who) is None) is one_by_one


@pytest.mark.parametrize("who", PARTIES)
def test_a_suspension_without_an_author_is_the_offices(who: str) -> None:
    assert (in_the_way("", who) is None) is (who == "office")


@pytest.mark.wide
@pytest.mark.parametrize("who", PARTIES)
def test_what_is_held_without_a_party_is_weakened_by_no_second_suspension(
    act: Action, person: Person, who: str
) -> None:
    """A restore holds cards and people back so; suspending them made them the newcomer's to resume."""
    card, own = card_of(act, person), as_party(act, who, person.person_id)
    card.state, person.suspended = "suspended", True
    suspend_credential(own, card.credential_id)
    if who == "office":
        suspend_for_days(own, person.person_id)
    for resume, subject in ((resume_credential, card.credential_id), (resume_person, person.person_id)):
        if who == "office":
            resume(own, subject)
            continue
        with pytest.raises(ActionRefused, match="property office suspended"):
            resume(own, subject)
    assert (card.state, person.suspended) == (("active", False) if who == "office" else ("suspended", True))


def test_an_unverified_phone_suspends_and_never_resumes(act: Action, person: Person) -> None:
    accept_invitation(act.session, act.sealer, invite(act, person.person_id), act.now)
    assert person.phone_unproven is not None
    card, phone = card_of(act, person), by_phone(act, person.person_id)
    suspend_credential(phone, card.credential_id)
    with pytest.raises(ActionRefused, match="First confirm it's you"):
        resume_credential(phone, card.credential_id)
    assert card.state == "suspended"


def test_a_person_served_at_the_desk_is_the_owner(act: Action, person: Person) -> None:
    card = card_of(act, person)
    served = replace(act, channel="desk", role="guard", served=DeskPerson("visit", person.person_id))
    suspend_credential(served, card.credential_id)
    resume_credential(served, card.credential_id)
    suspend_credential(act, card.credential_id)
    with pytest.raises(ActionRefused):
        resume_credential(served, card.credential_id)


@pytest.mark.parametrize("who", ["owner", "home"])
def test_a_new_pin_does_not_end_the_offices_suspension_of_the_old(
    act: Action, person: Person, who: str
) -> None:
    issue_pin(act, person.person_id)
    pin = act.session.scalars(select(CredentialRow).where(CredentialRow.kind == "pin")).one()
    suspend_credential(act, pin.credential_id)
    with pytest.raises(ActionRefused, match="property office suspended"):
        issue_pin(as_party(act, who, person.person_id), person.person_id)
    issue_pin(act, person.person_id)


@pytest.mark.wide
@pytest.mark.parametrize(("by", "is_offered"), [("guard", True), ("manager", False)])
def test_a_page_offers_an_end_only_to_a_role_that_may_end_it(
    web_config: WebConfig, database: Database, now: datetime, by: str, is_offered: bool
) -> None:
    compound = make_managed_compound(web_config, SetClock(now))
    person_id = compound.persons["王芳"]
    with compound.act() as act:
        by_role = replace(act, role=by)
        suspend_credential(by_role, card_of(act, act.session.get_one(Person, person_id)).credential_id)
        suspend_for_days(act, person_id)
    page = compound.signed_in("guard").get(f"/manage/people/{person_id}").text
    assert ("Found: resume" in page, "End the suspension" in page) == (is_offered, False)
    assert page.count("The property office suspended this.") == (1 if is_offered else 2)
    assert "Found: resume" in compound.signed_in("manager").get(f"/manage/people/{person_id}").text
    compound.close()
