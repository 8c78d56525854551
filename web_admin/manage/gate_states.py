"""Work out what differs from normal at each gate and lane, for the pages of now and gates; no routes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gate_controller.contract.event_kinds import EventKind
from web_admin.compound.models import Gate, Lane
from web_admin.compound.place_names import OUTER
from web_admin.compound.queries import places_of_site
from web_admin.compound.ways import Places
from web_admin.core.database import request_session
from web_admin.core.texts import word
from web_admin.events.alarm_groups import AlarmGroup
from web_admin.events.texts import EVENTS
from web_admin.gates.lost_readers import lost_ways
from web_admin.gates.sheet_status import NO_SHEET, LaneStatus, sheet_statuses
from web_admin.gates.sheet_texts import lane_status_text
from web_admin.gates.texts import DOORS, GATE_STATUS, POSTURES, place_name
from web_admin.manage.lane_schedules import LaneSchedules
from web_admin.manage.lane_states import LaneHolds, door_of, shown_posture
from web_admin.web.silent_gates import status_of_gate
from web_admin.web.site import current_site
from web_admin.web.times import local_time

SAID_ELSEWHERE = frozenset(
    (EventKind.ALARM_GATE_SILENT, EventKind.ALARM_DOOR_FORCED, EventKind.ALARM_DOOR_HELD)
)
"""Alarms whose cause the state of the gate or of its doors says already."""

STATES: Mapping[str, LazyString] = {
    "alarm": _l("Alarm"),
    "lockdown": POSTURES["lockdown"],
    "no_contact": _l("No contact"),
    "held_open": POSTURES["held_open"],
    "disabled": POSTURES["disabled"],
    "device": _l("A device fails"),
    "not_ready": _l("Not ready yet"),
}
"""States of a gate that differ from normal, the most urgent first."""
_RANK = {state: rank for rank, state in enumerate(STATES)}

_POSTURE_LOOKS = {
    "lockdown": ("bad", "lock"),
    "held_open": ("warn", "unlock"),
    "disabled": ("", "pause"),
}
_DOOR_LOOKS = {
    "open": ("info", "door-open"),
    "expected": ("info", "door-open"),
    "held": ("warn", "warning"),
    "forced": ("bad", "warning"),
}
_GATE_LOOKS = {
    "silent": ("warn", "signal-lost"),
    "unheard": ("warn", "signal-lost"),
    "new": ("warn", "warning"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that differs from normal: its chip, and the state that it stands for, "" of a passing one."""

    state: str
    kind: str
    picture: str
    text: str


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane and what differs there."""

    lane: Lane
    marks: tuple[Mark, ...]

    @property
    def lasting(self) -> tuple[Mark, ...]:
        """Return the marks that stand for a state: an open door passes."""
        return tuple(mark for mark in self.marks if mark.state)


@dataclass(frozen=True)
class GateState:
    """A gate, its lanes, and what differs there."""

    gate: Gate
    lanes: tuple[LaneState, ...]
    own: tuple[Mark, ...]
    """Of the gate as a whole."""
    building: str = ""
    """The building, garage or rooms that it leads into; "" of outer gates and those of no place yet."""
    is_outer: bool = False

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Return what differs at the gate, the most urgent first, equal things once."""
        every = [*self.own, *(mark for one in self.lanes for mark in one.lasting)]
        return tuple(sorted(dict.fromkeys(every), key=lambda mark: _RANK[mark.state]))

    @property
    def states(self) -> frozenset[str]:
        """Return the states that the gate is in, none of a gate that is as it should be."""
        return frozenset(mark.state for mark in self.marks)

    @property
    def rank(self) -> int:
        """Return how urgent the gate is: 0 is the most urgent."""
        return _RANK[self.marks[0].state] if self.marks else len(_RANK)


def gate_states(gates: Sequence[Gate], alarms: Iterable[AlarmGroup]) -> list[GateState]:
    """Return the state of each of these gates, in a few queries however many there are."""
    lanes = [lane for gate in gates for lane in gate.lanes]
    facts = _Facts(
        LaneHolds(lanes),
        LaneSchedules(),
        sheet_statuses(request_session(), [gate.gate_id for gate in gates]),
        current_site().face_pause_hours,
    )
    by_gate: dict[str, list[AlarmGroup]] = {}
    for group in alarms:
        if group.over_at is None and group.newest.kind not in SAID_ELSEWHERE:
            by_gate.setdefault(group.newest.gate_id or "", []).append(group)
    places = places_of_site(request_session(), current_site().site_id)
    return [
        GateState(
            gate,
            tuple(LaneState(lane, tuple(_of_lane(lane, facts))) for lane in gate.lanes),
            tuple(_of_gate(gate, by_gate.get(gate.gate_id, ()))),
            _building(places, gate),
            is_outer=places.outer is not None and gate.place_id == places.outer.place_id,
        )
        for gate in gates
    ]


def _building(places: Places, gate: Gate) -> str:
    place = places.by_id.get(gate.place_id or "")
    return "" if place is not None and place.kind == OUTER else place_name(places.building_of(place) or place)


@dataclass(frozen=True, slots=True)
class _Facts:
    """Rows that are read once for all lanes."""

    holds: LaneHolds
    schedules: LaneSchedules
    sheets: Mapping[str, LaneStatus]
    face_pause_hours: int


def _of_gate(gate: Gate, alarms: Iterable[AlarmGroup]) -> Iterator[Mark]:
    for group in alarms:
        yield Mark("alarm", "bad", "bell", str(word(EVENTS, group.newest.kind)))
    status = status_of_gate(gate)
    if status != "in_contact":
        kind, picture = _GATE_LOOKS.get(status, ("bad", "warning"))
        yield Mark(
            "not_ready" if status == "new" else "no_contact", kind, picture, str(word(GATE_STATUS, status))
        )
    if gate.state == "paired" and not gate.clock_sure:
        yield Mark("device", "warn", "clock", _("Clock unsure"))
    if any(device.get("health") != "ok" for device in gate.device_states or ()):
        yield Mark("device", "warn", "signal-lost", _("A device fails"))


def _of_lane(lane: Lane, facts: _Facts) -> Iterator[Mark]:
    sheet = facts.sheets.get(lane.lane_id, NO_SHEET)
    if lane_status_text(sheet):
        kind, picture = ("warn", "warning") if sheet.is_live else ("bad", "lock")
        yield Mark("not_ready", kind, picture, lane_status_text(sheet))
    door = door_of(lane) if lane.gate.state == "paired" else None
    if door in _DOOR_LOOKS:
        yield Mark("alarm" if door in ("held", "forced") else "", *_DOOR_LOOKS[door], str(DOORS[door]))
    held, posture = facts.holds.of(lane), shown_posture(lane, facts.schedules)
    if held is not None and held.until is not None:
        until = _("Held open until %(time)s", time=local_time(held.until))
        yield Mark("held_open", *_POSTURE_LOOKS["held_open"], until)
    elif held is not None or posture in _POSTURE_LOOKS:
        posture = "held_open" if held is not None else posture
        yield Mark(posture, *_POSTURE_LOOKS[posture], str(POSTURES[posture]))
    if lost_ways(lane, facts.face_pause_hours):
        yield Mark("device", "warn", "warning", _("A reader fails"))
