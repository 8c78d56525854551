"""Hours that no day has are named once an act makes or uses them, and not again."""

from datetime import UTC, date, datetime, timedelta

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import CalendarRecord, Grant, HoursRecord, PersonRecord, SiteRecord
from web_admin.access.never import LOOKED_AHEAD_DAYS, newly_never
from web_admin.access.sent import GateSent, Part, PersonSent, Sent

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
