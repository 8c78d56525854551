"""Read consents, their notices, and gates' receipts of their end."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, distinct, func, select
from sqlalchemy.orm import Session

from web_admin.compound.models import Gate
from web_admin.custody.models import Consent, ForgettingRow, GateFaceRow, Notice, ReceiptRow
from web_admin.custody.shares import FACE_PURPOSE

# -- consents and notices --------------------------------------------------------------------------


def consents_of(session: Session, person_id: str) -> Sequence[Consent]:
    """Return a person's consents, newest first."""
    return session.scalars(
        select(Consent).where(Consent.person_id == person_id).order_by(Consent.given_at.desc())
    ).all()


def consent_of(session: Session, person_id: str, consent_id: str) -> Consent | None:
    """Return a person's own consent; None where there is none or it is another person's."""
    consent = session.get(Consent, consent_id)
    return consent if consent is not None and consent.person_id == person_id else None


def last_withdrawn(session: Session, person_id: str) -> Consent | None:
    """Return the consent to face that a person withdrew last, None for none."""
    return session.scalars(
        select(Consent)
        .where(
            Consent.person_id == person_id,
            Consent.purpose == FACE_PURPOSE,
            Consent.withdrawn_at.is_not(None),
        )
        .order_by(Consent.withdrawn_at.desc())
        .limit(1)
    ).first()


def notice_in(session: Session, purpose: str, version: int, language: str) -> Notice | None:
    return session.get(Notice, (purpose, version, language))


def notice_versions(session: Session, purpose: str, language: str) -> Sequence[Notice]:
    """Return every version of a notice in a language, newest first."""
    return session.scalars(
        select(Notice)
        .where(Notice.purpose == purpose, Notice.language == language)
        .order_by(Notice.version.desc())
    ).all()


def notices_for(session: Session, purposes: Collection[str]) -> dict[tuple[str, int, str], Notice]:
    """Return every version of these purposes' notices by purpose, version and language."""
    rows = session.scalars(select(Notice).where(Notice.purpose.in_(purposes)))
    return {(row.purpose, row.version, row.language): row for row in rows}


# -- what gates signed -----------------------------------------------------------------------------


def receipts_with_keys(session: Session, consent_id: str) -> Sequence[Row[ReceiptRow, bytes | None]]:
    """Return the receipts that a consent's face is gone, each with the public key of its gate."""
    return session.execute(
        select(ReceiptRow, Gate.public_key)
        .join(Gate, Gate.gate_id == ReceiptRow.gate_id)
        .where(ReceiptRow.consent_id == consent_id)
        .order_by(ReceiptRow.gate_id)
    ).all()


def receipt_times(session: Session, consent_id: str) -> dict[str, datetime]:
    """Return by gate when its receipt that a consent's face is gone arrived."""
    rows = session.scalars(select(ReceiptRow).where(ReceiptRow.consent_id == consent_id))
    return {row.gate_id: row.received_at for row in rows}


def forgetting_times(session: Session, consent_id: str) -> dict[str, datetime]:
    """Return by gate when the end of a consent's face began there."""
    rows = session.scalars(select(ForgettingRow).where(ForgettingRow.consent_id == consent_id))
    return {row.gate_id: row.begun_at for row in rows}


def unsigned_forgettings(session: Session, site_id: str, before: datetime) -> tuple[int, datetime | None]:
    """Count the consents that ended before a moment and whose face a paired gate has not signed away.

    Also return when the oldest of them ended. A retired or stolen gate signs no more: there the end of its
    lease counts, as in the certificate.
    """
    counts = ReceiptRow.received_at >= ForgettingRow.begun_at
    row = session.execute(
        select(func.count(distinct(ForgettingRow.consent_id)), func.min(ForgettingRow.begun_at))
        .join(Gate, Gate.gate_id == ForgettingRow.gate_id)
        .outerjoin(
            ReceiptRow,
            (ReceiptRow.consent_id == ForgettingRow.consent_id)
            & (ReceiptRow.gate_id == ForgettingRow.gate_id)
            & (counts | ForgettingRow.fresh_receipt.is_(False)),
        )
        .where(
            Gate.site_id == site_id,
            Gate.state == "paired",
            ForgettingRow.begun_at < before,
            ReceiptRow.consent_id.is_(None),
        )
    ).one()
    return int(row[0]), row[1]


def gate_face(session: Session, gate_id: str) -> GateFaceRow | None:
    """Return what a gate last reported about faces, None where it never did."""
    return session.get(GateFaceRow, gate_id)
