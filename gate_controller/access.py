"""The rules: may this claim open this lane now, and why.

`identify` (in `identify.py`) says who something claims to be; `decide` says whether that person may
pass. Both are pure: what they know comes in as arguments, time included. `decide` is flat guards,
deny first; it grants on its last line only. It never sees consent: the policy it gets has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from gate_controller.passes import SITE_ITSELF, VisitorPass
from gate_controller.policy import (
    Credential,
    CredentialState,
    Grant,
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    Policy,
    Posture,
    QrCredential,
    VisitorCodeCredential,
)

SHUT_FIRST = (Posture.LOCKDOWN, Posture.DISABLED, Posture.NORMAL, Posture.HELD_OPEN)


class Reason(StrEnum):
    """Why a lane opened or stayed shut. Stored in journals: added to, never renamed."""

    GRANTED = "granted"
    HELD_OPEN = "held_open"
    UNKNOWN_LANE = "unknown_lane"
    LANE_LOCKDOWN = "lane_lockdown"
    LANE_DISABLED = "lane_disabled"
    CREDENTIAL_UNKNOWN = "credential_unknown"
    CREDENTIAL_ENDED = "credential_ended"
    CREDENTIAL_SUSPENDED = "credential_suspended"
    PERSON_SUSPENDED = "person_suspended"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    USED_UP = "used_up"
    PIN_WRONG = "pin_wrong"
    CODE_UNREADABLE = "code_unreadable"
    CODE_FORGED = "code_forged"
    CODE_STALE = "code_stale"
    CODE_REPLAYED = "code_replayed"
    PASS_WITHDRAWN = "pass_withdrawn"  # noqa: S105 - a word for a visitor's pass
    PASS_FOR_ANOTHER_GATE = "pass_for_another_gate"  # noqa: S105 - likewise
    FACE_NO_MATCH = "face_no_match"
    FACE_UNAVAILABLE = "face_unavailable"
    METHOD_NOT_OFFERED = "method_not_offered"
    METHOD_NOT_CHOSEN = "method_not_chosen"
    METHOD_DELAYED = "method_delayed"
    NO_GRANT = "no_grant"
    OUTSIDE_HOURS = "outside_hours"
    CLOCK_UNSURE = "clock_unsure"
    POLICY_TOO_OLD = "policy_too_old"
    ANTIPASSBACK = "antipassback"
    INTERLOCKED = "interlocked"
    OVERRIDE = "override"
    ORDER_FORGED = "order_forged"
    ORDER_EXPIRED = "order_expired"
    ORDER_REPEATED = "order_repeated"


class Claim(msgspec.Struct, frozen=True, gc=False):
    """Who a presentation says it is, after the cryptographic checks and before the rules.

    `refusal` is set when those checks failed; ids are filled in as far as they are known.
    """

    method: Method
    person_id: str | None = None
    credential: Credential | None = None
    visitor_pass: VisitorPass | None = None
    second: int | None = None
    refusal: Reason | None = None

    @property
    def credential_id(self) -> str | None:
        """Return the id under which uses and repeats are counted."""
        if self.visitor_pass is not None:
            return self.visitor_pass.pass_id
        return self.credential.credential_id if self.credential is not None else None


@dataclass(frozen=True, slots=True)
class GateMemory:
    """What this gate alone knows, as it stands for one decision.

    `uses` counts grants by credential or pass; `last_seconds` holds the newest code second granted
    by credential; `delayed_until` says until when a method waits at this lane's terminal.
    """

    clock_sure: bool = True
    uses: Mapping[str, int] = field(default_factory=dict)
    last_seconds: Mapping[str, int] = field(default_factory=dict)
    delayed_until: Mapping[Method, datetime] = field(default_factory=dict)
    online: bool = False
    busy_lanes: frozenset[str] = frozenset()
    """Lanes of this gate whose door stands open or was released a moment ago."""
    inside: frozenset[str] = frozenset()
    """Persons who came in through this gate and have not left through it."""
    fire: bool = False


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The answer: open or not, why, for whom, for how long."""

    opens: bool
    reason: Reason
    person_id: str | None = None
    credential_id: str | None = None
    pulse_seconds: float = 0.0
    duress: bool = False
    hold_minutes: int = 0
    """How long the lane is to be held open after this, by an emergency code."""
    antipassback_violated: bool = False
    """Granted, and to be told: came in twice without leaving."""


