"""Say what an act changes: who can pass where and when before it, and who after it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import attrgetter
from typing import NamedTuple

from web_admin.access.groups import Class, Lanes, Place, Sweep
from web_admin.access.sent import Part, Sent
from web_admin.access.spans import Spans, both, length, minus, union
from web_admin.access.sweep import NEVER, Answer, Way
from web_admin.access.ways_left import ways_left


class Change(NamedTuple):
    """When these people can no longer pass these lanes, and when newly; no `way` is any of their own."""

    way: Way | None
    lane_ids: tuple[str, ...]
    lost: Spans
    gained: Spans
    person_ids: tuple[str, ...]


class Entry(NamedTuple):
    """When these people could come in by some lane and some way of their own, and what of it changes."""

    before: Spans
    after: Spans
    person_ids: tuple[str, ...]

    @property
    def lost(self) -> Spans:
        """Return when they could come in and can no longer."""
        return minus(self.before, self.after)

    @property
    def gained(self) -> Spans:
        """Return when they can come in newly."""
        return minus(self.after, self.before)


class Times(NamedTuple):
    """How long people could come in, and how much of it they still can."""

    before: timedelta
    left: timedelta


class Shorter(NamedTuple):
    """Times that become less for these people: by any gate, and on the way home.

    Each is there twice: by all that could open, and by what they have in hand alone. Where no record says
    where their home is, the times of all lanes that lead in, added up, stand for the way home.
    """

    times: tuple[Times, ...]
    person_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Differences within [begins, ends). All instants are UTC; ids are sorted.

    `changes` are by way, and for any way; `entries` only where coming in somewhere changes. `no_way_in` could
    come in before at some moment of this time and cannot after. `face_alone` are people whose face would be
    the only way left at some lane and time at which it was not: gates refuse it there. `ways_beside_face` has
    the lanes where the least number of other ways that are offered at once changes, before and after.
    `shorter` also has people who can come in at any time as before, but not home, or not by what they hold.
    """

    begins: datetime
    ends: datetime
    changes: tuple[Change, ...]
    entries: tuple[Entry, ...]
    no_way_in: frozenset[str]
    face_alone: frozenset[str]
    ways_beside_face: Mapping[str, tuple[int, int]]
    shorter: tuple[Shorter, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.face_alone or self.ways_beside_face)


def difference(before: Sent, after: Sent, begins: datetime, ends: datetime) -> Difference:
    """Return what changes for people in [begins, ends) where gates are sent `after` in place of `before`."""
    sweep = Sweep(begins, ends)
    return _Comparison(sweep, _Side(sweep, before), _Side(sweep, after)).result()


_GroupIds = tuple[int | None, ...]
"""Of one person: the group in each part, None where they are in none."""
_Groups = tuple[_GroupIds, _GroupIds]
_At = tuple[int, Place] | None
"""The number of a part, and a class of its lanes."""


_WayHome = frozenset[tuple[frozenset[str], ...]]
"""Lanes on ways home, by stages: that of before an act, and that of after it where it is another."""
_When = tuple[tuple[str, ...], Spans]
"""Lanes, and when they open."""
_Inward = tuple[tuple[str, ...], Answer, Answer]
"""Lanes that lead in, and when people pass them before and after."""


class _Joint(NamedTuple):
    """Lanes that are alike before as well as after."""

    before: _At
    after: _At
    lane_ids: tuple[str, ...]

    @property
    def leads_in(self) -> bool:
        return any(at is not None and at[1].lane.direction == "in" for at in (self.before, self.after))


class _Side:
    def __init__(self, sweep: Sweep, sent: Sent) -> None:
        self._sweep = sweep
        self.sent = sent
        self._lanes = [Lanes(sweep, part.gates) for part in sent.parts]

    def groups_of(self, person_id: str) -> _GroupIds:
        """Return the person's group in each part; None where they are in none."""
        return tuple(self._group_of(part, person_id) for part in self.sent.parts)

    def _group_of(self, part: Part, person_id: str) -> int | None:
        person = part.people.get(person_id)
        return None if person is None else self._sweep.group_of(person)

    def ways_home_of(self, person_id: str) -> Iterator[tuple[frozenset[str], ...]]:
        """Yield the lanes on the person's way home, at the gates of each part."""
        people = (part.people.get(person_id) for part in self.sent.parts)
        return (person.way_home for person in people if person is not None and person.way_home)

    def classes(self, group_ids: _GroupIds) -> tuple[tuple[Class, ...], ...]:
        """Return by part the classes of lanes of a group."""
        return tuple(
            () if group_id is None else lanes.classes(self._sweep.group(group_id))
            for lanes, group_id in zip(self._lanes, group_ids, strict=True)
        )

    def person_ids(self) -> set[str]:
        return {person_id for part in self.sent.parts for person_id in part.people}


