"""Actions of a home's adults: invite a person who moves in, add a child, agree for it.

Any adult who lives in the home may; the office sees who did. Where the site wants it, an added person
passes no gate until the office has agreed. No one of a home can remove another adult.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from gate_controller.contract.credential_kinds import OWN_KINDS, has_ended_by_time
from gate_controller.contract.records import CredentialKind, Method
from web_admin.action.base import Action, begin, finish
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.compound.age_bands import ADULT, CHILD, MINOR, today_at
from web_admin.compound.models import UNASSIGNED, CredentialRow, Invitation, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import choose_methods, resume_credential, suspend_credential
from web_admin.credentials.child_agreements import (
    KINDS_BY_AGREEMENT,
    agreement_for,
    may_act_for,
    write_agreement,
)
from web_admin.credentials.lifecycle import end_live
from web_admin.credentials.models import ChildAgreement
from web_admin.credentials.pins import issue_pin
from web_admin.face.ages import check_until
from web_admin.face.ways_in import settle_face
from web_admin.people.actions import GrantSpec, add_person, move_out, set_grants
from web_admin.people.invitations import invite
from web_admin.people.models import HomeAddition

MAX_IN_A_HOME = 20
INVITATION_HOURS = 7 * 24


def for_home(act: Action) -> Action:
    """Return the action as one on another person of the home, after the check of who may; not published."""
    return replace(act, channel="home", publishes=False, served=None)


def member_who_may(act: Action, member_id: str) -> Person:
    """Return an adult who lives in a home and may act for it; raise ActionRefused."""
    member = person_of(act, member_id)
    if member.home_id is None or member.kind != "resident" or member.age_band != ADULT:
        raise ActionRefused(None, _("Only the adults of a home do this."))
    if member.suspended:
        raise ActionRefused(None, _("While your own access is paused you cannot do this."))
    addition = act.session.get(HomeAddition, member_id)
    if addition is not None and addition.state == "waiting":
        raise ActionRefused(None, _("The property office has to agree to you first."))
    refuse_unverified_phone(act, member)
    return member


def of_same_home(act: Action, member: Person, person_id: str) -> Person:
    """Return a person of the member's home; raise ActionRefused."""
    person = act.session.get(Person, person_id)
    if person is None or person.home_id != member.home_id or person.ended_at is not None:
        raise ActionRefused(None, _("There is no such person."))
    return person


# -- who moves in ----------------------------------------------------------------------------------


def invite_member(
    act: Action, member_id: str, *, display_name: str, age_band: str, language: str, waits: bool
) -> tuple[Person, str]:
    """Add someone of 14 or older to the member's home; return them and their code, to be shown once."""
    begin(act)
    member = member_who_may(act, member_id)
    if age_band not in (ADULT, MINOR):
        raise ActionRefused("age_band", _("Choose one of the offered values."))
    person = _added(act, member, display_name=display_name, age_band=age_band, language=language, waits=waits)
    code = invite(for_home(act), person.person_id, INVITATION_HOURS)
    _finish(act, "member_invited", person, {"waits": waits})
    return person, code


def code_again(act: Action, member_id: str, person_id: str) -> str:
    """Return a new code for a person who has not used theirs; the old one ends."""
    begin(act)
    member = member_who_may(act, member_id)
    person = _not_yet_here(act, member, person_id)
    code = invite(for_home(act), person.person_id, INVITATION_HOURS)
    _finish(act, "member_invited", person, {"waits": False})
    return code


def take_invitation_back(act: Action, member_id: str, person_id: str) -> None:
    """Revoke an unused invitation; a person who has used theirs stays."""
    begin(act)
    member = member_who_may(act, member_id)
    person = _not_yet_here(act, member, person_id)
    move_out(for_home(act), person.person_id)
    _finish(act, "member_invitation_withdrawn", person, {})


def has_come(act: Action, person_id: str) -> bool:
    """Return whether a person has used an invitation, or was ever given a card, PIN or code."""
    return bool(who_have_come(act, [person_id]))


