"""Walk a week at a gate by minutes: does a face ever open where nothing else of its person would?

    python -m tests.promises.played_weeks --weeks 10000 [--first SEED]

The gate is the product's: it compiles the records, identifies what is shown and decides. The judge shares no
function with it. It reads the records as they travel, with `json`, `datetime` and `zoneinfo` alone, and says
for each minute which other way of the person ought to open; then that way is shown to the same gate.
"""

import argparse
import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.passes import make_printed_code
from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.contract.records import Method, PolicyRefused
from gate_controller.contract.signing import public_bytes
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from gate_controller.rules.identify import (
    GateKeys,
    identify_card,
    identify_code,
    identify_face,
    identify_typed,
)
from tests.promises.drawn_weeks import CARD_KEY, DAYS, HOME, ME, MINUTES, DrawnWeek, draw_week, typed_mark

PASS_KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEYS = GateKeys(CARD_KEY, b"p" * 32, public_bytes(PASS_KEY))
OF_KIND = {"card": "card", "pin": "pin", "qr": "qr"}
ALL = (1 << MINUTES) - 1
FAR = timedelta(days=99)


# -- the judge: sets of minutes as the bits of a number, from plain JSON --------------------------------


class PlainWeek:
    """What the records say of each minute of a week, read without the product."""

    def __init__(self, zone: ZoneInfo, begins: datetime, wire: Mapping[str, bytes], read: Any) -> None:
        self._begins, self._read = begins, read
        exceptions = read("calendar")["exceptions"] if "calendar" in wire else {}
        self._walls = [_wall(begins + timedelta(minutes=at), zone) for at in range(MINUTES)]
        days = {day + timedelta(days=n) for day, _ in self._walls for n in (-1, 0)}
        self._kind = {day: exceptions.get(day.isoformat()) or DAYS[day.weekday()] for day in days}
        self._hours: dict[str, int] = {}

    def in_hours(self, hours_id: str | None) -> int:
        """Return the minutes inside weekly hours."""
        if hours_id is None:
            return ALL
        if hours_id not in self._hours:
            spans = self._read(f"hours:{hours_id}")["spans"]
            inside = (any(self._covers(span, *wall) for span in spans) for wall in self._walls)
            self._hours[hours_id] = _bits(inside)
        return self._hours[hours_id]

    def _covers(self, span: Any, day: date, minute: int) -> bool:
        begins, ends = span["from_minute"], span["until_minute"]
        if begins < ends:
            return self._kind[day] in span["days"] and begins <= minute < ends
        if self._kind[day] in span["days"] and minute >= begins:
            return True
        return self._kind[day - timedelta(days=1)] in span["days"] and minute < ends

    def in_window(self, record: Any) -> int:
        """Return the minutes between the first and the last moment of a record."""
        first = self._at(record.get("valid_from"), 0)
        return (ALL << first) & ALL & ((1 << self._at(record.get("valid_until"), MINUTES)) - 1)

    def _at(self, instant: str | None, default: int) -> int:
        if instant is None:
            return default
        minutes = (datetime.fromisoformat(instant) - self._begins) // timedelta(minutes=1)
        return min(MINUTES, max(0, minutes))

    def in_two_methods(self, person: Any) -> int:
        """Return the minutes in which the person wants two ways."""
        wanted = person.get("two_methods")
        if wanted is None:
            return 0
        begins, ends = wanted["from_minute"], wanted["until_minute"]
        if begins < ends:
            return _bits(begins <= minute < ends for _, minute in self._walls)
        return _bits(minute >= begins or minute < ends for _, minute in self._walls)

    def passable(self, person: Any, lane_id: str) -> int:
        """Return the minutes in which a grant lets the person through a lane."""
        passable = 0
        for grant in person["grants"]:
            if lane_id in grant["lanes"]:
                passable |= self.in_window(grant) & self.in_hours(grant.get("hours_id"))
        return 0 if person.get("suspended") else passable

    def offered(self, lane: Any, method: str) -> int:
        """Return the minutes in which a lane takes a method."""
        if method not in lane["methods"]:
            return 0
        return self.in_hours(lane.get("method_hours", {}).get(method))


def _wall(moment: datetime, zone: ZoneInfo) -> tuple[date, int]:
    local = moment.astimezone(zone)
    return local.date(), local.hour * 60 + local.minute


def _bits(answers: Iterable[bool]) -> int:
    return int("".join("1" if one else "0" for one in answers)[::-1], 2)


def _spells(week: DrawnWeek, *names: str) -> int:
    found = 0
    for begins, ends, what in week.events:
        if what in names:
            found |= ((1 << min(ends, MINUTES)) - 1) & (ALL << begins)
    return found


def is_shown_without_server(credential: Any) -> bool:
    """Return whether this is the person's own, and in their hand however far the server is."""
    mine = credential["person_id"] == ME and not credential.get("duress")
    return mine and (credential["kind"] != "qr" or credential["printed"])


def other_ways(week: DrawnWeek, plain: PlainWeek) -> int:
    """Return the minutes in which another way of the person ought to admit them at the lane."""
    person, lane, found = week.read(f"person:{ME}"), week.read(f"lane:{week.lane_id}"), 0
    for one in week.of_kind("credential"):
        method = OF_KIND.get(one["kind"])
        usable = is_shown_without_server(one) and one["state"] == "active"
        at_home = one["kind"] != "pin" or one["home_id"] == HOME
        if method is None or method not in person["methods"] or not usable or not at_home:
            continue
        minutes = plain.in_window(one) & plain.offered(lane, method) & ~_spells(week, f"lost_{method}")
        if method == "pin":
            minutes &= ~_spells(week, "stopped", "delayed")
        found |= minutes
    return found & plain.passable(person, week.lane_id)


