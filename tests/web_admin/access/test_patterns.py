"""Spans of a week, read as people say them, whenever the week begins."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from web_admin.access.patterns import ALWAYS, Pattern, pattern

ZONE = ZoneInfo("Asia/Shanghai")
WEEK = timedelta(days=7)
MONDAY = datetime(2026, 3, 2, tzinfo=ZONE)


def nights(begins: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return 22:00–06:00 of Monday to Friday, within the week from `begins`."""
    found = []
    for day in range(-8, 16):
        night = MONDAY + timedelta(days=day, hours=22)
        if night.weekday() < 5:
            first, last = max(night, begins), min(night + timedelta(hours=8), begins + WEEK)
            found += [(first.astimezone(UTC), last.astimezone(UTC))] if first < last else []
    return tuple(found)


@pytest.mark.parametrize("hours", [1, 23, 25.5, 60, 101, 130])
def test_nights_of_weekdays_are_the_same_whenever_the_week_begins(hours):
    begins = (MONDAY + timedelta(hours=hours)).astimezone(UTC)
    found = pattern(nights(begins), begins, begins + WEEK, ZONE)
    assert found == Pattern(weekly=(((1320, 360), (0, 1, 2, 3, 4)),))


def test_a_whole_week_is_always():
    assert pattern(((MONDAY, MONDAY + WEEK),), MONDAY, MONDAY + WEEK, ZONE) is ALWAYS


def test_what_holds_for_two_hours_ends_at_its_moment():
    end = MONDAY + timedelta(hours=14)
    begins = MONDAY + timedelta(hours=12)
    assert pattern(((begins, end),), begins, begins + WEEK, ZONE) == Pattern(until=end)


def test_what_begins_on_thursday_goes_on_from_then():
    begins = MONDAY + timedelta(days=3, hours=10)
    assert pattern(((begins, MONDAY + WEEK),), MONDAY, MONDAY + WEEK, ZONE) == Pattern(since=begins)


def test_a_weekend_is_said_by_its_days_and_its_edges():
    span = (MONDAY + timedelta(days=4, hours=22), MONDAY + timedelta(days=6, hours=6))
    found = pattern((span,), MONDAY, MONDAY + WEEK, ZONE)
    assert found == Pattern(weekly=(((1320, 1440), (4,)), ((0, 1440), (5,)), ((0, 360), (6,))))


def test_a_night_in_which_the_clock_is_put_forward_keeps_its_hours():
    zone = ZoneInfo("Europe/Berlin")
    monday = datetime(2026, 3, 23, tzinfo=zone)
    night = datetime(2026, 3, 28, 22, tzinfo=zone), datetime(2026, 3, 29, 6, tzinfo=zone)
    found = pattern((night,), monday, monday + WEEK, zone)
    assert found == Pattern(weekly=(((1320, 360), (5,)),))
