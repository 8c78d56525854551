"""An impact assessment of face that another account has approved, for compounds that tests build."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.action.base import Action
from web_admin.compound.models import Gate, Lane, Site
from web_admin.face.assessment_status import notice_basis
from web_admin.face.assessments import (
    REQUIRED_TEXTS,
    AssessmentText,
    approve_assessment,
    draft_assessment,
    submit_assessment,
    ways_beside_face,
)
from web_admin.face.engine import FACE_ENGINE
from web_admin.face.models import AssessmentRow

WHOLE_TEXTS = dict.fromkeys(REQUIRED_TEXTS, "judged and written down")


def whole_text(act: Action, lanes: tuple[str, ...]) -> AssessmentText:
    """Return an assessment with nothing missing."""
    return AssessmentText(WHOLE_TEXTS, lanes, review_due=(act.now + timedelta(days=300)).date())


def assess(act: Action, lanes: tuple[str, ...] | None = None, reviewed: str = "") -> AssessmentRow:
    """Write, submit and approve an assessment; None names every lane that may offer face.

    `reviewed`, where given, is what a later version says in its first part.
    """
    if lanes is None:
        rows = act.session.scalars(
            select(Lane).join(Gate).where(Gate.site_id == act.site_id).order_by(Lane.lane_id)
        )
        lanes = tuple(lane.lane_id for lane in rows if len(ways_beside_face(lane)) > 1)
    author = replace(act, actor_id="author-1", channel="manager")
    text = whole_text(act, lanes)
    if reviewed:
        text = replace(text, texts={**text.texts, REQUIRED_TEXTS[0]: reviewed})
    row = draft_assessment(author, None, text)
    submit_assessment(author, row.assessment_id)
    return approve_assessment(replace(author, actor_id="approver-1"), row.assessment_id)


def assess_rows(session: Session, site_id: str, lane_id: str) -> None:
    """Add one more lane to an approved assessment, straight in the tables."""
    session.flush()
    row = session.scalars(select(AssessmentRow).where(AssessmentRow.site_id == site_id)).first()
    if row is not None:
        row.lanes = [*row.lanes, lane_id]
        return
    made_at = session.get_one(Site, site_id).created_at
    session.add(
        AssessmentRow(
            assessment_id=f"assessed-{site_id}",
            site_id=site_id,
            number=1,
            state="approved",
            texts=WHOLE_TEXTS,
            lanes=[lane_id],
            conclusion="go",
            residual_risk="low",
            review_due=(made_at + timedelta(days=3650)).date(),
            author_ids=["author-1"],
            engine=FACE_ENGINE,
            notice_basis=notice_basis(session),
            created_at=made_at,
            submitted_at=made_at,
            approver_id="approver-1",
            approved_at=made_at,
        )
    )
    session.flush()
