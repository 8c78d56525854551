"""Compute the distance to the authority notification threshold: the number of faces to report (FRM 15)."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Select, distinct, func, select
from sqlalchemy.orm import Session

from web_admin.custody.models import Consent, FaceShare
from web_admin.custody.shares import FACE_PURPOSE

THRESHOLD = 100_000
"""People with a face from whom on an operator files with the authority (China, measures of 2025-06-01)."""
WARN_SOON, WARN_NOW = 80_000, 95_000

ThresholdStatus = Literal["far", "near", "close", "reached"]


def people_with_faces(session: Session) -> int:
    """Return how many distinct people of all sites have a live consent or a face that is kept."""
    consented = select(Consent.person_id).where(
        Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None)
    )
    return _people(session, consented, select(FaceShare.person_id))


def people_who_had_faces(session: Session, until: datetime) -> int:
    """Return how many distinct people had a live consent or a face at a moment that is over."""
    consented = select(Consent.person_id).where(
        Consent.purpose == FACE_PURPOSE,
        Consent.given_at < until,
        Consent.withdrawn_at.is_(None) | (Consent.withdrawn_at >= until),
    )
    return _people(session, consented, select(FaceShare.person_id).where(FaceShare.created_at < until))


def _people(session: Session, consented: Select[str], kept: Select[str]) -> int:
    everyone = consented.union(kept).subquery()
    return session.scalar(select(func.count(distinct(everyone.c.person_id)))) or 0


def threshold_status(people: int) -> ThresholdStatus:
    """Return the distance of a number of people to the threshold."""
    if people >= THRESHOLD:
        return "reached"
    if people >= WARN_NOW:
        return "close"
    return "near" if people >= WARN_SOON else "far"
