"""Build the rules' view of neighbouring lanes, and update who is inside after a grant."""

from collections.abc import Callable
from datetime import datetime

from gate_controller.contract.records import LaneRecord, VisitorCodeCredential
from gate_controller.control.parts import GateParts, GateState
from gate_controller.lane.door import DoorState
from gate_controller.lane.state import LaneDesk, Passage
from gate_controller.rules.decision import Claim, Decision, GateMemory

SAME_PASSAGE_SECONDS = 2.0
"""How long the same thing shown again is the same passage, where the release is shorter than that."""


class Passages:
    """Recent grants by lane; used from the controller's thread only."""

    def __init__(self, parts: GateParts, state: GateState, is_held: Callable[[str], bool]) -> None:
        """Begin without grants; `is_held` returns whether a lane is being held open."""
        self._parts = parts
        self._state = state
        self._is_held = is_held
        self._last: dict[str, tuple[str, float]] = {}

    def memory(self, lane: LaneRecord | None, now: datetime, *, again: str | None = None) -> GateMemory:
        """Return what the rules may know, gathered only as far as this lane asks for it.

        `again` is a person who shows the same thing a second time for one passage: as good as outside.
        """
        journal, sure = self._parts.journal, self._parts.clock.is_sure
        paused = self._parts.lost_readers.paused(lane.lane_id) if lane is not None else frozenset()
        if lane is None or (not lane.interlock_with and lane.antipassback == "off"):
            return GateMemory(sure, journal.uses, journal.last_seconds, lost_methods=paused)
        inside = self._parts.lane_memory.inside(now) if lane.antipassback != "off" else frozenset()
        return GateMemory(
            sure,
            journal.uses,
            journal.last_seconds,
            online=self._state.online,
            busy_lanes=self._busy() if lane.interlock_with else frozenset(),
            inside=inside - {again} if again is not None else inside,
            fire=self._parts.reads_fire,
            lost_methods=paused,
        )

    def _busy(self) -> frozenset[str]:
        now_seconds = self._parts.clock.monotonic_seconds()
        return frozenset(
            lane_id for lane_id, desk in self._parts.desks.items() if self._is_busy(desk, now_seconds)
        )

    def _is_busy(self, desk: LaneDesk, now_seconds: float) -> bool:
        door = desk.door
        # Without a contact, count the release and the moment after it; a lost one counts as
        # it was last. A door that shut may be pulled open again until its lock has caught.
        until = door.released_until if door.is_seen else max(door.granted_until, door.hold_until)
        released = now_seconds < until
        return door.state is not DoorState.CLOSED or released or self._is_held(desk.lane_id)

    def is_repeat(self, lane_id: str, claim: Claim) -> bool:
        """Return whether the same credential was granted here a moment ago: still the same passage.

        Counted from the first showing alone, so that repeated showing makes no passage longer.
        """
        shown, until_seconds = self._last.get(lane_id, ("", 0.0))
        return (
            shown == (claim.credential_id or claim.person_id)
            and self._parts.clock.monotonic_seconds() < until_seconds
        )

    def granted(
        self, lane: LaneRecord, claim: Claim, decision: Decision, now: datetime, *, is_repeat: bool
    ) -> None:
        """Record the person granted, once the lock was released."""
        if not is_repeat:
            until = self._parts.clock.monotonic_seconds() + max(decision.pulse_seconds, SAME_PASSAGE_SECONDS)
            self._last[lane.lane_id] = (claim.credential_id or claim.person_id or "", until)
        for_visitor = claim.visitor_pass is not None or isinstance(claim.credential, VisitorCodeCredential)
        if lane.antipassback == "off" or decision.person_id is None or for_visitor:
            return
        desk, passage = self._parts.desks[lane.lane_id], Passage(decision.person_id, lane.direction)
        if not desk.door.is_seen or desk.door.is_open:
            # No contact will report that this person went through.
            if not is_repeat:
                self._parts.lane_memory.passed(passage, now)
            return
        if desk.passage is not None and desk.passage.person_id != passage.person_id:
            # Two were let in one after the other: one opening is theirs both.
            self._parts.lane_memory.passed(desk.passage, now)
        desk.passage = passage
