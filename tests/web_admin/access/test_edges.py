"""Each minute at which hours begin or end is found, also in nights in which the clock is changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate_controller.contract.calendars import Span
from web_admin.access.edges import hours_edges, wall_edges

NIGHTS = [
    ("Asia/Shanghai", datetime(2026, 3, 28, 12, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 3, 12, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 2, 12, tzinfo=UTC)),
]
"""Clocks that are never changed, put forward and back by an hour, and by half an hour."""
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = {
    "a day": (Span(WEEK, 480, 1200),),
    "a night": (Span(("sat", "sun"), 1320, 155),),
    "an hour that a clock skips": (Span(WEEK, 120, 180),),
    "always": (Span((*WEEK, "holiday"), 0, 1440),),
    "never but on holidays": (Span(("holiday",), 60, 600),),
}


def is_inside(zone: ZoneInfo, holidays: set[date], spans: tuple[Span, ...], instant: datetime) -> bool:
    """Return whether hours have this instant, by the wall clock of its day and of the day before."""
    wall = instant.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    today, eve = (
        "holiday" if day in holidays else WEEK[day.weekday()]
        for day in (wall.date(), wall.date() - timedelta(days=1))
    )
    for span in spans:
        if span.until_minute > span.from_minute:
            if today in span.days and span.from_minute <= minute < span.until_minute:
                return True
        elif (today in span.days and minute >= span.from_minute) or (
            eve in span.days and minute < span.until_minute
        ):
            return True
    return False


@pytest.mark.parametrize(("name", "begins"), NIGHTS, ids=lambda value: str(value)[:13])
@pytest.mark.parametrize("hours", HOURS)
def test_hours_begin_and_end_at_the_minutes_at_which_a_walk_finds_it(name, begins, hours):
    zone, spans, ends = ZoneInfo(name), HOURS[hours], begins + timedelta(days=2)
    holidays = {begins.date() + timedelta(days=1)}
    days = frozenset((day, "holiday") for day in holidays)
    walked, was = [], is_inside(zone, holidays, spans, begins)
    for number in range(1, 2 * 24 * 60):
        instant = begins + timedelta(minutes=number)
        now = is_inside(zone, holidays, spans, instant)
        if now is not was:
            walked.append(instant)
        was = now
    assert list(hours_edges(zone, days, spans, begins, ends)) == walked


@pytest.mark.parametrize(("name", "begins"), NIGHTS, ids=lambda value: str(value)[:13])
def test_a_minute_is_found_each_time_the_wall_clock_shows_it(name, begins):
    zone, ends, minute = ZoneInfo(name), begins + timedelta(days=2), 125
    shown = {
        instant
        for instant in (begins + timedelta(minutes=number) for number in range(1, 2 * 24 * 60))
        if (instant.astimezone(zone).hour, instant.astimezone(zone).minute) == (2, 5)
    }
    assert shown <= wall_edges(zone, frozenset({minute}), begins, ends)
