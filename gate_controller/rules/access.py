"""Decide whether a claim may open a lane now, and why.

`identify` (in `identify.py`) says who something claims to be; `decide` says whether that person may
pass. Both are pure: what they know comes in as arguments, time included. `decide` is flat guards,
deny first; it grants on its last line only. It never sees consent: the policy it gets has none.
"""

from datetime import datetime, timedelta

from gate_controller.contract.passes import SITE_ITSELF, VisitorPass
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    CardCredential,
    Credential,
    CredentialState,
    EmergencyCodeCredential,
    Grant,
    LaneRecord,
    Method,
    PersonRecord,
    Posture,
    QrCredential,
    VisitorCodeCredential,
)
from gate_controller.rules.decision import Claim, Decision, GateMemory, Reason
from gate_controller.rules.second_method import face_is_alone, lacks_second_method

SHUT_FIRST = (Posture.LOCKDOWN, Posture.DISABLED, Posture.NORMAL, Posture.HELD_OPEN)
SHUT_REASONS = {Posture.LOCKDOWN: Reason.LANE_LOCKDOWN, Posture.DISABLED: Reason.LANE_DISABLED}
"""The postures in which a lane opens only for staff and the emergency code, and the reason of a refusal."""

# Bound once, for they are asked for at each card: Python 3.11 calls a function for each member of an enum.
# No class of credentials has a subclass: its type is compared, at half the cost of `isinstance`.
_NORMAL, _ACTIVE, _GRANTED = Posture.NORMAL, CredentialState.ACTIVE, Reason.GRANTED
_FACE, _NEED_THE_TIME = Method.FACE, (Method.QR, Method.FACE)


def posture_of(lane: LaneRecord, policy: Policy, now: datetime, *, clock_sure: bool) -> Posture:
    """Return the lane's posture now: a live override, else a scheduled one, else the standing one.

    Where two schedules meet, the one that shuts wins. With an unsure clock nothing time-bound may open
    a lane: an override that holds it open is passed over, one that shuts it stays, and a lane that
    is open only in some hours does not.
    """
    override = lane.posture_override
    if override is not None:
        if clock_sure and now < override.until:
            return override.posture
        if not clock_sure and override.posture is not Posture.HELD_OPEN:
            return override.posture
    if not clock_sure:
        stands_open = lane.posture is Posture.HELD_OPEN
        return Posture.NORMAL if lane.posture_hours and stands_open else lane.posture
    scheduled = {
        posture
        for hours_id, posture in lane.posture_hours.items()
        if policy.calendar.inside(policy.hours[hours_id], now)
    }
    return next((posture for posture in SHUT_FIRST if posture in scheduled), lane.posture)


def decide(claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime) -> Decision:
    """Decide one claim at one lane; `now` is aware. Unknown means no."""
    credential = claim.credential
    if type(credential) is EmergencyCodeCredential:
        return _decide_emergency(claim, credential, lane_id, policy, memory, now)
    person = policy.persons.get(claim.person_id or "")
    by_staff = person is not None and person.may_override and isinstance(credential, CardCredential)
    if by_staff:
        reason = _staff_refusal(claim, lane_id, policy, memory, now)
    else:
        reason = (
            _lane_refusal(claim, lane_id, policy, memory, now)
            or _credential_refusal(claim, policy, memory, now)
            or _person_refusal(claim, person, lane_id, policy, memory, now)
            or _ways_refusal(claim, person, lane_id, policy, memory, now)
        )
    duress = claim.under_duress or (credential is not None and credential.duress)
    if reason is not None:
        return Decision(False, reason, claim.person_id, claim.credential_id, duress=duress)
    lane = policy.lanes[lane_id]
    again = lane.antipassback != "off" and came_in_again(claim, lane, memory)
    # Staff who come to help are admitted and reported. A duress PIN is refused where the usual one would be.
    reports_only = not memory.online or memory.fire or by_staff
    if again and lane.antipassback == "hard" and not reports_only:
        return Decision(False, Reason.ANTIPASSBACK, claim.person_id, claim.credential_id, duress=duress)
    if lane.interlock_with and is_interlocked(lane, memory):
        return Decision(False, Reason.INTERLOCKED, claim.person_id, claim.credential_id, duress=duress)
    reason = _GRANTED
    if by_staff and _shutting_posture(lane, policy, memory, now) is not None:
        reason = Reason.OVERRIDE
    seconds = lane.slow_pulse_seconds if person is not None and person.slow_pass else lane.pulse_seconds
    return Decision(
        True,
        reason,
        claim.person_id,
        claim.credential_id,
        seconds,
        duress,
        antipassback_violated=again,
    )


