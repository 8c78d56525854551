"""Sum a difference up: for how many people which lanes are lost or gained when, the biggest first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from web_admin.access.difference import Change, Difference
from web_admin.access.patterns import ALWAYS, Pattern, pattern
from web_admin.access.spans import Spans
from web_admin.access.sweep import Way


class Kind(StrEnum):
    """The sentence of an effect about its people or lanes, by its kind."""

    NO_WAY_IN = "no_way_in"
    FACE_ALONE = "face_alone"
    LOST = "lost"
    VISITORS = "visitors"
    FEWER_WAYS = "fewer_ways"
    NO_FACE_ALONE = "no_face_alone"
    GAINED = "gained"
    MORE_WAYS = "more_ways"


LOSSES = frozenset({Kind.NO_WAY_IN, Kind.FACE_ALONE, Kind.LOST, Kind.VISITORS, Kind.FEWER_WAYS})


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that an act changes; `ways` are the least numbers of ways besides face, before and after."""

    kind: Kind
    person_ids: frozenset[str] = frozenset()
    lane_ids: tuple[str, ...] = ()
    direction: Literal["in", "out"] = "in"
    when: Pattern = ALWAYS
    ways: tuple[int, int] = (0, 0)

    @property
    def is_loss(self) -> bool:
        """Return whether it takes something from someone."""
        return self.kind in LOSSES


def effects_of(
    found: Difference, directions: Mapping[str, Literal["in", "out"]], zone: ZoneInfo
) -> tuple[Effect, ...]:
    """Return what a difference is for people, losses first and of each kind the biggest first.

    `directions` has all lanes, those of before as well. What is lost by one way alone, where the person has
    another at that lane and time, is no effect; what visitors lose is one.
    """
    effects = []
    if found.no_way_in:
        effects.append(Effect(Kind.NO_WAY_IN, found.no_way_in))
    if found.face_alone:
        effects.append(Effect(Kind.FACE_ALONE, found.face_alone))
    summed = _Sum(found, directions, zone)
    own = [change for change in found.changes if change.way is None]
    visitors = [change for change in found.changes if change.way is Way.VISITOR]
    effects += summed.of(Kind.LOST, [(change, change.lost) for change in own])
    effects += summed.of(Kind.VISITORS, [(change, change.lost) for change in visitors])
    fewer = list(_ways(found, Kind.FEWER_WAYS))
    effects += fewer
    if fewer and not found.face_alone:
        effects.append(Effect(Kind.NO_FACE_ALONE))
    effects += summed.of(Kind.GAINED, [(change, change.gained) for change in own])
    effects += _ways(found, Kind.MORE_WAYS)
    return tuple(effects)


class _Sum:
    """Joins changes of people who differ elsewhere, lane by lane, and then the lanes of the same people."""

    def __init__(
        self, found: Difference, directions: Mapping[str, Literal["in", "out"]], zone: ZoneInfo
    ) -> None:
        self._directions = directions
        self._pattern = cache(lambda spans: pattern(spans, found.begins, found.ends, zone))

    def of(self, kind: Kind, changes: list[tuple[Change, Spans]]) -> list[Effect]:
        by_lane: dict[tuple[str, Pattern], list[int]] = {}
        for number, (change, spans) in enumerate(changes):
            for lane_id in change.lane_ids if spans else ():
                by_lane.setdefault((lane_id, self._pattern(spans)), []).append(number)
        alike: dict[tuple[Literal["in", "out"], Pattern, tuple[int, ...]], list[str]] = {}
        for (lane_id, when), numbers in by_lane.items():
            key = self._directions.get(lane_id, "in"), when, tuple(numbers)
            alike.setdefault(key, []).append(lane_id)
        effects = [
            Effect(
                kind,
                frozenset(person_id for number in numbers for person_id in changes[number][0].person_ids),
                tuple(sorted(lane_ids)),
                direction,
                when,
            )
            for (direction, when, numbers), lane_ids in alike.items()
        ]
        return sorted(effects, key=lambda one: (-len(one.person_ids), -len(one.lane_ids), one.lane_ids))


def _ways(found: Difference, kind: Kind) -> Iterator[Effect]:
    alike: dict[tuple[int, int], list[str]] = {}
    for lane_id, (before, after) in found.ways_beside_face.items():
        if (after < before) is (kind is Kind.FEWER_WAYS):
            alike.setdefault((before, after), []).append(lane_id)
    for ways, lane_ids in sorted(alike.items(), key=lambda one: -len(one[1])):
        yield Effect(kind, lane_ids=tuple(sorted(lane_ids)), ways=ways)