def who_have_come(act: Action, person_ids: Sequence[str]) -> set[str]:
    """Return who of these people has used an invitation, or was ever given a card, PIN or code.

    A person who uses only the office's card lives here as much as anyone.
    """
    opened = select(Invitation.person_id).where(
        Invitation.person_id.in_(person_ids), Invitation.used_at.is_not(None)
    )
    given = select(CredentialRow.person_id).where(
        CredentialRow.person_id.in_(person_ids), CredentialRow.kind.in_(OWN_KINDS)
    )
    return {*act.session.scalars(opened), *act.session.scalars(given)}


def agree_to_addition(act: Action, person_id: str) -> None:
    """Approve a person whom a home added, with the grants of the home's member; for the office."""
    begin(act)
    addition, person = _waiting(act, person_id)
    member = act.session.get_one(Person, addition.added_by)
    _grant_as(act, member, person)
    addition.state, addition.decided_by, addition.decided_at = "agreed", act.actor_id, act.now
    _finish(act, "addition_agreed", person, {})


def refuse_addition(act: Action, person_id: str) -> None:
    """Refuse someone whom a home added: they are out again; for the office."""
    begin(act)
    addition, person = _waiting(act, person_id)
    addition.decided_by, addition.decided_at = act.actor_id, act.now
    move_out(replace(act, publishes=False), person.person_id)
    _finish(act, "addition_refused", person, {})


# -- children --------------------------------------------------------------------------------------


def add_child(
    act: Action,
    guardian_id: str,
    *,
    display_name: str,
    until: date | None,
    agrees_to: str | None,
    language: str,
    waits: bool,
) -> Person:
    """Add a child under 14 with the guardian's agreement to a text; `until` is the day of 14, or unknown."""
    site = begin(act)
    guardian = member_who_may(act, guardian_id)
    if not agrees_to:
        raise ActionRefused("agrees", _("Without your agreement nothing is kept about the child."))
    check_until("until", CHILD, until, today_at(site, act.now))
    child = _added(act, guardian, display_name=display_name, age_band=CHILD, language=language, waits=waits)
    child.age_band_until = until
    _write_agreement(act, guardian, child, language, agrees_to)
    _finish(act, "child_added", child, {"waits": waits})
    return child


def agree_for_child(act: Action, guardian_id: str, child_id: str, language: str, text: str) -> None:
    """Record a guardian's agreement to a child's card and PIN, with its exact text; never by staff."""
    begin(act)
    _guardian, child = _of_guardian(act, guardian_id, child_id)
    _write_agreement(act, _guardian, child, language, text)
    _finish(act, "child_agreed", child, {})


def take_agreement_back(act: Action, guardian_id: str, child_id: str) -> None:
    """Take the agreement back: the child's card and PIN end with it."""
    begin(act)
    _guardian, child = _of_guardian(act, guardian_id, child_id)
    for row in act.session.scalars(
        select(ChildAgreement).where(
            ChildAgreement.child_id == child_id, ChildAgreement.withdrawn_at.is_(None)
        )
    ):
        row.withdrawn_at = act.now
    for kind in KINDS_BY_AGREEMENT:
        end_live(act, child_id, kind, "agreement_withdrawn")
    settle_face(act.session, child, act.now)
    _finish(act, "child_agreement_withdrawn", child, {})


def give_child_pin(act: Action, guardian_id: str, child_id: str) -> str:
    """Return a new PIN for a minor of the home, to be shown once."""
    begin(act)
    _guardian, child = _of_guardian(act, guardian_id, child_id)
    if child.age_band == CHILD and agreement_for(act, child) is None:
        raise ActionRefused(None, _("A guardian has to agree first."))
    return give_pin(act, child)


def give_pin(act: Action, person: Person) -> str:
    """Return a new PIN for a child or helper of the home and switch the way in on; publishes."""
    inner = for_home(act)
    digits = issue_pin(inner, person.person_id)
    if Method.PIN not in person.methods:
        choose_methods(inner, person.person_id, {*person.methods, Method.PIN})
    _finish(act, "home_pin_given", person, {})
    return digits


