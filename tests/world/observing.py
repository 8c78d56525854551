"""Look at one gate after a step: its files as they are on the disk, its locks, its camera, its faces."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.records import (
    CardCredential,
    CredentialState,
    Method,
    PinCredential,
    QrCredential,
)
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from tests.world.facts import GateSeen
from tests.world.gate import WorldGate

if TYPE_CHECKING:
    from tests.world.world import World

ENTRIES = 10_000
METHODS = {CardCredential: Method.CARD, PinCredential: Method.PIN, QrCredential: Method.QR}


def look_at_gate(world: "World", gate: WorldGate) -> GateSeen:
    """Return what a step left at a gate, and remember its journal and what it opened."""
    facts, gate_id = world.facts, gate.gate_id
    journal = facts.journals.setdefault(gate_id, {})
    lost = lost_entry(gate, journal)
    entries = gate.journal.entries_after(max(journal, default=0), ENTRIES)
    journal.update({entry.seq: entry.digest for entry in entries})
    for entry in entries:
        if entry.kind == "access" and entry.facts.get("method") == "order" and entry.facts.get("opens"):
            facts.orders_opened[gate_id] += 1
    pulses = [pulse for lock in gate.locks.values() for pulse in lock.pulses]
    for lock in gate.locks.values():
        lock.pulses.clear()
    snapshot = gate.controller._state.snapshot
    kept = {
        (person_id, look.consent_id)
        for person_id in gate.blobs.person_ids()
        for look in gate.blobs.of_person(person_id)
    }
    facts.known_consents |= {(gate_id, face.consent_id) for face in gate.sync._roster.values()}
    opened, gate.camera.opened = gate.camera.opened, 0
    usable = frozenset(person_id for person_id, _consent in kept if gate.service.can_recognise(person_id))
    ways_that_open, ways_too_late = ways_now(gate, snapshot)
    return GateSeen(
        have=gate.store.have,
        lost_entry=lost,
        new_entries=entries,
        new_pulses=tuple(pulses),
        usable_faces=usable,
        kept_faces=frozenset(kept),
        camera_is_open=gate.camera.is_open,
        camera_opened=opened > 0,
        boot_seconds=gate.boot_seconds(),
        is_tampered=gate.keeper.tamper_id is not None,
        people=frozenset(snapshot.policy.persons) if snapshot is not None else frozenset(),
        face_only_lanes=face_only_lanes(snapshot),
        faces_without_other_way=faces_without_other_way(snapshot),
        clock_at=gate.clock.now(),
        faces_that_open=faces_that_open(gate, snapshot, usable),
        ways_that_open=ways_that_open,
        ways_too_late=ways_too_late,
        unsent_receipts=receipts(gate, sent=False),
        sent_receipts=receipts(gate, sent=True),
    )


def faces_that_open(
    gate: WorldGate, snapshot: PolicySnapshot | None, usable: frozenset[str]
) -> frozenset[tuple[str, str]]:
    """Return the pairs of person and lane for which the gate's rules would open to a recognised face now."""
    if snapshot is None:
        return frozenset()
    now, memory = gate.clock.now(), GateMemory(clock_sure=gate.clock.is_sure)
    return frozenset(
        (person_id, lane_id)
        for person_id in usable
        for lane_id in snapshot.policy.lanes
        if decide(Claim(Method.FACE, person_id), lane_id, snapshot.policy, memory, now).opens
    )


def ways_now(
    gate: WorldGate, snapshot: PolicySnapshot | None
) -> tuple[frozenset[tuple[str, str]] | None, frozenset[tuple[str, str]]]:
    """Return pairs of credential and lane that the rules of a gate open now, and those they are too old for.

    The policy and the clock alone decide: the memory of the gate (waits, uses, who is inside) is empty.
    """
    if snapshot is None or not gate.clock.is_sure:
        return None, frozenset()
    now, policy, memory = gate.clock.now(), snapshot.policy, GateMemory()
    reasons = {
        (credential_id, lane_id): decide(
            Claim(METHODS[type(one)], one.person_id, one, second=int(now.timestamp())),
            lane_id,
            policy,
            memory,
            now,
        ).reason
        for credential_id, one in policy.credentials.items()
        if type(one) in METHODS
        for lane_id in policy.lanes
    }
    opening = {pair for pair, reason in reasons.items() if reason in (Reason.GRANTED, Reason.OVERRIDE)}
    too_late = {pair for pair, reason in reasons.items() if reason is Reason.POLICY_TOO_OLD}
    return frozenset(opening), frozenset(too_late)


def receipts(gate: WorldGate, *, sent: bool) -> frozenset[str]:
    """Return the consents whose receipts a gate's file has as sent, or as still to be sent."""
    found = gate.journal._connection.execute("SELECT consent_id FROM receipt WHERE sent = ?", (int(sent),))
    return frozenset(consent_id for (consent_id,) in found)


def lost_entry(gate: WorldGate, known: Mapping[int, bytes]) -> int:
    """Return the number of the last entry known from before where it is gone or another one, else 0."""
    last = max(known, default=0)
    if not last:
        return 0
    kept = gate.journal.digest_of(last)
    is_gone = gate.journal.head[0] < last or (kept is not None and kept != known[last])
    return last if is_gone else 0


def face_only_lanes(snapshot: PolicySnapshot | None) -> tuple[str, ...]:
    """Return the lanes that offer nothing besides face, or no card."""
    if snapshot is None:
        return ()
    lanes: Mapping[str, object] = snapshot.policy.lanes
    return tuple(lane_id for lane_id in lanes if Method.CARD not in snapshot.policy.lanes[lane_id].methods)


def faces_without_other_way(snapshot: PolicySnapshot | None) -> tuple[str, ...]:
    """Return the people with a face here whose rules have no working credential of a method they chose."""
    if snapshot is None:
        return ()
    policy = snapshot.policy
    kinds = {"CardCredential": Method.CARD, "PinCredential": Method.PIN, "QrCredential": Method.QR}
    working = {
        one.person_id
        for one in policy.credentials.values()
        if one.state is CredentialState.ACTIVE
        and type(one).__name__ in kinds
        and one.person_id in policy.persons
        and kinds[type(one).__name__] in policy.persons[one.person_id].methods
    }
    return tuple(person_id for person_id in sorted(snapshot.face_roster) if person_id not in working)
