"""Decide which ways besides face a person has at a lane in this minute: face is never alone (promise 1).

A way is a method that the person chose, that this lane offers now by hours, calendar and readers, and for
which the person holds something that is active, in its time and recognised at this gate. Posture, grants,
anti-passback and interlocks are not asked for here: they refuse or admit a person alike by every method.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from gate_controller.contract.credential_kinds import KINDS, usable_methods
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    CardCredential,
    Credential,
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    typed_number,
)
from gate_controller.rules.decision import GateMemory


def ways_that_work(
    person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> frozenset[Method]:
    """Return the methods besides face that would admit this person at this lane now."""
    return _methods(policy.credentials_for_ways.get(person.person_id, ()), person, lane, policy, memory, now)


def ways_without_wait(
    person: PersonRecord, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime
) -> frozenset[Method]:
    """Return those of the ways that work which do not wait, as a PIN does that is stopped or delayed.

    A code that the server makes for the phone waits for the server, so it is none of them.

    A face counts beside these alone, since who gave no face waits too. A two-method request counts the others
    as well: typing wrong numbers must not talk it down to one.
    """
    held = [
        credential
        for credential in policy.credentials_for_ways.get(person.person_id, ())
        if credential.works_without_server
        and not (isinstance(credential, PinCredential) and credential.home_id in memory.homes_waiting)
    ]
    ways = _methods(held, person, lane, policy, memory, now)
    return frozenset(method for method in ways if now >= memory.delayed_until.get(method, now))


def _methods(
    held: Iterable[Credential],
    person: PersonRecord,
    lane: LaneRecord,
    policy: Policy,
    memory: GateMemory,
    now: datetime,
) -> frozenset[Method]:
    # What is bound to a time or a phone opens under a sure clock and a fresh policy alone.
    fresh = now - policy.issued_at <= timedelta(days=policy.site.max_policy_age_days)
    timed = memory.clock_sure and fresh
    working = usable_methods(
        (one for one in held if (timed or not _is_timed(one)) and _is_recognised(one, policy)), now
    )
    offered = {method for method in lane.methods if _is_offered(method, lane, policy, memory, now)}
    return (working & offered & set(person.methods)) - memory.lost_methods - {Method.FACE}


def _is_timed(credential: Credential) -> bool:
    return credential.is_time_bound or KINDS[credential.kind].needs_sure_clock


def _is_recognised(credential: Credential, policy: Policy) -> bool:
    """Return whether showing it leads to this one: no other has the card's tag, and the home is known."""
    if isinstance(credential, CardCredential):
        return policy.cards_by_tag.get(credential.tag) is credential
    if isinstance(credential, PinCredential):
        home = policy.homes.get(credential.home_id)
        return home is not None and policy.home_ids_by_number[typed_number(home.number)] == home.home_id
    return True


def _is_offered(method: Method, lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime) -> bool:
    hours_id = lane.method_hours.get(method)
    if hours_id is None:
        return True
    return memory.clock_sure and policy.calendar.inside(policy.hours[hours_id], now)
