"""Count the ways besides face that lanes offer at once, when fewest: what promise 1 rests on at a lane."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gate_controller.contract.calendars import SiteCalendar, WeeklyHours
from gate_controller.contract.policy import offered_methods
from gate_controller.contract.records import LaneRecord, Method
from web_admin.access.edges import wall_edges
from web_admin.access.sent import GateSent, Sent
from web_admin.access.sweep import hours_of


def ways_left(before: Sent, after: Sent, begins: datetime, ends: datetime) -> dict[str, tuple[int, int]]:
    """Return the lanes of which the least number of ways besides face changes: before and after."""
    first, second = _least(before, begins, ends), _least(after, begins, ends)
    return {
        lane_id: (first[lane_id], second.get(lane_id, 0))
        for lane_id in sorted(first)
        if first[lane_id] != second.get(lane_id, 0)
    }


def _least(sent: Sent, begins: datetime, ends: datetime) -> dict[str, int]:
    return {
        lane.lane_id: _least_at(gate, lane, begins, ends)
        for part in sent.parts
        for gate in part.gates
        for lane in gate.lanes.values()
    }


def _least_at(gate: GateSent, lane: LaneRecord, begins: datetime, ends: datetime) -> int:
    beside = set(lane.methods) - {Method.FACE}
    hours = {name: WeeklyHours.from_spans(hours_of(gate, name).spans) for name in lane.method_hours.values()}
    if not hours:
        return len(beside)
    calendar = SiteCalendar(
        ZoneInfo(gate.site.timezone), {} if gate.calendar is None else gate.calendar.exceptions
    )
    minutes = {edge for table in hours.values() for edge in table.edges()}
    return min(
        len(beside & set(_offered(lane, hours, calendar, at)))
        for at in {begins, *wall_edges(calendar.zone, minutes, begins, ends)}
    )


def _offered(
    lane: LaneRecord, hours: dict[str, WeeklyHours], calendar: SiteCalendar, at: datetime
) -> tuple[Method, ...]:
    local = at.astimezone(calendar.zone)
    today, eve = (calendar.day_kind(local.date() - timedelta(days=back)) for back in (0, 1))
    return offered_methods(lane, hours, today, eve, local.hour * 60 + local.minute)
