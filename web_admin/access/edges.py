"""Find the instants at which an answer of the rules can change: nothing between two of them is asked for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gate_controller.contract.calendars import SiteCalendar, Span, WeeklyHours

KEPT = 4096
"""Answers of this file that are kept: of a few hours of a few compounds, within a few times."""
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


@lru_cache(KEPT)
def hours_edges(
    zone: ZoneInfo,
    days: frozenset[tuple[date, str]],
    spans: tuple[Span, ...],
    begins: datetime,
    ends: datetime,
) -> tuple[datetime, ...]:
    """Return when weekly hours begin or end inside (begins, ends), by the gate's own calendar.

    `days` are the dates that count as another kind of day.
    """
    hours, calendar = WeeklyHours.from_spans(spans), SiteCalendar(zone, dict(days))
    inside, found = calendar.inside(hours, begins), []
    for at in sorted(wall_edges(zone, hours.edges(), begins, ends)):
        if calendar.inside(hours, at) is not inside:
            inside = not inside
            found.append(at)
    return tuple(found)


@lru_cache(KEPT)
def wall_edges(
    zone: ZoneInfo, minutes: frozenset[int], begins: datetime, ends: datetime
) -> frozenset[datetime]:
    """Return when the wall clock shows one of these minutes of a day, or is changed, inside (begins, ends).

    A clock that is put back shows a minute twice; one that is put forward over it changes at that instant.
    """
    found: set[datetime] = set()
    day, last = begins.astimezone(zone).date() - _DAY, ends.astimezone(zone).date() + _DAY
    while day <= last:
        midnight = datetime.combine(day, time(), zone)
        shown = {
            midnight.replace(hour=minute // 60, minute=minute % 60, fold=fold).astimezone(UTC)
            for minute in {*minutes, 0}
            for fold in (0, 1)
        }
        shown.update(clock_changes(zone, midnight))
        found.update(at for at in shown if begins < at < ends)
        day += _DAY
    return frozenset(found)


def clock_changes(zone: ZoneInfo, midnight: datetime) -> Iterator[datetime]:
    """Yield the instant (UTC) at which the clock is changed on the day from this midnight on, if it is."""
    low = midnight.astimezone(UTC)
    high = datetime.combine(midnight.date() + _DAY, time(), zone).astimezone(UTC)
    offset = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == offset:
        return
    while high - low > _MINUTE:
        middle = low + (high - low) // 2 // _MINUTE * _MINUTE
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    yield high