# -- the gate: the product's ---------------------------------------------------------------------------


def claims_of(week: DrawnWeek, policy: Policy) -> list[Claim]:
    """Show what the person has without face and server; return what the gate makes of it."""
    claims = []
    for one in week.of_kind("credential"):
        number = int(one["credential_id"], 16)
        if is_shown_without_server(one) and one["kind"] in OF_KIND:
            if one["kind"] == "card":
                claims.append(identify_card(number, policy, KEYS))
            elif one["kind"] == "pin":
                claims.append(identify_typed("3-1203", typed_mark(number), policy))
            else:
                text = make_printed_code(PASS_KEY, "site-1", one["credential_id"])
                claims.append(identify_code(text, policy, KEYS, week.begins))
    return claims


def memory_of(names: frozenset[str], until: datetime) -> GateMemory:
    """Return what the gate remembers while these things are so."""
    return GateMemory(
        clock_sure="unsure" not in names,
        online="offline" not in names,
        delayed_until={Method.PIN: until} if "delayed" in names else {},
        busy_lanes=frozenset({"north-out"}) if "busy" in names else frozenset(),
        inside=frozenset({ME}) if "inside" in names else frozenset(),
        fire="fire" in names,
        lost_methods=frozenset(Method(name[5:]) for name in names if name.startswith("lost_")),
        homes_waiting=frozenset({HOME}) if "stopped" in names else frozenset(),
    )


def shown_without_face(
    claims: Sequence[Claim], lane_id: str, policy: Policy, memory: GateMemory, now: datetime
) -> tuple[bool, GateMemory]:
    """Show each way that can be shown; return whether one opened, and the memory with what waits."""
    shown: frozenset[Method] = frozenset()
    for claim in claims:
        if claim.method in memory.lost_methods:
            continue
        if claim.method is Method.PIN and memory.homes_waiting:
            claim = Claim(Method.PIN, refusal=Reason.METHOD_STOPPED)  # noqa: PLW2901 - as the controller does
        remembered = dataclasses.replace(memory, shown_before={ME: shown})
        decision = decide(claim, lane_id, policy, remembered, now)
        if decision.opens:
            return True, remembered
        if decision.reason is Reason.SECOND_METHOD:
            shown |= {claim.method}
    return False, dataclasses.replace(memory, shown_before={ME: shown})


def play(week: DrawnWeek) -> Iterator[tuple[str, int]]:
    """Give what is wrong in which minute, and at the end the counts as ("minutes", n) and so on."""
    policy = compile_policy(week.wire, epoch=1, version=1, issued_at=week.issued_at).policy
    plain = PlainWeek(week.zone, week.begins, week.wire, week.read)
    ways = other_ways(week, plain)
    person, lane = week.read(f"person:{ME}"), week.read(f"lane:{week.lane_id}")
    faces = plain.offered(lane, "face") & ~_spells(week, "unsure")
    two, face, claims = plain.in_two_methods(person), identify_face(ME), claims_of(week, policy)
    edges = {0, *(edge for spell in week.events for edge in spell[:2])}
    memory, opened, beside = GateMemory(), 0, 0
    for at in range(MINUTES):
        now = week.begins + timedelta(minutes=at)
        if at in edges:
            names = frozenset(what for begins, ends, what in week.events if begins <= at < ends)
            memory = memory_of(names, week.begins + FAR)
        ought, opens = ways >> at & 1, decide(face, week.lane_id, policy, memory, now).opens
        if not ought and not opens:
            continue
        other, remembered = shown_without_face(claims, week.lane_id, policy, memory, now)
        if not opens and two >> at & 1:
            opens = decide(face, week.lane_id, policy, remembered, now).opens
        opened, beside = opened + opens, beside + (opens and other)
        if opens and not (ought and other):
            yield "face alone", at
        old = now - week.issued_at > timedelta(days=30)
        usable = other and faces >> at & 1 and not old and not person.get("may_override")
        if ought and usable and not opens:
            yield "face refused beside another way", at
    yield "minutes in which a face opened", opened
    yield "of these with another way", beside


def count(weeks: int, first: int = 1) -> Counter[str]:
    """Play so many weeks that a gate takes; return the counts, print where something is wrong first."""
    counts: Counter[str] = Counter()
    seed = first
    while counts["weeks"] < weeks:
        week = draw_week(seed)
        seed += 1
        try:
            results = list(play(week))
        except PolicyRefused:
            counts["refused by the gate as a whole"] += 1
            continue
        counts["weeks"] += 1
        counts["minutes"] += MINUTES
        for what, number in results[-2:]:
            counts[what] += number
        for what, at in results[:-2]:
            counts[what] += 1
            if counts[what] == 1:
                print(f"seed {week.seed}, {week.lane_id}, minute {at}: {what}", file=sys.stderr)
    return counts


def main() -> int:
    """Print the counts; return 1 where something was wrong."""
    parser = argparse.ArgumentParser(description="walk weeks at a gate by minutes, trying a face at each")
    parser.add_argument("--weeks", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    counts = count(options.weeks, options.first)
    for what, number in counts.items():
        print(f"{number:>12,}  {what}")
    print(f"{time.monotonic() - began:>12.0f}  s")
    return int(counts["face alone"] > 0 or counts["face refused beside another way"] > 0)


if __name__ == "__main__":
    sys.exit(main())
