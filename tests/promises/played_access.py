"""Play a gate through a week by minutes, before and after an act: is the difference what the server says?

    python -m tests.promises.played_access --acts 10000 [--first SEED]

The gate is the product's: it compiles the records, identifies what is shown and decides, in each minute and
for each thing in turn. What is held against it is `web_admin.access`, which sweeps edges and asks the rules
once for all who are alike.
"""

import argparse
import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from gate_controller.contract.passes import make_printed_code, make_visitor_pass
from gate_controller.contract.pins import card_tag
from gate_controller.contract.policy import Policy, PolicySnapshot, compile_policy
from gate_controller.contract.records import PolicyRefused
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from gate_controller.rules.identify import identify_card, identify_code, identify_face, identify_typed
from tests.promises.drawn_acts import DrawnAct, draw_act
from tests.promises.drawn_weeks import CARD_KEY, LANE, ME, MINUTES, OTHER, WAY_OUT
from tests.promises.played_weeks import KEYS, PASS_KEY
from tests.support.sent_records import sent_by_records
from web_admin.access.answers import where_may, who_may
from web_admin.access.difference import Difference, difference
from web_admin.access.sent import Sent
from web_admin.access.spans import Spans
from web_admin.access.sweep import Way

NOTHING, SECOND_METHOD = GateMemory(), Reason.SECOND_METHOD
MINUTE = timedelta(minutes=1)
OWN = ("card", "pin", "qr", "face")
NUMBERS = {card_tag(number, CARD_KEY): number for number in range(20)}
"""Of two cards of one number the gate knows one tag."""
Played = Mapping[tuple[str, str], int]
"""By lane and way the minutes in which it opened, as the bits of a number."""


# -- the gate ------------------------------------------------------------------------------------------


def things(snapshot: PolicySnapshot, act: DrawnAct, person_id: str = ME) -> list[tuple[str, Claim]]:
    """Show all that the person or their visitor has; return what the gate makes of it, by way."""
    policy, shown = snapshot.policy, []
    for one in policy.credentials.values():
        if one.person_id != person_id or one.duress or one.kind == "emergency_code":
            continue
        number = int(one.credential_id, 16)
        if one.kind == "card":
            shown.append(("card", identify_card(NUMBERS.get(one.tag, number), policy, KEYS)))
        elif one.kind == "qr":
            text = make_printed_code(PASS_KEY, "site-1", one.credential_id)
            shown.append(("qr", identify_code(text, policy, KEYS, act.begins)))
        else:
            way = "pin" if one.kind == "pin" else "visitor"
            shown.append((way, identify_typed("3-1203", one.tag, policy)))
    if act.visitor is not None:
        text = make_visitor_pass(PASS_KEY, "site-1", act.visitor)
        shown.append(("visitor", identify_code(text, policy, KEYS, act.begins)))
    return [(way, claim) for way, claim in shown if claim.person_id == person_id]


def play(act: DrawnAct, snapshot: PolicySnapshot, lane_id: str, person_id: str = ME) -> dict[str, int]:
    """Return by way the minutes in which the lane opened for the person, all else being tried before it."""
    policy, shown = snapshot.policy, things(snapshot, act, person_id)
    face = snapshot.face_roster.get(person_id)
    with_face = [*shown, ("face", identify_face(person_id))]
    opened = {way: bytearray(b"0" * MINUTES) for way in (*OWN, "visitor", "own")}
    now = act.begins
    for minute in range(MINUTES):
        if act.issued_at is None and minute % 1440 == 0:
            policy = dataclasses.replace(policy, issued_at=now)
        here = shown if face is None or not face.is_valid(now) else with_face
        for way in ways_that_open(here, lane_id, policy, now):
            opened[way][minute] = ord("1")
            opened["own" if way != "visitor" else way][minute] = ord("1")
        now += MINUTE
    return {way: int(bits[::-1], 2) for way, bits in opened.items()}


def ways_that_open(
    shown: list[tuple[str, Claim]], lane_id: str, policy: Policy, now: datetime
) -> Iterator[str]:
    """Yield the ways that open the lane now, alone or after one of the others was shown."""
    wait = []
    for way, claim in shown:
        decision = decide(claim, lane_id, policy, NOTHING, now)
        if decision.opens:
            yield way
        elif decision.reason is SECOND_METHOD:
            wait.append((way, claim))
    before = {claim.method for _, claim in wait}
    for way, claim in wait:
        # Each of the others alone: never two of them before this one.
        memories = (GateMemory(shown_before={ME: frozenset({one})}) for one in before)
        if any(decide(claim, lane_id, policy, memory, now).opens for memory in memories):
            yield way


# -- what the server says of it --------------------------------------------------------------------------


