"""Apply a person's two-method request at the hours they chose. Face is never needed; never a lock-out.

The request holds only where it can be met: two different ways besides face that this person chose, holds
something live for, and that this lane takes at this moment. Where fewer are left (a card was lost, the
lane takes cards alone), one is enough, so the request locks no one out of their home. Where it holds, the
person's face may be one of the two shown, and what it fails at the other ways still do. It is for
ways in alone, and for the person alone: a visitor's pass or code opens as it did.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from gate_controller.contract.policy import Policy
from gate_controller.contract.records import LaneRecord, Method, PersonRecord, TwoMethods
from gate_controller.rules.decision import Claim, GateMemory
from gate_controller.rules.ways_beside_face import ways_that_work, ways_without_wait


def lacks_second_method(
    claim: Claim, person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> bool:
    """Return whether the person's two-method request requires another method before the lane opens."""
    if claim.is_for_visitor:
        return False
    ways = _ways_of_request(person, lane, policy, memory, now)
    if len(ways) < 2:
        return False
    shown = memory.shown_before.get(person.person_id, frozenset()) | {claim.method}
    return len(shown & (ways | {Method.FACE})) < 2


def face_is_alone(
    person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> bool:
    """Return whether this person cannot pass this lane now without their face, so that it may not open.

    That takes one other way, or two where the person's request for two methods holds.
    """
    needed = min(2, max(1, len(_ways_of_request(person, lane, policy, memory, now))))
    return len(ways_without_wait(person, lane, policy, memory, now)) < needed


def _ways_of_request(
    person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> frozenset[Method]:
    """Return the ways of which the person's request requires two now; none where it does not hold."""
    requested = person.two_methods
    if requested is None or lane.direction != "in":
        return frozenset()
    # With an unsure clock a request for some hours holds at all of them: only its owner can meet it.
    if memory.clock_sure and not is_in_force(requested, policy.calendar.zone, now):
        return frozenset()
    return ways_that_work(person, lane, policy, memory, now)


def is_in_force(requested: TwoMethods, zone: ZoneInfo, now: datetime) -> bool:
    """Return whether the request holds at this moment on the site's wall clock; equal ends mean always."""
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if requested.from_minute < requested.until_minute:
        return requested.from_minute <= minute < requested.until_minute
    return minute >= requested.from_minute or minute < requested.until_minute
