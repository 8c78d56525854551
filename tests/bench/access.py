"""How long it takes to say what an act changes: for one person, for hours of 10,000 people, for an import.

Time is the processor's, since nothing here waits. The baseline of the same run decides each minute of the
week, for a few of the pairs of a person and a lane; what it would take for all pairs is worked out from that.
"""

import dataclasses
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Grant,
    HomeRecord,
    HoursRecord,
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    QrCredential,
    SiteRecord,
    TwoMethods,
)
from gate_controller.rules.access import decide
from gate_controller.rules.decision import GateMemory
from tests.bench import access_database
from tests.bench.figure import Figure, percentile
from web_admin.access.answers import where_may, why_at
from web_admin.access.comparison import Comparison
from web_admin.access.difference import Difference, difference
from web_admin.access.lock_outs import kept_out
from web_admin.access.sent import GateSent, Part, PersonSent, Sent
from web_admin.access.sweep import policy_of, presented

BEGINS = datetime(2026, 10, 22, 4, tzinfo=UTC)
"""In Berlin the clock is put back on the Sunday of this week."""
ENDS = BEGINS + timedelta(days=7)
MINUTES = 7 * 24 * 60
PEOPLE, GATES, IMPORTED = 10_000, 250, 2_000
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
PEER = "deciding each minute"
ROUNDS = 3


def measure() -> Iterator[Figure]:
    """Yield milliseconds of each difference beside deciding each minute, and the memory that they take."""
    before = site()
    (part,) = before.parts
    at_start_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    minute_ms = _decide_each_minute_ms(before)
    alone = dataclasses.replace(part, people=dict([next(iter(part.people.items()))]))
    cases = (
        ("one person's card suspended", Sent((alone,)), _with_people(alone, _suspended(alone)), 1, 50.0),
        ("one change of hours", before, Sent((_with_hours(part),)), PEOPLE, 2000.0),
        (f"an import of {IMPORTED}", before, _with_people(part, _imported(part)), IMPORTED, 5000.0),
    )
    for name, first, after, people, target in cases:
        milliseconds, found = _measured(first, after)
        if not found:
            raise AssertionError(f"{name}: the bench measures nothing, the invented act changes nothing")
        pairs = people * 2 * GATES * 2  # before and after
        case = f"{name}, {PEOPLE} people, {GATES} gates"
        by_minutes = pairs * minute_ms
        ratio = float(f"{milliseconds / by_minutes:.2g}")
        yield Figure("access", case, round(milliseconds, 1), "ms", PEER, round(by_minutes), ratio, target)
        yield _asked_of_an_act(name, first, after, target)
    yield _try_it(before)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - at_start_kib
    yield Figure("access", "memory more at the most", round(grown / 1024, 1), "MiB", target=300.0)
    del before, part, alone, cases, first, after, found
    yield from access_database.measure(PEOPLE, GATES, BEGINS)


def _measured(before: Sent, after: Sent) -> tuple[float, Difference]:
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        found = difference(before, after, BEGINS, ENDS)
        rounds.append((time.process_time() - started) * 1000)
    return percentile(rounds, 0.5), found


