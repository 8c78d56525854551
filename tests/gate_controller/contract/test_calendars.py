"""Weekly hours on the wall clock, minute by minute against a list of minutes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.calendars import DAY_KINDS, WEEKDAYS, SiteCalendar, Span, WeeklyHours

BERLIN = ZoneInfo("Europe/Berlin")
SPANS = st.lists(
    st.builds(
        Span,
        st.lists(st.sampled_from(DAY_KINDS), min_size=1, max_size=8).map(tuple),
        st.integers(0, 1439),
        st.integers(1, 1440),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
# Both nights on which Berlin changes its clocks, and the days around them.
INSTANTS = st.tuples(
    st.sampled_from((datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))),
    st.integers(-3000, 3000),
).map(lambda pair: pair[0] + timedelta(minutes=pair[1]))


def naive_inside(
    spans: tuple[Span, ...], exceptions: dict[date, str], now: datetime, zone: ZoneInfo = BERLIN
) -> bool:
    """Walk through every minute that any span of today or yesterday covers."""
    wall = now.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    for days_ago in (0, 1):
        day = wall.date() - timedelta(days=days_ago)
        kind = exceptions.get(day, WEEKDAYS[day.weekday()])
        for span in spans:
            minute = datetime(day.year, day.month, day.day) + timedelta(minutes=span.from_minute)  # noqa: DTZ001
            for _ in range(1440):
                if kind in span.days and minute == wall:
                    return True
                minute += timedelta(minutes=1)
                if (minute.hour * 60 + minute.minute) == span.until_minute % 1440:
                    break
    return False


@pytest.mark.wide
@settings(max_examples=150, deadline=None)
@given(
    SPANS,
    st.dictionaries(
        st.sampled_from([date(2026, 3, 28) + timedelta(days=n) for n in range(4)] + [date(2026, 10, 25)]),
        st.sampled_from(DAY_KINDS),
    ),
    INSTANTS,
)
def test_hours_agree_with_a_walk_through_every_minute(
    spans: tuple[Span, ...], exceptions: dict[date, str], now: datetime
) -> None:
    calendar = SiteCalendar(BERLIN, exceptions)
    assert calendar.inside(WeeklyHours.from_spans(spans), now) is naive_inside(spans, exceptions, now)


@given(SPANS, st.sampled_from(DAY_KINDS), st.sampled_from(DAY_KINDS))
def test_the_answer_changes_at_no_minute_that_is_not_an_edge(
    spans: tuple[Span, ...], day_kind: str, eve_kind: str
) -> None:
    hours = WeeklyHours.from_spans(spans)
    answers = [hours.cover(day_kind, eve_kind, minute) for minute in range(1440)]
    changes = {minute for minute in range(1, 1440) if answers[minute] is not answers[minute - 1]}
    assert changes <= hours.edges()


@pytest.mark.parametrize(
    ("instant", "inside"),
    [
        ("2026-10-25T00:30:00+00:00", True),  # 02:30 the first time
        ("2026-10-25T01:30:00+00:00", True),  # 02:30 again, an hour later
        ("2026-10-25T02:30:00+00:00", False),  # 03:30
        ("2026-03-29T00:59:00+00:00", False),  # 01:59
        ("2026-03-29T01:00:00+00:00", False),  # 03:00: that night has no 02:30
    ],
)
def test_a_span_of_the_wall_clock_counts_an_hour_twice_in_autumn_and_never_in_spring(
    instant: str, inside: bool
) -> None:
    hours = WeeklyHours.from_spans((Span(("sun",), 120, 180),))
    assert SiteCalendar(BERLIN, {}).inside(hours, datetime.fromisoformat(instant)) is inside


def test_a_sunday_worked_in_exchange_and_a_holiday_count_as_what_the_calendar_says() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    office = WeeklyHours.from_spans((Span(WEEKDAYS[:5], 480, 1080),))
    calendar = SiteCalendar(shanghai, {date(2026, 10, 10): "mon", date(2026, 10, 1): "holiday"})
    noon = timedelta(hours=4)
    assert calendar.inside(office, datetime(2026, 10, 10, tzinfo=UTC) + noon)  # a Saturday
    assert not calendar.inside(office, datetime(2026, 10, 17, tzinfo=UTC) + noon)
    assert not calendar.inside(office, datetime(2026, 10, 1, tzinfo=UTC) + noon)  # a Thursday


def test_a_night_before_a_holiday_runs_on_into_its_morning() -> None:
    night = WeeklyHours.from_spans((Span(("wed",), 1320, 360),))
    calendar = SiteCalendar(ZoneInfo("UTC"), {date(2026, 10, 1): "holiday"})
    assert calendar.inside(night, datetime(2026, 10, 1, 5, 59, tzinfo=UTC))
    assert not calendar.inside(night, datetime(2026, 10, 1, 6, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [
        ((), 0, 60),
        (("monday",), 0, 60),
        (("mon",), -1, 60),
        (("mon",), 1440, 60),
        (("mon",), 0, 0),
        (("mon",), 0, 1441),
    ],
)
def test_hours_that_cannot_be_are_refused(days: tuple[str, ...], start: int, end: int) -> None:
    with pytest.raises(ValueError, match="hours n"):
        Span(days, start, end)


# -- when it next changes ----------------------------------------------------------------------------


@pytest.mark.wide
@settings(max_examples=150, deadline=None)
@given(SPANS, INSTANTS, st.booleans())
def test_the_next_change_is_the_first_minute_that_answers_otherwise(
    spans: tuple[Span, ...], now: datetime, feast: bool
) -> None:
    hours = WeeklyHours.from_spans(spans)
    calendar = SiteCalendar(BERLIN, {(now + timedelta(days=1)).date(): "holiday"} if feast else {})
    answer = calendar.inside(hours, now)
    minutes = (now + timedelta(minutes=number) for number in range(1, 4 * 1440))
    expected = next((at for at in minutes if calendar.inside(hours, at) is not answer), None)
    change = calendar.next_change(hours, now)
    soon = change is not None and change < now + timedelta(days=4)
    assert (change if soon else None) == expected


def test_a_change_over_which_the_clock_is_put_forward_comes_when_it_is_put_forward() -> None:
    hours = WeeklyHours.from_spans((Span(("sun",), 150, 600),))
    calendar = SiteCalendar(BERLIN, {})
    assert calendar.next_change(hours, datetime(2026, 3, 28, 12, tzinfo=UTC)) == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_a_clock_that_is_put_back_to_inside_the_hours_is_a_change() -> None:
    hours = WeeklyHours.from_spans((Span(("sun",), 0, 121),))
    calendar = SiteCalendar(BERLIN, {})
    at_two_59 = datetime(2026, 10, 25, 0, 59, tzinfo=UTC)
    assert calendar.next_change(hours, at_two_59) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


def test_the_seconds_of_now_are_not_in_the_next_change() -> None:
    hours = WeeklyHours.from_spans((Span(WEEKDAYS, 480, 600),))
    calendar = SiteCalendar(ZoneInfo("Asia/Shanghai"), {})
    now = datetime(2026, 7, 1, 0, 0, 30, 5, tzinfo=UTC)
    assert calendar.next_change(hours, now) == datetime(2026, 7, 1, 2, tzinfo=UTC)


def test_a_feast_is_seen_coming_and_hours_without_an_end_or_a_day_have_no_change() -> None:
    feast = WeeklyHours.from_spans((Span(("holiday",), 480, 600),))
    shanghai = ZoneInfo("Asia/Shanghai")
    now = datetime(2026, 7, 1, tzinfo=UTC)
    autumn = SiteCalendar(shanghai, {date(2026, 10, 1): "holiday"})
    assert autumn.next_change(feast, now) == datetime(2026, 10, 1, tzinfo=UTC)
    assert SiteCalendar(shanghai, {}).next_change(feast, now) is None
    always = WeeklyHours.from_spans((Span(DAY_KINDS, 0, 1440),))
    assert autumn.next_change(always, now) is None


def test_the_first_minute_after_midnight_belongs_to_the_night_before() -> None:
    night = WeeklyHours.from_spans((Span(("fri",), 22 * 60, 6 * 60),))
    assert [night.cover("sat", "fri", minute) for minute in (0, 359, 360)] == [True, True, False]


def test_edges_are_the_ends_of_each_span_and_midnight() -> None:
    days = ("mon", "fri")
    assert WeeklyHours.from_spans((Span(days, 8 * 60, 18 * 60),)).edges() == {0, 8 * 60, 18 * 60}
    assert WeeklyHours.from_spans((Span(days, 22 * 60, 6 * 60),)).edges() == {0, 6 * 60, 22 * 60}
