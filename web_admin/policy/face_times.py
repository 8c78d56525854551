"""Work out until when another way stands beside a person's face at a gate's lanes (promise 1). Pure.

Gates that decide each face by the minute keep one for as long as there is any such minute to come. For others
a face is published only while in every minute in which a lane takes faces it takes another way of the person.
Times are intervals between edges of weekly hours, holidays, windows and changes of the clock; what is equal
for many people and lanes is worked out once.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from gate_controller.contract.calendars import DAY_KINDS, WEEKDAYS, SiteCalendar, WeeklyHours
from gate_controller.contract.credential_kinds import own_method
from gate_controller.contract.records import Credential, CredentialState, Method

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what has none."""
_NO_HOURS = WeeklyHours({}, {})
_MOMENT, _MINUTE, _DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(days=1)


class Way(NamedTuple):
    """A method for which a person holds something, and from when to when they can use it."""

    method: Method
    begins: datetime
    ends: datetime


class GrantBounds(Protocol):
    """A grant: where, when and in which hours a person may pass."""

    @property
    def lanes(self) -> Sequence[str]:
        """Return the ids of its lanes."""

    @property
    def hours_id(self) -> str | None:
        """Return its weekly hours, None for every hour."""

    @property
    def valid_from(self) -> datetime | None:
        """Return its first moment."""

    @property
    def valid_until(self) -> datetime | None:
        """Return its end."""


class Place(NamedTuple):
    """The ways that a lane takes and their hours; equal for many lanes."""

    methods: tuple[Method, ...]
    hours: tuple[tuple[Method, str], ...]

    def hours_of(self, method: Method) -> frozenset[str]:
        return frozenset(hours_id for bound, hours_id in self.hours if bound is method)


def place_of(methods: Collection[str], method_hours: Mapping[str, str] | Mapping[Method, str]) -> Place:
    """Return a lane's place."""
    return Place(
        tuple(Method(word) for word in methods),
        tuple(sorted((Method(word), hours_id) for word, hours_id in method_hours.items())),
    )


def ways_of(chosen: Collection[str], credentials: Collection[Credential], now: datetime) -> tuple[Way, ...]:
    """Return the ways that a person has now or will have, beside which a face may stand, with their times."""
    return tuple(
        Way(method, max(now, one.valid_from or now), one.valid_until or FOREVER)
        for one in credentials
        if one.state is CredentialState.ACTIVE
        and one.works_without_server
        and (method := own_method(one)) is not None
        and method in chosen
        and (one.valid_until is None or one.valid_until > now)
    )


