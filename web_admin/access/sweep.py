"""Ask the gate's own rules at each edge of a time whether one person may pass one lane, and by which way.

The gate is taken to be sure of its clock and to remember nothing: no code used up, no PIN stopped, no reader
lost, no one inside, no door open. What only the gate knows can refuse a way for a while and never opens one.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import msgspec

from gate_controller.contract.policy import Policy, index_records
from gate_controller.contract.records import (
    RECORD_TYPES,
    CardCredential,
    Credential,
    CredentialState,
    EndedPassRecord,
    HoursRecord,
    LaneRecord,
    Method,
    PersonRecord,
    PolicyRefused,
    Posture,
    QrCredential,
    Record,
    VisitorCodeCredential,
)
from gate_controller.rules.access import decide, posture_of
from gate_controller.rules.decision import Claim, Decision, GateMemory, Reason
from gate_controller.rules.identify import as_named_here, identify_face, identify_tag, identify_typed
from web_admin.access.edges import hours_edges, wall_edges
from web_admin.access.sent import GateSent, PersonSent
from web_admin.access.spans import Spans, union

_MOMENT = timedelta(microseconds=1)
_NOTHING = GateMemory()
_NO_PERSON = PersonSent(PersonRecord("", (), ()))


class Way(StrEnum):
    """How a person passes; `VISITOR` is a pass or a code that they gave out, and no way of their own."""

    CARD = "card"
    PIN = "pin"
    QR = "qr"
    FACE = "face"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Answer:
    """When a person may pass a lane: by each way, by any of their own, and when only their face is left.

    A gate refuses a face that is left alone, so `face_alone` is no time in which they pass. `in_hand` is when
    they pass by something besides their face that they surely have.
    """

    ways: Mapping[Way, Spans]
    own: Spans
    face_alone: Spans
    in_hand: Spans


NEVER = Answer({}, (), (), ())


class Presented(msgspec.Struct, frozen=True):
    """Something that a person can show, as the gate identifies it, and until when the gate keeps it."""

    way: Way
    claim: Claim
    until: datetime | None = None


class Tried(msgspec.Struct, frozen=True):
    """Outcome of one thing shown at one instant."""

    way: Way
    decision: Decision


def answer(gate: GateSent, lane: LaneRecord, person: PersonSent, begins: datetime, ends: datetime) -> Answer:
    """Return when a person may pass a lane in [begins, ends); all instants are aware."""
    ways: dict[Way, list[tuple[datetime, datetime]]] = {}
    own, alone, in_hand = [], [], []
    for at, until, tried in stretches(gate, lane, person, begins, ends):
        opening = {one.way for one in tried if one.decision.opens}
        for way in opening:
            ways.setdefault(way, []).append((at, until))
        if opening - {Way.VISITOR}:
            own.append((at, until))
        elif any(one.decision.reason is Reason.FACE_ALONE for one in tried):
            alone.append((at, until))
    if person.not_in_hand:
        tries = stretches(
            gate, lane, person, begins, ends, lambda one: is_shown(one) and _in_hand(person, one)
        )
        in_hand = [(at, until) for at, until, tried in tries if _opens_beside_face(tried)]
    return Answer(
        {way: union([tuple(ways[way])]) for way in Way if way in ways},
        union([tuple(own)]),
        union([tuple(alone)]),
        # A face opens only where another way of its person does.
        union([tuple(in_hand if person.not_in_hand else own)]),
    )


def _in_hand(person: PersonSent, credential: Credential) -> bool:
    return credential.credential_id not in person.not_in_hand


def _opens_beside_face(tried: Sequence[Tried]) -> bool:
    return any(one.decision.opens and one.way not in (Way.FACE, Way.VISITOR) for one in tried)


def stretches(
    gate: GateSent,
    lane: LaneRecord,
    person: PersonSent,
    begins: datetime,
    ends: datetime,
    counts: Callable[[Credential], bool] | None = None,
) -> Iterator[tuple[datetime, datetime, list[Tried]]]:
    """Yield from edge to edge what the gate says to all that a person can show; nothing without a grant.

    `counts` chooses the credentials, by default those that can be a way.
    """
    policy = policy_of(gate, lane, person, ends, counts or is_shown)
    if not policy.persons:
        return
    shown = list(presented(gate, person, policy))
    edges = sorted(set(_edges(gate, policy, shown, begins, ends)) | {begins})
    for at, until in zip(edges, [*edges[1:], ends], strict=True):
        yield at, until, list(try_all(shown, lane.lane_id, policy, at))


def postures(
    gate: GateSent, lane: LaneRecord, begins: datetime, ends: datetime
) -> Iterator[tuple[datetime, datetime, Posture]]:
    """Yield when a lane is not in its normal posture in [begins, ends), by its orders and schedules."""
    policy = policy_of(gate, lane, _NO_PERSON, ends)
    edges = sorted(set(_edges(gate, policy, (), begins, ends)) | {begins})
    for at, until in zip(edges, [*edges[1:], ends], strict=True):
        posture = posture_of(policy.lanes[lane.lane_id], policy, at, clock_sure=True)
        if posture is not Posture.NORMAL:
            yield at, until, posture


def try_all(shown: Sequence[Presented], lane_id: str, policy: Policy, at: datetime) -> Iterator[Tried]:
    """Show each thing at one instant, after the others where the person asked for two."""
    live = [one for one in shown if one.until is None or at < one.until]
    first = [Tried(one.way, decide(one.claim, lane_id, policy, _NOTHING, at)) for one in live]
    if not any(tried.decision.reason is Reason.SECOND_METHOD for tried in first):
        yield from first
        return
    person_id = next(iter(policy.persons))
    good = frozenset(
        one.claim.method
        for one, tried in zip(live, first, strict=True)
        if tried.decision.reason is Reason.SECOND_METHOD
    )
    after = GateMemory(shown_before={person_id: good})
    for one, tried in zip(live, first, strict=True):
        is_second = tried.decision.reason is Reason.SECOND_METHOD
        yield Tried(one.way, decide(one.claim, lane_id, policy, after, at)) if is_second else tried


# -- the policy of one lane and one person -----------------------------------------------------------


def is_shown(credential: Credential) -> bool:
    """Return whether a credential can count as a way: it is active, and does not call for help in silence."""
    return credential.state is CredentialState.ACTIVE and not credential.duress


def policy_of(
    gate: GateSent,
    lane: LaneRecord,
    person: PersonSent,
    ends: datetime,
    counts: Callable[[Credential], bool] = is_shown,
) -> Policy:
    """Return the part of a gate's policy that decides on this person at this lane.

    It has no person who has no grant here: such a record is sent for another lane of the gate, or not at all.
    Raises PolicyRefused where a record names hours that the gate is not sent.
    """
    record = record_here(gate, lane, person)
    used = {*lane.method_hours.values(), *lane.posture_hours}
    used |= {grant.hours_id for grant in record.grants if grant.hours_id is not None}
    hidden = person.hidden.get(gate.gate_id, frozenset())
    held = [one for one in person.credentials if counts(one) and one.credential_id not in hidden]
    ended = {one.pass_id for one in person.passes} & gate.ended_passes
    kinds: dict[str, Mapping[str, Record]] = {kind: {} for kind in RECORD_TYPES}
    kinds["calendar"] = {"": gate.calendar} if gate.calendar is not None else {}
    kinds["hours"] = {hours_id: hours_of(gate, hours_id) for hours_id in used}
    kinds["lane"] = {lane.lane_id: lane}
    kinds["home"] = {home.home_id: home for home in person.homes}
    kinds["person"] = {record.person_id: record} if record.grants else {}
    kinds["credential"] = {one.credential_id: _tagged(one) for one in held}
    kinds["ended_pass"] = {pass_id: EndedPassRecord(pass_id, ends) for pass_id in ended}
    return index_records(kinds, gate.site, epoch=0, version=0, issued_at=gate.issued_at or ends)


def record_here(gate: GateSent, lane: LaneRecord, person: PersonSent) -> PersonRecord:
    """Return a person's record at this gate, with the grants at this lane; with face where it may be kept."""
    grants = tuple(grant for grant in person.record.grants if lane.lane_id in grant.lanes)
    methods: list[Method] = [one for one in person.record.methods if one is not Method.FACE]
    if gate.gate_id in person.faces:
        methods.append(Method.FACE)
    return msgspec.structs.replace(person.record, methods=tuple(methods), grants=grants)


