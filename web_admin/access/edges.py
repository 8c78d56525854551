"""Find the instants at which an answer of the rules can change: nothing between two of them is asked for."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def wall_edges(
    zone: ZoneInfo, minutes: Iterable[int], begins: datetime, ends: datetime
) -> Iterator[datetime]:
    """Yield when the wall clock shows one of these minutes of a day, or is changed, inside (begins, ends).

    A clock that is put back shows a minute twice; one that is put forward over it changes at that instant.
    """
    minutes = sorted(set(minutes) | {0})
    day, last = begins.astimezone(zone).date() - _DAY, ends.astimezone(zone).date() + _DAY
    while day <= last:
        midnight = datetime.combine(day, time(), zone)
        shown = {
            midnight.replace(hour=minute // 60, minute=minute % 60, fold=fold).astimezone(UTC)
            for minute in minutes
            for fold in (0, 1)
        }
        shown.update(_clock_changes(zone, midnight))
        yield from (at for at in shown if begins < at < ends)
        day += _DAY


def _clock_changes(zone: ZoneInfo, midnight: datetime) -> Iterator[datetime]:
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
