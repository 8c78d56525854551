"""Pages of the own requests to the office: file, see due dates and answer, withdraw."""

from collections.abc import Mapping

from flask import abort, flash, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField

from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.privacy.contact import complaint_channels, contact_of
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.queries import request_of, requests_of
from web_admin.privacy.requests import KINDS, SUBJECTS, file_request, is_late, withdraw_request
from web_admin.privacy.texts import ASKING
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.context import typed
from web_admin.web.forms import OnceForm
from web_admin.web.language import page_language
from web_admin.web.page import to
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import done_before

SHOWN = 50

WRONG = {
    "name": _l("My name"),
    "home": _l("My home number"),
    "gates": _l("Where and when I may pass"),
    "other": _l("Something else"),
}


class RequestForm(OnceForm):
    """A request; which fields count depends on the kind."""

    kind = StringField()
    subject = StringField()
    wanted = StringField()
    text = TextAreaField()


@bp.get("/requests")
@resident_required
def requests() -> str:
    """List the person's requests, newest first, with due dates."""
    person, act = signed_in()
    rows = requests_of(act.session, person.person_id, SHOWN)
    return render_template(
        "resident/requests.html",
        person=person,
        site=site_of(person),
        rows=rows,
        asking=ASKING,
        kinds=KINDS,
        contact=contact_of(act.session, person.site_id),
        channels=_channels(person),
        is_late=is_late,
        now=act.now,
        tab="records",
    )


def _channels(person: Person) -> str:
    return complaint_channels(request_session(), person.site_id, page_language())


@bp.route("/requests/new/<kind>", methods=["GET", "POST"])
@resident_required
def new_request(kind: str) -> str | tuple[str, int] | Response:
    """Ask for what a request of this kind needs, and file it."""
    person, act = signed_in()
    if kind not in KINDS:
        abort(404)
    form = RequestForm()
    if request.method != "POST":
        return _form_page(person, kind, form, {})
    try:
        if form.validate_on_submit() and not done_before(act, form):
            _file(act, person, kind, form)
    except ActionRefused as refused:
        errors = {refused.field or "form": str(refused.message)}
        act.session.rollback()
        person, act = signed_in()
        return _form_page(person, kind, form, errors), 422
    if form.errors:
        return _form_page(person, kind, form, {}), 422
    return to("resident.ways_in" if kind == "objection" else "resident.requests")


def _file(act: Action, person: Person, kind: str, form: RequestForm) -> None:
    file_request(
        act,
        person.person_id,
        kind,
        text=typed(form.text),
        subject=typed(form.subject) or None,
        wanted=typed(form.wanted),
    )
    flash(gettext("Sent. The office has it now."))


def _form_page(person: Person, kind: str, form: RequestForm, errors: Mapping[str, str]) -> str:
    return render_template(
        "resident/request_new.html",
        person=person,
        site=site_of(person),
        kind=kind,
        form=form,
        errors=errors,
        title=ASKING[kind],
        subjects=[(key, WRONG[key]) for key in SUBJECTS],
        tab="records",
    )


@bp.get("/requests/<request_id>")
@resident_required
def one_request(request_id: str) -> str:
    """Show one request: what was asked, by when an answer is due, and the answer."""
    person, act = signed_in()
    return render_template(
        "resident/request.html",
        person=person,
        site=site_of(person),
        row=_own(person, request_id),
        asking=ASKING,
        wrong=WRONG,
        is_late=is_late,
        now=act.now,
        tab="records",
    )


def _own(person: Person, request_id: str) -> RightsRequest:
    row = request_of(request_session(), person.person_id, request_id)
    if row is None:
        abort(404)
    return row


@bp.post("/requests/<request_id>/withdraw")
@resident_required
def take_request_back(request_id: str) -> Response:
    person, act = signed_in()
    _own(person, request_id)
    withdraw_request(act, person.person_id, request_id)
    flash(gettext("Withdrawn. The property office does not have to answer."))
    return to("resident.requests")
