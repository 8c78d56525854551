"""Pages of requests by due date: acknowledge, answer, correct, refuse."""

from datetime import datetime

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.queries import known_person
from web_admin.core.database import request_session
from web_admin.core.parameters import moment_of
from web_admin.privacy.contact import complaint_channels
from web_admin.privacy.deadlines import days_left
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.queries import late_request_count, requests_by_due_date
from web_admin.privacy.requests import (
    MAX_TEXT_CHARS,
    acknowledge,
    answer,
    correct,
    is_late,
    refuse,
)
from web_admin.web.context import get_or_404, submit, typed
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now, site_zone

bp = Blueprint("requests", __name__, url_prefix="/manage/requests")

PAGE_ROWS = 50
SHOWN = {"open": _l("To answer"), "late": _l("Late"), "closed": _l("Done"), "all": _l("All")}


class AnswerForm(OnceForm):
    text = TextAreaField(
        _l("Answer"),
        description=_l("The person reads this on their phone or at the desk."),
        validators=[Length(max=MAX_TEXT_CHARS)],
        render_kw={"rows": 4},
    )


class CorrectionForm(OnceForm):
    """The old and the new value; both are recorded."""

    before = StringField(_l("Before"), validators=[Length(max=120)])
    after = StringField(_l("After"), validators=[Length(max=120)])
    note = TextAreaField(
        _l("Answer (may stay empty)"), validators=[Length(max=MAX_TEXT_CHARS)], render_kw={"rows": 2}
    )


def _after() -> tuple[datetime, str] | None:
    """Return the due date and id of the last row of the page before."""
    at, _mark, key = request.args.get("after", "").partition("~")
    moment = moment_of(at)
    return (moment, key[:40]) if moment is not None else None


@bp.get("/")
@allowed("see_requests")
def show_list() -> str:
    """List requests, the one that is due first on top."""
    show = request.args.get("show", "open")
    show = show if show in SHOWN else "open"
    session, now = request_session(), request_now()
    site_id = current_site().site_id
    rows = requests_by_due_date(session, site_id, show, now, after=_after(), limit=PAGE_ROWS + 1)
    last = rows[PAGE_ROWS - 1][0] if len(rows) > PAGE_ROWS else None
    return render_template(
        "manage/requests.html",
        rows=rows[:PAGE_ROWS],
        show=show,
        shown=SHOWN,
        late_count=late_request_count(session, site_id, now),
        is_late=is_late,
        days_left=_days_left,
        after=f"{last.answer_by.isoformat()}~{last.request_id}" if last is not None else None,
    )


@bp.get("/<request_id>")
@allowed("see_requests")
def show(request_id: str) -> str:
    """Show one request, its due dates and what can be done."""
    row = _row(request_id)
    return _page(row)


def _row(request_id: str) -> RightsRequest:
    return get_or_404(request_session(), RightsRequest, request_id)


def _page(row: RightsRequest, **forms: OnceForm) -> str:
    session = request_session()
    person = known_person(session, row.person_id)
    correction = CorrectionForm(formdata=None)
    correction.before.data = person.display_name if row.subject == "name" else ""
    correction.after.data = row.wanted
    return render_template(
        "manage/request.html",
        row=row,
        person=person,
        is_late=is_late,
        days_left=_days_left,
        channels=complaint_channels(session, row.site_id, person.language),
        **{
            "button": AgainForm(formdata=None),
            "answer_form": AnswerForm(formdata=None),
            "correction": correction,
        }
        | forms,
    )


def _days_left(due: datetime) -> int:
    return days_left(site_zone(), due, request_now())


def _back(request_id: str) -> Response:
    return to("requests.show", request_id=request_id)


@bp.post("/<request_id>/acknowledge")
@allowed("answer_requests")
def confirm(request_id: str) -> Page:
    row, form = _row(request_id), AgainForm()
    answered = submit(
        form,
        lambda act: acknowledge(act, request_id),
        saved=_("Acknowledged. The person sees it."),
        back=_back(request_id),
    )
    return answered or (_page(row, button=form), 422)


@bp.post("/<request_id>/answer")
@allowed("answer_requests")
def reply(request_id: str) -> Page:
    """Answer a request, or refuse it with the reason that was typed."""
    row, form = _row(request_id), AnswerForm()
    answered = submit(
        form,
        lambda act: _reply(act, row, typed(form.text), refused=request.form.get("intent") == "refuse"),
        saved=_("The request is closed. The person can read the answer."),
        back=_back(request_id),
    )
    return answered or (_page(row, answer_form=form), 422)


def _reply(act: Action, row: RightsRequest, text: str, *, refused: bool) -> None:
    if refused:
        refuse(act, row.request_id, text, known_person(act.session, row.person_id).language)
    else:
        answer(act, row.request_id, text)


@bp.post("/<request_id>/correct")
@allowed("answer_requests")
def put_right(request_id: str) -> Page:
    """Correct the value, record the old one, and close the request."""
    row, form = _row(request_id), CorrectionForm()
    answered = submit(
        form,
        lambda act: correct(act, request_id, typed(form.before), typed(form.after), typed(form.note)),
        saved=_("Corrected, with before and after on record."),
        back=_back(request_id),
    )
    return answered or (_page(row, correction=form), 422)
