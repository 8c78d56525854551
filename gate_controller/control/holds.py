"""Start, renew and end holds (lanes kept open by schedule, override or staff), and journal each.

Used from the controller's thread only; an entry is on the disk before the lock is released for it.
"""

import logging
from datetime import timedelta

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.policy import Policy, PolicySnapshot
from gate_controller.contract.records import (
    CardCredential,
    EmergencyCodeCredential,
    LaneRecord,
    Method,
    Posture,
)
from gate_controller.control.parts import GateParts, GateState
from gate_controller.lane.door import held_open, hold_ended
from gate_controller.lane.staff_holds import StaffHold, StaffHolds
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, Decision, GateMemory
from gate_controller.rules.postures import HOLD_SECONDS, RENEW_AFTER_SECONDS, HeldOpen, Hold, shut_order
from hardware.errors import HardwareError

log = logging.getLogger(__name__)

SECONDS_A_MINUTE = 60.0
SHUT = (None, Posture.LOCKDOWN, Posture.DISABLED)


class Holds:
    """The lanes of one gate that are held open, by policy or by staff."""

    def __init__(self, parts: GateParts, state: GateState) -> None:
        """Begin with nothing held; what staff held before a restart is not held again."""
        self._parts = parts
        self._state = state
        self._record = parts.recorder.record
        self._by_policy = HeldOpen(state.snapshot, parts.never_held)
        self._by_staff = StaffHolds()
        self._renew_at: dict[str, float] = {}
        self._not_open: set[str] = set()
        """The lanes whose output does not take the hold, reported once."""

    def is_held(self, lane_id: str) -> bool:
        return self._by_staff.at(lane_id) is not None or self._by_policy.holds(lane_id)

    def posture(self, lane_id: str) -> Posture | None:
        """Return the lane's posture, as screens and the manager see it; None where no policy knows it."""
        snapshot, clock = self._state.snapshot, self._parts.clock
        lane = snapshot.policy.lanes.get(lane_id) if snapshot is not None else None
        if lane is None or snapshot is None:
            return None
        is_open = lane_id not in self._not_open
        if self._by_staff.at(lane_id) is not None and is_open:
            return Posture.HELD_OPEN
        posture = self._by_policy.posture(lane, snapshot.policy, clock.now(), clock_sure=clock.is_sure)
        return posture if is_open or posture is not Posture.HELD_OPEN else Posture.NORMAL

    # -- what happens ------------------------------------------------------------------------------

    def granted(self, lane: LaneRecord, claim: Claim, decision: Decision) -> None:
        """Take a grant that released the lock: a staff card's second showing, or a code that holds."""
        credential, now_seconds = claim.credential, self._parts.clock.monotonic_seconds()
        if isinstance(credential, EmergencyCodeCredential):
            if decision.hold_minutes:
                until = now_seconds + decision.hold_minutes * SECONDS_A_MINUTE
                code_id = credential.credential_id
                self._begin(StaffHold(lane.lane_id, "emergency_code", None, code_id, until))
            return
        snapshot = self._state.snapshot
        person = snapshot.policy.persons.get(decision.person_id or "") if snapshot is not None else None
        if person is None or not person.may_override or not isinstance(credential, CardCredential):
            return
        if not self._by_staff.shown_twice(lane.lane_id, credential.credential_id, now_seconds):
            return
        held = self._by_staff.at(lane.lane_id)
        if held is not None:
            self._end(held, "staff_card", person_id=person.person_id)
            return
        until = now_seconds + lane.staff_hold_minutes * SECONDS_A_MINUTE
        card_id = credential.credential_id
        self._begin(StaffHold(lane.lane_id, "staff_card", person.person_id, card_id, until))

    def policy_taken(self, before: PolicySnapshot | None, after: PolicySnapshot) -> None:
        """Take a new policy; what staff began ends by an order in it to shut the lane, or with its card."""
        self._by_policy.policy_taken(after)
        for hold in self._by_staff.all():
            lane = after.policy.lanes.get(hold.lane_id)
            ordered_before = shut_order(before.policy.lanes.get(hold.lane_id)) if before is not None else None
            ordered = shut_order(lane)
            if lane is None or (ordered is not None and ordered != ordered_before):
                self._end(hold, "policy")
                self._rest(hold.lane_id)
            elif not self._may_still(hold, after.policy):
                self._end(hold, "credential")
                if not self._by_policy.holds(hold.lane_id):
                    self._rest(hold.lane_id)

    def _may_still(self, hold: StaffHold, policy: Policy) -> bool:
        """Return whether the card or code would still open the lane, and the card still hold it."""
        credential, clock = policy.credentials.get(hold.credential_id or ""), self._parts.clock
        if isinstance(credential, EmergencyCodeCredential):
            claim = Claim(Method.PIN, None, credential)
        elif isinstance(credential, CardCredential) and credential.person_id == hold.person_id:
            claim = Claim(Method.CARD, hold.person_id, credential)
            person = policy.persons.get(credential.person_id)
            if person is None or not person.may_override:
                return False
        else:
            return False
        memory = GateMemory(clock.is_sure, {}, {})
        return decide(claim, hold.lane_id, policy, memory, clock.now()).opens

    def time_passed(self, now_seconds: float) -> None:
        """Begin, renew and end what is due."""
        for hold in self._by_staff.over(now_seconds):
            self._end(hold, "time")
        for hold in self._by_staff.all():
            if now_seconds >= self._renew_at.get(hold.lane_id, 0.0):
                self._release(hold.lane_id)
        snapshot, clock = self._state.snapshot, self._parts.clock
        if snapshot is None:
            return
        policy, now = snapshot.policy, clock.now()
        due = self._by_policy.due(policy, self._parts.relays, now, now_seconds, clock_sure=clock.is_sure)
        for step in due:
            self._policy_holds(step)
        for lane_id in self._parts.relays:
            # A short longest pulse has to be renewed sooner than the policy's steps come.
            if self._by_policy.holds(lane_id) and now_seconds >= self._renew_at.get(lane_id, 0.0):
                self._release(lane_id)

    def stopped(self) -> None:
        """Record the end of every hold, because the outputs go to rest."""
        for hold in self._by_staff.all():
            self._end(hold, "stop")
        for lane_id in self._parts.relays:
            if self._by_policy.holds(lane_id):
                self._record(EventKind.HOLD_ENDED, {"lane_id": lane_id, "ended_by": "stop"}, {})

    # -- by policy ---------------------------------------------------------------------------------

    def _policy_holds(self, hold: Hold) -> None:
        facts: Facts = {"lane_id": hold.lane_id, "author_id": hold.author_id}
        match hold.change:
            case "begins":
                facts["until"] = hold.until.isoformat() if hold.until is not None else None
                self._record(EventKind.HELD_OPEN, facts, {})
                self._release(hold.lane_id)
            case "goes_on":
                self._release(hold.lane_id)
            case "ended":
                self._record(EventKind.HOLD_ENDED, {**facts, "ended_by": "policy"}, {})
                self._not_open.discard(hold.lane_id)
                if self.posture(hold.lane_id) in SHUT:
                    self._rest(hold.lane_id)
            case "refused":
                log.error("lane %s: its drive is never held open, only pulsed", hold.lane_id)
                self._record(EventKind.HOLD_REFUSED, facts, {})

    # -- by staff ----------------------------------------------------------------------------------

    def _begin(self, hold: StaffHold) -> None:
        facts: Facts = {"lane_id": hold.lane_id, "by": hold.by}
        personal: Facts = {"person_id": hold.person_id, "credential_id": hold.credential_id}
        if hold.lane_id in self._parts.never_held:
            self._record(EventKind.HOLD_REFUSED, facts, personal)
            return
        left = timedelta(seconds=hold.until_seconds - self._parts.clock.monotonic_seconds())
        facts["until"] = (self._parts.clock.now() + left).isoformat(timespec="seconds")
        self._record(EventKind.HELD_OPEN, facts, personal)
        self._by_staff.begin(hold)
        self._release(hold.lane_id)

    def _end(self, hold: StaffHold, ended_by: str, *, person_id: str | None = None) -> None:
        facts: Facts = {"lane_id": hold.lane_id, "by": hold.by, "ended_by": ended_by}
        self._record(EventKind.HOLD_ENDED, facts, {"person_id": person_id})
        self._by_staff.end(hold.lane_id)
        self._renew_at.pop(hold.lane_id, None)
        self._not_open.discard(hold.lane_id)

    # -- the lock ----------------------------------------------------------------------------------

    def _release(self, lane_id: str) -> None:
        desk, relay = self._parts.desks[lane_id], self._parts.relays[lane_id]
        now_seconds = self._parts.clock.monotonic_seconds()
        seconds = min(HOLD_SECONDS, relay.longest_pulse_seconds)
        self._renew_at[lane_id] = now_seconds + min(RENEW_AFTER_SECONDS, seconds / 3)
        try:
            relay.pulse(seconds, holds=True)
        except HardwareError as err:
            if lane_id not in self._not_open:
                log.error("lane %s: cannot be held open: %s", lane_id, err)
                self._record(EventKind.ALARM_HOLD_NOT_OPEN, {"lane_id": lane_id}, {})
                self._not_open.add(lane_id)
            return
        desk.door = held_open(desk.door, now_seconds, seconds)
        if lane_id in self._not_open:
            self._record(EventKind.HOLD_NOT_OPEN_CLEAR, {"lane_id": lane_id}, {})
            self._not_open.discard(lane_id)

    def _rest(self, lane_id: str) -> None:
        desk = self._parts.desks[lane_id]
        desk.door = hold_ended(desk.door, self._parts.clock.monotonic_seconds())
        try:
            self._parts.relays[lane_id].rest()
        except HardwareError as err:
            # The board sends OFF again until it is taken.
            log.error("lane %s: %s", lane_id, err)