def set_card(act: Action, person: Person, credential_id: str, *, suspended: bool) -> None:
    """Suspend or resume a card of a child or helper; the caller has checked who may."""
    card = act.session.get(CredentialRow, credential_id)
    if card is None or card.person_id != person.person_id or card.kind != CredentialKind.CARD:
        raise ActionRefused(None, _("There is no such card, PIN or code."))
    if suspended:
        suspend_credential(for_home(act), credential_id)
    else:
        resume_credential(for_home(act), credential_id)
    _finish(act, "home_card_set", person, {"suspended": suspended})


def set_child_card(
    act: Action, guardian_id: str, child_id: str, credential_id: str, *, suspended: bool
) -> None:
    """Suspend or resume a minor's card."""
    begin(act)
    _guardian, child = _of_guardian(act, guardian_id, child_id)
    set_card(act, child, credential_id, suspended=suspended)


# -- shared ----------------------------------------------------------------------------------------


def _added(
    act: Action, member: Person, *, display_name: str, age_band: str, language: str, waits: bool
) -> Person:
    refuse_full_home(act, member)
    inner = for_home(act)
    person = add_person(
        inner,
        display_name=display_name,
        home_id=member.home_id,
        age_band=age_band,
        language=language,
        lanes=(),
    )
    if not waits:
        _grant_as(act, member, person)
    act.session.add(
        HomeAddition(
            person_id=person.person_id,
            home_id=member.home_id or "",
            added_by=member.person_id,
            added_at=act.now,
            state="waiting" if waits else "agreed",
        )
    )
    return person


def refuse_full_home(act: Action, member: Person) -> None:
    """Raise ActionRefused when a home has as many people as it may add itself."""
    count = act.session.scalar(
        select(func.count())
        .select_from(Person)
        .where(Person.home_id == member.home_id, Person.ended_at.is_(None), Person.kind != UNASSIGNED)
    )
    if (count or 0) >= MAX_IN_A_HOME:
        raise ActionRefused(None, _("This home has twenty people. The property office can add more."))


def _grant_as(act: Action, member: Person, person: Person) -> None:
    specs = [
        GrantSpec(tuple(grant.lanes), grant.hours_id, grant.valid_from, grant.valid_until)
        for grant in member.grants
        if not has_ended_by_time(grant, act.now)
    ]
    set_grants(for_home(act), person.person_id, specs)


def _not_yet_here(act: Action, member: Person, person_id: str) -> Person:
    person = of_same_home(act, member, person_id)
    addition = act.session.get(HomeAddition, person_id)
    if addition is None or person.kind != "resident" or has_come(act, person_id):
        raise ActionRefused(None, _("The property office looks after people who live here already."))
    return person


def _waiting(act: Action, person_id: str) -> tuple[HomeAddition, Person]:
    person = person_of(act, person_id)
    addition = act.session.get(HomeAddition, person_id)
    if act.channel not in ("manager", "desk", "system"):
        raise ActionRefused(None, _("Only the property office decides this."))
    if addition is None or addition.state != "waiting":
        raise ActionRefused(None, _("This was decided already."))
    return addition, person


def _of_guardian(act: Action, guardian_id: str, child_id: str) -> tuple[Person, Person]:
    guardian = member_who_may(act, guardian_id)
    child = of_same_home(act, guardian, child_id)
    if not may_act_for(act, guardian, child):
        raise ActionRefused(None, _("Only a guardian does this."))
    return guardian, child


def _write_agreement(act: Action, guardian: Person, child: Person, language: str, text: str) -> None:
    if act.channel != "phone":
        raise ActionRefused(
            "agrees", _("A guardian agrees on their own phone; no one else can do it for them.")
        )
    write_agreement(act, guardian, child, language, text)


def _finish(act: Action, kind: str, person: Person, facts: dict[str, bool]) -> None:
    finish(act, kind, {**facts}, person_id=person.person_id, touches=(person.person_id,))
