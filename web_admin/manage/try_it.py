"""Page to try a way of a person at a lane and a time: what the gate answers, and why. Nothing opens."""

from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, SelectField
from wtforms.validators import InputRequired

from gate_controller.contract.records import Method
from web_admin.accounts.permissions import allowed, role_names
from web_admin.compound.models import Lane
from web_admin.core.database import request_session
from web_admin.credentials.texts import METHODS
from web_admin.events.why_refused import NothingPublished, explained, why_refused
from web_admin.people.queries import first_who_fit
from web_admin.policy.known_versions import known_versions
from web_admin.privacy.own_lookups import record_lookup
from web_admin.web.context import current_action, from_local, get_or_404, typed
from web_admin.web.fields import lane_options, lookup_reason_field, options
from web_admin.web.forms import OnceForm
from web_admin.web.looked_for import looked_for
from web_admin.web.page import Page
from web_admin.web.places import site_lanes
from web_admin.web.site import current_site, request_now, site_zone

bp = Blueprint("try_it", __name__, url_prefix="/manage/try")

FOUND_AT_MOST = 20


class TryForm(OnceForm):
    """A person, a way in, a lane and a time, and why someone asks."""

    person_id = SelectField(_l("Person"), validators=[InputRequired(_l("Choose a person."))])
    method = SelectField(_l("Way in"), choices=options((m.value, METHODS[m.value]) for m in Method))
    lane_id = SelectField(_l("Lane"), validators=[InputRequired(_l("Choose a lane."))])
    at = DateTimeLocalField(_l("When"), validators=[InputRequired(_l("Choose a time."))])
    reason = lookup_reason_field()


@bp.route("", methods=["GET", "POST"])
@allowed("explain_refusals")
def ask() -> Page:
    """Find a person, then record the reason where they see it and say what the gate would answer."""
    form, session = TryForm(), request_session()
    wanted = looked_for(40)
    chosen = request.form.get("person_id") or request.args.get("person", "")
    people = first_who_fit(session, current_site().site_id, wanted, chosen, FOUND_AT_MOST)
    form.person_id.choices = options(
        (p.person_id, f"{p.display_name} · {p.home.number}" if p.home else p.display_name) for p in people
    )
    form.lane_id.choices = lane_options(site_lanes())
    answer: dict[str, object] = {}
    if not form.is_submitted():
        form.at.data = request_now().astimezone(site_zone()).replace(second=0, microsecond=0)
        form.person_id.data = chosen or (people[0].person_id if len(people) == 1 else "")
        form.lane_id.data = request.args.get("lane", form.lane_id.data)
    elif form.validate():
        answer = _answer(form)
    page = render_template(
        "manage/try_it.html",
        form=form,
        people=people,
        looked_for=wanted,
        lane_id=request.args.get("lane", ""),
        **answer,
    )
    return (page, 422) if form.errors else page


def _answer(form: TryForm) -> dict[str, object]:
    """Return what the gate would say, and which version it knows; record the look if there is one."""
    session, person_id = request_session(), form.person_id.data
    lane = get_or_404(session, Lane, form.lane_id.data)
    at = from_local(form.at.data) or request_now()
    knows = known_versions(session, [lane.gate], request_now(), person_id).get(lane.gate_id)
    heard_at = knows.heard_at if knows is not None and knows.is_silent else None
    try:
        reason = why_refused(session, person_id, lane.lane_id, Method(form.method.data), at, heard_at)
    except NothingPublished:
        form.lane_id.errors = [_l("This gate has no controller yet. Pair one first.")]
        return {}
    record_lookup(current_action(), person_id, role_names()[0], typed(form.reason), "access")
    return {"answer": explained(reason.value), "at": at, "lane": lane, "knows": knows}
