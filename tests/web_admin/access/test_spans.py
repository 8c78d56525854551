"""Spans are added and subtracted as sets of minutes are."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from web_admin.access.spans import Spans, length, minus, union

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
