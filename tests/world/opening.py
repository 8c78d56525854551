"""Invariants of what lanes open for, each against the naive model of the tables."""

from collections.abc import Iterator

from tests.world.facts import Facts, Shown
from tests.world.rules import (
    WAYS_BESIDE_FACE,
    Rules,
    offered,
    opens,
    opens_for_face,
    opens_for_visitor,
)


def a_face_opens_only_beside_another_way(facts: Facts) -> Iterator[str]:
    """Promise 1: by lane and by minute: where a face would open now, another way of that person would."""
    for gate_id, gate in facts.gates.items():
        rules = facts.rules.get(gate_id, {}).get(gate.have)
        if rules is None:
            continue
        for person_id, lane_id in sorted(gate.faces_that_open):
            if not opens_for_face(rules, person_id, lane_id, gate.clock_at):
                ways = " ".join(sorted(offered(rules, lane_id, gate.clock_at)))
                at = gate.clock_at.isoformat(timespec="minutes")
                yield f"lane {lane_id} opens for the face of {person_id} alone at {at} (offers {ways})"


def a_gate_opens_for_whom_its_rules_allow(facts: Facts) -> Iterator[str]:
    """Promises 2 and 7: exactly those whom the version it holds allows, whatever the network does."""
    shown = facts.shown
    if shown is None or not shown.decided or not shown.clock_sure:
        return
    have = facts.gates[shown.gate_id].have
    rules = facts.rules.get(shown.gate_id, {}).get(have)
    if rules is None:
        if shown.opened:
            yield f"gate {shown.gate_id} opened by rules {have}, which no server published"
        return
    match shown.method:
        case "pass":
            may = opens_for_visitor(rules, shown.credential_id, shown.issuer_id, shown.lane_id, shown.at)
        case "emergency code":
            may = any(shown.lane_id in rules.emergency_codes.get(one, ()) for one in shown.credential_ids)
        case "face":
            lent = facts.lent.get(shown.gate_id)
            is_lent = lent is not None and shown.credential_id in lent.consents
            may = is_lent and opens_for_face(rules, shown.credential_id, shown.lane_id, shown.at)
        case method:
            ids = shown.credential_ids
            may = any(opens(rules, method, one, shown.lane_id, shown.at) for one in ids)
    what = f"{shown.method} {' '.join(shown.credential_ids)}"
    if shown.opened and not may:
        yield f"lane {shown.lane_id} opened for {what}, which {have} forbids"
    # A terminal at which wrong PINs were typed waits with codes as well; cards never wait.
    waits = shown.method == "emergency code" and "method_delayed" in shown.reasons
    if may and not shown.opened and shown.method in ("card", "emergency code") and not waits:
        if _is_held_back(shown, rules):
            return
        yield f"lane {shown.lane_id} stayed shut for {what}, which {have} allows: {' '.join(shown.reasons)}"


def a_gate_would_open_for_whom_its_rules_allow(facts: Facts) -> Iterator[str]:
    """Promises 2 and 7: the same of every card, PIN and phone at every lane, shown or not."""
    for gate_id, gate in facts.gates.items():
        rules = facts.rules.get(gate_id, {}).get(gate.have)
        if rules is None or gate.ways_that_open is None:
            continue
        allowed = {
            (one, lane_id)
            for one, row in rules.credentials.items()
            if row.kind in WAYS_BESIDE_FACE
            for lane_id in rules.lanes
            if opens(rules, row.kind, one, lane_id, gate.clock_at)
        }
        at = gate.clock_at.isoformat(timespec="minutes")
        for one, lane_id in sorted(gate.ways_that_open - allowed):
            yield f"lane {lane_id} would open for {one} at {at}, which {gate.have} forbids"
        for one, lane_id in sorted(allowed - gate.ways_that_open):
            if (one, lane_id) not in gate.ways_too_late or not _needs_a_fresh_policy(rules, one):
                yield f"lane {lane_id} would stay shut for {one} at {at}, which {gate.have} allows"


def _needs_a_fresh_policy(rules: Rules, credential_id: str) -> bool:
    """Return whether a way in depends on the time, so that a policy may become too old for it."""
    row = rules.credentials[credential_id]
    if row.kind == "qr" or row.start is not None or row.end is not None:
        return True
    grants = rules.people[row.person_id].grants
    return any(bound is not None for _lanes, *bounds in grants for bound in bounds)


def _is_held_back(shown: Shown, rules: Rules) -> bool:
    """Return whether what the lane is set to explains that it stayed shut for a card that may pass."""
    lane, person_id = rules.lanes[shown.lane_id], ""
    if "interlocked" in shown.reasons:
        return bool(lane.interlock_with)
    if "antipassback" in shown.reasons:
        return lane.antipassback == "hard"
    if "policy_too_old" in shown.reasons:
        for one in shown.credential_ids:
            person_id = rules.credentials[one].person_id if one in rules.credentials else person_id
        person = rules.people.get(person_id)
        return person is not None and any(hours_id for *_place, hours_id in person.grants)
    return False


def a_neighbour_that_is_released_keeps_a_lane_shut(facts: Facts) -> Iterator[str]:
    """Interlock: while a lock that it waits for is released, a way in opens for the emergency code alone."""
    shown = facts.shown
    if shown is None or not shown.opened or shown.method == "emergency code":
        return
    rules = facts.rules.get(shown.gate_id, {}).get(facts.gates[shown.gate_id].have)
    if rules is None or shown.lane_id not in rules.lanes:
        return
    lane = rules.lanes[shown.lane_id]
    for other in sorted(lane.interlock_with & shown.released):
        if lane.direction == "in":
            yield f"lane {shown.lane_id} opened while {other} was released"


def is_refused_inside(rules: Rules, shown: Shown) -> bool:
    """Return whether a way in refuses a person who is inside for sure; staff who may override are let in."""
    lane, row = rules.lanes[shown.lane_id], rules.credentials.get(shown.credential_id)
    helps = row is not None and rules.people[row.person_id].may_override
    return shown.was_inside and not helps and lane.antipassback == "hard" and lane.direction == "in"


def who_is_inside_comes_in_once(facts: Facts) -> Iterator[str]:
    """Anti-passback: hard refuses a person who is inside for sure; nothing else is refused by it."""
    shown = facts.shown
    if shown is None or not shown.decided:
        return
    rules = facts.rules.get(shown.gate_id, {}).get(facts.gates[shown.gate_id].have)
    if rules is None or shown.lane_id not in rules.lanes:
        return
    lane = rules.lanes[shown.lane_id]
    if "antipassback" in shown.reasons and lane.antipassback != "hard":
        yield f"lane {shown.lane_id} refused a person as inside, and is set to {lane.antipassback}"
    if shown.opened and is_refused_inside(rules, shown):
        yield f"lane {shown.lane_id} let {shown.credential_id} in again without leaving"
