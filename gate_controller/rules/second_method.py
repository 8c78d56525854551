"""Apply a person's wish for two methods at hours they chose. Never face, and never a lock-out.

The wish holds only where it can be met: two different ways besides face that this person chose, holds
something live for, and that this lane takes at this moment. Where fewer are left (a card was lost, the
lane takes cards alone), one is enough, so the wish locks no one out of their home. It is for ways in
alone, and for the person alone: a visitor's pass or code opens as it did.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    CardCredential,
    Credential,
    CredentialState,
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    QrCredential,
    TwoMethods,
    VisitorCodeCredential,
)
from gate_controller.rules.decision import Claim, GateMemory


def lacks_second_method(
    claim: Claim, person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> bool:
    """Return whether the person's wish requires another method before the lane opens."""
    wish = person.two_methods
    for_visitor = claim.visitor_pass is not None or isinstance(claim.credential, VisitorCodeCredential)
    if wish is None or for_visitor or lane.direction != "in":
        return False
    # With an unsure clock a wish for some hours holds at all of them: only its owner can meet it.
    if memory.clock_sure and not is_in_force(wish, policy.calendar.zone, now):
        return False
    ways = _ways_that_work(person, lane, policy, memory, now)
    if len(ways) < 2:
        return False
    shown = memory.shown_before.get(person.person_id, frozenset()) | {claim.method}
    return len(shown & ways) < 2


def is_in_force(wish: TwoMethods, zone: ZoneInfo, now: datetime) -> bool:
    """Return whether the wish holds at this moment on the site's wall clock; equal ends mean always."""
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if wish.from_minute < wish.until_minute:
        return wish.from_minute <= minute < wish.until_minute
    return minute >= wish.from_minute or minute < wish.until_minute


def _ways_that_work(
    person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> set[Method]:
    held = policy.credentials_of_wishers.get(person.person_id, ())
    # What is bound to a time or a phone opens under a sure clock and a fresh policy alone.
    fresh = now - policy.issued_at <= timedelta(days=policy.site.max_policy_age_days)
    timed = memory.clock_sure and fresh
    working = {_method_of(credential) for credential in held if _is_live(credential, now, timed=timed)}
    offered = {method for method in lane.methods if _is_offered(method, lane, policy, memory, now)}
    return working & offered & set(person.methods) - {Method.FACE}


def _method_of(credential: Credential) -> Method:
    if isinstance(credential, CardCredential):
        return Method.CARD
    return Method.QR if isinstance(credential, QrCredential) else Method.PIN


def _is_live(credential: Credential, now: datetime, *, timed: bool) -> bool:
    """Return whether a credential would open now; a duress PIN is no way of its own."""
    if credential.state is not CredentialState.ACTIVE:
        return False
    if isinstance(credential, PinCredential) and credential.duress:
        return False
    if not isinstance(credential, CardCredential | PinCredential | QrCredential):
        return False
    if (credential.is_time_bound or isinstance(credential, QrCredential)) and not timed:
        return False
    begun = credential.valid_from is None or credential.valid_from <= now
    return begun and (credential.valid_until is None or now < credential.valid_until)


def _is_offered(
    method: Method, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> bool:
    hours_id = lane.method_hours.get(method)
    if hours_id is None:
        return True
    return memory.clock_sure and policy.calendar.inside(policy.hours[hours_id], now)