def posture_of(lane: LaneRecord, policy: Policy, now: datetime, *, clock_sure: bool) -> Posture:
    """Return the lane's posture now: a live override, else a scheduled one, else the standing one.

    Where two schedules meet, the one that shuts wins. With an unsure clock nothing time-bound may open
    a lane: an override that holds it open is passed over, one that shuts it stays, and a lane that
    stands open but for some hours does not.
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
    reason = (
        _lane_refusal(claim, lane_id, policy, memory, now)
        or _credential_refusal(claim, policy, memory, now)
        or _person_refusal(claim, lane_id, policy, memory, now)
    )
    duress = isinstance(claim.credential, PinCredential) and claim.credential.duress
    if reason is not None:
        return Decision(False, reason, claim.person_id, claim.credential_id, duress=duress)
    lane = policy.lanes[lane_id]
    person = policy.persons.get(claim.person_id or "")
    seconds = lane.slow_pulse_seconds if person is not None and person.slow_pass else lane.pulse_seconds
    return Decision(True, Reason.GRANTED, claim.person_id, claim.credential_id, seconds, duress)


def _lane_refusal(
    claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime
) -> Reason | None:
    lane = policy.lanes.get(lane_id)
    if lane is None:
        return Reason.UNKNOWN_LANE
    if lane.posture is not Posture.NORMAL or lane.posture_override is not None or lane.posture_hours:
        posture = posture_of(lane, policy, now, clock_sure=memory.clock_sure)
        if posture is Posture.LOCKDOWN:
            return Reason.LANE_LOCKDOWN
        if posture is Posture.DISABLED:
            return Reason.LANE_DISABLED
    if claim.method not in lane.methods:
        return Reason.METHOD_NOT_OFFERED
    if lane.method_hours and claim.method in lane.method_hours:
        if not memory.clock_sure:
            return Reason.CLOCK_UNSURE
        if not policy.calendar.inside(policy.hours[lane.method_hours[claim.method]], now):
            return Reason.METHOD_NOT_OFFERED
    return None


def _credential_refusal(
    claim: Claim, policy: Policy, memory: GateMemory, now: datetime
) -> Reason | None:
    if claim.refusal is Reason.CODE_STALE and not memory.clock_sure:
        return Reason.CLOCK_UNSURE
    if claim.refusal is not None:
        return claim.refusal
    if claim.visitor_pass is not None:
        return _pass_refusal(claim.visitor_pass, policy, memory, now)
    credential = claim.credential
    if credential is None:
        if claim.method is not Method.FACE:
            return Reason.CREDENTIAL_UNKNOWN
        # Only cards and PINs open under an unsure clock.
        return None if memory.clock_sure else Reason.CLOCK_UNSURE
    if credential.state is not CredentialState.ACTIVE:
        ended = credential.state is CredentialState.ENDED
        return Reason.CREDENTIAL_ENDED if ended else Reason.CREDENTIAL_SUSPENDED
    if credential.is_time_bound:
        reason = _window_refusal(credential.valid_from, credential.valid_until, memory, now)
        if reason is not None:
            return reason
    if (
        isinstance(credential, VisitorCodeCredential)
        and memory.uses.get(credential.credential_id, 0) >= credential.uses
    ):
        return Reason.USED_UP
    if isinstance(credential, QrCredential):
        if not memory.clock_sure:
            return Reason.CLOCK_UNSURE
        if claim.second is None or claim.second <= memory.last_seconds.get(credential.credential_id, -1):
            return Reason.CODE_REPLAYED
    return None


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
    claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime
) -> Reason | None:
    if claim.visitor_pass is not None:
        if policy.lanes[lane_id].gate_number not in claim.visitor_pass.gate_numbers:
            return Reason.PASS_FOR_ANOTHER_GATE
        if claim.visitor_pass.issuer_id == SITE_ITSELF:
            return _age_refusal(policy, now, time_bound=True)
    person = policy.persons.get(claim.person_id or "")
    if person is None:
        return Reason.CREDENTIAL_UNKNOWN
    if person.suspended:
        return Reason.PERSON_SUSPENDED
    for_visitor = claim.visitor_pass is not None or isinstance(claim.credential, VisitorCodeCredential)
    if not for_visitor and claim.method not in person.methods:
        return Reason.METHOD_NOT_CHOSEN
    if memory.delayed_until and now < memory.delayed_until.get(claim.method, now):
        return Reason.METHOD_DELAYED
    if isinstance(claim.credential, VisitorCodeCredential) and lane_id not in claim.credential.lanes:
        return Reason.PASS_FOR_ANOTHER_GATE
    time_bound = claim.method in (Method.QR, Method.FACE) or (
        claim.credential is not None and claim.credential.is_time_bound
    )
    return _grant_refusal(person, lane_id, policy, memory, now, time_bound=time_bound)


def _grant_refusal(
    person: PersonRecord,
    lane_id: str,
    policy: Policy,
    memory: GateMemory,
    now: datetime,
    *,
    time_bound: bool,
) -> Reason | None:
    refusal = Reason.NO_GRANT
    for grant in person.grants:
        if lane_id not in grant.lanes:
            continue
        bound = grant.is_time_bound
        reason = _time_refusal(grant, policy, memory, now) if bound else None
        if reason is None:
            reason = _age_refusal(policy, now, time_bound=bound or time_bound)
        if reason is None:
            return None
        refusal = reason
    return refusal


def _time_refusal(grant: Grant, policy: Policy, memory: GateMemory, now: datetime) -> Reason | None:
    reason = _window_refusal(grant.valid_from, grant.valid_until, memory, now)
    if reason is not None:
        return reason
    if grant.hours_id is not None and not policy.calendar.inside(policy.hours[grant.hours_id], now):
        return Reason.OUTSIDE_HOURS
    return None


def _age_refusal(policy: Policy, now: datetime, *, time_bound: bool) -> Reason | None:
    """Refuse what is time-bound once the policy is too old; full-time cards and PINs go on."""
    if time_bound and now - policy.issued_at > timedelta(days=policy.site.max_policy_age_days):
        return Reason.POLICY_TOO_OLD
    return None
