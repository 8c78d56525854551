"""Pages of incidents: deadlines from the moment one is known, the record, and the notice to people."""

from collections.abc import Callable

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateTimeLocalField, TextAreaField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.core.database import request_session
from web_admin.privacy.incidents import (
    MAX_PART_CHARS,
    PARTS,
    clocks_of,
    close_incident,
    mark_people_notified,
    mark_reported,
    missing_parts,
    open_incident,
    save_parts,
)
from web_admin.privacy.models import Incident
from web_admin.privacy.queries import incidents_of
from web_admin.web.context import form_page, from_local, get_or_404, local_text, submit, typed
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

bp = Blueprint("incidents", __name__, url_prefix="/manage/incidents")

SHOWN = 100
LABELS = {
    "data_kinds": _l("Which data"),
    "cause": _l("What happened, and why"),
    "harm": _l("What may follow from it"),
    "remedy": _l("What was done"),
    "advice": _l("What people can do themselves"),
    "contact": _l("Contact"),
}


class NewIncidentForm(OnceForm):
    """When an incident was known, and how large it is."""

    known_at = DateTimeLocalField(
        _l("Known since"),
        validators=[InputRequired(_l("Choose a time."))],
        description=_l("The clocks run from then, not from now."),
    )
    large = BooleanField(
        _l("A large incident: many people, or data that may endanger them"),
        description=_l("Then the provincial cyberspace administration has to know within 4 hours."),
    )


class PartsForm(OnceForm):
    """The six parts of a notice; they are added below."""

    def parts(self) -> list[TextAreaField]:
        """Return the fields in the order shown."""
        return [self[part] for part in PARTS]


for _part in PARTS:
    setattr(
        PartsForm,
        _part,
        TextAreaField(LABELS[_part], validators=[Length(max=MAX_PART_CHARS)], render_kw={"rows": 2}),
    )


class CloseForm(OnceForm):
    """Why people were not notified, if they were not."""

    untold_reason = TextAreaField(
        _l("If people were not notified: why no harm can come of it"),
        validators=[Length(max=MAX_PART_CHARS)],
        render_kw={"rows": 2},
    )


@bp.get("/")
@allowed("handle_incidents")
def show_list() -> str:
    """List incidents, newest first."""
    rows = incidents_of(request_session(), current_site().site_id, SHOWN)
    return render_template("manage/incidents.html", rows=rows)


@bp.route("/new", methods=["GET", "POST"])
@allowed("handle_incidents")
def new() -> Page:
    form = NewIncidentForm()
    if not form.is_submitted():
        form.known_at.render_kw = {"value": local_text(request_now())}
    answer = submit(
        form,
        lambda act: open_incident(
            act, from_local(form.known_at.data) or request_now(), large=bool(form.large.data)
        ),
        back=to("incidents.show_list"),
        then=lambda row: _back(row.incident_id),
    )
    return answer or form_page("manage/incident_new.html", form)


def _row(incident_id: str) -> Incident:
    return get_or_404(request_session(), Incident, incident_id)


@bp.get("/<incident_id>")
@allowed("handle_incidents")
def show(incident_id: str) -> str:
    """Show an incident, its clocks, and the notice once it is whole."""
    return _page(_row(incident_id))


def _page(row: Incident, **forms: OnceForm) -> str:
    parts = PartsForm(formdata=None)
    for part in PARTS:
        parts[part].data = getattr(row, part)
    return render_template(
        "manage/incident.html",
        row=row,
        labels=LABELS,
        missing=missing_parts(row),
        clocks=clocks_of(row.known_at, large=row.large),
        **{"parts": parts, "button": AgainForm(formdata=None), "close_form": CloseForm(formdata=None)}
        | forms,
    )


def _back(incident_id: str) -> Response:
    return to("incidents.show", incident_id=incident_id)


@bp.post("/<incident_id>")
@allowed("handle_incidents")
def write(incident_id: str) -> Page:
    """Store what is known so far."""
    row = _row(incident_id)
    form = PartsForm()
    answer = submit(
        form,
        lambda act: save_parts(act, incident_id, {part: typed(form[part]) for part in PARTS}),
        saved=_("Recorded."),
        back=_back(incident_id),
    )
    return answer or (_page(row, parts=form), 422)


@bp.post("/<incident_id>/reported")
@allowed("handle_incidents")
def report(incident_id: str) -> Page:
    """Record that the authority was notified."""
    return _marked(incident_id, mark_reported)


@bp.post("/<incident_id>/told")
@allowed("handle_incidents")
def tell(incident_id: str) -> Page:
    """Record that people were notified."""
    return _marked(incident_id, mark_people_notified)


def _marked(incident_id: str, mark: Callable[[Action, str], object]) -> Page:
    row, form = _row(incident_id), AgainForm()
    answer = submit(form, lambda act: mark(act, incident_id), saved=_("Recorded."), back=_back(incident_id))
    return answer or (_page(row, button=form), 422)


@bp.post("/<incident_id>/close")
@allowed("handle_incidents")
def close(incident_id: str) -> Page:
    row = _row(incident_id)
    form = CloseForm()
    answer = submit(
        form,
        lambda act: close_incident(act, incident_id, typed(form.untold_reason)),
        saved=_("The incident is closed."),
        back=_back(incident_id),
    )
    return answer or (_page(row, close_form=form), 422)
