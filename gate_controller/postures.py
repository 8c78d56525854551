"""Hold a lane open for as long as the policy says so, and never because a power cut ended.

A scheduled holding resumes after a restart as a new, recorded decision. A manual override that was in
force before the restart does not: somebody has to say it again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gate_controller.access import posture_of
from gate_controller.policy import LaneRecord, Policy, PolicySnapshot, Posture, PostureOverride
from hardware.interfaces import Relay

HOLD_SECONDS = 6.0
RENEW_AFTER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Hold:
    """A lane to be released for some seconds more; `is_new` when the holding just began."""

    lane_id: str
    seconds: float
    author_id: str
    is_new: bool


class HeldOpen:
    """Which lanes stand open, and when each release has to be renewed."""

    def __init__(self, at_start: PolicySnapshot | None) -> None:
        """Note the overrides in force before this start; they do not hold anything open again."""
        self._stale: dict[str, PostureOverride] = {}
        self._knows_start = False
        self._renew_at: dict[str, float] = {}
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
        """Return the lane's posture, passing over a holding that was ordered before this start."""
        posture = posture_of(lane, policy, now, clock_sure=clock_sure)
        override = lane.posture_override
        is_stale = override is not None and self._stale.get(lane.lane_id) == override
        if posture is Posture.HELD_OPEN and is_stale and override is not None and now < override.until:
            return Posture.NORMAL
        return posture

    def due(
        self,
        policy: Policy,
        relays: Mapping[str, Relay],
        now: datetime,
        now_seconds: float,
        *,
        clock_sure: bool,
    ) -> Iterator[Hold]:
        """Yield the lanes whose release has to begin or to be renewed now."""
        for lane_id in relays:
            lane = policy.lanes.get(lane_id)
            held = (
                lane is not None
                and self.posture(lane, policy, now, clock_sure=clock_sure) is Posture.HELD_OPEN
            )
            if not held or lane is None:
                self._renew_at.pop(lane_id, None)
                continue
            if now_seconds >= self._renew_at.get(lane_id, 0.0):
                override = lane.posture_override
                by_hand = override is not None and now < override.until
                author = override.author_id if override is not None and by_hand else "schedule"
                yield Hold(lane_id, HOLD_SECONDS, author, lane_id not in self._renew_at)
                self._renew_at[lane_id] = now_seconds + RENEW_AFTER_SECONDS