def is_interlocked(lane: LaneRecord, memory: GateMemory) -> bool:
    """Return whether a way in has to wait for another lane's door; a way out and a fire never wait."""
    return (
        lane.direction == "in" and not memory.fire and not memory.busy_lanes.isdisjoint(lane.interlock_with)
    )


def came_in_again(claim: Claim, lane: LaneRecord, memory: GateMemory) -> bool:
    """Return whether a person comes in who is inside already; visitors have no identity."""
    return lane.direction == "in" and not claim.is_for_visitor and claim.person_id in memory.inside


def _decide_emergency(
    claim: Claim,
    code: EmergencyCodeCredential,
    lane_id: str,
    policy: Policy,
    memory: GateMemory,
    now: datetime,
) -> Decision:
    """Open for the emergency code in any posture, method, clock state and interlock."""
    reason = claim.refusal or _ended_refusal(code)
    if lane_id not in policy.lanes:
        reason = Reason.UNKNOWN_LANE
    elif reason is None and lane_id not in code.lanes:
        reason = Reason.PASS_FOR_ANOTHER_GATE
    if reason is None and memory.clock_sure and code.is_time_bound:
        reason = _window_refusal(code.valid_from, code.valid_until, memory, now)
    if reason is None and now < memory.delayed_until.get(claim.method, now):
        reason = Reason.METHOD_DELAYED
    if reason is not None:
        return Decision(False, reason, None, code.credential_id)
    return Decision(
        True,
        Reason.OVERRIDE,
        None,
        code.credential_id,
        policy.lanes[lane_id].pulse_seconds,
        hold_minutes=code.hold_minutes,
    )


def _staff_refusal(
    claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime
) -> Reason | None:
    """Refuse a staff card for what it is, and never for posture or hours."""
    if lane_id not in policy.lanes:
        return Reason.UNKNOWN_LANE
    reason = _credential_refusal(claim, policy, memory, now)
    if reason is not None:
        return reason
    person = policy.persons[claim.person_id or ""]
    if person.suspended:
        return Reason.PERSON_SUSPENDED
    if claim.method not in person.methods:
        return Reason.METHOD_NOT_CHOSEN
    bound = claim.credential is not None and claim.credential.is_time_bound
    return _grant_refusal(person, lane_id, policy, memory, now, time_bound=bound, any_hour=True)


def _shutting_posture(lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime) -> Reason | None:
    if lane.posture is _NORMAL and lane.posture_override is None and not lane.posture_hours:
        return None
    return SHUT_REASONS.get(posture_of(lane, policy, now, clock_sure=memory.clock_sure))


def _lane_refusal(
    claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime
) -> Reason | None:
    lane = policy.lanes.get(lane_id)
    if lane is None:
        return Reason.UNKNOWN_LANE
    reason = _shutting_posture(lane, policy, memory, now)
    if reason is not None:
        return reason
    if claim.by_call:
        return None  # no reader of the lane takes part
    if claim.method not in lane.methods:
        return Reason.METHOD_NOT_OFFERED
    if lane.method_hours and claim.method in lane.method_hours:
        if not memory.clock_sure:
            return Reason.CLOCK_UNSURE
        if not policy.calendar.inside(policy.hours[lane.method_hours[claim.method]], now):
            return Reason.METHOD_NOT_OFFERED
    return None


def _credential_refusal(claim: Claim, policy: Policy, memory: GateMemory, now: datetime) -> Reason | None:
    if claim.refusal is not None:
        unsure = claim.refusal is Reason.CODE_STALE and not memory.clock_sure
        return Reason.CLOCK_UNSURE if unsure else claim.refusal
    if claim.visitor_pass is not None:
        return _pass_refusal(claim.visitor_pass, policy, memory, now)
    credential = claim.credential
    if credential is None:
        if claim.by_call:
            return None
        if claim.method is not Method.FACE:
            return Reason.CREDENTIAL_UNKNOWN
        # Only cards and PINs open under an unsure clock.
        return None if memory.clock_sure else Reason.CLOCK_UNSURE
    if credential.state is not _ACTIVE:
        return _ended_refusal(credential)
    if credential.is_time_bound:
        reason = _window_refusal(credential.valid_from, credential.valid_until, memory, now)
        if reason is not None:
            return reason
    if (
        type(credential) is VisitorCodeCredential
        and memory.uses.get(credential.credential_id, 0) >= credential.uses
    ):
        return Reason.USED_UP
    if type(credential) is QrCredential:
        if not memory.clock_sure:
            return Reason.CLOCK_UNSURE
        last = memory.last_seconds.get(credential.credential_id, -1)
        if not claim.printed and (claim.second is None or claim.second <= last):
            return Reason.CODE_REPLAYED
    return None


