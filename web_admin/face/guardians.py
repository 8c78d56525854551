"""Decide who may agree as a guardian of a minor of 14 to 17, and end guardianships of people who leave.

A guardian is an adult of the minor's home. Where the office has checked one (and noted when, not the
documents), only those count; otherwise the minor names one of the home's adults, who agrees or not. Where
the site asks for both, two have to agree (`guardians_needed`).
"""

from collections.abc import Collection, Sequence

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, finish
from web_admin.action.lookups import person_of
from web_admin.compound.age_bands import ADULT, MINOR
from web_admin.compound.models import GuardianRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.custody.models import Consent
from web_admin.face.consent_rules import has_less
from web_admin.face.models import GuardianConsent, GuardianRequest
from web_admin.face.queries import guardian_ids_of
from web_admin.face.renewals import GUARDIAN_LEFT, RULES_CHANGED, clear_renewal, request_renewal

OPEN = or_(GuardianRequest.answer.is_(None), GuardianRequest.answer == "half")
"""Requests that no consent has come of yet: not answered, or with a yes that waits for another guardian's."""


def name_guardian(act: Action, minor_id: str, guardian_id: str, *, is_only: bool = False) -> None:
    """Note that the office has checked who is a minor's guardian; raise ActionRefused.

    `is_only`: it saw that there is no other one, so one yes is enough where the site asks for both.
    """
    begin(act)
    minor, guardian = person_of(act, minor_id), person_of(act, guardian_id)
    if act.channel not in ("manager", "desk", "system"):
        raise ActionRefused(None, _("Guardians are checked at the desk."))
    if minor.age_band == ADULT:
        raise ActionRefused("guardian", _("Adults have no guardian here."))
    if guardian.age_band != ADULT or minor.home_id is None or guardian.home_id != minor.home_id:
        raise ActionRefused("guardian", _("A guardian is an adult of the same home."))
    _write_checked(act, minor_id, guardian_id, is_only=is_only)
    if has_less(act.session, minor):
        request_renewal(act, minor, RULES_CHANGED)
    finish(
        act, "guardian_named", {"is_only": is_only}, personal={"guardian_id": guardian_id}, person_id=minor_id
    )


def _write_checked(act: Action, minor_id: str, guardian_id: str, *, is_only: bool) -> None:
    others = act.session.scalars(
        select(GuardianRow).where(
            GuardianRow.minor_id == minor_id,
            GuardianRow.guardian_id != guardian_id,
            GuardianRow.ended_at.is_(None),
        )
    ).all()
    if is_only and others:
        raise ActionRefused("is_only", _("Another guardian is noted already: this one is not the only one."))
    for row in others:
        row.is_only = False
    known = act.session.get(GuardianRow, (minor_id, guardian_id))
    if known is None:
        known = GuardianRow(minor_id=minor_id, guardian_id=guardian_id, is_only=False)
        act.session.add(known)
    # Naming the only one once more says nothing about others: another's name or “not any more” does.
    known.is_only = is_only or (known.is_only and known.ended_at is None)
    known.checked_by, known.checked_at, known.ended_at = act.actor_id, act.now, None


def remove_guardian(act: Action, minor_id: str, guardian_id: str) -> None:
    """Note that someone is not a minor's guardian any more; what they agreed to ends."""
    begin(act)
    minor = person_of(act, minor_id)
    if act.channel not in ("manager", "desk", "system"):
        raise ActionRefused(None, _("Guardians are checked at the desk."))
    _end_between(act, guardian_id, [minor])
    finish(act, "guardian_removed", {}, personal={"guardian_id": guardian_id}, person_id=minor_id)


def guardians_of(session: Session, minor: Person) -> list[Person]:
    """Return the adults who may agree beside this minor."""
    session.flush()
    ids = guardian_ids_of(session, minor.site_id, [minor.person_id]).get(minor.person_id, ())
    known = {row.person_id: row for row in session.scalars(select(Person).where(Person.person_id.in_(ids)))}
    return [known[person_id] for person_id in ids]


def names_of(session: Session, person_ids: Collection[str]) -> dict[str, str]:
    query = select(Person.person_id, Person.display_name).where(Person.person_id.in_(set(person_ids)))
    return {row.person_id: row.display_name for row in session.execute(query)}


def parts_of_consent(session: Session, consent_id: str) -> Sequence[GuardianConsent]:
    """Return the guardians' parts of a consent, in the order in which they were given."""
    return session.scalars(
        select(GuardianConsent)
        .where(GuardianConsent.consent_id == consent_id)
        .order_by(GuardianConsent.given_at, GuardianConsent.guardian_id)
    ).all()


def wards_of(session: Session, guardian_id: str) -> list[Person]:
    """Return the minors whose live consent this guardian agreed to."""
    query = (
        select(Person)
        .join(Consent, Consent.person_id == Person.person_id)
        .join(GuardianConsent, GuardianConsent.consent_id == Consent.consent_id)
        .where(
            GuardianConsent.guardian_id == guardian_id,
            Consent.withdrawn_at.is_(None),
            Person.age_band == MINOR,
        )
    )
    return list(session.scalars(query.order_by(Person.person_id)))


def end_guardianship(act: Action, person: Person) -> None:
    """End the guardianships and requests of a person who leaves: as guardian, as minor, as one asked."""
    _end_between(act, person.person_id, wards_of(act.session, person.person_id))
    act.session.execute(delete(GuardianRow).where(GuardianRow.minor_id == person.person_id))
    _end_checked(act, GuardianRow.guardian_id == person.person_id)
    lapse_requests(act, person.person_id)
    clear_renewal(act.session, person.person_id)


def lapse_requests(act: Action, person_id: str) -> None:
    """Close the open requests that a person made or was sent: they leave, or their phone is unverified."""
    _lapse(act, or_(GuardianRequest.minor_id == person_id, GuardianRequest.guardian_id == person_id))


def lapse_asked_by(act: Action, minor_id: str) -> None:
    """Close the open requests that a minor made; what others asked of them stays."""
    _lapse(act, GuardianRequest.minor_id == minor_id)


def _lapse(act: Action, which: ColumnElement[bool]) -> None:
    act.session.flush()
    act.session.execute(
        update(GuardianRequest)
        .where(which, OPEN)
        .values(answer="lapsed", answered_at=act.now, signed_name=None)
    )


def _end_checked(act: Action, which: ColumnElement[bool]) -> None:
    act.session.execute(
        update(GuardianRow)
        .where(which, GuardianRow.ended_at.is_(None))
        .values(ended_at=act.now, is_only=False)
    )


def _end_between(act: Action, guardian_id: str, minors: list[Person]) -> None:
    wards = {ward.person_id for ward in wards_of(act.session, guardian_id)}
    for minor in minors:
        _end_checked(
            act, (GuardianRow.guardian_id == guardian_id) & (GuardianRow.minor_id == minor.person_id)
        )
        _lapse(
            act,
            (GuardianRequest.minor_id == minor.person_id) & (GuardianRequest.guardian_id == guardian_id),
        )
        if minor.person_id in wards:
            request_renewal(act, minor, GUARDIAN_LEFT)
