"""Say what an act changes: who can pass where and when before it, and who after it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from web_admin.access.groups import Group, Lanes, Place, Sweep
from web_admin.access.sent import Part, Sent
from web_admin.access.spans import Spans, minus, union
from web_admin.access.sweep import NEVER, Answer, Way
from web_admin.access.ways_left import ways_left

_NOWHERE: Mapping[str, Place] = {}


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


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs within [begins, ends). All instants are UTC; ids are sorted.

    `changes` are by way, and for any way; `entries` only where coming in somewhere changes. `no_way_in` could
    come in before at some moment of this time and cannot after. `face_alone` are people whose face would be
    the only way left at some lane and time at which it was not: gates refuse it there. `ways_beside_face` has
    the lanes where the least number of other ways that are offered at once changes, before and after.
    """

    begins: datetime
    ends: datetime
    changes: tuple[Change, ...]
    entries: tuple[Entry, ...]
    no_way_in: frozenset[str]
    face_alone: frozenset[str]
    ways_beside_face: Mapping[str, tuple[int, int]]

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.changes or self.face_alone or self.ways_beside_face)


class LockOut(NamedTuple):
    """A person who could come in at times at which they no longer can. `left` is when they still can."""

    person_id: str
    lost: Spans
    left: Spans

    @property
    def is_whole(self) -> bool:
        """Return whether no way in is left within the time that was looked at."""
        return not self.left


def lock_outs(before: Sent, after: Sent, begins: datetime, ends: datetime) -> tuple[LockOut, ...]:
    """Return who could come in by some way before an act, and cannot after it, in [begins, ends).

    It covers whatever changes what gates are sent: grants and their hours, named hours, holidays, lanes and
    their methods, hours and postures, credentials that are suspended, ended, replaced or given an end,
    suspended people, people who are in `before` alone, and faces. A way is one of the person's own at a lane
    that leads in; where people live is not asked, so a far gate counts as well. It does not cover what only a
    gate knows (`sweep`), and not what is given out again outside the records: a PIN that is replaced without
    notice counts as a way. `lost` is by the week: a caller who wants "never again" asks `is_whole`.
    """
    return tuple(
        sorted(
            LockOut(person_id, entry.lost, entry.after)
            for entry in difference(before, after, begins, ends).entries
            if entry.lost
            for person_id in entry.person_ids
        )
    )


def difference(before: Sent, after: Sent, begins: datetime, ends: datetime) -> Difference:
    """Return what changes for people in [begins, ends) where gates are sent `after` in place of `before`."""
    sweep = Sweep(begins, ends)
    return _Comparison(sweep, _Side(sweep, before), _Side(sweep, after)).result()


class _Side:
    """One of the two policies."""

    def __init__(self, sweep: Sweep, sent: Sent) -> None:
        self._sweep = sweep
        self.sent = sent
        self._lanes = [Lanes(sweep, part.gates) for part in sent.parts]

    def groups_of(self, person_id: str) -> tuple[int | None, ...]:
        """Return the person's group in each part; None where they are in none."""
        return tuple(self._group_of(part, person_id) for part in self.sent.parts)

    def _group_of(self, part: Part, person_id: str) -> int | None:
        person = part.people.get(person_id)
        return None if person is None else self._sweep.group_of(person)

    def places(self, group_ids: tuple[int | None, ...]) -> Iterator[tuple[Group, Mapping[str, Place]]]:
        """Yield each group with its classes of lanes."""
        for lanes, group_id in zip(self._lanes, group_ids, strict=True):
            if group_id is not None:
                group = self._sweep.group(group_id)
                yield group, lanes.places(group)

    def person_ids(self) -> set[str]:
        """Return everyone."""
        return {person_id for part in self.sent.parts for person_id in part.people}


_Groups = tuple[tuple[int | None, ...], tuple[int | None, ...]]


class _Comparison:
    """Compares two policies group by group."""

    def __init__(self, sweep: Sweep, before: _Side, after: _Side) -> None:
        self._sweep, self._before, self._after = sweep, before, after
        self._changes: dict[tuple[Way | None, tuple[str, ...], Spans, Spans], list[str]] = {}
        self._entries: dict[tuple[Spans, Spans], list[str]] = {}
        self._face_alone: set[str] = set()
        self._pairs: dict[tuple[int, int], list[tuple[Way | None, Spans, Spans]]] = {}
        self._classes: dict[tuple[object, ...], Mapping[tuple[Place | None, Place | None], list[str]]] = {}

    def result(self) -> Difference:
        people: dict[_Groups, list[str]] = {}
        for person_id in self._before.person_ids() | self._after.person_ids():
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
        )

    def _compare(self, pair: _Groups, person_ids: list[str]) -> None:
        inward: tuple[set[Spans], set[Spans]] = set(), set()
        found: dict[tuple[Way | None, Spans, Spans], list[str]] = {}
        for before, after, lane_ids, leads_in in self._answers(pair):
            for change in self._changed(before, after):
                found.setdefault(change, []).extend(lane_ids)
            if leads_in:
                inward[0].add(before.own)
                inward[1].add(after.own)
                if minus(after.face_alone, before.face_alone):
                    self._face_alone.update(person_ids)
        for (way, lost, gained), lane_ids in found.items():
            key = way, tuple(sorted(lane_ids)), lost, gained
            self._changes.setdefault(key, []).extend(person_ids)
        if found:
            entry = union(inward[0]), union(inward[1])
            if entry[0] != entry[1]:
                self._entries.setdefault(entry, []).extend(person_ids)

    def _answers(self, pair: _Groups) -> Iterator[tuple[Answer, Answer, list[str], bool]]:
        """Yield answers before and after, and the lanes of which they are."""
        before = list(self._before.places(pair[0]))
        after = list(self._after.places(pair[1]))
        for places, lane_ids in self._joint(before, after).items():
            answers = [NEVER, NEVER]
            for number, (place, groups) in enumerate(zip(places, (before, after), strict=True)):
                for group, by_lane in groups if place is not None else ():
                    if by_lane.get(lane_ids[0]) is place and place is not None:
                        answers[number] = self._sweep.answer(group, place)
            yield (
                answers[0],
                answers[1],
                lane_ids,
                any(one is not None and one.lane.direction == "in" for one in places),
            )

    def _joint(
        self, before: list[tuple[Group, Mapping[str, Place]]], after: list[tuple[Group, Mapping[str, Place]]]
    ) -> Mapping[tuple[Place | None, Place | None], list[str]]:
        """Return the lanes by their classes before and after."""
        key = tuple(id(places) for _, places in before), tuple(id(places) for _, places in after)
        if key not in self._classes:
            joint: dict[tuple[Place | None, Place | None], list[str]] = {}
            sides = [
                {lane_id: place for _, places in groups for lane_id, place in places.items()}
                for groups in (before, after)
            ]
            for lane_id in sides[0].keys() | sides[1].keys():
                joint.setdefault((sides[0].get(lane_id), sides[1].get(lane_id)), []).append(lane_id)
            self._classes[key] = joint
        return self._classes[key]

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
