"""Pages of impact assessments of face: list, draft, submit, approve, compare, print."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, render_template, request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, TextAreaField
from wtforms.validators import Length, Optional

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.core.database import request_session
from web_admin.face.assessment_status import AssessmentStatus, assessment_status
from web_admin.face.assessments import (
    MAX_TEXT_CHARS,
    REQUIRED_TEXTS,
    TEXT_FIELDS,
    WHY_NOT,
    AssessmentText,
    approve_assessment,
    assessments,
    draft_assessment,
    retained_until,
    return_assessment,
    submit_assessment,
    text_of,
)
from web_admin.face.models import AssessmentRow
from web_admin.web.context import actor_id, form_page, get_or_404, submit, typed
from web_admin.web.fields import CheckList, lane_options, options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.places import lane_names, site_lanes
from web_admin.web.site import current_site, request_now

bp = Blueprint("assessments", __name__, url_prefix="/manage/privacy/assessments")

REVIEW_AFTER = timedelta(days=365)
LABELS = {
    "lawful": _l("1. Are purpose and method lawful, proper and necessary?"),
    "rights": _l("2. How are people's rights affected, and do the measures that reduce this work?"),
    "risks": _l(
        "3. Risks of leak, alteration, loss, damage, or unlawful obtaining, sale or use, and the "
        "harm that may follow"
    ),
    "measures": _l("4. Is the protection lawful, effective and in proportion to the risk?"),
    "alternatives": _l("Alternatives considered, and why face is still wanted beside them"),
    "consultation": _l("Whom you asked (residents, committee, privacy officer), and what they said"),
    "conditions": _l("Conditions, and until when they are met"),
}
CONCLUSION_WORDS = {
    "go": _l("Face may be offered"),
    "go_with_conditions": _l("Face may be offered under the conditions above"),
    "stop": _l("Face is not to be used"),
}
RISK_WORDS = {"low": _l("Low"), "medium": _l("Medium"), "high": _l("High")}
STATE_WORDS = {
    "draft": _l("Draft"),
    "submitted": _l("Waits for approval"),
    "approved": _l("Approved"),
    "superseded": _l("Superseded"),
    "outdated": _l("Outdated"),
}


class AssessmentForm(OnceForm):
    """Text of the authors; a draft may have gaps. The fields of the texts are added below."""

    lanes = CheckList(_l("Lanes that are to offer face"))
    residual_risk = RadioField(_l("Risk that remains"), choices=options(RISK_WORDS), default="low")
    conclusion = RadioField(_l("Conclusion"), choices=options(CONCLUSION_WORDS), default="go")
    review_due = DateField(
        _l("Review due on"),
        validators=[Optional()],
        description=_l("Within twelve months. Then face pauses."),
    )

    def fill(self, text: AssessmentText) -> None:
        for name in TEXT_FIELDS:
            self[name].data = text.texts.get(name, "")
        self.lanes.data = list(text.lanes)
        self.residual_risk.data, self.conclusion.data = text.residual_risk, text.conclusion
        self.review_due.data = text.review_due

    def text(self) -> AssessmentText:
        """Return the typed text, after validation."""
        return AssessmentText(
            {name: typed(self[name]) for name in TEXT_FIELDS},
            tuple(self.lanes.data or ()),
            typed(self.conclusion),
            typed(self.residual_risk),
            self.review_due.data,
        )


for _name in TEXT_FIELDS:
    setattr(
        AssessmentForm,
        _name,
        TextAreaField(
            LABELS[_name],
            validators=[Length(max=MAX_TEXT_CHARS)],
            render_kw={"rows": 5 if _name in REQUIRED_TEXTS else 3},
        ),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One part of an assessment as it is read; `before` is what an older version said, if otherwise."""

    label: LazyString
    value: str
    before: str | None = None


def _row(assessment_id: str) -> AssessmentRow:
    return get_or_404(request_session(), AssessmentRow, assessment_id)


def state_word(row: AssessmentRow, status: AssessmentStatus) -> str:
    """Return the state of an assessment, "outdated" for an approved one that is no longer valid."""
    return "outdated" if row.state == "approved" and not status.holds else row.state


@bp.get("")
@allowed("see_privacy")
def show_list() -> str:
    """Show all versions, newest first, and whether the approved one still holds."""
    site_id = current_site().site_id
    status = assessment_status(request_session(), site_id, request_now())
    return render_template(
        "manage/assessments.html",
        rows=assessments(request_session(), site_id),
        status=status,
        why_not=WHY_NOT.get(status.word),
        state_word=state_word,
        states=STATE_WORDS,
    )


