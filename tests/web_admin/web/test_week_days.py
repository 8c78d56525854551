"""Days and times as people type and read them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from web_admin.core.refusal import ActionRefused
from web_admin.web.days import day_text
from web_admin.web.typed_times import day_of, minute_of
from web_admin.web.week_days import bars, days_of, hour_marks, past_and_length, runs

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 10, 20, 10, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "hours", "at"),
    [
        (date(2026, 10, 25), 25, datetime(2026, 10, 25, 1, tzinfo=UTC)),
        (date(2027, 3, 28), 23, datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ],
)
def test_a_day_of_clock_change_is_as_long_as_it_is(first: date, hours: float, at: datetime) -> None:
    days = days_of(BERLIN, first, NOW)
    assert [day.hours for day in days] == [hours, 24, 24, 24, 24, 24, 24]
    assert [day.changed_at for day in days] == [at, *[None] * 6]


def test_a_time_that_is_there_twice_says_which_one_it_is() -> None:
    days = days_of(BERLIN, date(2026, 10, 25), NOW)
    span = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    (run, *_) = runs(days, [(*span, "x")], BERLIN)
    assert [(line.begins, line.ends) for line in run.lines] == [("02:30 UTC+2", "02:30 UTC+1")]
    (bar,) = bars(days, [(*span, "x")])[0]
    assert (bar.x, bar.width) == ("10%", "4%")
    assert hour_marks(days)[1] == (6, "24%")
    assert past_and_length(days)[:2] == [("0%", "100%"), ("0%", "96%")]


def test_of_today_only_what_is_to_come_is_shown_and_a_past_day_is_today() -> None:
    days = days_of(SHANGHAI, date(2020, 1, 1), NOW)
    assert days[0].day == date(2026, 10, 20)
    assert days[0].seen_from == NOW.replace(second=0)
    whole = [(days[0].begins, days[-1].ends, "x")]
    first, rest = runs(days, whole, SHANGHAI)
    assert [(line.begins, line.ends) for line in first.lines] == [("18:30", "24:00")]
    assert (rest.first, rest.last) == (date(2026, 10, 21), date(2026, 10, 26))
    assert [(line.begins, line.ends) for line in rest.lines] == [("00:00", "24:00")]


def test_a_day_too_far_ahead_is_brought_near() -> None:
    days = days_of(SHANGHAI, date(2199, 12, 31), NOW)
    assert days[0].day == date(2026, 10, 20) + timedelta(days=371)


@pytest.mark.wide
def test_an_end_within_a_minute_is_shown_to_the_second() -> None:
    days = days_of(SHANGHAI, None, NOW)
    ends = datetime(2026, 10, 20, 12, 4, 27, tzinfo=UTC)
    (run, *_) = runs(days, [(days[0].begins, ends, "x")], SHANGHAI)
    assert [line.ends for line in run.lines] == ["20:04:27"]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (["mon", "tue", "wed", "thu", "fri"], "Monday–Friday"),
        (["sat", "mon", "tue"], "Monday, Tuesday, Saturday"),
        (["sun", "sat", "fri", "wed", "holiday"], "Wednesday, Friday–Sunday, Public holiday"),
        ([], ""),
    ],
)
def test_days_in_a_row_are_drawn_together(compound, chosen, said):
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        assert day_text(chosen) == said


def typed(**fields: str):
    return Flask(__name__).test_request_context(method="POST", data=fields)


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("09:30", 570), ("23:59", 1439)])
def test_a_time_is_a_minute_of_the_day(text: str, minute: int) -> None:
    with typed(begins=text):
        assert minute_of("begins") == minute


@pytest.mark.parametrize("text", ["", "24:00", "half past nine"])
def test_what_is_no_time_is_refused_beside_its_field(text: str) -> None:
    with typed(begins=text), pytest.raises(ActionRefused) as refused:
        minute_of("begins")
    assert refused.value.field == "begins"


@pytest.mark.wide
def test_a_day_is_read_and_what_is_none_is_refused_beside_its_field() -> None:
    with typed(until="2026-03-04", since="2026-02-30"):
        assert day_of("until") == date(2026, 3, 4)
        for field in ("since", "missing"):
            with pytest.raises(ActionRefused) as refused:
                day_of(field)
            assert refused.value.field == field
