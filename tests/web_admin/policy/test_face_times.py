"""Until when another way stands beside a face, held to a walk by minutes that shares nothing with it."""

import json
import random  # noqa: TID251 - the same each time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate_controller.contract.calendars import DAY_KINDS, SiteCalendar, Span, WeeklyHours
from gate_controller.contract.records import (
    CardCredential,
    Credential,
    CredentialState,
    Grant,
    Method,
    PinCredential,
    QrCredential,
    VisitorCodeCredential,
)
from tests.promises.drawn_weeks import MINUTES, WEEKS, DrawnWeek, draw_week
from tests.promises.played_weeks import PlainWeek
from tests.support.examples import examples
from web_admin.policy.face_times import FOREVER, FaceTimes, Place, Way, place_of, ways_of

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
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


@pytest.mark.wide
@pytest.mark.parametrize("part", range(8))
def test_the_last_end_and_the_first_gap_are_those_of_a_walk_by_minutes(part: int) -> None:
    chance, met = random.Random(part), set()  # noqa: S311 - the same each time
    for seed in range(part * 1000, part * 1000 + examples(40, fewest=5)):
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


# -- edges -------------------------------------------------------------------------------------------


def at(day: int, hour: int, minute: int = 0, month: int = 3, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


DAY_SPAN = Span(DAY_KINDS, 480, 1200)


def last_end(table: FaceTimes, way: Way = CARD, grant: Grant = EVERYWHERE[0]) -> datetime | None:
    """Return the last end of a way at a lane that takes it in the hours `h`."""
    return table.last_end((way,), [grant], card_in("h"))


def test_hours_until_midnight_end_at_the_midnight_of_the_site() -> None:
    whole_monday = times(h=Span(("mon",), 0, 1440))
    assert last_end(whole_monday, CARD._replace(ends=at(11, 12))) == at(10, 0), "Tuesday, at 23:00 UTC before"


@pytest.mark.parametrize(
    ("begins", "ends", "last"),
    [
        ((4, 13), (4, 15), (4, 15)),
        ((4, 13), (4, 20), (4, 20)),
        ((4, 13), (4, 23), (4, 20)),
        ((4, 20), (4, 23), None),
        ((4, 19, 59), (4, 23), (4, 20)),
        ((4, 23), (5, 8), None),
        ((4, 23), (5, 8, 1), (5, 8, 1)),
        ((4, 15), (4, 15), None),
        ((4, 15), (4, 14), None),
        ((4, 13), (6, 7), (5, 20)),
    ],
)
def test_a_way_that_begins_and_ends_within_some_days_ends_with_its_hours(begins, ends, last) -> None:
    way = Way(Method.CARD, at(*begins), at(*ends))
    assert last_end(times(h=DAY_SPAN), way) == (None if last is None else at(*last))


@pytest.mark.parametrize(
    ("zone", "begins", "ends"),
    [(BERLIN, at(4, 13), at(5, 0, 30)), (NEW_YORK, at(5, 21, zone=NEW_YORK), at(5, 23, zone=NEW_YORK))],
    ids=["after midnight there, before it in UTC", "before midnight there, after it in UTC"],
)
def test_days_are_those_of_the_site(zone: ZoneInfo, begins: datetime, ends: datetime) -> None:
    thursday = WeeklyHours.from_spans((Span(("thu",), 0, 1440),))
    there = FaceTimes(SiteCalendar(zone, {}), {"h": thursday}, NOW)
    assert last_end(there, Way(Method.CARD, begins, ends)) == ends


def test_a_way_without_hours_that_ends_as_it_begins_is_none() -> None:
    assert times().last_end((CARD._replace(ends=NOW),), EVERYWHERE, card_in(None)) is None


def test_the_night_after_the_last_holiday_belongs_to_it() -> None:
    feast = times({date(2026, 10, 1): "holiday"}, h=Span(("holiday",), 1320, 360))
    assert last_end(feast) == at(2, 6, month=10)


def test_a_minute_after_one_weekday_alone_comes_again_each_week() -> None:
    """The night from Sunday and the hours of Monday have two hours in common, after a Sunday alone."""
    both = times(h=Span(("sun",), 1320, 120), monday=Span(("mon",), 0, 1200))
    assert last_end(both, grant=Grant(("a",), "monday")) == FOREVER
    holidays = times(h=Span(("holiday",), 1320, 120), monday=Span(("mon",), 0, 1200))
    assert last_end(holidays, grant=Grant(("a",), "monday")) is None
    after_one = times(
        {date(2026, 3, 8): "holiday"}, h=Span(("holiday",), 1320, 120), monday=Span(("mon",), 0, 1200)
    )
    assert last_end(after_one, grant=Grant(("a",), "monday")) == at(9, 2)


@pytest.mark.parametrize(
    ("month", "day", "last_utc"), [(3, 29, (1, 0)), (10, 25, (1, 30))], ids=["put forward", "put back"]
)
def test_where_the_clock_is_changed_hours_end_when_it_shows_their_end(month, day, last_utc) -> None:
    until_half_past_two = times(h=Span(("sun",), 0, 150))
    ends = CARD._replace(ends=at(day, 12, month=month))
    assert last_end(until_half_past_two, ends) == datetime(2026, month, day, *last_utc, tzinfo=UTC)


def test_the_hour_that_comes_twice_ends_twice() -> None:
    twice = times(h=Span(("sun",), 0, 150))
    between = CARD._replace(ends=datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
    assert last_end(twice, between) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_grant_bounds_a_way_by_its_first_moment_its_end_and_its_hours() -> None:
    within = Grant(("a",), None, NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    for way in (CARD, CARD._replace(ends=NOW + timedelta(hours=3))):
        assert times().last_end((way,), [within], card_in(None)) == NOW + timedelta(hours=2)
    over = CARD._replace(ends=NOW + timedelta(hours=1))
    assert times().last_end((over,), [within], card_in(None)) is None, "over when the grant begins"
    in_hours = times(h=DAY_SPAN, g=Span(DAY_KINDS, 480, 840))
    assert last_end(in_hours, CARD._replace(ends=at(4, 23)), Grant(("a",), "g")) == at(4, 14)


def test_the_latest_of_all_ways_lanes_and_grants_counts() -> None:
    places = {"a": place_of(("card", "face"), {}), "b": place_of(("pin", "face"), {})}
    card, pin = CARD._replace(ends=NOW + timedelta(hours=1)), Way(Method.PIN, NOW, NOW + timedelta(hours=2))
    some = times()
    assert some.last_end((card, pin), [Grant(("a",)), Grant(("b",))], places) == pin.ends
    assert some.last_end((card, pin), [Grant(("a", "b"))], places) == pin.ends
    assert some.last_end((card, pin), [Grant(("a",))], places) == card.ends
    assert some.last_end((card,), [Grant(("b",))], places) is None
    assert some.last_end((pin,), [Grant(("b", "unknown"))], places) == pin.ends


def test_each_question_has_its_own_answer_however_often_it_is_asked() -> None:
    table, place = times(h=DAY_SPAN), place_of(("card", "pin", "face"), {"pin": "h"})
    card, pin = CARD._replace(ends=NOW + timedelta(days=1)), Way(Method.PIN, NOW, FOREVER)
    for _ in range(2):
        assert table.unbroken_end((card,), [place]) == card.ends
        assert table.unbroken_end((pin,), [place]) is None
        assert table.unbroken_end((pin,), [place_of(("pin",), {})]) == FOREVER
        assert table.last_end((card,), EVERYWHERE, {"a": place}) == card.ends
        assert table.last_end((pin,), EVERYWHERE, {"a": place}) == FOREVER
        assert table.last_end((pin,), [Grant(("a",), None, None, at(4, 23))], {"a": place}) == at(4, 20)
        assert table.last_end((pin,), [Grant(("a",), None, None, at(4, 15))], {"a": place}) == at(4, 15)


def test_one_place_without_a_way_leaves_no_unbroken_time_and_the_first_end_counts() -> None:
    with_card, with_pin = place_of(("card", "face"), {}), place_of(("pin", "face"), {})
    card, pin = CARD._replace(ends=NOW + timedelta(hours=1)), Way(Method.PIN, NOW, NOW + timedelta(hours=2))
    assert times().unbroken_end((card,), [with_card, with_pin]) is None
    assert times().unbroken_end((card, pin), [with_card, with_pin]) == card.ends
    assert times().unbroken_end((card, pin), [place_of(("card", "pin", "face"), {})]) == pin.ends
    assert times().unbroken_end((card, pin), []) is None


def test_a_way_that_begins_now_counts_as_unbroken_and_one_in_a_moment_does_not() -> None:
    place = place_of(("card", "face"), {})
    assert times().unbroken_end((CARD,), [place]) == FOREVER
    assert times().unbroken_end((CARD._replace(begins=NOW + timedelta(microseconds=1)),), [place]) is None


def test_ways_that_share_a_day_between_them_leave_no_gap_and_one_minute_is_one() -> None:
    place = place_of(("card", "pin", "face"), {"card": "day", "pin": "night"})
    both = (CARD, Way(Method.PIN, NOW, FOREVER))
    whole = times(day=DAY_SPAN, night=Span(DAY_KINDS, 1200, 480))
    assert whole.unbroken_end(both, [place]) == FOREVER
    assert whole.unbroken_end((CARD,), [place]) is None
    for first, last in ((1201, 480), (1200, 479)):
        short = times(day=DAY_SPAN, night=Span(DAY_KINDS, first, last))
        assert short.unbroken_end(both, [place]) is None
    no_holiday = times(day=DAY_SPAN, night=Span(tuple(set(DAY_KINDS) - {"holiday"}), 1200, 480))
    assert no_holiday.unbroken_end(both, [place]) is None, "the evening of a holiday and the morning after it"


def test_hours_that_no_one_knows_hold_never() -> None:
    assert last_end(times()) is None
    assert times().unbroken_end((CARD,), card_in("h").values()) is None


# -- a person's ways ---------------------------------------------------------------------------------


SUSPENDED = CredentialState.SUSPENDED
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("one", "way"),
    [
        (CardCredential("c", "p"), Way(Method.CARD, NOW, FOREVER)),
        (CardCredential("c", "p", valid_from=SOON, valid_until=LATER), Way(Method.CARD, SOON, LATER)),
        (CardCredential("c", "p", valid_from=NOW - timedelta(days=1)), Way(Method.CARD, NOW, FOREVER)),
        (CardCredential("c", "p", valid_until=SOON), Way(Method.CARD, NOW, SOON)),
        (CardCredential("c", "p", valid_until=NOW), None),
        (CardCredential("c", "p", valid_until=NOW - timedelta(days=1)), None),
        (CardCredential("c", "p", SUSPENDED), None),
        (QrCredential("c", "p", printed=True), None),
        (PinCredential("c", "p"), Way(Method.PIN, NOW, FOREVER)),
        (PinCredential("c", "p", duress=True), None),
        (VisitorCodeCredential("c", "p"), None),
    ],
)
def test_a_way_is_what_its_person_chose_and_can_use_now_or_later(one: Credential, way: Way | None) -> None:
    assert ways_of(("card", "pin", "face"), [one], NOW) == (() if way is None else (way,))


def test_what_cannot_be_used_hides_nothing_that_can() -> None:
    dead = CardCredential("c", "p", SUSPENDED)
    assert ways_of(("card",), [dead, CardCredential("c", "p"), dead], NOW) == (
        Way(Method.CARD, NOW, FOREVER),
    )


def test_there_are_weeks_with_a_change_of_the_clock() -> None:
    offsets = [
        {(begins + timedelta(days=day)).astimezone(ZoneInfo(name)).utcoffset() for day in range(8)}
        for name, begins in WEEKS
    ]
    assert sum(len(one) == 2 for one in offsets) == 5