class _Comparison:
    """Compares two policies group by group."""

    def __init__(self, sweep: Sweep, before: _Side, after: _Side) -> None:
        self._sweep, self._before, self._after = sweep, before, after
        self._changes: dict[tuple[Way | None, tuple[str, ...], Spans, Spans], list[str]] = {}
        self._entries: dict[tuple[Spans, Spans], list[str]] = {}
        self._shorter: dict[tuple[Times, ...], list[str]] = {}
        self._face_alone: set[str] = set()
        self._pairs: dict[tuple[int, int], list[tuple[Way | None, Spans, Spans]]] = {}
        self._known: dict[tuple[object, ...], list[_Joint]] = {}

    def result(self) -> Difference:
        people: dict[_Groups, list[str]] = {}
        for person_id in self._differing():
            pair = self._before.groups_of(person_id), self._after.groups_of(person_id)
            people.setdefault(pair, []).append(person_id)
        for pair, person_ids in people.items():
            self._compare(pair, person_ids)
        return Difference(
            self._sweep.begins,
            self._sweep.ends,
            tuple(
                sorted(
                    (Change(*key, tuple(sorted(ids))) for key, ids in self._changes.items()),
                    key=lambda change: (change.lane_ids, change.way or "", change.person_ids),
                )
            ),
            tuple(
                sorted(
                    (Entry(*key, tuple(sorted(ids))) for key, ids in self._entries.items()),
                    key=lambda entry: entry.person_ids,
                )
            ),
            frozenset(
                person_id
                for (before, after), ids in self._entries.items()
                if before and not after
                for person_id in ids
            ),
            frozenset(self._face_alone),
            ways_left(self._before.sent, self._after.sent, self._sweep.begins, self._sweep.ends),
            tuple(
                sorted(
                    (Shorter(key, tuple(sorted(ids))) for key, ids in self._shorter.items()),
                    key=lambda shorter: shorter.person_ids,
                )
            ),
        )

    def _differing(self) -> Iterator[str]:
        """Yield the people for whom anything differs in what gates are sent."""
        before, after = self._before.sent.parts, self._after.sent.parts
        if [part.gates for part in before] != [part.gates for part in after]:
            yield from self._before.person_ids() | self._after.person_ids()
            return
        found: set[str] = set()
        for first, second in zip(before, after, strict=True):
            for person_id in first.people.keys() | second.people.keys():
                old, new = first.people.get(person_id), second.people.get(person_id)
                if old is not new and old != new:
                    found.add(person_id)
        yield from found

    def _compare(self, pair: _Groups, person_ids: list[str]) -> None:
        inward: list[_Inward] = []
        found: dict[tuple[Way | None, Spans, Spans], list[str]] = {}
        for joint in self._joint(pair):
            before, after = self._answer(pair[0], joint.before), self._answer(pair[1], joint.after)
            for change in self._changed(before, after):
                found.setdefault(change, []).extend(joint.lane_ids)
            if joint.leads_in:
                inward.append((joint.lane_ids, before, after))
                if minus(after.face_alone, before.face_alone):
                    self._face_alone.update(person_ids)
        for (way, lost, gained), lane_ids in found.items():
            key = way, tuple(sorted(lane_ids)), lost, gained
            self._changes.setdefault(key, []).extend(person_ids)
        if any(before is not after for _, before, after in inward):
            entry = (
                union({before.own for _, before, _ in inward}),
                union({after.own for *_, after in inward}),
            )
            if entry[0] != entry[1]:
                self._entries.setdefault(entry, []).extend(person_ids)
            for way_home, ids in self._by_way_home(person_ids).items():
                times = _times(inward, way_home)
                if any(one.left < one.before for one in times):
                    self._shorter.setdefault(times, []).extend(ids)

    def _by_way_home(self, person_ids: Iterable[str]) -> Mapping[_WayHome, list[str]]:
        """Return people by the lanes on their way home, those of before and those of after."""
        found: dict[_WayHome, list[str]] = {}
        for person_id in person_ids:
            ways = {*self._before.ways_home_of(person_id), *self._after.ways_home_of(person_id)}
            found.setdefault(frozenset(ways), []).append(person_id)
        return found

    def _answer(self, group_ids: _GroupIds, at: _At) -> Answer:
        group_id = group_ids[at[0]] if at is not None else None
        return (
            NEVER
            if at is None or group_id is None
            else self._sweep.answer(self._sweep.group(group_id), at[1])
        )

    def _joint(self, pair: _Groups) -> list[_Joint]:
        """Return the lanes by their classes before and after."""
        sides = self._before.classes(pair[0]), self._after.classes(pair[1])
        key = tuple(tuple(id(classes) for classes in side) for side in sides)
        if key not in self._known:
            before, after = (
                [
                    ((number, place), lane_ids)
                    for number, classes in enumerate(side)
                    for place, lane_ids in classes
                ]
                for side in sides
            )
            self._known[key] = list(_joined(before, after))
        return self._known[key]

    def _changed(self, before: Answer, after: Answer) -> list[tuple[Way | None, Spans, Spans]]:
        if before is after:
            return []
        key = id(before), id(after)
        if key not in self._pairs:
            both = [(way, before.ways.get(way, ()), after.ways.get(way, ())) for way in Way]
            both.append((None, before.own, after.own))  # type: ignore[arg-type]
            self._pairs[key] = [
                (way, minus(old, new), minus(new, old)) for way, old, new in both if old != new
            ]
        return self._pairs[key]


