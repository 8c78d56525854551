"""Read requests, disclosures, incidents, reports, and counts of choices about faces."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select
from sqlalchemy.orm import Session

from web_admin.compound.models import Person
from web_admin.custody.models import Consent, FaceShare
from web_admin.privacy.models import ComplianceAudit, Disclosure, Incident, PublicReport, RightsRequest

# -- requests --------------------------------------------------------------------------------------


def open_request_count(session: Session, person_id: str) -> int:
    """Return how many of a person's requests wait for an answer."""
    waiting = select(func.count()).where(
        RightsRequest.person_id == person_id, RightsRequest.closed_at.is_(None)
    )
    return session.scalar(waiting) or 0


def requests_of(session: Session, person_id: str, limit: int | None = None) -> Sequence[RightsRequest]:
    """Return what a person asked for, newest first."""
    return session.scalars(
        select(RightsRequest)
        .where(RightsRequest.person_id == person_id)
        .order_by(RightsRequest.filed_at.desc(), RightsRequest.request_id)
        .limit(limit)
    ).all()


def request_of(session: Session, person_id: str, request_id: str) -> RightsRequest | None:
    """Return a person's own request; None where there is none or it is another person's."""
    row = session.get(RightsRequest, request_id)
    return row if row is not None and row.person_id == person_id else None


def late_requests(now: datetime) -> ColumnElement[bool]:
    """Return the condition for open requests that wait beyond one of their due dates, as `is_late` says."""
    unread = RightsRequest.acknowledged_at.is_(None) & (RightsRequest.acknowledge_by < now)
    return RightsRequest.closed_at.is_(None) & (unread | (RightsRequest.answer_by < now))


def late_request_count(session: Session, site_id: str, now: datetime) -> int:
    """Return how many requests of a site wait beyond a due date."""
    return (
        session.scalar(
            select(func.count())
            .select_from(RightsRequest)
            .where(RightsRequest.site_id == site_id, late_requests(now))
        )
        or 0
    )


def requests_by_due_date(
    session: Session,
    site_id: str,
    which: str,
    now: datetime,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[tuple[RightsRequest, str]]:
    """Return requests with their people's names, the one that is due first on top.

    `which`: open, late, closed, or anything else for all; `after`: due date and id of the last one before.
    """
    narrowed = {
        "open": RightsRequest.closed_at.is_(None),
        "late": late_requests(now),
        "closed": RightsRequest.closed_at.is_not(None),
    }
    query = (
        select(RightsRequest, Person.display_name)
        .join(Person, Person.person_id == RightsRequest.person_id)
        .where(RightsRequest.site_id == site_id)
    )
    if which in narrowed:
        query = query.where(narrowed[which])
    if after is not None:
        moment, key = after
        same = and_(RightsRequest.answer_by == moment, RightsRequest.request_id > key)
        query = query.where(or_(RightsRequest.answer_by > moment, same))
    in_order = query.order_by(RightsRequest.answer_by, RightsRequest.request_id).limit(limit)
    return [(row[0], row[1]) for row in session.execute(in_order)]


# -- what is published and put on record -----------------------------------------------------------


def public_reports(session: Session, site_id: str) -> Sequence[PublicReport]:
    """Return every issue of a site's report to the public, newest first."""
    return session.scalars(
        select(PublicReport).where(PublicReport.site_id == site_id).order_by(PublicReport.number.desc())
    ).all()


def public_report(session: Session, site_id: str, number: int) -> PublicReport | None:
    """Return one issue of a site's report to the public."""
    return session.get(PublicReport, (site_id, number))


def disclosures_of(session: Session, site_id: str, limit: int) -> Sequence[Disclosure]:
    """Return what authorities asked a site for, newest first."""
    return session.scalars(
        select(Disclosure)
        .where(Disclosure.site_id == site_id)
        .order_by(Disclosure.recorded_at.desc())
        .limit(limit)
    ).all()


def incidents_of(session: Session, site_id: str, limit: int) -> Sequence[Incident]:
    """Return a site's incidents, newest first."""
    return session.scalars(
        select(Incident).where(Incident.site_id == site_id).order_by(Incident.known_at.desc()).limit(limit)
    ).all()


def audits_of(session: Session, site_id: str, limit: int) -> Sequence[ComplianceAudit]:
    """Return a site's audits, newest first."""
    return session.scalars(
        select(ComplianceAudit)
        .where(ComplianceAudit.site_id == site_id)
        .order_by(ComplianceAudit.began_at.desc())
        .limit(limit)
    ).all()


# -- how many chose what ---------------------------------------------------------------------------


def choices_about_faces(session: Session, site_id: str) -> dict[str, int]:
    """Count a site's consents to face, given, live and withdrawn, its people, and people with shares."""
    of_site = Consent.person_id.in_(select(Person.person_id).where(Person.site_id == site_id))
    consents = select(func.count(Consent.consent_id)).where(of_site)
    people = select(func.count(Person.person_id)).where(Person.site_id == site_id, Person.ended_at.is_(None))
    return {
        "given": session.scalar(consents) or 0,
        "live": session.scalar(consents.where(Consent.withdrawn_at.is_(None))) or 0,
        "withdrawn": session.scalar(consents.where(Consent.withdrawn_at.is_not(None))) or 0,
        "people": session.scalar(people) or 0,
        "shares": session.scalar(select(func.count(distinct(FaceShare.person_id)))) or 0,
    }