def _asked_of_an_act(name: str, before: Sent, after: Sent, target: float) -> Figure:
    """Return what an act waits for: its difference in each week, and whom it keeps out."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        comparison = Comparison(before, after, BEGINS)
        kept_out(comparison)
        rounds.append((time.process_time() - started) * 1000)
        if not comparison.weeks[0]:
            raise AssertionError(f"{name}: the bench measures nothing")
    return Figure(
        "access", f"{name}, with whom it keeps out", round(percentile(rounds, 0.5), 1), "ms", target=target
    )


def _try_it(sent: Sent) -> Figure:
    rounds = []
    for number in range(50):
        person_id, lane_id = f"{number * 17:016x}", f"gate-{number}-in"
        started = time.process_time()
        why_at(sent, person_id, lane_id, BEGINS)
        rounds.append((time.process_time() - started) * 1000)
    return Figure(
        "access", "try one person at one lane, p99", round(percentile(rounds, 0.99), 3), "ms", target=20.0
    )


def _decide_each_minute_ms(sent: Sent) -> float:
    """Return what a week of one person at one lane costs by minutes."""
    (part,) = sent.parts
    started, pairs = time.process_time(), 6
    for number in range(pairs):
        gate, person = part.gates[number], part.people[f"{number * 1009:016x}"]
        lane = gate.lanes[f"{gate.gate_id}-in"]
        policy, now = policy_of(gate, lane, person, ENDS), BEGINS
        shown, memory = list(presented(gate, person, policy)), GateMemory()
        opened = 0
        for _ in range(MINUTES):
            opened += sum(decide(one.claim, lane.lane_id, policy, memory, now).opens for one in shown)
            now += timedelta(minutes=1)
        spans = where_may(sent, person.record.person_id, BEGINS, ENDS)[lane.lane_id].ways
        swept = sum((ends - begins) // timedelta(minutes=1) for way in spans.values() for begins, ends in way)
        if not 0 < opened == swept:
            raise AssertionError(f"pair {number}: {opened} minutes by minutes, {swept} by edges")
    return (time.process_time() - started) * 1000 / pairs


# -- an invented compound ------------------------------------------------------------------------------


def site() -> Sent:
    """Return 10,000 people, four to a home, in 250 houses with a gate each, all of whom may pass each gate.

    Of each person the own house is granted at all hours, the others in named hours. One in ten gave a face,
    one in twenty asked for two methods at night, one in fifty has a card that ends this week.
    """
    compound = SiteRecord(site_id="site-1", name="Court", timezone="Europe/Berlin")
    hours = {
        "day": HoursRecord(
            "day", "day", (Span(WORKDAYS, 360, 1320), Span(("sat", "sun", "holiday"), 420, 60))
        ),
        "pin": HoursRecord("pin", "pin", (Span((*WORKDAYS, "sat", "sun"), 300, 120),)),
    }
    holidays = CalendarRecord(exceptions={BEGINS.date() + timedelta(days=4): "holiday"})
    gates = tuple(
        GateSent(
            f"gate-{number}",
            compound,
            holidays,
            hours,
            {f"gate-{number}-{way}": _lane(number, way) for way in ("in", "out")},
        )
        for number in range(GATES)
    )
    lanes = tuple(lane_id for gate in gates for lane_id in gate.lanes)
    return Sent((Part(gates, {f"{n:016x}": _person(n, lanes, gates) for n in range(PEOPLE)}),))


def _lane(number: int, direction: str) -> LaneRecord:
    return LaneRecord(
        lane_id=f"gate-{number}-{direction}",
        gate_id=f"gate-{number}",
        gate_number=number + 1,
        name=direction,
        direction="in" if direction == "in" else "out",
        methods=tuple(Method),
        pulse_seconds=1.0,
        method_hours={Method.PIN: "pin"} if number % 5 == 0 else {},
    )


def _person(number: int, lanes: tuple[str, ...], gates: tuple[GateSent, ...]) -> PersonSent:
    person_id, home = f"{number:016x}", HomeRecord(f"home-{number // 4}", f"9-{number // 4}", b"s" * 16)
    house = f"gate-{number // 40}"
    record = PersonRecord(
        person_id,
        (Method.CARD, Method.PIN, Method.QR),
        (Grant((f"{house}-in", f"{house}-out")), Grant(lanes, "day")),
        home.home_id,
        two_methods=TwoMethods(1320, 360) if number % 20 == 3 else None,
    )
    until = BEGINS + timedelta(minutes=number) if number % 50 == 7 else None
    credentials = (
        CardCredential(f"c{number:x}", person_id, valid_until=until),
        PinCredential(f"p{number:x}", person_id, home_id=home.home_id),
        QrCredential(f"q{number:x}", person_id),
    )
    faces = dict.fromkeys((gate.gate_id for gate in gates), None) if number % 10 == 0 else {}
    return PersonSent(record, (home,), credentials, faces)


def _with_people(part: Part, changed: dict[str, PersonSent]) -> Sent:
    return Sent((dataclasses.replace(part, people={**part.people, **changed}),))


def _suspended(part: Part) -> dict[str, PersonSent]:
    person_id, person = next(iter(part.people.items()))
    return {person_id: dataclasses.replace(person, credentials=person.credentials[1:])}


def _with_hours(part: Part) -> Part:
    def changed(gate: GateSent) -> GateSent:
        day = HoursRecord("day", "day", (Span(WORKDAYS, 420, 1200),))
        return dataclasses.replace(gate, hours={**gate.hours, "day": day})

    return dataclasses.replace(part, gates=tuple(changed(gate) for gate in part.gates))


def _imported(part: Part) -> dict[str, PersonSent]:
    """Return 2,000 people who come with a card alone, half of them in place of others' other ways."""
    lanes = part.people[f"{1:016x}"].record.grants[1].lanes
    people = {}
    for number in range(IMPORTED):
        person = _person(PEOPLE - IMPORTED // 2 + number, lanes, part.gates)
        record = msgspec.structs.replace(person.record, methods=(Method.CARD,))
        people[record.person_id] = dataclasses.replace(
            person, record=record, credentials=person.credentials[:1]
        )
    return people
