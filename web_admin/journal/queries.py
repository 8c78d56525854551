"""Read entries of the ledger: about a person, and of a kind."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.journal.models import AuditEntry


def entries_about(
    session: Session, person_id: str, kinds: Collection[str], limit: int, before: int | None = None
) -> Sequence[AuditEntry]:
    """Return the newest entries of these kinds about a person; `before` ends the page before."""
    query = select(AuditEntry).where(AuditEntry.person_id == person_id, AuditEntry.kind.in_(kinds))
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    return session.scalars(query.order_by(AuditEntry.seq.desc()).limit(limit)).all()


def entries_of_kinds(
    session: Session, site_id: str, kinds: Collection[str], limit: int
) -> Sequence[AuditEntry]:
    """Return the newest entries of these kinds."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.site_id == site_id, AuditEntry.kind.in_(kinds))
        .order_by(AuditEntry.seq.desc())
        .limit(limit)
    ).all()
