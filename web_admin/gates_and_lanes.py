"""Gates, their lanes, hours and special days: what a compound looks like.

Promise 1 is checked here with a sentence for the form, again when publishing, and again at the gate.
A lane with face offers two other ways whenever it offers face, the card among them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from gate_controller.contract.calendars import DAY_KINDS, Span, WeeklyHours
from gate_controller.contract.policy import check_promise_one, offered_methods
from gate_controller.contract.records import LaneRecord, Method, PolicyRefused, Posture
from web_admin.action.base import Act, begin, checked_text, finish, new_id
from web_admin.action.lookups import gate_of, hours_of
from web_admin.compound.models import CalendarDay, Gate, Hours, Lane, Site
from web_admin.core.refusal import ActRefused
from web_admin.custody.shares import create_shares, live_face_consents
from web_admin.face.assessments import check_assessed
from web_admin.face.endings import forget_gate
from web_admin.interlock_and_antipassback import check_antipassback, check_closed_area, check_interlock
from web_admin.lane_sheets import check_face_sheet
from web_admin.policy_records import ANTIPASSBACKS
from web_admin.posture_schedules import keep_schedules

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_SLUG_CHARS = 40
MAX_GATE_NUMBER = 65535
PULSE_SECONDS = (0.5, 60.0)
SLOW_PULSE_SECONDS = (0.5, 120.0)
STAFF_HOLD_MINUTES = (1, 480)
DIRECTIONS = ("in", "out")
OTHER_WAYS_BESIDE_FACE = 2


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A lane as the form gives it; `method_hours` and `posture_hours` are keyed as in `LaneRecord`."""

    lane_id: str
    name: str
    direction: str
    methods: tuple[str, ...]
    method_hours: Mapping[str, str] = field(default_factory=dict)
    pulse_seconds: float = 5.0
    slow_pulse_seconds: float = 15.0
    posture: str = "normal"
    posture_hours: Mapping[str, str] = field(default_factory=dict)
    interlock_with: tuple[str, ...] = ()
    antipassback: str = "off"
    staff_hold_minutes: int = 30
    area_is_closed: bool = False
    """Whether the area behind this gate is left through this gate alone; for "hard" anti-passback."""


# -- gates and lanes -------------------------------------------------------------------------------


def add_gate(act: Act, gate_id: str, name: str) -> Gate:
    """Add a gate under a readable id such as "north"; its number is never given out again."""
    begin(act)
    _checked_slug("gate_id", gate_id)
    if act.session.get(Gate, gate_id) is not None:
        raise ActRefused("gate_id", _("A gate with this short name exists already."))
    highest = act.session.scalar(select(func.max(Gate.number)).where(Gate.site_id == act.site_id)) or 0
    if highest >= MAX_GATE_NUMBER:
        raise ActRefused("gate_id", _("This compound has no gate numbers left."))
    gate = Gate(gate_id=gate_id, site_id=act.site_id, number=highest + 1, name=checked_text("name", name))
    act.session.add(gate)
    finish(act, "gate_added", {"gate_id": gate_id}, touches=())
    return gate


def save_lane(act: Act, gate_id: str, spec: LaneSpec) -> Lane:
    """Add or change a lane; raise ActRefused naming the rule that it breaks."""
    site = begin(act)
    gate = gate_of(act, gate_id)
    _checked_slug("lane_id", spec.lane_id)
    lane = act.session.get(Lane, spec.lane_id)
    if lane is not None and lane.gate_id != gate_id:
        raise ActRefused("lane_id", _("Another gate has a lane with this short name."))
    record = _lane_record(gate, spec)
    for hours_id in (*record.method_hours.values(), *record.posture_hours):
        hours_of(act, hours_id)
    _check_ways(site, record, weekly_hours(act))
    if Method.FACE in record.methods:
        check_face_sheet(act, spec.lane_id)
        check_assessed(act, spec.lane_id)
    check_interlock(gate, record)
    if lane is None:
        lane = Lane(lane_id=spec.lane_id, gate_id=gate_id, posture_hours={})
        act.session.add(lane)
    lane.name, lane.direction = record.name, record.direction
    lane.methods = [method.value for method in record.methods]
    lane.method_hours = {method.value: hours_id for method, hours_id in record.method_hours.items()}
    lane.pulse_seconds, lane.slow_pulse_seconds = record.pulse_seconds, record.slow_pulse_seconds
    lane.posture = record.posture.value
    lane.interlock_with, lane.antipassback = list(record.interlock_with), record.antipassback
    lane.staff_hold_minutes, lane.area_is_closed = record.staff_hold_minutes, spec.area_is_closed
    keep_schedules(act, lane, {hours_id: posture.value for hours_id, posture in record.posture_hours.items()})
    act.session.flush()
    act.session.expire(gate, ["lanes"])
    check_antipassback(gate, lane)
    check_closed_area(act.session, gate, lane)
    fit_shares(act, gate)
    finish(
        act, "lane_saved",
        {"lane_id": lane.lane_id, "gate_id": gate_id, "direction": lane.direction,
         "methods": " ".join(lane.methods), "posture": lane.posture,
         "interlock_with": " ".join(lane.interlock_with), "antipassback": lane.antipassback,
         "staff_hold_minutes": lane.staff_hold_minutes},
    )
    return lane