def _times(inward: Sequence[_Inward], way_home: _WayHome) -> tuple[Times, ...]:
    """Return by any gate and on the way home: by all that could open, then by what is in hand."""
    found = []
    for open_when in (attrgetter("own"), attrgetter("in_hand")):
        before = [(lane_ids, open_when(first)) for lane_ids, first, _ in inward]
        after = [(lane_ids, open_when(second)) for lane_ids, _, second in inward]
        found += [Times(length(_any_of(before)), length(_any_of(after))), _home(before, after, way_home)]
    return tuple(dict.fromkeys(found))


def _any_of(lanes: Iterable[_When], stage: frozenset[str] | None = None) -> Spans:
    """Return when any of these lanes opens, or any of those at one stage of a way."""
    return union({spans for lane_ids, spans in lanes if stage is None or not stage.isdisjoint(lane_ids)})


def _home(before: Sequence[_When], after: Sequence[_When], way_home: _WayHome) -> Times:
    """Return when each stage of the way home opened that ever did, and when each of these still does."""
    ways = [
        (was, _any_of(after, stage))
        for stage in (frozenset().union(*lanes) for lanes in zip(*way_home, strict=True))
        if (was := _any_of(before, stage))
    ]
    if not ways:
        first, second = (
            sum((len(ids) * length(spans) for ids, spans in side), timedelta()) for side in (before, after)
        )
        return Times(first, second)
    was, is_left = (reduce(both, side) for side in zip(*ways, strict=True))
    return Times(length(was), length(is_left))


def _joined(
    before: list[tuple[tuple[int, Place], frozenset[str]]],
    after: list[tuple[tuple[int, Place], frozenset[str]]],
) -> Iterator[_Joint]:
    by_lanes = {lane_ids: at for at, lane_ids in after}
    differing = []
    for at, lane_ids in before:
        same = by_lanes.pop(lane_ids, None)
        if same is not None:
            yield _Joint(at, same, tuple(sorted(lane_ids)))
        else:
            differing.append((at, lane_ids))
    new = {lane_ids: lane_ids for lane_ids in by_lanes}
    for at, lane_ids in differing:
        left = lane_ids
        for other_ids, other in by_lanes.items():
            both = left & other_ids
            if both:
                yield _Joint(at, other, tuple(sorted(both)))
                left, new[other_ids] = left - both, new[other_ids] - both
        if left:
            yield _Joint(at, None, tuple(sorted(left)))
    for lane_ids, rest in new.items():
        if rest:
            yield _Joint(None, by_lanes[lane_ids], tuple(sorted(rest)))
