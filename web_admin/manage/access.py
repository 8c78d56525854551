"""Pages of a week: who may pass a lane, in counts and for some roles by name, and where one person may."""

from collections.abc import Collection, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField
from wtforms.validators import Optional

from web_admin.access.sent import Sent, without_contact
from web_admin.access.sweep import Way
from web_admin.access.weeks import OWN, LaneWeek, gate_of_lane, lane_week, person_week
from web_admin.accounts.permissions import allowed, current_may, role_names
from web_admin.compound.gate_names import names_of_lanes
from web_admin.compound.models import Gate, Lane, Person
from web_admin.compound.queries import persons_by_id
from web_admin.core.database import current_menjin, request_session
from web_admin.core.parameters import day_of
from web_admin.credentials.texts import METHODS
from web_admin.events.reason_texts import for_staff
from web_admin.gates.queries import calendar_days, hours_names
from web_admin.gates.silence import is_silent
from web_admin.manage.week_views import group_of, kind_of, picture_of_lane
from web_admin.policy.known_versions import known_versions
from web_admin.policy.sent import sent_to_gates
from web_admin.privacy.own_lookups import record_lookup
from web_admin.web.context import current_action, get_or_404, typed
from web_admin.web.fields import lookup_reason_field, options
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page
from web_admin.web.places import site_gates
from web_admin.web.site import current_site, request_now, site_zone
from web_admin.web.week_days import DAYS, Day, days_of, hour_marks, past_and_length, runs

bp = Blueprint("access", __name__, url_prefix="/manage/access")

KINDS_SHOWN = 12
"""Kinds of people of a lane, and of lanes of a person, that are shown each for itself."""
NAMES_SHOWN = 60
WAYS = {**{way.value: METHODS[way.value] for way in OWN}, Way.VISITOR.value: _l("Visitors")}


class WeekForm(OnceForm):
    """Why someone looks at where a person may pass, and which week and lane."""

    reason = lookup_reason_field()
    first = DateField(_l("Week from"), validators=[Optional()])
    lane_id = SelectField(_l("Lane"), default="", validators=[Optional()])


def _sent(
    gates: Collection[Gate], person_ids: Collection[str] | None, gate_ids: Collection[str] | None
) -> Sent:
    """Return what gates are sent, each silent one with the policy that grows old since it was heard."""
    now = request_now()
    sent = sent_to_gates(
        request_session(), current_menjin().sealer, current_site().site_id, now, person_ids, gate_ids
    )
    heard = {gate.gate_id: gate.last_seen_at for gate in gates if gate.last_seen_at and is_silent(gate, now)}
    return without_contact(sent, heard)


def _common(days: Sequence[Day], zone: ZoneInfo) -> dict[str, object]:
    """Return what both pages show of the days themselves."""
    special = {row.day: row for row in calendar_days(request_session(), current_site().site_id)}
    return {
        "days": days,
        "special": {day.day: special[day.day] for day in days if day.day in special},
        "changes": [day for day in days if day.changed_at is not None],
        "hour_marks": hour_marks(days),
        "spans_of_days": past_and_length(days),
        "earlier": _neighbour(days, -DAYS, zone),
        "later": _neighbour(days, DAYS, zone),
        "ways": WAYS,
        "reason_text": for_staff,
    }


def _neighbour(days: Sequence[Day], step: int, zone: ZoneInfo) -> date | None:
    """Return where the week before or after these days begins; None where there is no such page."""
    first = days[0].day
    wanted = days_of(zone, date.fromordinal(first.toordinal() + step), request_now())[0].day
    return wanted if wanted != first else None


# -- a lane --------------------------------------------------------------------------------------------


@bp.get("/lanes/<lane_id>")
@allowed("see_gates")
def lane(lane_id: str) -> str:
    """Show who may pass a lane in seven days, and by which way; names only for roles that see people."""
    lane = get_or_404(request_session(), Lane, lane_id)
    zone = site_zone()
    days = days_of(zone, day_of(request.args.get("from", "")), request_now())
    sent = _sent([lane.gate], None, [lane.gate_id])
    week = lane_week(sent, lane_id, days[0].seen_from, days[-1].ends)
    return render_template(
        "manage/access_lane.html",
        lane=lane,
        week=week,
        knows=known_versions(request_session(), [lane.gate], request_now()).get(lane.gate_id),
        **_common(days, zone),
        **(_shown_week(week, days, zone) if week is not None else {}),
    )


