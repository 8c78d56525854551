"""Shape the week of a lane and of a person as their pages show them: pictures, tables, people alike."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from web_admin.access.spans import Spans
from web_admin.access.sweep import Way
from web_admin.access.weeks import Alike, Counts, LanesAlike, LaneWeek, Said
from web_admin.compound.models import Person
from web_admin.web.week_days import Bar, Day, Part, Run, bars, runs

SHADES = ("s0", "s1", "s2")
"""No one, fewer than half of the most, more: the figure stays readable on each."""


class Shade(NamedTuple):
    """A bar of a picture: its look, and the figure in it."""

    shade: str
    figure: int | str


class Picture(NamedTuple):
    """Bars by day, and by way thin ones below; a way that opens at no moment is absent."""

    bars: Sequence[Sequence[Bar[Shade]]]
    ways: Mapping[str, Sequence[Sequence[Bar[None]]]]


class Kind(NamedTuple):
    """People who are alike at a lane: how many, when by which ways (None: always), and some of them."""

    people: int
    when: Sequence[tuple[Sequence[str], Sequence[Run[None]] | None]]
    persons: Sequence[Person]


class Group(NamedTuple):
    """Lanes at which a person has the same times; no picture where all of the week is one."""

    lane_ids: tuple[str, ...]
    state: str
    picture: Picture | None
    table: Sequence[Run[Said]]


def picture_of_lane(week: LaneWeek, days: Sequence[Day]) -> Picture:
    """Return how many people may pass when, and which ways open for anyone."""
    most = max(one.counts.people for one in week.spells)
    of_people = ((one.begins, one.ends, _shade(one.counts, most)) for one in week.spells)
    spans = {way: [one[:2] for one in week.spells if way in one.counts.by_way] for way in Way}
    return Picture(bars(days, of_people), _ways(days, spans))


def _shade(counts: Counts, most: int) -> Shade:
    if not counts.people:
        return Shade(SHADES[0], 0)
    return Shade(SHADES[1 if counts.people * 2 < most else 2], counts.people)


def _ways(
    days: Sequence[Day], spans: Mapping[Way, Iterable[tuple[datetime, datetime]]]
) -> dict[str, list[list[Bar[None]]]]:
    drawn = {way.value: bars(days, _parts(spans[way])) for way in Way}
    return {way: rows for way, rows in drawn.items() if any(rows)}


def _parts(spans: Iterable[tuple[datetime, datetime]]) -> list[Part[None]]:
    return [(begins, ends, None) for begins, ends in spans]


def kind_of(alike: Alike, persons: Sequence[Person], days: Sequence[Day], zone: ZoneInfo) -> Kind:
    """Return people who are alike, with the ways that open at the same times in one."""
    whole = ((days[0].seen_from, days[-1].ends),)
    by_spans: dict[Spans, list[str]] = {}
    for way, spans in alike.answer.ways.items():
        by_spans.setdefault(spans, []).append(way.value)
    when = [
        (ways, None if spans == whole else runs(days, _parts(spans), zone))
        for spans, ways in by_spans.items()
    ]
    return Kind(len(alike.person_ids), when, persons)


def group_of(alike: LanesAlike, days: Sequence[Day], zone: ZoneInfo) -> Group:
    """Return lanes that are alike for a person."""
    gaps = [one.said.is_gap for one in alike.stretches]
    state = "never" if all(gaps) else "some" if any(gaps) else "always"
    return Group(
        alike.lane_ids,
        state,
        _picture_of_person(alike, days) if len(alike.stretches) > 1 else None,
        runs(days, alike.stretches, zone),
    )


def _picture_of_person(alike: LanesAlike, days: Sequence[Day]) -> Picture:
    passing = (
        (one.begins, one.ends, Shade(SHADES[0 if one.said.is_gap else 2], "")) for one in alike.stretches
    )
    spans = {way: [one[:2] for one in alike.stretches if way in one.said.opens] for way in Way}
    return Picture(bars(days, passing), _ways(days, spans))
