"""Read a week: of a lane, how many people may pass when and who is alike; of a person, when and why not."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gate_controller.contract.calendars import SiteCalendar, WeeklyHours
from gate_controller.contract.records import Credential, Posture, VisitorCodeCredential
from gate_controller.rules.decision import Reason
from web_admin.access.groups import Lanes, Sweep
from web_admin.access.sent import GateSent, Sent
from web_admin.access.spans import Spans
from web_admin.access.sweep import Answer, Tried, Way, hours_of, is_shown, postures, stretches

OWN = tuple(way for way in Way if way is not Way.VISITOR)
_OUT_OF_USE = (None, Reason.CREDENTIAL_SUSPENDED, Reason.CREDENTIAL_ENDED)


class Counts(NamedTuple):
    """How many people may pass: by some way of their own, and by each way."""

    people: int
    by_way: Mapping[Way, int]


class Spell(NamedTuple):
    """A time in which these numbers stay the same."""

    begins: datetime
    ends: datetime
    counts: Counts


class Alike(NamedTuple):
    """People who may pass a lane at the same times by the same ways."""

    answer: Answer
    person_ids: tuple[str, ...]


class Standing(NamedTuple):
    """A time in which a lane is not in its normal posture."""

    begins: datetime
    ends: datetime
    posture: Posture


class LaneWeek(NamedTuple):
    """A lane's time: spells without a gap, people who may pass at some moment of it, and its postures.

    `never_hours` are the ids of hours that people or the lane itself are bound to and that do not occur.
    """

    spells: tuple[Spell, ...]
    alike: tuple[Alike, ...]
    postures: tuple[Standing, ...]
    never_hours: tuple[str, ...]

    @property
    def people(self) -> int:
        """Return how many may pass at some moment, each by some way of their own."""
        return sum(len(one.person_ids) for one in self.alike if one.answer.own)


def gate_of_lane(sent: Sent, lane_id: str) -> GateSent | None:
    """Return the gate that is sent a lane; None where none is."""
    gates = (gate for part in sent.parts for gate in part.gates)
    return next((gate for gate in gates if lane_id in gate.lanes), None)


def lane_week(sent: Sent, lane_id: str, begins: datetime, ends: datetime) -> LaneWeek | None:
    """Return who may pass a lane in [begins, ends); None for a lane that no gate is sent."""
    found: dict[tuple[tuple[Way, Spans], ...], tuple[Answer, list[str]]] = {}
    sweep, hours = Sweep(begins, ends), set[str]()
    gate = gate_of_lane(sent, lane_id)
    if gate is None:
        return None
    for part in sent.parts:
        if not any(lane_id in one.lanes for one in part.gates):
            continue
        lanes, groups = Lanes(sweep, part.gates), dict[int, list[str]]()
        for person_id, person in part.people.items():
            groups.setdefault(sweep.group_of(person), []).append(person_id)
            hours |= {one.hours_id for one in person.record.grants if one.hours_id and lane_id in one.lanes}
        for group_id, person_ids in groups.items():
            group = sweep.group(group_id)
            for place, lane_ids in lanes.classes(group):
                if lane_id in lane_ids and (answer := sweep.answer(group, place)).ways:
                    key = tuple(sorted(answer.ways.items()))
                    found.setdefault(key, (answer, []))[1].extend(person_ids)
    alike = [Alike(answer, tuple(sorted(person_ids))) for answer, person_ids in found.values()]
    lane = gate.lanes[lane_id]
    return LaneWeek(
        _spells(alike, begins, ends),
        tuple(sorted(alike, key=lambda one: (-len(one.person_ids), one.person_ids))),
        _joined([Standing(*one) for one in postures(gate, lane, begins, ends)]),
        never_hours(gate, hours | {*lane.method_hours.values(), *lane.posture_hours}, begins),
    )


def _spells(alike: list[Alike], begins: datetime, ends: datetime) -> tuple[Spell, ...]:
    changes: dict[Way | None, Counter[datetime]] = {}
    for one in alike:
        for way, spans in [(None, one.answer.own), *one.answer.ways.items()]:
            of_way = changes.setdefault(way, Counter())
            for first, last in spans:
                of_way[first] += len(one.person_ids)
                of_way[last] -= len(one.person_ids)
    edges = {at for of_way in changes.values() for at, change in of_way.items() if change}
    counts: Counter[Way | None] = Counter()
    found: list[Spell] = []
    for at, until in pairwise(sorted(edges | {begins, ends})):
        for way, of_way in changes.items():
            counts[way] += of_way[at]
        by_way = {way: counts[way] for way in Way if counts[way]}
        spell = Spell(at, until, Counts(counts[None], by_way))
        if found and found[-1].counts == spell.counts:
            spell = spell._replace(begins=found.pop().begins)
        found.append(spell)
    return tuple(found)


def _joined(standings: list[Standing]) -> tuple[Standing, ...]:
    found: list[Standing] = []
    for one in standings:
        goes_on = bool(found) and (found[-1].ends, found[-1].posture) == (one.begins, one.posture)
        found.append(one._replace(begins=found.pop().begins) if goes_on else one)
    return tuple(found)


def never_hours(gate: GateSent, hours_ids: set[str], now: datetime) -> tuple[str, ...]:
    """Return which of these hours have no moment in the next 400 days, as those of holidays without any."""
    calendar = SiteCalendar(
        ZoneInfo(gate.site.timezone), {} if gate.calendar is None else gate.calendar.exceptions
    )
    tables = ((one, WeeklyHours.from_spans(hours_of(gate, one).spans)) for one in sorted(hours_ids))
    return tuple(
        hours_id
        for hours_id, table in tables
        if not calendar.inside(table, now) and calendar.next_change(table, now) is None
    )


# -- one person --------------------------------------------------------------------------------------


class Said(NamedTuple):
    """The gate's answers to all that a person can show: the ways that open, and why each other does not."""

    opens: frozenset[Way]
    refused: tuple[tuple[Way, Reason], ...]

    @property
    def is_gap(self) -> bool:
        """Return whether no way of their own opens."""
        return not self.opens - {Way.VISITOR}


