"""Compute whether the approved assessment of face is still valid, at each use."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Site
from web_admin.custody.models import Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.engine import FACE_ENGINE
from web_admin.face.models import AssessmentRow

ASSESSED_FIELDS = ("purpose", "method")
"""The parts of the notice that an assessment is about: it is invalid after a change there."""

Word = Literal["holds", "missing", "stopped", "review_due", "notice_changed", "engine_changed"]


@dataclass(frozen=True, slots=True)
class AssessmentStatus:
    """Status of the approved assessment, and the lanes that may offer face under it."""

    word: Word
    row: AssessmentRow | None = None

    @property
    def holds(self) -> bool:
        return self.word == "holds"

    @property
    def lanes(self) -> frozenset[str]:
        """Return the lanes that it names, none when it does not hold."""
        return frozenset(self.row.lanes) if self.holds and self.row is not None else frozenset()


def approved_assessment(session: Session, site_id: str) -> AssessmentRow | None:
    """Return the one assessment of a site that is approved and not superseded."""
    query = select(AssessmentRow).where(AssessmentRow.site_id == site_id, AssessmentRow.state == "approved")
    return session.scalars(query.order_by(AssessmentRow.number.desc()).limit(1)).first()


def notice_basis(session: Session) -> str | None:
    """Return the digest of the newest face notice's purpose and method in all its languages."""
    newest = (
        select(Notice.version)
        .where(Notice.purpose == FACE_PURPOSE)
        .order_by(Notice.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    notices = session.execute(
        select(Notice.language, Notice.fields)
        .where(Notice.purpose == FACE_PURPOSE, Notice.version == newest)
        .order_by(Notice.language)
    ).all()
    if not notices:
        return None
    parts = [[language, *(fields.get(name, "") for name in ASSESSED_FIELDS)] for language, fields in notices]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def assessment_status(session: Session, site_id: str, now: datetime) -> AssessmentStatus:
    """Return the current status of a site's approved assessment."""
    row = approved_assessment(session, site_id)
    if row is None:
        return AssessmentStatus("missing")
    today = now.astimezone(ZoneInfo(session.get_one(Site, site_id).timezone)).date()
    word: Word = "holds"
    if row.conclusion == "stop":
        word = "stopped"
    elif row.review_due is None or row.review_due <= today:
        word = "review_due"
    elif row.notice_basis != notice_basis(session):
        word = "notice_changed"
    elif row.engine != FACE_ENGINE:
        word = "engine_changed"
    return AssessmentStatus(word, row)
