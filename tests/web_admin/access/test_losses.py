"""Losses of a person by a change, and the ways that are left."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import HoursRecord, LaneRecord, Method, SiteRecord
from web_admin.access.difference import Change, Difference
from web_admin.access.losses import Kind, effects_of
from web_admin.access.sent import GateSent, Part, Sent
from web_admin.access.sweep import Way
from web_admin.access.ways_left import ways_left

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=7)
WHOLE = ((BEGINS, ENDS),)
ZONE = ZoneInfo("UTC")
LANES = {"east-in": "in", "north-in": "in", "north-out": "out"}


def found(*changes: Change, **more) -> Difference:
    known = {"entries": (), "no_way_in": frozenset(), "face_alone": frozenset(), "ways_beside_face": {}}
    return Difference(BEGINS, ENDS, changes, **(known | more))


def kinds(difference: Difference) -> list[Kind]:
    return [effect.kind for effect in effects_of(difference, LANES, ZONE)]


def test_people_who_differ_elsewhere_are_counted_together_at_a_lane():
    effects = effects_of(
        found(
            Change(None, ("east-in", "north-in"), WHOLE, (), ("a", "b")),
            Change(None, ("east-in",), WHOLE, (), ("c",)),
        ),
        LANES,
        ZONE,
    )
    assert [(effect.lane_ids, len(effect.person_ids)) for effect in effects] == [
        (("east-in",), 3),
        (("north-in",), 2),
    ]


def test_ways_in_and_ways_out_are_said_apart():
    effects = effects_of(found(Change(None, ("north-in", "north-out"), WHOLE, (), ("a",))), LANES, ZONE)
    assert [(effect.direction, effect.lane_ids) for effect in effects] == [
        ("in", ("north-in",)),
        ("out", ("north-out",)),
    ]


def test_a_card_that_ends_beside_a_pin_takes_nothing():
    assert kinds(found(Change(Way.CARD, ("east-in",), WHOLE, (), ("a",)))) == []


def test_what_visitors_lose_is_a_loss():
    effects = effects_of(found(Change(Way.VISITOR, ("east-in",), WHOLE, (), ("a",))), LANES, ZONE)
    assert [(effect.kind, effect.is_loss) for effect in effects] == [(Kind.VISITORS, True)]


def test_who_is_outside_altogether_comes_first():
    difference = found(
        Change(None, ("east-in",), WHOLE, (), ("a", "b")),
        no_way_in=frozenset("a"),
        face_alone=frozenset("b"),
        ways_beside_face={"east-in": (3, 2)},
    )
    assert kinds(difference) == [Kind.NO_WAY_IN, Kind.FACE_ALONE, Kind.LOST, Kind.FEWER_WAYS]


def test_fewer_ways_say_that_no_face_is_left_alone_and_more_ways_are_no_loss():
    assert kinds(found(ways_beside_face={"east-in": (3, 2)})) == [Kind.FEWER_WAYS, Kind.NO_FACE_ALONE]
    effects = effects_of(found(ways_beside_face={"east-in": (2, 3)}), LANES, ZONE)
    assert [(effect.kind, effect.is_loss) for effect in effects] == [(Kind.MORE_WAYS, False)]


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
