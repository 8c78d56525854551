"""Spans of time, and the weeks that are made of them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import CalendarRecord, Grant, HoursRecord, PersonRecord, SiteRecord
from web_admin.access.never import LOOKED_AHEAD_DAYS, newly_never
from web_admin.access.patterns import ALWAYS, Pattern, pattern
from web_admin.access.sent import GateSent, Part, PersonSent, Sent
from web_admin.access.spans import Spans, length, minus, union

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


BEGINS = datetime(2026, 3, 4, tzinfo=UTC)
MINUTES = st.sets(st.integers(0, 30))


def spans(minutes: set[int]) -> Spans:
    """Return the spans of these minutes, neighbours joined."""
    ends = sorted({minute for minute in minutes if minute - 1 not in minutes})
    lasts = sorted({minute + 1 for minute in minutes if minute + 1 not in minutes})
    return tuple((at(first), at(last)) for first, last in zip(ends, lasts, strict=True))


def at(minute: int) -> datetime:
    return BEGINS + timedelta(minutes=minute)


@given(st.lists(MINUTES, max_size=4))
def test_the_union_has_the_minutes_of_each(parts):
    assert union(map(spans, parts)) == spans(set().union(*parts))


@given(MINUTES, MINUTES)
def test_the_difference_has_the_minutes_of_the_first_alone(first, second):
    assert minus(spans(first), spans(second)) == spans(first - second)


@given(MINUTES)
def test_the_length_counts_each_minute(minutes):
    assert length(spans(minutes)) == timedelta(minutes=len(minutes))


def test_spans_that_touch_become_one():
    parts = [((one, two),) for one, two in pairwise(map(at, range(4)))]
    assert union(parts) == ((at(0), at(3)),)


NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)
SITE = SiteRecord("site-1", "Court", "Asia/Shanghai", 32, 30)
DAYS = HoursRecord("days", "Days", (Span(("mon", "holiday"), 480, 1200),))
FEASTS = HoursRecord("feasts", "Feasts", (Span(("holiday",), 480, 1200),))


def sent(*hours: HoursRecord, used: str | None = None, holiday: date | None = None) -> Sent:
    """Return a gate with these hours, and a person with a grant in one of them."""
    calendar = None if holiday is None else CalendarRecord({holiday: "holiday"})
    gate = GateSent("north", SITE, calendar, {each.hours_id: each for each in hours}, {})
    record = PersonRecord(person_id="a", methods=(), grants=(Grant(("north-in",), used),) if used else ())
    return Sent((Part((gate,), {"a": PersonSent(record)}),))


def test_hours_of_public_holidays_alone_are_named_where_the_calendar_has_none():
    assert newly_never(sent(DAYS), sent(DAYS, FEASTS), NOW) == ("Feasts",)


def test_hours_that_a_day_of_the_next_year_has_are_not_named():
    today = date(2026, 3, 4)
    for ahead in (0, LOOKED_AHEAD_DAYS - 1):
        after = sent(DAYS, FEASTS, holiday=today + timedelta(days=ahead))
        assert newly_never(sent(DAYS), after, NOW) == ()
    for day in (today - timedelta(days=1), today + timedelta(days=LOOKED_AHEAD_DAYS)):
        assert newly_never(sent(DAYS), sent(DAYS, FEASTS, holiday=day), NOW) == ("Feasts",)


def test_hours_that_never_were_are_named_when_a_person_gets_them_and_not_again():
    unused, used = sent(DAYS, FEASTS), sent(DAYS, FEASTS, used="feasts")
    assert newly_never(unused, used, NOW) == ("Feasts",)
    assert newly_never(used, used, NOW) == ()
    assert newly_never(unused, unused, NOW) == ()
