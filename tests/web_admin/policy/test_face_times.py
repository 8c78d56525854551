"""Until when another way stands beside a face, held to a walk by minutes that shares nothing with it."""

import json
import random  # noqa: TID251 - the same each time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate_controller.contract.calendars import DAY_KINDS, SiteCalendar, Span, WeeklyHours
from gate_controller.contract.records import Grant, Method
from tests.promises.drawn_weeks import MINUTES, WEEKS, DrawnWeek, draw_week
from tests.promises.played_weeks import PlainWeek
from tests.support.examples import examples
from web_admin.policy.face_times import FOREVER, FaceTimes, Place, Way, place_of

pytestmark = pytest.mark.thorough

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
LANES = ("north-in", "north-out")


@dataclass
class Drawn:
    """What a drawn week says, for the product and for the walk."""

    times: FaceTimes
    places: dict[str, Place]
    plain: PlainWeek
    week: DrawnWeek


def drawn(seed: int) -> Drawn:
    week = draw_week(seed)
    hours = {
        one["hours_id"]: WeeklyHours.from_spans(
            tuple(Span(tuple(s["days"]), s["from_minute"], s["until_minute"]) for s in one["spans"])
        )
        for one in week.of_kind("hours")
    }
    exceptions = {date.fromisoformat(day): kind for day, kind in week.read("calendar")["exceptions"].items()}
    places = {one["lane_id"]: place_of(one["methods"], one["method_hours"]) for one in week.of_kind("lane")}
    times = FaceTimes(SiteCalendar(week.zone, exceptions), hours, week.begins)
    return Drawn(times, places, PlainWeek(week.zone, week.begins, week.wire, week.read), week)


def some_ways(chance: random.Random, begins: datetime) -> tuple[Way, ...]:
    return tuple(
        Way(method, begins + timedelta(minutes=first), begins + timedelta(minutes=end))
        for method in (Method.CARD, Method.PIN, Method.QR)
        if chance.random() < 0.6
        for first, end in [(chance.choice((0, chance.randrange(MINUTES))), chance.randrange(1, MINUTES))]
    )


def minutes_of(one: Drawn, way: Way, lane_id: str) -> int:
    """Return the minutes, as bits, in which a lane takes a way."""
    lane = json.loads(one.week.wire[f"lane:{lane_id}"])
    window = {"valid_from": way.begins.isoformat(), "valid_until": way.ends.isoformat()}
    return one.plain.in_window(window) & one.plain.offered(lane, way.method.value)


@pytest.mark.parametrize("part", range(8))
def test_the_last_end_and_the_first_gap_are_those_of_a_walk_by_minutes(part: int) -> None:
    chance, met = random.Random(part), set()  # noqa: S311 - the same each time
    for seed in range(part * 1000, part * 1000 + examples(40)):
        one = drawn(seed)
        ways, grants = some_ways(chance, one.week.begins), []
        walked, hours_id = 0, chance.choice((None, None, "h0", "h1"))
        until = one.week.begins + timedelta(minutes=chance.randrange(1, MINUTES))
        grants = [Grant(LANES, hours_id, None, until)]
        passable = one.plain.in_hours(hours_id) & one.plain.in_window({"valid_until": until.isoformat()})
        for way in ways:
            walked |= (minutes_of(one, way, LANES[0]) | minutes_of(one, way, LANES[1])) & passable
        last = one.week.begins + timedelta(minutes=walked.bit_length()) if walked else None
        assert one.times.last_end(ways, grants, one.places) == last
        unbroken = one.times.unbroken_end(ways, one.places.values())
        for lane_id in LANES if unbroken is not None else ():
            lane = json.loads(one.week.wire[f"lane:{lane_id}"])
            others = 0
            for way in ways:
                others |= minutes_of(one, way, lane_id)
            end = min(unbroken, one.week.begins + timedelta(days=7)).isoformat()
            before = one.plain.in_window({"valid_until": end})
            assert not one.plain.offered(lane, "face") & before & ~others, "a minute with face alone"
        met |= {last is None, unbroken is None}
    assert met == {True, False}


def times(exceptions: dict[date, str] | None = None, **hours: Span) -> FaceTimes:
    tables = {name: WeeklyHours.from_spans((span,)) for name, span in hours.items()}
    return FaceTimes(SiteCalendar(BERLIN, exceptions or {}), tables, NOW)


CARD = Way(Method.CARD, NOW, FOREVER)
EVERYWHERE = [Grant(("a",))]


def card_in(hours_id: str | None) -> dict[str, Place]:
    return {"a": place_of(("card", "face"), {"card": hours_id} if hours_id else {})}


def test_hours_that_come_again_each_week_have_no_last_end() -> None:
    days = Span(("mon", "tue"), 480, 1200)
    assert times(h=days).last_end((CARD,), EVERYWHERE, card_in("h")) == FOREVER
    assert times().last_end((CARD,), EVERYWHERE, card_in(None)) == FOREVER


def test_hours_of_holidays_alone_end_with_the_last_one_of_the_calendar() -> None:
    feast = Span(("holiday",), 480, 1200)
    assert times(h=feast).last_end((CARD,), EVERYWHERE, card_in("h")) is None
    with_one = times({date(2026, 10, 1): "holiday"}, h=feast)
    assert with_one.last_end((CARD,), EVERYWHERE, card_in("h")) == datetime(2026, 10, 1, 20, tzinfo=BERLIN)


def test_an_end_in_the_night_gives_the_end_of_the_hours_before_it() -> None:
    day = Span(DAY_KINDS, 480, 1200)
    ends = CARD._replace(ends=datetime(2027, 5, 3, 23, 0, tzinfo=BERLIN))
    assert times(h=day).last_end((ends,), EVERYWHERE, card_in("h")) == datetime(2027, 5, 3, 20, tzinfo=BERLIN)


def test_a_grant_ends_what_a_credential_does_not() -> None:
    until = NOW + timedelta(days=3)
    assert times().last_end((CARD,), [Grant(("a",), None, None, until)], card_in(None)) == until
    assert times().last_end((CARD,), [Grant(("elsewhere",))], card_in(None)) is None
    assert times().last_end((), EVERYWHERE, card_in(None)) is None


def test_a_way_still_to_come_counts_for_the_last_end_and_not_for_now() -> None:
    later = CARD._replace(begins=NOW + timedelta(days=1))
    assert times().last_end((later,), EVERYWHERE, card_in(None)) == FOREVER
    assert times().unbroken_end((later,), card_in(None).values()) is None


def test_where_the_last_way_without_hours_ends_the_face_of_an_older_gate_does_too() -> None:
    day = Span(DAY_KINDS, 480, 1200)
    place = {"a": place_of(("card", "pin", "face"), {"pin": "h"})}
    ends, pin = CARD._replace(ends=NOW + timedelta(days=2)), Way(Method.PIN, NOW, FOREVER)
    assert times(h=day).unbroken_end((ends, pin), place.values()) == NOW + timedelta(days=2)
    assert times(h=day).unbroken_end((pin,), place.values()) is None
    same_hours = {"a": place_of(("card", "pin", "face"), {"pin": "h", "face": "h"})}
    assert times(h=day).unbroken_end((pin,), same_hours.values()) == FOREVER


def test_there_are_weeks_with_a_change_of_the_clock() -> None:
    offsets = [
        {(begins + timedelta(days=day)).astimezone(ZoneInfo(name)).utcoffset() for day in range(8)}
        for name, begins in WEEKS
    ]
    assert sum(len(one) == 2 for one in offsets) == 5