@dataclass
class FaceTimes:
    """The weekly hours and the calendar of one site, and what was worked out of them already."""

    calendar: SiteCalendar
    hours: Mapping[str, WeeklyHours]
    now: datetime
    _last: dict[tuple[frozenset[str], datetime, datetime], datetime | None] = field(default_factory=dict)
    _known: dict[tuple[object, ...], datetime | None] = field(default_factory=dict)

    def last_end(
        self, ways: tuple[Way, ...], grants: Sequence[GrantBounds], places: Mapping[str, Place]
    ) -> datetime | None:
        """Return the end of the last minute in which any of these lanes takes a way and lets the person pass.

        FOREVER where there is no last one, None where there is none to come.
        """
        bounds = frozenset(
            (
                places[lane_id],
                grant.hours_id,
                max(self.now, grant.valid_from or self.now),
                grant.valid_until or FOREVER,
            )
            for grant in grants
            for lane_id in grant.lanes
            if lane_id in places
        )
        key = ("last", ways, bounds)
        if key not in self._known:
            ends = [
                self._last_minute(
                    place.hours_of(way.method) | ({hours_id} if hours_id is not None else frozenset()),
                    max(way.begins, begins),
                    min(way.ends, until),
                )
                for place, hours_id, begins, until in bounds
                for way in ways
                if way.method in place.methods
            ]
            self._known[key] = max((end for end in ends if end is not None), default=None)
        return self._known[key]

    def unbroken_end(self, ways: tuple[Way, ...], places: Collection[Place]) -> datetime | None:
        """Return until when each place takes a way whenever it takes faces; None if it does not now."""
        key = ("unbroken", ways, frozenset(places))
        if key not in self._known:
            ends = [self._covered_until(ways, place) for place in set(places)]
            known = [end for end in ends if end is not None]
            self._known[key] = min(known) if known and len(known) == len(ends) else None
        return self._known[key]

    def _covered_until(self, ways: tuple[Way, ...], place: Place) -> datetime | None:
        live = [way for way in ways if way.begins <= self.now and way.method in place.methods]
        covered_until = None
        for end in sorted({way.ends for way in live}):
            if not self._covers({way.method for way in live if way.ends >= end}, place):
                break
            covered_until = end
        return covered_until

    def _covers(self, methods: Collection[Method], place: Place) -> bool:
        tables = [place.hours_of(method) for method in methods]
        faces = place.hours_of(Method.FACE)
        return all(
            any(self._cover(table, *moment) for table in tables)
            for moment in self._week([*tables, faces])
            if self._cover(faces, *moment)
        )

    def _week(self, tables: Collection[frozenset[str]]) -> Iterator[tuple[str, str, int]]:
        """Give every kind of day after every kind of eve, at each minute at which an answer can change."""
        edges = {0, *(edge for table in tables for name in table for edge in self._hours(name).edges())}
        return ((day, eve, minute) for day in DAY_KINDS for eve in DAY_KINDS for minute in edges)

    def _cover(self, table: frozenset[str], day: str, eve: str, minute: int) -> bool:
        return all(self._hours(name).cover(day, eve, minute) for name in table)

    def _last_minute(self, table: frozenset[str], begins: datetime, ends: datetime) -> datetime | None:
        """Return the last moment in [begins, ends) at which all hours hold, as its end."""
        key = table, begins, ends
        if key not in self._last:
            self._last[key] = self._search(table, begins, ends)
        return self._last[key]

    def _search(self, table: frozenset[str], begins: datetime, ends: datetime) -> datetime | None:
        if begins >= ends:
            return None
        if not table:
            return ends
        if ends == FOREVER:
            if self._recurs(table):
                return FOREVER
            # Hours of holidays alone: none is known after the last one of the calendar.
            last = max(self.calendar.exceptions, default=None)
            if last is None:
                return None
            ends = self._midnight(last + 2 * _DAY)
        day, first = ends.astimezone(self.calendar.zone).date(), begins.astimezone(self.calendar.zone).date()
        holding = self._days(table)
        while day >= first:
            if (self.calendar.day_kind(day), self.calendar.day_kind(day - _DAY)) in holding:
                edges = (at for at in self._edges(table, day, ends) if begins < at <= ends)
                found = max((at for at in edges if self._holds(table, at)), default=None)
                if found is not None:
                    return found
            day -= _DAY
        return None

    def _recurs(self, table: frozenset[str]) -> bool:
        """Return whether ordinary weeks have a minute in which all hours hold."""
        days = self._days(table)
        return any((day, WEEKDAYS[at - 1]) in days for at, day in enumerate(WEEKDAYS))

    def _days(self, table: frozenset[str]) -> frozenset[tuple[str, str]]:
        """Return the kinds of day, each after a kind of eve, with a minute in which all hours hold."""
        week = self._week([table])
        return frozenset((day, eve) for day, eve, at in week if self._cover(table, day, eve, at))

    def _holds(self, table: frozenset[str], end: datetime) -> bool:
        """Return whether all hours hold in the moment before `end`."""
        return all(self.calendar.inside(self._hours(name), end - _MOMENT) for name in table)

    def _edges(self, table: frozenset[str], day: date, ends: datetime) -> Iterator[datetime]:
        """Give the moments of a day at which hours can end; each minute where its clock is changed."""
        midnight, next_midnight = self._midnight(day), self._midnight(day + _DAY)
        yield from (ends, next_midnight)
        if next_midnight - midnight == _DAY:
            yield from (midnight + edge * _MINUTE for name in table for edge in self._hours(name).edges())
        else:
            minutes = (next_midnight - midnight) // _MINUTE
            yield from (midnight + number * _MINUTE for number in range(minutes))

    def _hours(self, name: str) -> WeeklyHours:
        return self.hours.get(name, _NO_HOURS)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.calendar.zone).astimezone(UTC)
