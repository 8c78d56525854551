"""Write down suspensions of people and credentials, and what is left of them when one ends."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, new_id
from web_admin.action.suspension_reasons import CheckedCause, SuspensionReason
from web_admin.action.suspensions import PARTIES
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.restore_models import is_held
from web_admin.compound.suspension_models import Suspension


def add_suspension(
    act: Action, cause: CheckedCause, person_id: str, credential_id: str | None = None, *, waits: bool = False
) -> Suspension:
    """Store a suspension, in force from now on unless it waits for a second account, and return it."""
    row = Suspension(
        suspension_id=new_id(),
        site_id=act.site_id,
        person_id=person_id,
        credential_id=credential_id,
        reason=cause.reason.value,
        reference=cause.reference,
        party=cause.party,
        given_by=act.actor_id,
        given_at=act.now,
        until=cause.until,
        began_at=None if waits else act.now,
    )
    act.session.add(row)
    return row


def open_suspensions(
    session: Session, person_id: str, credential_id: str | None = None
) -> Sequence[Suspension]:
    """Return what is in force or waits, of a whole person or of one credential, oldest first."""
    return session.scalars(
        select(Suspension)
        .where(
            Suspension.person_id == person_id,
            Suspension.credential_id.is_(None)
            if credential_id is None
            else Suspension.credential_id == credential_id,
            Suspension.ended_at.is_(None),
        )
        .order_by(Suspension.given_at, Suspension.suspension_id)
    ).all()


def keep_held(act: Action, of: Person | CredentialRow) -> None:
    """Write down what a restore suspended without a row, so that the end of a newer one does not end it."""
    is_suspended = of.suspended if isinstance(of, Person) else of.state == "suspended"
    credential_id = of.credential_id if isinstance(of, CredentialRow) else None
    rows = open_suspensions(act.session, of.person_id, credential_id)
    if is_suspended and all(row.began_at is None for row in rows):
        held = CheckedCause(SuspensionReason.RESTORED, None, None, "office")
        add_suspension(act, held, of.person_id, credential_id)


def end_suspensions(
    session: Session, now: datetime, person_id: str, credential_id: str | None = None
) -> None:
    """End all suspensions of a whole person or of one credential; the caller changes what they are of."""
    for row in open_suspensions(session, person_id, credential_id):
        row.ended_at = now


def reopen_suspensions(session: Session, of: CredentialRow) -> None:
    """Have those suspensions of a credential in force again that ended with it."""
    rows = select(Suspension).where(
        Suspension.credential_id == of.credential_id, Suspension.ended_at == of.ended_at
    )
    for row in session.scalars(rows):
        row.ended_at = None


def parties_left(session: Session, of: Person | CredentialRow) -> str:
    """Return the parties whose suspensions of this are still in force, as `Person.suspended_by` has them.

    A suspension that a restore holds back is the office's.
    """
    credential_id = of.credential_id if isinstance(of, CredentialRow) else None
    rows = open_suspensions(session, of.person_id, credential_id)
    parties = {row.party for row in rows if row.began_at is not None}
    kind, subject_id = ("person", of.person_id) if credential_id is None else ("credential", credential_id)
    if is_held(session, kind, subject_id):
        parties.add("office")
    return " ".join(party for party in PARTIES if party in parties)
