"""Events without names, one person's passages for a stated reason, and why a gate stayed shut."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, abort, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import and_, or_, select
from werkzeug.wrappers import Response
from wtforms import DateTimeLocalField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from gate_controller.access import Reason
from gate_controller.policy import Method
from web_admin import event_details, words
from web_admin.acts import record
from web_admin.database import current_menjin, request_session
from web_admin.form_fields import lane_options, options
from web_admin.form_once import OnceForm
from web_admin.models import Gate, GateEvent, Person
from web_admin.page_context import current_act, current_site, from_local, get_or_404, request_now, site_zone
from web_admin.permissions import allowed, role_names
from web_admin.reason_texts import for_staff, what_to_do
from web_admin.site_places import site_gates, site_lanes
from web_admin.why_refused import NothingPublished, why_refused

bp = Blueprint("events", __name__, url_prefix="/manage/events")

PAGE_ROWS = 50
OPENING = (Reason.GRANTED, Reason.OVERRIDE)
KINDS = {
    "access": (_l("Passages"), ("access",)),
    "alarms": (_l("Alarms"), ()),
    "held": (_l("Held open, emergency access"),
             ("held_open", "hold_ended", "hold_refused", "alarm_hold_not_open", "hold_not_open_clear",
              "alarm_override", "antipassback_violated")),
    "buttons": (_l("Buttons and intercom"), ("exit_request", "guard_button", "intercom_opening")),
    "doors": (_l("Doors"), ("door_opened", "door_closed", "door_found_open", "door_held_clear", "no_entry",
                            "alarm_door_forced", "alarm_door_held")),
    "power": (_l("Power and devices"),
              ("alarm_on_battery", "on_battery_clear", "alarm_battery_low", "battery_low_clear",
               "alarm_obstacle", "obstacle_clear", "alarm_camera", "camera_clear", "alarm_device_lost",
               "device_back", "started")),
}
"""What the list can be narrowed to; alarms are known by how their word begins."""

Page = str | Response | tuple[str, int]


class LookupForm(OnceForm):
    """Why someone looks at a named person's passages; that person can read it."""

    reason = StringField(
        _l("Reason for looking"),
        description=_l("The person sees that you looked, when, and this reason."),
        validators=[InputRequired(_l("A reason is needed.")), Length(min=4, max=120,
                    message=_l("Write the reason in a few words."))],
    )


class WhyForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A person, a lane, a way in and a time."""

    person_id = SelectField(_l("Person"), validators=[InputRequired(_l("Choose a person."))])
    lane_id = SelectField(_l("Lane"), validators=[InputRequired(_l("Choose a lane."))])
    method = SelectField(_l("Way in"), choices=options((m.value, words.METHODS[m.value]) for m in Method))
    at = DateTimeLocalField(_l("When"), validators=[InputRequired(_l("Choose a time."))])


def _day() -> date | None:
    try:
        return date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None


def _cursor() -> tuple[datetime, str, int] | None:
    at, _dot, rest = request.args.get("before", "").partition("~")
    gate_id, _dot, seq = rest.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, gate_id, int(seq)) if seq.isdecimal() and moment.tzinfo is not None else None


@bp.get("/")
@allowed("see_events")
def show_list() -> str:
    """List events without names, newest first; a page begins where the last one ended."""
    gates = site_gates()
    day, cursor = _day(), _cursor()
    wanted = {key: request.args.get(key, "")[:40] for key in ("gate", "reason", "method", "kind")}
    query = select(GateEvent).where(
        GateEvent.gate_id.in_([wanted["gate"]] if wanted["gate"] in [g.gate_id for g in gates]
                              else [g.gate_id for g in gates])
    )
    if day is not None:
        start = datetime.combine(day, time(), site_zone())
        query = query.where(GateEvent.at >= start, GateEvent.at < start + timedelta(days=1))
    if wanted["kind"] == "alarms":
        query = query.where(GateEvent.kind.like("alarm%"))
    elif wanted["kind"] in KINDS:
        query = query.where(GateEvent.kind.in_(KINDS[wanted["kind"]][1]))
    if wanted["reason"] or wanted["method"]:
        query = query.where(GateEvent.kind == "access")
    for fact in ("reason", "method"):
        if wanted[fact]:
            query = query.where(GateEvent.facts[fact].as_string() == wanted[fact])
    if cursor is not None:
        at, gate_id, seq = cursor
        query = query.where(or_(
            GateEvent.at < at,
            and_(GateEvent.at == at, GateEvent.gate_id < gate_id),
            and_(GateEvent.at == at, GateEvent.gate_id == gate_id, GateEvent.seq < seq),
        ))
    rows = request_session().scalars(
        query.order_by(GateEvent.at.desc(), GateEvent.gate_id.desc(), GateEvent.seq.desc())
        .limit(PAGE_ROWS + 1)
    ).all()
    last = rows[PAGE_ROWS - 1] if len(rows) > PAGE_ROWS else None
    return render_template(
        "manager/events.html",
        rows=rows[:PAGE_ROWS],
        details=event_details,
        labels=event_details.emergency_labels(request_session(), rows),
        kinds=[(key, label) for key, (label, _kinds) in KINDS.items()],
        before=f"{last.at.isoformat()}~{last.gate_id}~{last.seq}" if last is not None else None,
        gates=gates,
        lane_names={lane.lane_id: lane.name for gate in gates for lane in gate.lanes},
        gate_names={gate.gate_id: gate.name for gate in gates},
        reasons=[(reason.value, for_staff(reason.value)) for reason in Reason],
        reason_text=for_staff,
        methods=[(m.value, words.METHODS[m.value]) for m in Method],
        wanted=wanted | {"day": day.isoformat() if day else ""},
    )


@bp.route("/person/<person_id>", methods=["GET", "POST"])
@allowed("see_named_passages")
def of_person(person_id: str) -> Page:
    """Ask for a reason, record it where the person sees it, then show their last passages."""
    person = get_or_404(request_session(), Person, person_id)
    form = LookupForm()
    rows = None
    if form.validate_on_submit():
        act = current_act()
        record(act, "named_lookup", {"role": role_names()[0]}, personal={"reason": form.reason.data},
               person_id=person_id)
        rows = act.session.scalars(
            select(GateEvent)
            .join(Gate, Gate.gate_id == GateEvent.gate_id)
            .where(GateEvent.person_id == person_id, GateEvent.kind == "access",
                   Gate.site_id == current_site().site_id)
            .order_by(GateEvent.at.desc())
            .limit(PAGE_ROWS)
        ).all()
    page = render_template(
        "manager/passages.html", person=person, form=form, rows=rows, reason_text=for_staff,
        lane_names={lane.lane_id: f"{lane.gate.name} · {lane.name}" for lane in site_lanes()},
    )
    return (page, 422) if form.errors else page


@bp.route("/who/<gate_id>/<seq>", methods=["GET", "POST"])
@allowed("see_named_passages")
def who(gate_id: str, seq: str) -> Page:
    """Ask for a reason, record it where the person sees it, then name who held or opened a lane."""
    session = request_session()
    gate = get_or_404(session, Gate, gate_id)
    key = (gate_id, request.args.get("journal", ""), int(seq) if seq.isdecimal() else -1)
    event = session.get(GateEvent, key)
    if event is None or not event_details.can_be_named(event):
        abort(404)
    form = LookupForm()
    person = None
    if form.validate_on_submit():
        person = session.get(Person, event.person_id)
        record(current_act(), "named_lookup", {"role": role_names()[0]},
               personal={"reason": form.reason.data}, person_id=event.person_id)
    page = render_template("manager/who.html", form=form, event=event, gate=gate, person=person,
                           details=event_details, asked=form.is_submitted() and not form.errors)
    return (page, 422) if form.errors else page


@bp.route("/why", methods=["GET", "POST"])
@allowed("explain_refusals")
def explain() -> Page:
    """Say which rule decides for a person, a lane, a way in and a time, by the gate's own rules."""
    form = WhyForm()
    session = request_session()
    people = session.scalars(
        select(Person)
        .where(Person.site_id == current_site().site_id, Person.ended_at.is_(None))
        .order_by(Person.display_name)
    ).all()
    form.person_id.choices = options(
        (p.person_id, f"{p.display_name} · {p.home.number}" if p.home else p.display_name) for p in people
    )
    form.lane_id.choices = lane_options(site_lanes())
    answer: dict[str, object] | None = None
    if not form.is_submitted():
        form.at.data = request_now().astimezone(site_zone()).replace(second=0, microsecond=0)
        form.person_id.data = request.args.get("person", "")
    elif form.validate():
        at = from_local(form.at.data) or request_now()
        try:
            reason = why_refused(session, current_menjin().sealer, form.person_id.data, form.lane_id.data,
                                 Method(form.method.data), at)
        except NothingPublished:
            form.lane_id.errors = [_l("This gate has no controller yet. Pair one first.")]
        else:
            answer = {"opens": reason in OPENING, "reason": reason.value,
                      "text": for_staff(reason.value), "to_do": what_to_do(reason.value)}
    page = render_template("manager/why.html", form=form, answer=answer)
    return (page, 422) if form.errors else page
