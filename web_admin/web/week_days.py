"""Show a week by days of the site: bars of a picture in percent of a day, and a table of days drawn together.

A day has 23 or 25 hours where the clock is changed: its bar is as long, and its times name the offset.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from web_admin.access.edges import clock_changes

Said = TypeVar("Said")
DAYS = 7
LOOKS_AHEAD_DAYS = 371
"""How far ahead a week may begin: a year and a week, so that each holiday of the calendar is within reach."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


class Day(NamedTuple):
    """A day at the site; `seen_from` is later than `begins` on a day that is under way. Instants are UTC."""

    day: date
    begins: datetime
    seen_from: datetime
    ends: datetime
    changed_at: datetime | None
    """When the clock is changed, if it is."""

    @property
    def hours(self) -> float:
        return (self.ends - self.begins) / _HOUR


class Bar(NamedTuple, Generic[Said]):
    """A part of a day in a picture: where it begins and how long it is, in percent, and what is so."""

    x: str
    width: str
    is_wide: bool
    said: Said


class Line(NamedTuple, Generic[Said]):
    """A time of the wall clock, and what is so."""

    begins: str
    ends: str
    said: Said


class Run(NamedTuple, Generic[Said]):
    """Days in a row on which the same is so at the same times."""

    first: date
    last: date
    lines: tuple[Line[Said], ...]


Part = tuple[datetime, datetime, Said]
_WIDE_PERCENT = 11
"""A figure of five digits has room in it on a phone."""


def days_of(zone: ZoneInfo, first: date | None, now: datetime) -> tuple[Day, ...]:
    """Return seven days of the site from a day on, or from today; a day that is past counts as today.

    Of today what is past is not seen: who may pass is a question about now and later.
    """
    today = now.astimezone(zone).date()
    begins = min(max(first or today, today), today + timedelta(days=LOOKS_AHEAD_DAYS))
    return tuple(_day(zone, begins + timedelta(days=number), now) for number in range(DAYS))


def _day(zone: ZoneInfo, day: date, now: datetime) -> Day:
    midnight, next_one = (datetime.combine(each, time(), zone) for each in (day, day + _DAY))
    begins, ends = midnight.astimezone(UTC), next_one.astimezone(UTC)
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return Day(day, begins, max(begins, minute), ends, next(clock_changes(zone, midnight), None))


def bars(days: Sequence[Day], parts: Iterable[Part[Said]]) -> list[list[Bar[Said]]]:
    """Return for each day its bars; the longest of the days has the whole width."""
    whole = _whole(days)
    known = list(parts)
    return [
        [
            Bar(
                _percent((begins - day.begins) / whole),
                _percent((ends - begins) / whole),
                (ends - begins) / whole * 100 >= _WIDE_PERCENT,
                said,
            )
            for begins, ends, said in _within(day, known)
        ]
        for day in days
    ]


def hour_marks(days: Sequence[Day]) -> list[tuple[int, str]]:
    """Return the hours that a picture names, and where they are."""
    return [(hour, _percent(hour * _HOUR / _whole(days))) for hour in (0, 6, 12, 18, 24)]


def past_and_length(days: Sequence[Day]) -> list[tuple[str, str]]:
    """Return of each day how much of it is past, and how long it is, in percent of the longest."""
    whole = _whole(days)
    return [
        (_percent((day.seen_from - day.begins) / whole), _percent((day.ends - day.begins) / whole))
        for day in days
    ]


def runs(days: Sequence[Day], parts: Iterable[Part[Said]], zone: ZoneInfo) -> list[Run[Said]]:
    """Return a table of what is so when, to the second, days in a row that are alike drawn together."""
    known, found = list(parts), list[Run[Said]]()
    for day in days:
        clock = _clock(day, zone)
        lines = tuple(Line(clock(begins), clock(ends), said) for begins, ends, said in _within(day, known))
        if found and found[-1].lines == lines:
            found[-1] = found[-1]._replace(last=day.day)
        else:
            found.append(Run(day.day, day.day, lines))
    return found


def _whole(days: Sequence[Day]) -> timedelta:
    return max(_DAY, *(day.ends - day.begins for day in days))


def _percent(share: float) -> str:
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"


def _within(day: Day, parts: Iterable[Part[Said]]) -> Iterator[Part[Said]]:
    for begins, ends, said in parts:
        first, last = max(begins, day.seen_from), min(ends, day.ends)
        if first < last:
            yield first, last, said


def _clock(day: Day, zone: ZoneInfo) -> Callable[[datetime], str]:
    def shown(at: datetime) -> str:
        if at == day.ends:
            return "24:00"
        here = at.astimezone(zone)
        text = here.strftime("%H:%M:%S" if here.second or here.microsecond else "%H:%M")
        # 02:30 is there twice, or not at all: say which one is meant.
        return text if day.changed_at is None else f"{text} {_offset(here)}"

    return shown


def _offset(here: datetime) -> str:
    """Return how far a clock is ahead of UTC: UTC+2, UTC+5:30."""
    minutes = int((here.utcoffset() or timedelta()).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")