class Stretch(NamedTuple):
    """A time in which a gate says the same."""

    begins: datetime
    ends: datetime
    said: Said


class LanesAlike(NamedTuple):
    """Lanes at which a person may pass at the same times, and may not for the same reasons."""

    lane_ids: tuple[str, ...]
    stretches: tuple[Stretch, ...]

    @property
    def is_never(self) -> bool:
        """Return whether they may pass at no moment."""
        return all(one.said.is_gap for one in self.stretches)


class PersonWeek(NamedTuple):
    """A person's time: lanes that a grant names, and those that none does."""

    granted: tuple[LanesAlike, ...]
    without_grant: tuple[str, ...]
    never_hours: tuple[str, ...]


def person_week(sent: Sent, person_id: str, begins: datetime, ends: datetime) -> PersonWeek:
    """Return where and when one person may pass in [begins, ends), and the reason of each gap."""
    sweep, found = Sweep(begins, ends), dict[tuple[Stretch, ...], list[str]]()
    named, never = set[str](), set[str]()
    for part in sent.parts:
        person = part.people.get(person_id)
        if person is None:
            continue
        group = sweep.group(sweep.group_of(person))
        for place, lane_ids in Lanes(sweep, part.gates).classes(group):
            said = stretches(place.gate, place.lane, person, begins, ends, _is_named)
            found.setdefault(_stretches(said), []).extend(lane_ids)
            named |= lane_ids
            hours = {one.hours_id for one in person.record.grants if one.hours_id and lane_ids & {*one.lanes}}
            never.update(never_hours(place.gate, hours | {*place.lane.method_hours.values()}, begins))
    lanes = {lane_id for part in sent.parts for gate in part.gates for lane_id in gate.lanes}
    granted = [LanesAlike(tuple(sorted(lane_ids)), said) for said, lane_ids in found.items()]
    return PersonWeek(
        tuple(sorted(granted, key=lambda one: (one.is_never, one.lane_ids))),
        tuple(sorted(lanes - named)),
        tuple(sorted(never)),
    )


def _is_named(credential: Credential) -> bool:
    """Return whether a credential is tried: one that is suspended or ended too, since that is the reason."""
    return is_shown(credential) or not (credential.duress or isinstance(credential, VisitorCodeCredential))


def _stretches(said: Iterable[tuple[datetime, datetime, list[Tried]]]) -> tuple[Stretch, ...]:
    found: list[Stretch] = []
    for at, until, tried in said:
        opens = frozenset(one.way for one in tried if one.decision.opens)
        refused: dict[Way, Reason] = {}
        for one in tried:
            # Of two cards the one that is in use says why.
            if one.way in OWN and one.way not in opens and refused.get(one.way) in _OUT_OF_USE:
                refused[one.way] = one.decision.reason
        stretch = Stretch(at, until, Said(opens, tuple(sorted(refused.items()))))
        if found and found[-1].said == stretch.said:
            stretch = stretch._replace(begins=found.pop().begins)
        found.append(stretch)
    return tuple(found)
