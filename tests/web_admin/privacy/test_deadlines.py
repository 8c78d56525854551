"""Due dates by the site's calendar: weekends, holidays, and weekends worked in exchange."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gate_controller.contract.calendars import SiteCalendar
from web_admin.privacy.deadlines import acknowledge_by, answer_by, is_working_day

SHANGHAI = ZoneInfo("Asia/Shanghai")
NATIONAL_DAY = {
    **{date(2026, 10, day): "holiday" for day in range(1, 8)},
    date(2026, 9, 27): "wed",  # a Sunday worked in exchange
    date(2026, 10, 10): "thu",  # a Saturday worked in exchange
}
CALENDAR = SiteCalendar(SHANGHAI, NATIONAL_DAY)


def at(month, day, hour=12):
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("filed", "due"),
    [
        (at(3, 2), (3, 5)),  # a Monday
        (at(3, 5), (3, 10)),  # a Thursday: the weekend does not count
        (at(3, 7), (3, 11)),  # a Saturday
        (at(9, 25), (9, 29)),  # a Friday: Saturday no, Sunday worked, Monday, Tuesday
        (at(9, 30), (10, 10)),  # Wednesday before the week of holidays: 8th, 9th, Saturday the 10th is worked
        (at(3, 2, 0), (3, 5)),  # just after midnight at the site, still Sunday in UTC
    ],
)
def test_a_request_is_acknowledged_by_the_end_of_the_third_working_day(filed, due):
    last = acknowledge_by(CALENDAR, filed.astimezone(UTC)).astimezone(SHANGHAI)
    assert (last.month, last.day, last.hour, last.minute) == (*due, 23, 59)


def test_an_answer_is_due_by_the_end_of_the_fifteenth_day_whatever_days_they_are():
    last = answer_by(CALENDAR, at(9, 25)).astimezone(SHANGHAI)
    assert (last.month, last.day, last.hour) == (10, 10, 23)


def test_a_weekend_that_is_worked_in_exchange_is_a_working_day_and_a_holiday_is_none():
    assert is_working_day(CALENDAR, date(2026, 9, 27))
    assert not is_working_day(CALENDAR, date(2026, 9, 26))
    assert not is_working_day(CALENDAR, date(2026, 10, 1))
