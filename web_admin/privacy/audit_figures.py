"""Compute what a compliance audit needs from the records: the report's figures, and those about minors."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web_admin.compound.age_bands import CHILD, MINOR
from web_admin.compound.models import Person, Site
from web_admin.core.config import WebConfig
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.models import GuardianConsent
from web_admin.privacy.report_figures import Figures, Span, all_figures


def audit_figures(session: Session, site: Site, span: Span, config: WebConfig) -> Figures:
    """Return the figures of a period. Those about minors are exact: the file is for the auditor alone."""
    return {**all_figures(session, site, span, config), "minors": minors_figures(session, site, span)}


def handles_minors(session: Session, site_id: str) -> bool:
    """Return whether a person under 18 lives here."""
    found = select(Person.person_id).where(
        Person.site_id == site_id, Person.age_band.in_((CHILD, MINOR)), Person.ended_at.is_(None)
    )
    return session.scalar(found.limit(1)) is not None


def minors_figures(session: Session, site: Site, span: Span) -> dict[str, int]:
    """Count minors of the site now, and what was consented to for them and taken back in a period."""
    bands = dict.fromkeys((CHILD, MINOR), 0)
    bands |= {
        str(band): int(count)
        for band, count in session.execute(
            select(Person.age_band, func.count())
            .where(Person.site_id == site.site_id, Person.ended_at.is_(None), Person.age_band.in_(bands))
            .group_by(Person.age_band)
        )
    }
    of_minors = (
        select(func.count())
        .select_from(Consent)
        .join(Person, Person.person_id == Consent.person_id)
        .where(Person.site_id == site.site_id, Person.age_band.in_(bands), Consent.purpose == FACE_PURPOSE)
    )
    return {
        "under_14": bands[CHILD],
        "from_14_to_17": bands[MINOR],
        "face_consents_given": session.scalar(of_minors.where(span.holds(Consent.given_at))) or 0,
        "face_consents_withdrawn": session.scalar(of_minors.where(span.holds(Consent.withdrawn_at))) or 0,
        "face_consents_live": session.scalar(of_minors.where(Consent.withdrawn_at.is_(None))) or 0,
        "guardians_who_agreed": _guardians(session, site),
    }


def _guardians(session: Session, site: Site) -> int:
    counted = (
        select(func.count(func.distinct(GuardianConsent.guardian_id)))
        .join(Consent, Consent.consent_id == GuardianConsent.consent_id)
        .join(Person, Person.person_id == Consent.person_id)
        .where(Person.site_id == site.site_id, Consent.withdrawn_at.is_(None))
    )
    return session.scalar(counted) or 0