def fit_shares(act: Act, gate: Gate) -> None:
    """Give a gate that now offers face its shares, and destroy those of one that does not any more."""
    act.session.flush()
    if gate.state == "paired" and any("face" in lane.methods for lane in gate.lanes):
        for person_id, consent_id in live_face_consents(act.session, act.site_id).items():
            create_shares(act.session, act.sealer, person_id, consent_id)
        return
    forget_gate(act, gate, "face_off_lane")


def _lane_record(gate: Gate, spec: LaneSpec) -> LaneRecord:
    if spec.direction not in DIRECTIONS:
        raise ActRefused("direction", _("A lane leads in or out."))
    _check_range("pulse_seconds", spec.pulse_seconds, PULSE_SECONDS)
    _check_range("slow_pulse_seconds", spec.slow_pulse_seconds, SLOW_PULSE_SECONDS)
    if spec.slow_pulse_seconds < spec.pulse_seconds:
        raise ActRefused("slow_pulse_seconds", _("The slow time may not be shorter than the usual one."))
    if set(spec.methods) - set(Method) or set(spec.method_hours) - set(spec.methods):
        raise ActRefused("methods", _("Choose among card, PIN, QR code and face."))
    if {spec.posture, *spec.posture_hours.values()} - set(Posture):
        raise ActRefused("posture", _("Choose normal, locked down, held open or out of use."))
    antipassback = ANTIPASSBACKS.get(spec.antipassback)
    if antipassback is None:
        raise ActRefused("antipassback", _("Choose one of the offered values."))
    low, high = STAFF_HOLD_MINUTES
    if not low <= spec.staff_hold_minutes <= high:
        raise ActRefused("staff_hold_minutes", _("From 1 to 480 minutes."))
    return LaneRecord(
        lane_id=spec.lane_id,
        gate_id=gate.gate_id,
        gate_number=gate.number,
        name=checked_text("name", spec.name),
        direction="in" if spec.direction == "in" else "out",
        methods=tuple(method for method in Method if method in spec.methods),
        pulse_seconds=float(spec.pulse_seconds),
        slow_pulse_seconds=float(spec.slow_pulse_seconds),
        method_hours={Method(method): hours_id for method, hours_id in spec.method_hours.items()},
        posture=Posture(spec.posture),
        posture_hours={hours_id: Posture(posture) for hours_id, posture in spec.posture_hours.items()},
        interlock_with=tuple(dict.fromkeys(spec.interlock_with)),
        antipassback=antipassback,
        staff_hold_minutes=spec.staff_hold_minutes,
    )


def _check_ways(site: Site, lane: LaneRecord, hours: Mapping[str, WeeklyHours]) -> None:
    if Method.CARD not in lane.methods:
        raise ActRefused(
            "methods", _("Every lane offers the card: it is the way in that needs neither phone nor memory.")
        )
    if Method.FACE in lane.methods and not site.face_enabled:
        raise ActRefused("methods", _("Face is switched off for this compound."))
    try:
        check_promise_one({lane.lane_id: lane}, hours)
    except PolicyRefused as err:
        raise ActRefused(
            "methods", _("Face would be the only way in: offer another one at the same hours (%(why)s).",
                         why=str(err))
        ) from err
    if Method.FACE in lane.methods and not _ways_beside_face(lane, hours):
        raise ActRefused(
            "methods",
            _("Whenever a lane offers face, it offers the card and one more way as well. "
              "Add PIN or QR code, or widen their hours."),
        )