def _shown_week(week: LaneWeek, days: Sequence[Day], zone: ZoneInfo) -> dict[str, object]:
    alike = [one for one in week.alike if one.answer.own]
    shown, further = alike[:KINDS_SHOWN], alike[KINDS_SHOWN:]
    named = [person_id for one in shown for person_id in one.person_ids[:NAMES_SHOWN]]
    people = persons_by_id(request_session(), named) if current_may("see_people") else {}
    return {
        "picture": picture_of_lane(week, days),
        "table": runs(days, week.spells, zone),
        "kinds": [
            kind_of(one, [people[key] for key in one.person_ids[:NAMES_SHOWN] if key in people], days, zone)
            for one in shown
        ],
        "further_kinds": len(further),
        "further_people": sum(len(one.person_ids) for one in further),
        "standing": runs(days, week.postures, zone) if week.postures else [],
        "never": _names_of_hours(week.never_hours),
    }


def _names_of_hours(hours_ids: Sequence[str]) -> list[str]:
    names = hours_names(request_session(), current_site().site_id)
    return [names.get(hours_id, hours_id) for hours_id in hours_ids]


# -- a person ------------------------------------------------------------------------------------------


@bp.route("/people/<person_id>", methods=["GET", "POST"])
@allowed("explain_refusals")
def person(person_id: str) -> Page:
    """Ask for a reason, record it where the person sees it, then show where they may pass and why not."""
    person = get_or_404(request_session(), Person, person_id)
    gates = site_gates()
    form = _week_form(gates)
    if not form.validate_on_submit():
        page = render_template("manage/access_person.html", person=person, form=form, shown=False)
        return (page, 422) if form.errors else page
    record_lookup(current_action(), person_id, role_names()[0], typed(form.reason), "access")
    kept = {name: form[name].data for name in ("reason", "first", "lane_id")}
    return render_template(
        "manage/access_person.html",
        person=person,
        form=_week_form(gates, formdata=None, data=kept),
        shown=True,
        lane_id=form.lane_id.data,
        **_shown_person(person, gates, form.first.data, form.lane_id.data),
    )


def _week_form(gates: Sequence[Gate], **filled: object) -> WeekForm:
    form = WeekForm(**filled)
    form.lane_id.choices = options([("", _l("All lanes")), *names_of_lanes(gates).items()])
    return form


def _shown_person(
    person: Person, gates: Sequence[Gate], first: date | None, lane_id: str
) -> dict[str, object]:
    zone, now = site_zone(), request_now()
    days = days_of(zone, first, now)
    sent = _sent(gates, [person.person_id], None)
    week = person_week(sent, person.person_id, days[0].seen_from, days[-1].ends)
    wanted = [one for one in week.granted if not lane_id or lane_id in one.lane_ids]
    lanes, granted = names_of_lanes(gates), {each for one in week.granted for each in one.lane_ids}
    here = {gate.gate_id for each in granted if (gate := gate_of_lane(sent, each)) is not None}
    asked = [gate for gate in gates if gate.gate_id in here]
    versions = known_versions(request_session(), asked, now, person.person_id)
    known = [(gate.name, versions[gate.gate_id]) for gate in asked if gate.gate_id in versions]
    return {
        "lanes": lanes,
        "groups": [group_of(one, days, zone) for one in wanted[:KINDS_SHOWN]],
        "further": sum(len(one.lane_ids) for one in wanted[KINDS_SHOWN:]),
        "without_grant": week.without_grant,
        "unpublished": [each for each in lanes if each not in granted and each not in week.without_grant],
        "believing": [(name, one) for name, one in known if one.is_silent or not one.is_newest],
        "older": [name for name, one in known if one.is_newest and not one.is_silent and one.takes_fewer],
        "never": _names_of_hours(week.never_hours),
        **_common(days, zone),
    }
