"""Visits at the desk: begin, end, expire, and the person's own record of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from web_admin.action.base import Action
from web_admin.compound.models import Site
from web_admin.desk.models import DeskVisitRow
from web_admin.journal.models import AuditEntry

VERIFICATION_MINUTES = timedelta(minutes=5)
"""In which the person proves that they are there; then it begins with the card or the PIN once more."""
IDLE = timedelta(minutes=10)
LONGEST = timedelta(minutes=30)
"""However busy: then the card is tapped or the PIN typed once more."""


def visit_in_progress(session: Session, site: Site, visit_id: str, account_id: int) -> DeskVisitRow | None:
    """Return a visit of this account that was not ended, proved or not; its time is the caller's to judge."""
    visit = session.get(DeskVisitRow, visit_id)
    if visit is None or visit.site_id != site.site_id or visit.account_id != account_id:
        return None
    return visit if visit.ended_at is None else None


def visit_to_prove(session: Session, account_id: int, now: datetime) -> DeskVisitRow | None:
    """Return the visit that an account began, while its person can still prove that they are there."""
    begun = session.scalars(
        select(DeskVisitRow).where(DeskVisitRow.account_id == account_id, DeskVisitRow.ended_at.is_(None))
    ).first()
    return begun if begun is not None and is_waiting(begun, now) else None


def is_waiting(visit: DeskVisitRow, now: datetime) -> bool:
    """Return whether its person can still prove that they are there."""
    return visit.ended_at is None and visit.proved_at is None and now < visit.opened_at + VERIFICATION_MINUTES


def check_digits(visit: DeskVisitRow) -> str:
    """Return the two digits that the desk and the person's phone both show of one visit."""
    return str(10 + int(visit.visit_id[:8], 16) % 90)


def visit_asked_of(session: Session, person_id: str, now: datetime) -> DeskVisitRow | None:
    """Return the newest visit that waits for this person to say that they are at the desk."""
    newest = session.scalars(
        select(DeskVisitRow)
        .where(DeskVisitRow.person_id == person_id, DeskVisitRow.opened_at > now - VERIFICATION_MINUTES)
        .order_by(DeskVisitRow.opened_at.desc(), DeskVisitRow.visit_id)
        .limit(1)
    ).first()
    return newest if newest is not None and is_waiting(newest, now) else None


def end_visits(act: Action, account_id: int, why: str) -> None:
    over = update(DeskVisitRow).where(DeskVisitRow.account_id == account_id, DeskVisitRow.ended_at.is_(None))
    act.session.execute(over.values(ended_at=act.now, ended_why=why))


def visit_ends_at(visit: DeskVisitRow, used_at: datetime) -> datetime:
    """Return when a visit expires: unused for a while, or at its longest time."""
    return min(used_at + IDLE, (visit.proved_at or visit.opened_at) + LONGEST)


# -- what the person reads of it -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownVisit:
    """A visit as the person sees it: whose hands, how it was opened, what was done, by kind of action.

    `proved_by` is None for one that showed nothing: a number was typed, without proof of presence.
    """

    opened_at: datetime
    role: str
    opened_by: str
    proved_by: str | None
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
            AuditEntry.at <= visits[0].opened_at + VERIFICATION_MINUTES + LONGEST,
        )
        .order_by(AuditEntry.seq)
    )
    done: dict[str, list[str]] = {}
    for kind, facts in entries:
        if facts.get("assisted") is True:
            done.setdefault(str(facts.get("visit_id")), []).append(kind)
    return [
        ShownVisit(
            visit.opened_at,
            visit.role,
            visit.opened_by,
            # Before proof was asked for, a visit was open from its first moment.
            visit.proved_by or ("before" if visit.proved_at is not None else None),
            tuple(done.get(visit.visit_id, ())),
        )
        for visit in visits
    ]
