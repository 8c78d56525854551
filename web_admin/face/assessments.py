"""Draft, submit and approve the impact assessment that face needs before it is offered.

An approved assessment holds for the lanes it names, while the notice's purpose and method and the
engine are those it was about, until its review is due. When it ends, its lanes drop face and no one
can consent; every other way in stays. Assessments are never deleted (the law asks for three years).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.contract.records import Method
from web_admin.action.base import Action, begin, finish, new_id, office_only
from web_admin.action.lookups import lane_of
from web_admin.compound.models import Lane, Site
from web_admin.core.refusal import ActionRefused
from web_admin.face.assessment_status import (
    AssessmentStatus,
    approved_assessment,
    assessment_status,
    notice_basis,
)
from web_admin.face.engine import FACE_ENGINE
from web_admin.face.models import AssessmentRow

HEADS = ("lawful", "rights", "risks", "measures")
"""Subjects that FRM 9 and PIPL 56 ask an assessment to judge."""

TEXT_FIELDS = (*HEADS, "alternatives", "consultation", "conditions")
REQUIRED_TEXTS = (*HEADS, "alternatives")
CONCLUSIONS = ("go", "go_with_conditions", "stop")
RISKS = ("low", "medium", "high")
MAX_TEXT_CHARS = 6000
LONGEST_REVIEW = timedelta(days=366)
OTHER_WAYS_BESIDE_FACE = 2
KEPT_YEARS = 3

WHY_NOT: Mapping[str, LazyString] = {
    "missing": _(
        "Face needs an impact assessment that someone other than its authors has approved. "
        "Write one under Privacy."
    ),
    "stopped": _("The approved assessment concludes that face is not to be used."),
    "review_due": _("The review of the assessment of face is overdue. Write and approve a new version."),
    "notice_changed": _(
        "The purpose or method in the notice is not the one that was assessed. Write and "
        "approve a new version of the assessment."
    ),
    "engine_changed": _(
        "The engine is not the one that was assessed. Write and approve a new version of the assessment."
    ),
}


@dataclass(frozen=True, slots=True)
class AssessmentText:
    """Text of the authors. `texts` is by TEXT_FIELDS; `lanes` are those that are to offer face."""

    texts: Mapping[str, str]
    lanes: tuple[str, ...]
    conclusion: str = "go"
    residual_risk: str = "low"
    review_due: date | None = None


def draft_assessment(act: Action, assessment_id: str | None, text: AssessmentText) -> AssessmentRow:
    """Begin (id None) or change a draft; what is not written yet may stay empty."""
    begin(act)
    _only_by_staff(act)
    row = _new_row(act) if assessment_id is None else assessment_of(act, assessment_id)
    if row.state != "draft":
        raise ActionRefused(None, _("Only a draft can be changed. Begin a new version instead."))
    _write(act, row, text)
    finish(act, "assessment_drafted", _facts(row), touches=())
    return row


def submit_assessment(act: Action, assessment_id: str) -> AssessmentRow:
    """Submit a complete draft; raise ActionRefused naming the part that is missing or contradicts."""
    begin(act)
    _only_by_staff(act)
    row = assessment_of(act, assessment_id)
    if row.state != "draft":
        raise ActionRefused(None, _("Only a draft can be submitted."))
    _check_whole(act, row)
    basis = notice_basis(act.session)
    if basis is None:
        raise ActionRefused(
            None, _("Publish the notice about face first: the assessment is about its purpose and method.")
        )
    row.notice_basis, row.engine = basis, FACE_ENGINE
    row.state, row.submitted_at = "submitted", act.now
    finish(act, "assessment_submitted", _facts(row), touches=())
    return row


def return_assessment(act: Action, assessment_id: str) -> AssessmentRow:
    """Give a submitted assessment back to its authors as a draft."""
    begin(act)
    _only_by_staff(act)
    row = assessment_of(act, assessment_id)
    if row.state != "submitted":
        raise ActionRefused(None, _("Only a submitted assessment can be given back."))
    row.state, row.submitted_at, row.notice_basis, row.engine = "draft", None, None, None
    finish(act, "assessment_returned", _facts(row), touches=())
    return row


def approve_assessment(act: Action, assessment_id: str) -> AssessmentRow:
    """Approve what others wrote; the one approved before is superseded, and lanes follow at once."""
    begin(act)
    _only_by_staff(act)
    row = assessment_of(act, assessment_id)
    if row.state != "submitted":
        raise ActionRefused(None, _("Only a submitted assessment can be approved."))
    if act.actor_id in row.author_ids:
        raise ActionRefused(None, _("Another person than its author has to approve it."))
    _check_whole(act, row)
    if row.notice_basis != notice_basis(act.session) or row.engine != FACE_ENGINE:
        raise ActionRefused(
            None, _("The notice or the engine has changed since. Give it back to its authors.")
        )
    before = approved_assessment(act.session, act.site_id)
    if before is not None:
        before.state, before.superseded_at = "superseded", act.now
    row.state, row.approver_id, row.approved_at = "approved", act.actor_id, act.now
    finish(act, "assessment_approved", _facts(row))
    return row


def assessment_of(act: Action, assessment_id: str) -> AssessmentRow:
    """Return an assessment of this site; raise ActionRefused."""
    row = act.session.get(AssessmentRow, assessment_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such assessment."))
    return row


def assessments(session: Session, site_id: str) -> Sequence[AssessmentRow]:
    """Return all assessments of a site, newest first."""
    query = select(AssessmentRow).where(AssessmentRow.site_id == site_id)
    return session.scalars(query.order_by(AssessmentRow.number.desc())).all()


def text_of(row: AssessmentRow) -> AssessmentText:
    """Return a stored assessment as a form shows it."""
    return AssessmentText(
        dict(row.texts), tuple(row.lanes), row.conclusion, row.residual_risk, row.review_due
    )


def retained_until(row: AssessmentRow) -> date | None:
    """Return the first day on which the law would let it go; None for one that was never approved."""
    ended = row.superseded_at or row.approved_at
    return (ended + timedelta(days=366 * KEPT_YEARS)).date() if ended is not None else None


def check_assessed(act: Action, lane_id: str) -> None:
    """Raise ActionRefused unless an approved assessment that still holds names this lane."""
    if lane_id not in require_assessment(act, "methods").lanes:
        raise ActionRefused(
            "methods",
            _("The approved assessment does not name this lane. Write a new version that does."),
        )


def require_assessment(act: Action, field: str | None) -> AssessmentStatus:
    """Return the status of the approved assessment; raise ActionRefused unless it is valid."""
    status = assessment_status(act.session, act.site_id, act.now)
    if not status.holds:
        raise ActionRefused(field, WHY_NOT[status.word])
    return status


def ways_beside_face(lane: Lane) -> tuple[str, ...]:
    """Return the ways that a lane offers without face, as long as the card is among them."""
    others = tuple(method for method in lane.methods if method != Method.FACE)
    return others if Method.CARD in others else ()


def _new_row(act: Action) -> AssessmentRow:
    highest = act.session.scalar(
        select(func.max(AssessmentRow.number)).where(AssessmentRow.site_id == act.site_id)
    )
    row = AssessmentRow(
        assessment_id=new_id(),
        site_id=act.site_id,
        number=1 + (highest or 0),
        state="draft",
        texts={},
        lanes=[],
        conclusion="go",
        residual_risk="low",
        author_ids=[],
        created_at=act.now,
    )
    act.session.add(row)
    return row


def _write(act: Action, row: AssessmentRow, text: AssessmentText) -> None:
    if set(text.texts) - set(TEXT_FIELDS):
        raise ActionRefused(None, _("The assessment has a part that is not known."))
    for name, words in text.texts.items():
        if len(words) > MAX_TEXT_CHARS:
            raise ActionRefused(name, _("Please use at most %(count)s characters.", count=MAX_TEXT_CHARS))
    if text.conclusion not in CONCLUSIONS:
        raise ActionRefused("conclusion", _("Choose one of the offered values."))
    if text.residual_risk not in RISKS:
        raise ActionRefused("residual_risk", _("Choose one of the offered values."))
    for lane_id in text.lanes:
        lane_of(act, lane_id)
    row.texts = {name: text.texts.get(name, "").strip() for name in TEXT_FIELDS}
    row.lanes = list(dict.fromkeys(text.lanes))
    row.conclusion, row.residual_risk, row.review_due = text.conclusion, text.residual_risk, text.review_due
    if act.actor_id not in row.author_ids:
        row.author_ids = [*row.author_ids, act.actor_id]


def _check_whole(act: Action, row: AssessmentRow) -> None:
    for name in REQUIRED_TEXTS:
        if not row.texts.get(name, "").strip():
            raise ActionRefused(name, _("An assessment without this part is not one. Please write it."))
    if row.conclusion == "go_with_conditions" and not row.texts.get("conditions", "").strip():
        raise ActionRefused("conditions", _("Say under which conditions."))
    if row.residual_risk == "high" and row.conclusion != "stop":
        raise ActionRefused("conclusion", _("If the remaining risk is high, the only conclusion is to stop."))
    if not row.lanes:
        raise ActionRefused("lanes", _("Choose at least one lane."))
    for lane_id in row.lanes:
        if len(ways_beside_face(lane_of(act, lane_id))) < OTHER_WAYS_BESIDE_FACE:
            raise ActionRefused(
                "lanes", _("The lane %(lane)s lacks the card and one more way besides face.", lane=lane_id)
            )
    site = act.session.get_one(Site, act.site_id)
    today = act.now.astimezone(ZoneInfo(site.timezone)).date()
    if row.review_due is None or not today < row.review_due <= today + LONGEST_REVIEW:
        raise ActionRefused("review_due", _("Choose a day within the next twelve months."))


def _only_by_staff(act: Action) -> None:
    office_only(act, _("Assessments are written by the property office."))


def _facts(row: AssessmentRow) -> dict[str, str | int]:
    whole = [row.texts, row.lanes, row.conclusion, row.residual_risk, str(row.review_due)]
    return {
        "assessment_id": row.assessment_id,
        "number": row.number,
        "sha256": hashlib.sha256(msgspec.json.encode(whole, order="sorted")).hexdigest(),
    }