def hours_of(gate: GateSent, hours_id: str) -> HoursRecord:
    """Return hours that a record of this gate names; raise PolicyRefused where the gate is not sent them."""
    if hours_id not in gate.hours:
        raise PolicyRefused(f"gate {gate.gate_id!r}: the hours {hours_id!r} are named and do not exist")
    return gate.hours[hours_id]


@lru_cache(maxsize=100_000)
def _tag(credential_id: str) -> bytes:
    return hashlib.sha256(credential_id.encode()).digest()


def _tagged(credential: Credential) -> Credential:
    """Return it with a tag of its own: which numbers are equal is known already, and the keys are not."""
    if isinstance(credential, QrCredential):
        return credential
    return msgspec.structs.replace(credential, tag=_tag(credential.credential_id))


def presented(gate: GateSent, person: PersonSent, policy: Policy) -> Iterator[Presented]:
    """Yield all that this person, or a visitor of theirs, can show at a lane, as the gate identifies it."""
    for credential in policy.credentials.values():
        if isinstance(credential, CardCredential):
            yield Presented(Way.CARD, identify_tag(credential.tag, policy))
        elif isinstance(credential, QrCredential):
            # As after the checks of a signature, which only the phone can make.
            yield Presented(Way.QR, Claim(Method.QR, credential.person_id, credential, second=0))
        elif credential.home_id in policy.homes:
            number = policy.homes[credential.home_id].number
            is_code = isinstance(credential, VisitorCodeCredential)
            claim = identify_typed(number, credential.tag, policy)
            yield Presented(Way.VISITOR if is_code else Way.PIN, claim)
    person_id = person.record.person_id
    if gate.gate_id in person.faces:
        yield Presented(Way.FACE, identify_face(person_id), person.faces[gate.gate_id])
    for one in person.passes:
        yield Presented(Way.VISITOR, Claim(Method.QR, person_id, visitor_pass=as_named_here(one, policy)))


def _edges(
    gate: GateSent, policy: Policy, shown: Sequence[Presented], begins: datetime, ends: datetime
) -> Iterator[datetime]:
    (lane,) = policy.lanes.values()
    zone, days = policy.calendar.zone, frozenset(policy.calendar.exceptions.items())
    for hours_id in policy.hours:
        yield from hours_edges(zone, days, hours_of(gate, hours_id).spans, begins, ends)
    windows: list[datetime | None] = [one.until for one in shown]
    windows += [lane.posture_override.until] if lane.posture_override is not None else []
    for person in policy.persons.values():
        windows += [at for grant in person.grants for at in (grant.valid_from, grant.valid_until)]
        if person.two_methods is not None:
            minutes = frozenset((person.two_methods.from_minute, person.two_methods.until_minute))
            yield from wall_edges(zone, minutes, begins, ends)
    for bound in (*policy.credentials.values(), *(one.claim.visitor_pass for one in shown)):
        windows += [bound.valid_from, bound.valid_until] if bound is not None else []
    # Too old is what is older than so many days: from the next moment on.
    windows.append(policy.issued_at + timedelta(days=policy.site.max_policy_age_days) + _MOMENT)
    yield from (at for at in windows if at is not None and begins < at < ends)
