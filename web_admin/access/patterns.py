"""Read spans of one week as people say them: always, until or from a moment, or by days and hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gate_controller.contract.calendars import MINUTES_A_DAY
from web_admin.access.spans import Span, Spans

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """When of a week something is so. None of its parts depends on the moment at which the week begins.

    `until` and `since` are local; `weekly` has pairs of minutes of the wall clock, with the days on which
    each begins (0 is Monday); an end before its start is on the next day.
    """

    is_always: bool = False
    until: datetime | None = None
    since: datetime | None = None
    weekly: tuple[tuple[tuple[int, int], tuple[int, ...]], ...] = ()


ALWAYS = Pattern(is_always=True)


def pattern(spans: Spans, begins: datetime, ends: datetime, zone: ZoneInfo) -> Pattern:
    """Return spans of the week [begins, ends) as a pattern on the wall clock of a zone.

    What runs over both ends of the week goes on; it is taken to come again as what is within it does.
    """
    if spans == ((begins, ends),):
        return ALWAYS
    inside, until, since = list(spans), None, None
    if inside and inside[0][0] == begins and inside[-1][1] == ends:
        first, last = inside.pop(0), inside.pop()
        inside.append((last[0], last[1] + (first[1] - first[0])))
    elif inside and inside[0][0] == begins:
        until = inside.pop(0)[1].astimezone(zone)
    elif inside and inside[-1][1] == ends:
        since = inside.pop()[0].astimezone(zone)
    weekly: dict[tuple[int, int], set[int]] = {}
    for span in inside:
        for day, minutes in _by_days(span, zone):
            weekly.setdefault(minutes, set()).add(day)
    ordered = sorted((min(days), minutes, tuple(sorted(days))) for minutes, days in weekly.items())
    return Pattern(
        until=until, since=since, weekly=tuple((minutes, days) for _first, minutes, days in ordered)
    )


def _by_days(span: Span, zone: ZoneInfo) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the days of a span with their minutes: one for a night, several for more than a day."""
    # Without the zone from here on: between two midnights of the wall clock lies a day.
    begins, ends = (at.astimezone(zone).replace(tzinfo=None) for at in span)
    first, last = (at.hour * 60 + at.minute for at in (begins, ends))
    if ends - begins < _DAY:
        yield begins.weekday(), (first, last or MINUTES_A_DAY)
        return
    day = begins
    while day.date() < ends.date():
        yield day.weekday(), (first if day == begins else 0, MINUTES_A_DAY)
        day += _DAY
    if last:
        yield ends.weekday(), (0, last)