def _ended_refusal(credential: Credential) -> Reason | None:
    if credential.state is CredentialState.ACTIVE:
        return None
    ended = credential.state is CredentialState.ENDED
    return Reason.CREDENTIAL_ENDED if ended else Reason.CREDENTIAL_SUSPENDED


def _window_refusal(
    valid_from: datetime | None, valid_until: datetime | None, memory: GateMemory, now: datetime
) -> Reason | None:
    if not memory.clock_sure:
        return Reason.CLOCK_UNSURE
    if valid_from is not None and now < valid_from:
        return Reason.NOT_YET_VALID
    if valid_until is not None and now >= valid_until:
        return Reason.EXPIRED
    return None


def _pass_refusal(
    visitor_pass: VisitorPass, policy: Policy, memory: GateMemory, now: datetime
) -> Reason | None:
    if visitor_pass.pass_id in policy.ended_passes:
        return Reason.PASS_WITHDRAWN
    reason = _window_refusal(visitor_pass.valid_from, visitor_pass.valid_until, memory, now)
    if reason is not None:
        return reason
    if visitor_pass.uses and memory.uses.get(visitor_pass.pass_id, 0) >= visitor_pass.uses:
        return Reason.USED_UP
    return None


def _person_refusal(
    claim: Claim,
    person: PersonRecord | None,
    lane_id: str,
    policy: Policy,
    memory: GateMemory,
    now: datetime,
) -> Reason | None:
    if claim.visitor_pass is not None:
        if policy.lanes[lane_id].gate_number not in claim.visitor_pass.gate_numbers:
            return Reason.PASS_FOR_ANOTHER_GATE
        if claim.visitor_pass.issuer_id == SITE_ITSELF:
            return _age_refusal(policy, now)
    if person is None:
        return Reason.CREDENTIAL_UNKNOWN
    if person.suspended:
        return Reason.PERSON_SUSPENDED
    if not claim.is_for_visitor and claim.method not in person.methods:
        return Reason.METHOD_NOT_CHOSEN
    if memory.delayed_until and not claim.by_call and now < memory.delayed_until.get(claim.method, now):
        return Reason.METHOD_DELAYED
    if type(claim.credential) is VisitorCodeCredential and lane_id not in claim.credential.lanes:
        return Reason.PASS_FOR_ANOTHER_GATE
    time_bound = claim.method in _NEED_THE_TIME or (
        claim.credential is not None and claim.credential.is_time_bound
    )
    return _grant_refusal(person, lane_id, policy, memory, now, time_bound=time_bound)


def _ways_refusal(
    claim: Claim,
    person: PersonRecord | None,
    lane_id: str,
    policy: Policy,
    memory: GateMemory,
    now: datetime,
) -> Reason | None:
    if person is None:
        return None
    if claim.method is _FACE:
        if face_is_alone(person, policy.lanes[lane_id], policy, memory, now):
            return Reason.FACE_ALONE
        if claim.only_beside and not memory.shown_before.get(person.person_id, frozenset()) - {_FACE}:
            return Reason.SECOND_METHOD
    if person.two_methods is None:
        return None
    lacks = lacks_second_method(claim, person, policy.lanes[lane_id], policy, memory, now)
    return Reason.SECOND_METHOD if lacks else None


def _grant_refusal(
    person: PersonRecord,
    lane_id: str,
    policy: Policy,
    memory: GateMemory,
    now: datetime,
    *,
    time_bound: bool,
    any_hour: bool = False,
) -> Reason | None:
    refusal = Reason.NO_GRANT
    for grant in person.grants:
        if lane_id not in grant.lanes:
            continue
        # To whom every hour is right the dates alone are a bound.
        bound = bool(grant.valid_from or grant.valid_until) if any_hour else grant.is_time_bound
        reason = _time_refusal(grant, policy, memory, now, any_hour=any_hour) if bound else None
        if reason is None and (bound or time_bound):
            reason = _age_refusal(policy, now)
        if reason is None:
            return None
        refusal = reason
    return refusal


def _time_refusal(
    grant: Grant, policy: Policy, memory: GateMemory, now: datetime, *, any_hour: bool
) -> Reason | None:
    reason = _window_refusal(grant.valid_from, grant.valid_until, memory, now)
    if reason is not None or any_hour:
        return reason
    if grant.hours_id is not None and not policy.calendar.inside(policy.hours[grant.hours_id], now):
        return Reason.OUTSIDE_HOURS
    return None


def _age_refusal(policy: Policy, now: datetime) -> Reason | None:
    """Refuse what is time-bound once the policy is too old; full-time cards and PINs go on."""
    age, most = now - policy.issued_at, policy.site.max_policy_age_days
    if age.days >= most and age > timedelta(days=most):
        return Reason.POLICY_TOO_OLD
    return None
