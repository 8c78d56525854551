"""Count the ways besides face that lanes offer at once, when fewest: what promise 1 rests on at a lane."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gate_controller.contract.calendars import SiteCalendar, WeeklyHours
from gate_controller.contract.policy import offered_methods
from gate_controller.contract.records import LaneRecord, Method
from web_admin.access.edges import hours_edges
from web_admin.access.sent import GateSent, Sent
from web_admin.access.sweep import hours_of


def ways_left(before: Sent, after: Sent, begins: datetime, ends: datetime) -> dict[str, tuple[int, int]]:
    """Return the lanes of which the least number of ways besides face changes: before and after."""
    known: dict[Hashable, int] = {}
    first, second = (_least(sent, begins, ends, known) for sent in (before, after))
    return {
        lane_id: (first[lane_id], second.get(lane_id, 0))
        for lane_id in sorted(first)
        if first[lane_id] != second.get(lane_id, 0)
    }


def _least(sent: Sent, begins: datetime, ends: datetime, known: dict[Hashable, int]) -> dict[str, int]:
    found = {}
    for gate in (gate for part in sent.parts for gate in part.gates):
        days = frozenset(() if gate.calendar is None else gate.calendar.exceptions.items())
        for lane in gate.lanes.values():
            hours = frozenset(
                (method, hours_of(gate, name).spans) for method, name in lane.method_hours.items()
            )
            key = gate.site.timezone, days, lane.methods, hours
            if key not in known:
                known[key] = _least_at(gate, lane, begins, ends)
            found[lane.lane_id] = known[key]
    return found


def _least_at(gate: GateSent, lane: LaneRecord, begins: datetime, ends: datetime) -> int:
    beside = set(lane.methods) - {Method.FACE}
    zone = ZoneInfo(gate.site.timezone)
    calendar = SiteCalendar(zone, {} if gate.calendar is None else gate.calendar.exceptions)
    spans = {name: hours_of(gate, name).spans for name in lane.method_hours.values()}
    hours = {name: WeeklyHours.from_spans(table) for name, table in spans.items()}
    days = frozenset(calendar.exceptions.items())
    edges = {at for table in spans.values() for at in hours_edges(zone, days, table, begins, ends)}
    return min(len(beside & set(_offered(lane, hours, calendar, at))) for at in {begins, *edges})


def _offered(
    lane: LaneRecord, hours: dict[str, WeeklyHours], calendar: SiteCalendar, at: datetime
) -> tuple[Method, ...]:
    local = at.astimezone(calendar.zone)
    today, eve = (calendar.day_kind(local.date() - timedelta(days=back)) for back in (0, 1))
    return offered_methods(lane, hours, today, eve, local.hour * 60 + local.minute)