def minutes_of(act: DrawnAct, spans: Spans) -> int:
    """Return the minutes that begin inside spans."""
    found = 0
    for begins, ends in spans:
        first, last = (-((act.begins - at) // MINUTE) for at in (begins, ends))
        found |= ((1 << last) - 1) & ~((1 << first) - 1)
    return found


def sent(act: DrawnAct, wire: Mapping[str, bytes]) -> Sent:
    """Return what the server takes the gate to know."""
    passes = {} if act.visitor is None else {ME: (act.visitor,)}
    issued_at = {} if act.issued_at is None else {"north": act.issued_at}
    return sent_by_records({"north": wire}, passes, issued_at, now=act.begins)


def compare(act: DrawnAct, counts: Counter[str]) -> Iterator[str]:
    """Yield what is unlike; count in how many minutes the act changed an answer."""
    wires = act.before, act.after
    gates = [
        compile_policy(wire, epoch=1, version=1, issued_at=act.issued_at or act.begins) for wire in wires
    ]
    first, second = (sent(act, wire) for wire in wires)
    ends = act.begins + MINUTES * MINUTE
    worked_out = difference(first, second, act.begins, ends)
    inward = [0, 0]
    for lane_id in (LANE, WAY_OUT) if act.seed % 4 == 0 else (LANE,):
        played = [play(act, gate, lane_id) for gate in gates]
        for side, known in zip(played, (first, second), strict=True):
            yield from _unlike_week(act, known, lane_id, side)
        yield from _unlike_changes(act, worked_out, lane_id, played[0], played[1])
        counts["minutes in which an answer changed"] += sum(
            (played[0][way] ^ played[1][way]).bit_count() for way in played[0]
        )
        inward = [side["own"] for side in played] if lane_id == LANE else inward
    for person_id in (OTHER,) if act.seed % 5 == 2 else ():
        other = [play(act, gate, LANE, person_id) for gate in gates]
        yield from _unlike_changes(act, worked_out, LANE, other[0], other[1], person_id)
    lost = sum(minutes_of(act, one.lost) for one in worked_out.entries if ME in one.person_ids)
    if lost != inward[0] & ~inward[1]:
        yield "entries"
    if (ME in worked_out.no_way_in) != bool(inward[0] and not inward[1]):
        yield "no way in"


def _unlike_week(act: DrawnAct, known: Sent, lane_id: str, played: Mapping[str, int]) -> Iterator[str]:
    there = where_may(known, ME, act.begins, act.begins + MINUTES * MINUTE).get(lane_id)
    for way in (*OWN, "visitor"):
        spans = there.ways.get(Way(way), ()) if there is not None else ()
        if minutes_of(act, spans) != played[way]:
            yield f"week by {way}"
    for minute in (0, act.seed * 7919 % MINUTES):
        ways = who_may(known, lane_id, act.begins + minute * MINUTE).get(ME, frozenset())
        if {way.value for way in ways} != {way for way in (*OWN, "visitor") if played[way] >> minute & 1}:
            yield "who may now"


def _unlike_changes(
    act: DrawnAct,
    worked_out: Difference,
    lane_id: str,
    before: Mapping[str, int],
    after: Mapping[str, int],
    person_id: str = ME,
) -> Iterator[str]:
    for way in (*OWN, "visitor", "own"):
        lost = gained = 0
        for change in worked_out.changes:
            if person_id in change.person_ids and lane_id in change.lane_ids and (change.way or "own") == way:
                lost |= minutes_of(act, change.lost)
                gained |= minutes_of(act, change.gained)
        if (lost, gained) != (before[way] & ~after[way], after[way] & ~before[way]):
            yield f"difference by {way}"


def count(acts: int, first: int = 1) -> Counter[str]:
    """Play so many acts that a gate takes; return the counts, print where something is unlike first."""
    counts: Counter[str] = Counter()
    seed = first
    while counts["acts"] < acts:
        act = draw_act(seed)
        seed += 1
        try:
            unlike = list(compare(act, counts))
        except PolicyRefused:
            counts["refused by the gate as a whole"] += 1
            continue
        counts["acts"] += 1
        counts[f"  {act.name}"] += 1
        counts["minutes"] += 2 * MINUTES
        for what in unlike:
            counts[f"unlike: {what}"] += 1
            counts["unlike"] += 1
            if counts["unlike"] <= 5:
                print(f"seed {act.seed}, {act.name}: {what}", file=sys.stderr)
    return counts


def main() -> int:
    """Print the counts; return 1 where something was unlike."""
    parser = argparse.ArgumentParser(description="play acts at a gate by minutes beside what the server says")
    parser.add_argument("--acts", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    counts = count(options.acts, options.first)
    for what, number in sorted(counts.items()):
        print(f"{number:>12,}  {what}")
    print(f"{counts['unlike']:>12,}  unlike in all")
    print(f"{time.monotonic() - began:>12.0f}  s")
    return int(counts["unlike"] > 0)


if __name__ == "__main__":
    sys.exit(main())
