"""Add gates and save lanes."""

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from gate_controller.contract.passes import PLACE_NUMBERS
from gate_controller.contract.records import LaneRecord, Method
from web_admin.action.base import NO_GATE, Action, begin, finish
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import gate_of, hours_of
from web_admin.action.suspension_reasons import OF_SHARED
from web_admin.compound.models import Gate, Lane, Site
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.custody.shares import create_shares, live_face_consents
from web_admin.face.assessments import check_assessed
from web_admin.face.endings import forget_gate
from web_admin.gates.hours import weekly_hours
from web_admin.gates.names import free_name, note_new_name
from web_admin.gates.places import place_gates
from web_admin.gates.queries import way_out_of_another_gate
from web_admin.gates.rules import (
    LaneSpec,
    check_antipassback,
    check_closed_area,
    check_face_code,
    check_interlock,
    check_methods,
    check_slug,
    spec_of,
    wanted_lane,
)
from web_admin.gates.schedules import keep_schedules
from web_admin.gates.sheets import check_face_sheet
from web_admin.visitors.moved_homes import sign_ways_again

MAX_GATE_NUMBER = PLACE_NUMBERS.start - 1
"""Those that follow are numbers of places: a visitor's pass names both."""


# -- gates and lanes -------------------------------------------------------------------------------


def add_gate(act: Action, gate_id: str, name: str) -> Gate:
    """Add a gate under a readable id such as "north"; its number is never given out again."""
    begin(act)
    check_slug("gate_id", gate_id)
    if act.session.get(Gate, gate_id) is not None:
        raise ActionRefused("gate_id", _("A gate with this short name exists already."))
    number, text = free_numbers(act, "gate_id")[0], free_name(act, "name", name)
    gate = Gate(gate_id=gate_id, site_id=act.site_id, number=number, name=text)
    act.session.add(gate)
    act.session.flush()
    place_gates(act.session, act.site_id, [gate])
    sign_ways_again(act)  # the name of the gate may have made a place
    finish(act, "gate_added", {"gate_id": gate_id}, gates=NO_GATE)
    return gate


def free_numbers(act: Action, field: str, count: int = 1) -> range:
    """Return the numbers of the next gates; raise ActionRefused where there are not so many left.

    The number of a gate is never given out again, so they follow the highest that was.
    """
    highest = act.session.scalar(select(func.max(Gate.number)).where(Gate.site_id == act.site_id)) or 0
    if highest >= MAX_GATE_NUMBER:
        raise ActionRefused(field, _("This compound has no gate numbers left."))
    if highest + count > MAX_GATE_NUMBER:
        raise ActionRefused(
            field,
            _(
                "This compound has only %(left)s gate numbers left. Shorten the list.",
                left=MAX_GATE_NUMBER - highest,
            ),
        )
    return range(highest + 1, highest + 1 + count)


def save_lane(act: Action, gate_id: str, spec: LaneSpec) -> Lane:
    """Add or change a lane; raise ActionRefused naming the rule that it breaks."""
    site = begin(act)
    gate = gate_of(act, gate_id)
    check_slug("lane_id", spec.lane_id)
    lane = act.session.get(Lane, spec.lane_id)
    if lane is not None and lane.gate_id != gate_id:
        raise ActionRefused("lane_id", _("Another gate has a lane with this short name."))
    record = wanted_lane(gate, spec)
    check_hours_and_methods(act, site, record)
    if Method.FACE in record.methods:
        check_face_code(gate)
        check_face_sheet(act, spec.lane_id)
        check_assessed(act, spec.lane_id)
    check_interlock(gate, record)
    concerns_people = lane is not None and _admission(spec_of(lane)) != _admission(spec)
    if lane is None:
        lane = Lane(lane_id=spec.lane_id, gate_id=gate_id, posture_hours={})
        act.session.add(lane)
    note_new_name(act, lane, record.name)
    with kept_in(act, "lane_saved", None if concerns_people else (), OF_SHARED):
        write_lane(lane, record)
        lane.area_is_closed = spec.area_is_closed
        keep_schedules(
            act, lane, {hours_id: posture.value for hours_id, posture in record.posture_hours.items()}
        )
        act.session.flush()
        act.session.expire(gate, ["lanes"])
        check_antipassback(gate, lane)
        check_closed_area(lane, way_out_of_another_gate(act.session, gate))
        fit_shares(act, gate)
        finish(act, "lane_saved", saved_facts(lane), gates=(gate_id,))
    return lane


def _admission(spec: LaneSpec) -> tuple[object, ...]:
    return spec.direction, set(spec.methods), dict(spec.method_hours), spec.posture, dict(spec.posture_hours)


def check_hours_and_methods(act: Action, site: Site, record: LaneRecord) -> None:
    """Raise ActionRefused unless the lane's hours are known here and allow the ways in that it offers."""
    for hours_id in (*record.method_hours.values(), *record.posture_hours):
        hours_of(act, hours_id)
    check_methods(site, record, weekly_hours(act))


def write_lane(lane: Lane, record: LaneRecord) -> None:
    """Write into a lane's row what its record says; its schedules have an author and are kept apart."""
    lane.name, lane.direction = record.name, record.direction
    lane.methods = [method.value for method in record.methods]
    lane.method_hours = {method.value: hours_id for method, hours_id in record.method_hours.items()}
    lane.pulse_seconds, lane.slow_pulse_seconds = record.pulse_seconds, record.slow_pulse_seconds
    lane.posture = record.posture.value
    lane.interlock_with, lane.antipassback = list(record.interlock_with), record.antipassback
    lane.staff_hold_minutes = record.staff_hold_minutes


def saved_facts(lane: Lane) -> dict[str, Fact]:
    """Return what the journal keeps of a lane that was saved."""
    return {
        "lane_id": lane.lane_id,
        "gate_id": lane.gate_id,
        "direction": lane.direction,
        "methods": " ".join(lane.methods),
        "posture": lane.posture,
        "interlock_with": " ".join(lane.interlock_with),
        "antipassback": lane.antipassback,
        "staff_hold_minutes": lane.staff_hold_minutes,
    }


def fit_shares(act: Action, gate: Gate) -> None:
    """Give a gate that now offers face its shares, and destroy those of one that does not any more."""
    act.session.flush()
    if gate.state == "paired" and any(Method.FACE in lane.methods for lane in gate.lanes):
        for person_id, consent_id in live_face_consents(act.session, act.site_id).items():
            create_shares(act.session, act.sealer, person_id, consent_id)
        return
    forget_gate(act, gate, "face_off_lane")