def _ways_beside_face(lane: LaneRecord, hours: Mapping[str, WeeklyHours]) -> bool:
    """Tell whether face is never offered without the card and another way in the same minute."""
    edges = {0, *(edge for hours_id in lane.method_hours.values() for edge in hours[hours_id].edges())}
    return all(
        Method.FACE not in offered
        or (Method.CARD in offered and len(offered) > OTHER_WAYS_BESIDE_FACE)
        for day_kind in DAY_KINDS
        for eve_kind in DAY_KINDS
        for minute in edges
        for offered in [offered_methods(lane, hours, day_kind, eve_kind, minute)]
    )


# -- hours and days --------------------------------------------------------------------------------


def save_hours(act: Act, hours_id: str | None, name: str, spans: Sequence[Span]) -> Hours:
    """Add (id None) or change weekly hours; raise ActRefused when a lane would break promise 1 by it."""
    site = begin(act)
    text = checked_text("name", name)
    if not spans:
        raise ActRefused("spans", _("Name at least one time span."))
    if hours_id is None:
        hours = Hours(hours_id=new_id(), site_id=act.site_id)
        act.session.add(hours)
    else:
        hours = hours_of(act, hours_id)
    hours.name, hours.spans = text, [msgspec.to_builtins(span) for span in spans]
    act.session.flush()
    tables = weekly_hours(act)
    gates = act.session.scalars(select(Gate).where(Gate.site_id == act.site_id))
    for gate in gates:
        for lane in gate.lanes:
            if hours.hours_id in lane.method_hours.values():
                _check_ways(site, _lane_record(gate, spec_of(lane)), tables)
    finish(act, "hours_saved", {"hours_id": hours.hours_id})
    return hours


def spec_of(lane: Lane) -> LaneSpec:
    """Return a stored lane as the form shows it."""
    return LaneSpec(
        lane.lane_id, lane.name, lane.direction, tuple(lane.methods), dict(lane.method_hours),
        lane.pulse_seconds, lane.slow_pulse_seconds, lane.posture, dict(lane.posture_hours),
        tuple(lane.interlock_with), lane.antipassback, lane.staff_hold_minutes, lane.area_is_closed,
    )


def set_calendar_day(act: Act, day: date, kind: str | None, name: str = "") -> None:
    """Let a date count as another kind of day (`holiday`, `mon` …); None makes it an ordinary day."""
    begin(act)
    if kind is not None and kind not in DAY_KINDS:
        raise ActRefused("kind", _("A day counts as a holiday or as one of the days of the week."))
    row = act.session.get(CalendarDay, (act.site_id, day))
    if kind is None:
        if row is not None:
            act.session.delete(row)
    else:
        row = row or CalendarDay(site_id=act.site_id, day=day)
        row.kind, row.name = kind, checked_text("name", name) if name.strip() else ""
        act.session.add(row)
    finish(act, "calendar_day_set", {"day": day.isoformat(), "kind": kind}, touches=())


def weekly_hours(act: Act) -> dict[str, WeeklyHours]:
    """Return the site's hours, ready to be asked."""
    return {
        row.hours_id: WeeklyHours.from_spans(msgspec.convert(row.spans, tuple[Span, ...]))
        for row in act.session.scalars(select(Hours).where(Hours.site_id == act.site_id))
    }


# -- shared ----------------------------------------------------------------------------------------


def _checked_slug(field_name: str, slug: str) -> None:
    if len(slug) > MAX_SLUG_CHARS or not SLUG.fullmatch(slug):
        raise ActRefused(
            field_name, _("Use small letters, digits and dashes, at most 40, such as north or north-in.")
        )


def _check_range(field_name: str, seconds: float, legal: tuple[float, float]) -> None:
    if not legal[0] <= seconds <= legal[1]:
        raise ActRefused(
            field_name, _("Choose %(low)s to %(high)s seconds.", low=f"{legal[0]:g}", high=f"{legal[1]:g}")
        )
