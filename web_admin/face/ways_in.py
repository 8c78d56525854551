"""Decide which methods a person can use now, and pause face when no other method is left.

Promise 1 for persons: a person who chose face always has another working method, or their face is
paused in the very transaction that ended the other way. Nothing here refuses anything.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import KINDS, own_method
from gate_controller.contract.records import CredentialKind, CredentialState, Method
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.usable_credentials import methods_beside_face, usable_methods
from web_admin.custody.models import Consent
from web_admin.custody.shares import live_face_consents

NO_OTHER_WAY = "no_other_way"
"""`Person.face_paused_reason` when no method that works without the server stands beside face."""

Dependence = Literal["phone", "clock", "hours"]
"""Needs of a person's methods: the phone and the gate's clock, the clock alone, or set times."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Effects on a person who lost a credential, so that the desk can offer the next step."""

    face_paused: bool
    left_without_way: bool


def live_face_consent(session: Session, person: Person) -> Consent | None:
    """Return the consent that counts: not withdrawn, to the newest notice, at a site with face on."""
    session.flush()
    found = live_face_consents(session, person.site_id, [person.person_id])
    return session.get(Consent, found[person.person_id]) if found else None


def working_methods(session: Session, person: Person, now: datetime) -> set[Method]:
    """Return the methods that the person chose and can use now, face included."""
    chosen = {Method(method) for method in person.methods}
    working = set(usable_methods(session, person.person_id, now) & chosen)
    if (
        Method.FACE in chosen
        and person.face_paused_reason is None
        and live_face_consent(session, person) is not None
    ):
        working.add(Method.FACE)
    return working


def dependence_of(session: Session, person: Person, now: datetime) -> Dependence | None:
    """Return what all methods of a person depend on, None where a card or PIN opens at any time.

    A gate that is not sure of the time opens for cards and PINs without hours and end alone.
    """
    works = working_methods(session, person, now)
    if not works:
        return None
    if works <= {Method.QR, Method.FACE}:
        return "clock" if Method.FACE in works or _has_paper_code(session, person.person_id) else "phone"
    lasting = {
        method
        for row in person.credentials
        if (method := own_method(row)) is not None
        and not KINDS[CredentialKind(row.kind)].needs_sure_clock
        and row.state == CredentialState.ACTIVE
        and row.valid_from is None
        and row.valid_until is None
    }
    always = any(
        grant.hours_id is None and grant.valid_from is None and grant.valid_until is None
        for grant in person.grants
    )
    return None if lasting & works and always else "hours"


def _has_paper_code(session: Session, person_id: str) -> bool:
    printed = select(CredentialRow.credential_id).where(
        CredentialRow.person_id == person_id, CredentialRow.printed, CredentialRow.state == "active"
    )
    return session.scalars(printed.limit(1)).first() is not None


def pause_without_other_way(person: Person, other_ways: Collection[str]) -> bool:
    """Pause a face that was chosen and that no other method stands beside; return whether it was."""
    if other_ways or Method.FACE not in person.methods or person.face_paused_reason is not None:
        return False
    person.face_paused_reason = NO_OTHER_WAY
    return True


def settle_face(session: Session, person: Person, now: datetime) -> Aftermath:
    """Pause the person's face when no other way is left, resume it when there is one again."""
    session.flush()
    beside = methods_beside_face(session, person.person_id, now) & set(person.methods)
    paused = pause_without_other_way(person, beside)
    if beside and person.face_paused_reason == NO_OTHER_WAY:
        person.face_paused_reason = None
    left = beside or working_methods(session, person, now) - {Method.FACE}
    return Aftermath(face_paused=paused, left_without_way=not left)


def settle_all_faces(session: Session, site_id: str, now: datetime) -> int:
    """Settle everyone who chose face, for ways that ended by time alone; return how many changed."""
    changed = 0
    for person in session.scalars(
        select(Person).where(Person.site_id == site_id, Person.ended_at.is_(None)).order_by(Person.person_id)
    ):
        if Method.FACE in person.methods:
            before = person.face_paused_reason
            settle_face(session, person, now)
            changed += person.face_paused_reason != before
    return changed
