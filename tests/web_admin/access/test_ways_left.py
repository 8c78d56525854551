"""The least number of ways besides face that a lane offers is taken over all its hours."""

from datetime import UTC, datetime, timedelta

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import HoursRecord, LaneRecord, Method, SiteRecord
from web_admin.access.sent import GateSent, Part, Sent
from web_admin.access.ways_left import ways_left

NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
SITE = SiteRecord("site-1", "Court", "Asia/Shanghai", 32, 30)
DAYS = HoursRecord("days", "Days", (Span(("mon", "tue", "wed", "thu", "fri"), 480, 1200),))


def sent(**method_hours: str) -> Sent:
    methods = (Method.CARD, Method.PIN, Method.FACE)
    hours = {Method(method): name for method, name in method_hours.items()}
    lane = LaneRecord("north-in", "north", 1, "In", "in", methods, 3.0, method_hours=hours)
    return Sent((Part((GateSent("north", SITE, None, {"days": DAYS}, {"north-in": lane}),), {}),))


def test_a_way_that_is_offered_now_and_not_in_the_evening_is_no_way_besides_face():
    week = NOON, NOON + timedelta(days=7)
    assert ways_left(sent(), sent(pin="days"), *week) == {"north-in": (2, 1)}
    assert ways_left(sent(pin="days"), sent(pin="days", face="days"), *week) == {}
