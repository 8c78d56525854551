"""Hold a lane open for as long as the policy says, and never because a power cut ended.

A scheduled hold resumes after a restart as a new, recorded decision. A manual override that was in
force before the restart does not: a person must order it again. A drive that only accepts the order to open
is never held, and its lane is not shown as held.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from gate_controller.contract.policy import Policy, PolicySnapshot
from gate_controller.contract.records import LaneRecord, Posture, PostureOverride
from gate_controller.rules.access import posture_of

HOLD_SECONDS = 6.0
RENEW_AFTER_SECONDS = 2.0
LOOK_AHEAD_DAYS = 8


@dataclass(frozen=True, slots=True)
class Hold:
    """Change for a lane that the policy holds open, or held open before.

    `goes_on` renews the release; `refused` is said once of a lane that cannot be held. `until` is None
    where the policy names no end, and always where the hold only goes on or is over.
    """

    lane_id: str
    change: Literal["begins", "goes_on", "ended", "refused"]
    author_id: str
    until: datetime | None = None


def without_ended_overrides(snapshot: PolicySnapshot, surely_past: datetime) -> PolicySnapshot:
    """Return the policy without the overrides that ended before a moment that has passed for sure.

    Otherwise one that shut a lane would be in force again whenever the clock becomes unsure.
    """
    policy = snapshot.policy
    past = max(surely_past, policy.issued_at)
    ended = {
        lane_id: msgspec.structs.replace(lane, posture_override=None)
        for lane_id, lane in policy.lanes.items()
        if lane.posture_override is not None and lane.posture_override.until <= past
    }
    if not ended:
        return snapshot
    return dataclasses.replace(snapshot, policy=dataclasses.replace(policy, lanes={**policy.lanes, **ended}))


class HeldOpen:
    """Lanes that the policy holds open, and when each release has to be renewed."""

    def __init__(self, at_start: PolicySnapshot | None, never_held: frozenset[str] = frozenset()) -> None:
        """Note the overrides in force before this start; they do not hold anything open again."""
        self._never_held = never_held
        self._stale: dict[str, PostureOverride] = {}
        self._knows_start = False
        self._renew_at: dict[str, float] = {}
        self._orders: dict[str, tuple[str, PostureOverride | None]] = {}
        self._refused: set[str] = set()
        if at_start is not None:
            self.policy_taken(at_start)

    def policy_taken(self, snapshot: PolicySnapshot) -> None:
        """Take the first policy after a start without one as what was in force before."""
        if not self._knows_start:
            self._knows_start = True
            lanes = snapshot.policy.lanes.values()
            self._stale = {
                lane.lane_id: lane.posture_override for lane in lanes if lane.posture_override is not None
            }

    def posture(self, lane: LaneRecord, policy: Policy, now: datetime, *, clock_sure: bool) -> Posture:
        """Return the lane's effective posture: a hold from before this start, or of a drive, is none."""
        posture = self._ordered(lane, policy, now, clock_sure=clock_sure)
        if posture is Posture.HELD_OPEN and lane.lane_id in self._never_held:
            return Posture.NORMAL
        return posture

    def _ordered(self, lane: LaneRecord, policy: Policy, now: datetime, *, clock_sure: bool) -> Posture:
        posture = posture_of(lane, policy, now, clock_sure=clock_sure)
        override = lane.posture_override
        is_stale = override is not None and self._stale.get(lane.lane_id) == override
        if posture is Posture.HELD_OPEN and is_stale and override is not None and now < override.until:
            return Posture.NORMAL
        return posture

    def holds(self, lane_id: str) -> bool:
        """Return whether the policy holds the lane open at this moment."""
        return lane_id in self._renew_at

    def due(
        self,
        policy: Policy,
        lane_ids: Iterable[str],
        now: datetime,
        now_seconds: float,
        *,
        clock_sure: bool,
    ) -> Iterator[Hold]:
        """Yield what has to be done now; a step counts as done once the next one is asked for."""
        for lane_id in lane_ids:
            lane = policy.lanes.get(lane_id)
            if lane is None or not self._is_to_hold(lane, policy, now, clock_sure=clock_sure):
                self._refused.discard(lane_id)
                if lane_id in self._renew_at:
                    yield Hold(lane_id, "ended", self._orders[lane_id][0])
                    del self._renew_at[lane_id]
            elif lane_id in self._never_held:
                if lane_id not in self._refused:
                    yield Hold(lane_id, "refused", _order_of(lane, now)[0])
                    self._refused.add(lane_id)
            else:
                yield from self._held(lane, policy, now, now_seconds)

    def _held(self, lane: LaneRecord, policy: Policy, now: datetime, now_seconds: float) -> Iterator[Hold]:
        lane_id, order = lane.lane_id, _order_of(lane, now)
        if lane_id in self._renew_at and order != self._orders[lane_id]:
            # Another author or another end: that is another hold.
            yield Hold(lane_id, "ended", self._orders[lane_id][0])
            del self._renew_at[lane_id]
        if lane_id not in self._renew_at:
            yield Hold(lane_id, "begins", order[0], end_of_hold(lane, policy, now))
            self._orders[lane_id] = order
        elif now_seconds >= self._renew_at[lane_id]:
            yield Hold(lane_id, "goes_on", order[0])
        else:
            return
        self._renew_at[lane_id] = now_seconds + RENEW_AFTER_SECONDS

    def _is_to_hold(self, lane: LaneRecord, policy: Policy, now: datetime, *, clock_sure: bool) -> bool:
        return self._ordered(lane, policy, now, clock_sure=clock_sure) is Posture.HELD_OPEN


def _order_of(lane: LaneRecord, now: datetime) -> tuple[str, PostureOverride | None]:
    """Return who ordered the lane open, and the override of the order, if it was one."""
    override = lane.posture_override
    if override is not None and now < override.until:
        return override.author_id, override
    return lane.posture_author_id or "schedule", None


def end_of_hold(lane: LaneRecord, policy: Policy, now: datetime) -> datetime | None:
    """Return when a lane that is held open now stops; None where no end is within a week."""
    override = lane.posture_override
    if override is not None and now < override.until:
        return override.until
    edges: set[int] = set()
    for hours_id in lane.posture_hours:
        edges |= policy.hours[hours_id].edges()
    zone = policy.calendar.zone
    today = now.astimezone(zone).date()
    for day in range(LOOK_AHEAD_DAYS):
        date = today + timedelta(days=day)
        for minute in sorted(edges):
            at = datetime(date.year, date.month, date.day, minute // 60, minute % 60, tzinfo=zone)
            moment = at.astimezone(UTC)
            if moment > now and posture_of(lane, policy, moment, clock_sure=True) is not Posture.HELD_OPEN:
                return moment
    return None


def shut_order(lane: LaneRecord | None) -> PostureOverride | Posture | None:
    """Return the office's order that shuts the lane for everyone, schedules apart; None without one."""
    if lane is None:
        return None
    override = lane.posture_override
    posture = lane.posture if override is None else override.posture
    return (override or posture) if posture in (Posture.LOCKDOWN, Posture.DISABLED) else None
