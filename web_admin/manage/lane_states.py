"""Read what lanes are doing now: door and mode as their gates report them, overrides, holds; no routes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from web_admin.compound.models import Lane
from web_admin.core.database import request_session
from web_admin.events import details
from web_admin.gates.rules import is_overridden
from web_admin.gates.status import lane_posture
from web_admin.journal.models import GateEvent
from web_admin.manage.lane_schedules import LaneSchedules
from web_admin.web.site import request_now


@dataclass(frozen=True, slots=True)
class HeldByGate:
    """A lane held open by staff at the gate, a code, or its schedule."""

    entry: GateEvent | None

    @property
    def until(self) -> datetime | None:
        """Return when it ends, None where that is not known here yet."""
        return details.until(self.entry) if self.entry is not None else None


def live_override(lane: Lane) -> bool:
    """Return whether someone's posture for the lane is in force."""
    return is_overridden(lane, request_now())


def shown_posture(lane: Lane, schedules: LaneSchedules) -> str:
    """Return the posture to show of a lane: one that someone set, else its schedule's, else its own."""
    by_schedule = schedules.now(lane)
    if live_override(lane) and lane.override_posture:
        return lane_posture(lane, lane.override_posture)
    return lane_posture(lane, by_schedule.schedule.posture if by_schedule else lane.posture)


def door_of(lane: Lane) -> str | None:
    """Return what the gate last reported of a lane's door."""
    return _reported(lane, "door")


class LaneHolds:
    """Causes that hold these lanes open without an order, as their gates report; read in one query."""

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._held = {lane.lane_id for lane in lanes if _is_held_at_gate(lane)}
        self._entries = details.holds_now(request_session(), self._held, request_now())

    def of(self, lane: Lane) -> HeldByGate | None:
        """Return the cause that holds a lane open; None without one, or where staff ordered it."""
        return HeldByGate(self._entries.get(lane.lane_id)) if lane.lane_id in self._held else None


def _reported(lane: Lane, what: str) -> str | None:
    """Return the gate's last report of a lane: `door` or `posture`."""
    for state in lane.gate.lane_states or []:
        if state.get("lane_id") == lane.lane_id:
            return str(state.get(what))
    return None


def _is_held_at_gate(lane: Lane) -> bool:
    ordered = live_override(lane) or lane.posture != "normal"
    return not ordered and _reported(lane, "posture") == "held_open"
