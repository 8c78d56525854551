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
from gate_controller.rules.ways_beside_face import ways_that_work


def lacks_second_method(
    claim: Claim, person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> bool:
    """Return whether the person's two-method request requires another method before the lane opens."""
    requested = person.two_methods
    if requested is None or claim.is_for_visitor or lane.direction != "in":
        return False
    # With an unsure clock a request for some hours holds at all of them: only its owner can meet it.
    if memory.clock_sure and not is_in_force(requested, policy.calendar.zone, now):
        return False
    ways = ways_that_work(person, lane, policy, memory, now)
    if len(ways) < 2:
        return False
    shown = memory.shown_before.get(person.person_id, frozenset()) | {claim.method}
    return len(shown & (ways | {Method.FACE})) < 2


def is_in_force(requested: TwoMethods, zone: ZoneInfo, now: datetime) -> bool:
    """Return whether the request holds at this moment on the site's wall clock; equal ends mean always."""
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if requested.from_minute < requested.until_minute:
        return requested.from_minute <= minute < requested.until_minute
    return minute >= requested.from_minute or minute < requested.until_minute
