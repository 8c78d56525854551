"""A visit at the desk: whose it is, when it ends, and what its person reads of it later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from web_admin.acts import Act
from web_admin.desk_models import DeskVisitRow
from web_admin.journal_models import AuditEntry
from web_admin.models import Site

IDLE = timedelta(minutes=10)
LONGEST = timedelta(minutes=30)
"""However busy: then the card is tapped or the PIN typed once more."""


def visit_in_progress(session: Session, site: Site, visit_id: str, account_id: int) -> DeskVisitRow | None:
    """Return a visit of this account that was not ended; its time is the caller's to judge."""
    visit = session.get(DeskVisitRow, visit_id)
    if visit is None or visit.site_id != site.site_id or visit.account_id != account_id:
        return None
    return visit if visit.ended_at is None else None


def end_visits(act: Act, account_id: int, why: str) -> None:
    """End whatever visit this account still has open."""
    over = update(DeskVisitRow).where(
        DeskVisitRow.account_id == account_id, DeskVisitRow.ended_at.is_(None)
    )
    act.session.execute(over.values(ended_at=act.now, ended_why=why))


def visit_ends_at(visit: DeskVisitRow, used_at: datetime) -> datetime:
    """Return when a visit ends by itself: unused for a while, or long in any case."""
    return min(used_at + IDLE, visit.opened_at + LONGEST)


# -- what the person reads of it -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownVisit:
    """A visit as the person sees it: whose hands, how it was opened, what was done, by kind of act."""

    opened_at: datetime
    role: str
    opened_by: str
    acts: Sequence[str]


def visits_of(session: Session, person_id: str, limit: int) -> list[ShownVisit]:
    """Return a person's newest visits at the desk, and what was done for them there."""
    visits = session.scalars(
        select(DeskVisitRow)
        .where(DeskVisitRow.person_id == person_id)
        .order_by(DeskVisitRow.opened_at.desc())
        .limit(limit)
    ).all()
    if not visits:
        return []
    entries = session.execute(
        select(AuditEntry.kind, AuditEntry.facts)
        .where(
            AuditEntry.person_id == person_id,
            AuditEntry.at >= visits[-1].opened_at,
            AuditEntry.at <= visits[0].opened_at + LONGEST,
        )
        .order_by(AuditEntry.seq)
    )
    done: dict[str, list[str]] = {}
    for kind, facts in entries:
        if facts.get("assisted") is True:
            done.setdefault(str(facts.get("visit_id")), []).append(kind)
    return [
        ShownVisit(visit.opened_at, visit.role, visit.opened_by, tuple(done.get(visit.visit_id, ())))
        for visit in visits
    ]
