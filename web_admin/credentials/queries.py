"""Read cards, PINs and codes: a person's, by a card's number, for visitors and for emergencies."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.records import CredentialKind
from web_admin.compound.models import CredentialRow, Person
from web_admin.credentials.models import EmergencyCode


def credential_of(session: Session, person_id: str, credential_id: str, kind: str) -> CredentialRow | None:
    """Return a person's own credential of a kind; None where there is none or it is another person's."""
    row = session.get(CredentialRow, credential_id)
    return row if row is not None and row.person_id == person_id and row.kind == kind else None


def credentials_of(session: Session, person_id: str) -> Sequence[CredentialRow]:
    """Return all that a person has or had to open with, but a PIN for duress."""
    return session.scalars(
        select(CredentialRow).where(CredentialRow.person_id == person_id, CredentialRow.duress.is_(False))
    ).all()


def live_credentials_of(
    session: Session, person_id: str, kind: str, *, duress: bool = False
) -> Sequence[CredentialRow]:
    """Return a person's credentials of one kind that have not ended, suspended ones too, oldest first."""
    return session.scalars(
        select(CredentialRow)
        .where(
            CredentialRow.person_id == person_id,
            CredentialRow.kind == kind,
            CredentialRow.duress.is_(duress),
            CredentialRow.state != "ended",
        )
        .order_by(CredentialRow.created_at)
    ).all()


# -- cards -----------------------------------------------------------------------------------------


def cards_of_person(session: Session, person_id: str) -> Sequence[CredentialRow]:
    """Return a person's cards, those that have ended too, oldest first."""
    return session.scalars(
        select(CredentialRow)
        .where(CredentialRow.person_id == person_id, CredentialRow.kind == CredentialKind.CARD)
        .order_by(CredentialRow.created_at, CredentialRow.credential_id)
    ).all()


def cards_with_number(session: Session, site_id: str, lookup: bytes) -> Sequence[CredentialRow]:
    """Return the cards of a site that have not ended and have the number that this was made of."""
    return session.scalars(
        select(CredentialRow)
        .join(Person)
        .where(
            Person.site_id == site_id,
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.state != "ended",
            CredentialRow.lookup == lookup,
        )
    ).all()


def is_given_again(session: Session, ended: CredentialRow) -> bool:
    """Return whether the card of an ended credential opens for another one now, or its PIN was replaced."""
    if ended.kind == CredentialKind.CARD:
        if ended.lookup is None:
            return True
        return bool(cards_with_number(session, ended.person.site_id, ended.lookup))
    if ended.kind == CredentialKind.PIN:
        return bool(live_credentials_of(session, ended.person_id, ended.kind, duress=ended.duress))
    return False


def holders_of_card(session: Session, site_id: str, lookup: bytes) -> list[tuple[CredentialRow, Person]]:
    """Return the cards of a site with the number that this was made of and their people, newest first.

    Cards that have ended are among them: who hands one in may have had it before.
    """
    rows = session.execute(
        select(CredentialRow, Person)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            CredentialRow.lookup == lookup,
            CredentialRow.kind == CredentialKind.CARD,
            Person.site_id == site_id,
        )
        .order_by(CredentialRow.created_at.desc())
    )
    return [(row, person) for row, person in rows]


# -- codes -----------------------------------------------------------------------------------------


def phones_of(session: Session, person_id: str) -> Sequence[CredentialRow]:
    """Return the keys of a person's phones that have not ended."""
    return session.scalars(
        select(CredentialRow).where(
            CredentialRow.person_id == person_id,
            CredentialRow.kind == CredentialKind.QR,
            CredentialRow.public_key.is_not(None),
            CredentialRow.state != "ended",
        )
    ).all()


def visitor_codes_of(session: Session, person_id: str, ends_after: datetime) -> Sequence[CredentialRow]:
    """Return the codes that a person gave to visitors and that end after an instant, by their ends."""
    return session.scalars(
        select(CredentialRow)
        .where(
            CredentialRow.person_id == person_id,
            CredentialRow.kind == CredentialKind.VISITOR_CODE,
            CredentialRow.state == "active",
            CredentialRow.valid_until > ends_after,
        )
        .order_by(CredentialRow.valid_until)
    ).all()


def newest_visitor_code(session: Session, person_id: str) -> CredentialRow:
    """Return the code for a visitor that a person made last."""
    return session.scalars(
        select(CredentialRow)
        .where(CredentialRow.person_id == person_id, CredentialRow.kind == CredentialKind.VISITOR_CODE)
        .order_by(CredentialRow.created_at.desc())
        .limit(1)
    ).one()


def live_emergency_codes(session: Session, site_id: str) -> Sequence[EmergencyCode]:
    """Return a site's codes for emergency services that have not ended, by their labels."""
    return session.scalars(
        select(EmergencyCode)
        .where(EmergencyCode.site_id == site_id, EmergencyCode.state != "ended")
        .order_by(EmergencyCode.label)
    ).all()


def ended_emergency_codes(session: Session, site_id: str, limit: int) -> Sequence[EmergencyCode]:
    """Return a site's codes for emergency services that ended last."""
    return session.scalars(
        select(EmergencyCode)
        .where(EmergencyCode.site_id == site_id, EmergencyCode.state == "ended")
        .order_by(EmergencyCode.ended_at.desc())
        .limit(limit)
    ).all()
