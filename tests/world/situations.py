"""Count the situations in which a bug could show, to know how often they are played."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import msgspec

from gate_controller.contract.messages import RECEIPTS_PATH, AskReply, PolicyManifest
from tests.world.facts import Facts, Shown
from tests.world.opening import is_refused_inside
from tests.world.rules import Rules, opens, opens_for_face, opens_for_visitor

Situation = Callable[[Facts], bool]


def an_older_policy_is_offered(facts: Facts) -> bool:
    """A false server answers with a whole policy that the gate had before a newer one."""
    return any(
        _is_whole_and_older(reply, facts.newest_have.get(gate_id, (0, 0)))
        for gate_id, reply in facts.replayed
    )


def _is_whole_and_older(reply: AskReply, have: tuple[int, int]) -> bool:
    if reply.policy is None or reply.change is None:
        return False
    manifest = msgspec.json.decode(reply.policy.manifest, type=PolicyManifest)
    is_whole = (reply.change.base_epoch, reply.change.base_version) == (0, 0)
    return is_whole and (manifest.epoch, manifest.version) < have


def a_calendar_day_decides(facts: Facts) -> bool:
    """Something opens at a gate now, or stays shut, because a date counts as another day."""
    return any(
        _pairs(rules, facts.gates[gate_id].clock_at)
        != _pairs(replace(rules, times=replace(rules.times, days={})), facts.gates[gate_id].clock_at)
        for gate_id, rules in _held(facts)
        if rules.times.days
    )


def _held(facts: Facts) -> Iterable[tuple[str, Rules]]:
    for gate_id, gate in facts.gates.items():
        rules = facts.rules.get(gate_id, {}).get(gate.have)
        if rules is not None:
            yield gate_id, rules


def _pairs(rules: Rules, now: datetime) -> set[tuple[str, str]]:
    return {
        (one, lane_id)
        for one, row in rules.credentials.items()
        for lane_id in rules.lanes
        if opens(rules, row.kind, one, lane_id, now)
    }


def a_suspension_decides(facts: Facts) -> bool:
    """At a gate a PIN or phone stays shut now because its person is suspended, and for nothing else."""
    return any(
        _pairs_of_no_card(rules, now) != _pairs_of_no_card(_unsuspended(rules), now)
        for rules, now in ((rules, facts.gates[gate_id].clock_at) for gate_id, rules in _held(facts))
        if any(person.suspended for person in rules.people.values())
    )


def _unsuspended(rules: Rules) -> Rules:
    return replace(rules, people={one: replace(row, suspended=False) for one, row in rules.people.items()})


def _pairs_of_no_card(rules: Rules, now: datetime) -> set[tuple[str, str]]:
    return {(one, lane_id) for one, lane_id in _pairs(rules, now) if rules.credentials[one].kind != "card"}


def someone_waits_for_the_other_lane(facts: Facts) -> bool:
    """At a way in someone shows what may pass there while the lane that it waits for is released."""
    shown = facts.shown
    if shown is None or not shown.decided:
        return False
    rules = _rules_at(facts, shown)
    if rules is None or shown.lane_id not in rules.lanes or not _may(rules, shown):
        return False
    lane = rules.lanes[shown.lane_id]
    return lane.direction == "in" and bool(lane.interlock_with & shown.released)


def someone_comes_in_again(facts: Facts) -> bool:
    """A person who is inside for sure shows a card that may pass at a way in that refuses them."""
    shown = facts.shown
    if shown is None or not shown.decided or not shown.was_inside:
        return False
    rules = _rules_at(facts, shown)
    if rules is None or shown.lane_id not in rules.lanes or not _may(rules, shown):
        return False
    return is_refused_inside(rules, shown)


def a_code_is_typed_at_another_lane(facts: Facts) -> bool:
    """A live emergency code is typed at a gate that knows it, at a lane that it does not open."""
    shown = facts.shown
    if shown is None or shown.method != "emergency code" or not shown.decided:
        return False
    rules = _rules_at(facts, shown)
    lanes = rules.emergency_codes.get(shown.credential_id) if rules is not None else None
    return bool(lanes) and shown.lane_id not in (lanes or ())


def a_receipt_is_lost_on_its_way(facts: Facts) -> bool:
    """A gate sends receipts, and they do not reach the server."""
    reached = {exchange.gate_id for exchange in facts.exchanges if exchange.path == RECEIPTS_PATH}
    return any(
        path == RECEIPTS_PATH and gate_id not in reached and facts.gates[gate_id].unsent_receipts
        for gate_id, path in facts.unanswered
    )


def someone_with_a_face_moves_out(facts: Facts) -> bool:
    """A person leaves of whose face the server holds shares."""
    if facts.before is None:
        return False
    now, before = facts.server.persons, facts.before.persons
    with_shares = {person_id for person_id, _gate_id in facts.before.shares}
    return any(before[one].is_here and one in now and not now[one].is_here for one in with_shares)


def _rules_at(facts: Facts, shown: Shown) -> Rules | None:
    return facts.rules.get(shown.gate_id, {}).get(facts.gates[shown.gate_id].have)


def _may(rules: Rules, shown: Shown) -> bool:
    match shown.method:
        case "pass":
            return opens_for_visitor(rules, shown.credential_id, shown.issuer_id, shown.lane_id, shown.at)
        case "face":
            return opens_for_face(rules, shown.credential_id, shown.lane_id, shown.at)
        case method:
            ids = shown.credential_ids
            return any(opens(rules, method, one, shown.lane_id, shown.at) for one in ids)


SITUATIONS: tuple[Situation, ...] = (
    an_older_policy_is_offered,
    a_calendar_day_decides,
    a_suspension_decides,
    someone_waits_for_the_other_lane,
    someone_comes_in_again,
    a_code_is_typed_at_another_lane,
    a_receipt_is_lost_on_its_way,
    someone_with_a_face_moves_out,
)
