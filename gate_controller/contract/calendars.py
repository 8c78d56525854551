"""Decide whether an instant falls into weekly hours, in the site's zone.

Hours are spans of the wall clock, so they hold across daylight saving. A span whose end is not
after its start runs past midnight into the next day. A calendar can make any date count as another
kind of day: a public holiday, or a Sunday worked in exchange (调休).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
DAY_KINDS = (*WEEKDAYS, HOLIDAY)
MINUTES_A_DAY = 24 * 60
LOOK_AHEAD_DAYS = 400
"""Far enough for hours of public holidays alone."""


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minutes of the day on some kinds of day; `until_minute` ≤ `from_minute` runs past midnight."""

    days: tuple[str, ...]
    from_minute: int
    until_minute: int

    def __post_init__(self) -> None:
        """Raise ValueError on an unknown kind of day or a minute outside the day."""
        unknown = [day for day in self.days if day not in DAY_KINDS]
        if unknown or not self.days:
            raise ValueError(f"hours name the days {unknown or 'none'}; legal are {', '.join(DAY_KINDS)}")
        if not (0 <= self.from_minute < MINUTES_A_DAY and 0 < self.until_minute <= MINUTES_A_DAY):
            raise ValueError("hours need 0 <= from_minute < 1440 and 0 < until_minute <= 1440")


def _is_in(spans: tuple[tuple[int, int], ...], minute: int) -> bool:
    # A plain loop: a generator costs more than the answer.
    for start, end in spans:  # noqa: SIM110
        if start <= minute < end:
            return True
    return False


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Spans by kind of day, split at midnight, ready to be asked."""

    on: Mapping[str, tuple[tuple[int, int], ...]]
    after: Mapping[str, tuple[tuple[int, int], ...]]
    """The part of each day's spans that falls on the morning after it."""

    @classmethod
    def from_spans(cls, spans: tuple[Span, ...]) -> "WeeklyHours":
        """Sort spans by the day they start on."""
        on: dict[str, list[tuple[int, int]]] = {}
        after: dict[str, list[tuple[int, int]]] = {}
        for span in spans:
            for day in span.days:
                if span.until_minute > span.from_minute:
                    on.setdefault(day, []).append((span.from_minute, span.until_minute))
                else:
                    on.setdefault(day, []).append((span.from_minute, MINUTES_A_DAY))
                    after.setdefault(day, []).append((0, span.until_minute))
        return cls(
            {day: tuple(parts) for day, parts in on.items()},
            {day: tuple(parts) for day, parts in after.items()},
        )

    def cover(self, day_kind: str, eve_kind: str, minute: int) -> bool:
        """Return whether `minute` of a day of this kind, after an eve of that kind, is inside."""
        return _is_in(self.on.get(day_kind, ()), minute) or _is_in(self.after.get(eve_kind, ()), minute)

    def edges(self) -> frozenset[int]:
        """Return the minutes at which the answer can change, midnight included."""
        parts = [part for table in (self.on, self.after) for spans in table.values() for part in spans]
        return frozenset({0, *(edge % MINUTES_A_DAY for part in parts for edge in part)})


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """The site's zone and the dates that count as another kind of day."""

    zone: ZoneInfo
    exceptions: Mapping[date, str]

    def day_kind(self, day: date) -> str:
        """Return `mon` … `sun` or `holiday` for a date of the site."""
        return self.exceptions.get(day) or WEEKDAYS[day.weekday()]

    def inside(self, hours: WeeklyHours, now: datetime) -> bool:
        """Return whether the aware instant `now` is inside `hours` on the site's wall clock."""
        local = now.astimezone(self.zone)
        today = local.date()
        minute = local.hour * 60 + local.minute
        # The eve is asked for where the day alone does not answer: this runs between a card and the lock.
        if _is_in(hours.on.get(self.day_kind(today), ()), minute):
            return True
        if not hours.after:
            return False
        return _is_in(hours.after.get(self.day_kind(today - timedelta(days=1)), ()), minute)

    def next_change(self, hours: WeeklyHours, now: datetime) -> datetime | None:
        """Return the first instant (UTC) after `now` at which `hours` begin or end; None within 400 days."""
        inside = self.inside(hours, now)
        before = now.astimezone(UTC)
        for moment in self._edges_after(hours, before):
            if self.inside(hours, moment) is not inside:
                # Where the wall clock is put forward over an edge, that is when it is put forward.
                return _first_minute(before, moment, lambda at: self.inside(hours, at) is inside)
            before = moment
        return None

    def _edges_after(self, hours: WeeklyHours, now: datetime) -> Iterator[datetime]:
        """Yield the instants at which the wall clock shows an edge of `hours` or is changed, in order.

        A wall clock that is put back shows one twice, and may be put back to inside the hours.
        """
        today = now.astimezone(self.zone).date()
        for number in range(LOOK_AHEAD_DAYS):
            midnight = datetime.combine(today + timedelta(days=number), time(), self.zone)
            shown = {
                midnight.replace(hour=minute // 60, minute=minute % 60, fold=fold).astimezone(UTC)
                for minute in hours.edges()
                for fold in (0, 1)
            }
            shown.update(self._clock_changes(midnight))
            yield from (moment for moment in sorted(shown) if moment > now)

    def _clock_changes(self, midnight: datetime) -> Iterator[datetime]:
        """Yield the minute (UTC) at which the wall clock is put forward or back on this day, if it is."""
        begins = midnight.astimezone(UTC)
        ends = datetime.combine(midnight.date() + timedelta(days=1), time(), self.zone).astimezone(UTC)
        offset = begins.astimezone(self.zone).utcoffset()

        def is_unchanged(moment: datetime) -> bool:
            return moment.astimezone(self.zone).utcoffset() == offset

        if not is_unchanged(ends):
            yield _first_minute(begins, ends, is_unchanged)


def _first_minute(before: datetime, after: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """Return the first minute of (before, after] at which what holds `before` no longer does."""
    low = before.replace(second=0, microsecond=0)
    while after - low > timedelta(minutes=1):
        middle = (low + (after - low) // 2).replace(second=0, microsecond=0)
        if holds(middle):
            low = middle
        else:
            after = middle
    return after
