"""Compute the due dates of a request: working days and days of the site's calendar."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from gate_controller.contract.calendars import WEEKDAYS, SiteCalendar

ACKNOWLEDGE_WORKING_DAYS = 3
ANSWER_DAYS = 15
OBJECTION_DAYS = 3
"""A person who is kept out of their home waits for no fortnight."""
WORKING = frozenset(WEEKDAYS[:5])
LAST_MOMENT = time(23, 59, 59)


def is_working_day(calendar: SiteCalendar, day: date) -> bool:
    """Return whether offices work on a date: no weekend, no holiday, or a weekend worked in exchange."""
    return calendar.day_kind(day) in WORKING


def acknowledge_by(calendar: SiteCalendar, filed_at: datetime) -> datetime:
    """Return the last moment (UTC) of the third working day after the day of filing."""
    day, left = filed_at.astimezone(calendar.zone).date(), ACKNOWLEDGE_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= is_working_day(calendar, day)
    return _end_of(calendar, day)


def answer_by(calendar: SiteCalendar, filed_at: datetime, days: int = ANSWER_DAYS) -> datetime:
    """Return the last moment (UTC) of the day so many days after the day of filing."""
    day = filed_at.astimezone(calendar.zone).date() + timedelta(days=days)
    return _end_of(calendar, day)


def days_left(calendar_zone: tzinfo, due: datetime, now: datetime) -> int:
    """Return how many days of the site's calendar are left to a due date: 0 on its day, below 0 after it."""
    return (due.astimezone(calendar_zone).date() - now.astimezone(calendar_zone).date()).days


def _end_of(calendar: SiteCalendar, day: date) -> datetime:
    return datetime.combine(day, LAST_MOMENT, calendar.zone).astimezone(UTC)