@bp.get("/<assessment_id>")
@allowed("see_privacy")
def show(assessment_id: str) -> str:
    """Show one version, on paper too."""
    return _page(_row(assessment_id), AgainForm(formdata=None))


def _page(row: AssessmentRow, button: AgainForm) -> str:
    others = [other for other in assessments(request_session(), row.site_id) if other is not row]
    older = next((other for other in others if other.number < row.number), None)
    status = assessment_status(request_session(), row.site_id, request_now())
    return render_template(
        "manage/assessment.html",
        row=row,
        lines=_lines(row),
        state=state_word(row, status),
        states=STATE_WORDS,
        button=button,
        is_author=actor_id() in row.author_ids,
        kept_until=retained_until(row),
        older=older,
    )


@bp.get("/<assessment_id>/compare/<older_id>")
@allowed("see_privacy")
def compare(assessment_id: str, older_id: str) -> str:
    """Show what changed between two versions."""
    row, older = _row(assessment_id), _row(older_id)
    lines = [line for line in _lines(row, older) if line.before is not None]
    return render_template("manage/assessment_compare.html", row=row, older=older, lines=lines)


def _lines(row: AssessmentRow, older: AssessmentRow | None = None) -> list[Line]:
    now, before = _values(row), _values(older) if older is not None else {}
    labels = {
        **LABELS,
        "lanes": AssessmentForm.lanes.args[0],
        "residual_risk": AssessmentForm.residual_risk.args[0],
        "conclusion": AssessmentForm.conclusion.args[0],
        "review_due": AssessmentForm.review_due.args[0],
    }
    return [
        Line(label, now[name], before[name] if before.get(name, now[name]) != now[name] else None)
        for name, label in labels.items()
    ]


def _values(row: AssessmentRow) -> dict[str, str]:
    names = lane_names()
    text = text_of(row)
    return {
        **{name: text.texts.get(name, "") for name in TEXT_FIELDS},
        "lanes": ", ".join(names.get(lane_id, lane_id) for lane_id in text.lanes),
        "residual_risk": str(RISK_WORDS[text.residual_risk]),
        "conclusion": str(CONCLUSION_WORDS[text.conclusion]),
        "review_due": text.review_due.isoformat() if text.review_due is not None else "",
    }


@bp.route("/new", methods=["GET", "POST"], defaults={"assessment_id": None})
@bp.route("/<assessment_id>/edit", methods=["GET", "POST"])
@allowed("write_assessment")
def edit(assessment_id: str | None) -> Page:
    """Write a draft; a new version begins with the text of the newest."""
    form = AssessmentForm()
    form.lanes.choices = lane_options(site_lanes())
    row = _row(assessment_id) if assessment_id is not None else None
    if row is not None and row.state != "draft":
        abort(404)
    if not form.is_submitted():
        newest = row or next(iter(assessments(request_session(), current_site().site_id)), None)
        if newest is not None:
            form.fill(text_of(newest))
        if row is None:
            form.review_due.data = (request_now() + REVIEW_AFTER).date()
    answer = submit(
        form,
        lambda act: draft_assessment(act, assessment_id, form.text()),
        saved=_("The draft was kept."),
        back=to("assessments.show_list"),
        then=lambda saved: to("assessments.show", assessment_id=saved.assessment_id),
    )
    return answer or form_page("manage/assessment_edit.html", form, names=TEXT_FIELDS)


@bp.post("/<assessment_id>/submit", endpoint="submit")
@allowed("write_assessment")
def hand_in(assessment_id: str) -> Page:
    return _pressed(
        assessment_id, submit_assessment, _("It waits for approval by another person than its author.")
    )


@bp.post("/<assessment_id>/decide")
@allowed("approve_assessment")
def decide(assessment_id: str) -> Page:
    """Approve another account's assessment, or return it."""
    if request.form.get("answer") == "approve":
        return _pressed(assessment_id, approve_assessment, _("Approved. The lanes follow at once."))
    return _pressed(assessment_id, return_assessment, _("It is a draft again."))


def _pressed(assessment_id: str, decision: Callable[[Action, str], AssessmentRow], said: str) -> Page:
    row, form = _row(assessment_id), AgainForm()
    answer = submit(
        form,
        lambda act: decision(act, assessment_id),
        saved=said,
        back=to("assessments.show", assessment_id=assessment_id),
    )
    if answer is not None:
        return answer
    form.form_errors = [error for errors in form.errors.values() for error in errors]
    return _page(row, form), 422
