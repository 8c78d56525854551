"""A week of a lane and of a person is what a gate decides that is played at random minutes."""

import dataclasses
import random  # noqa: TID251 - the same each time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from gate_controller.contract.calendars import Span
from gate_controller.contract.policy import PolicySnapshot, compile_policy
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    CredentialState,
    Grant,
    HoursRecord,
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    PolicyRefused,
    SiteRecord,
)
from gate_controller.rules.access import decide
from gate_controller.rules.decision import GateMemory, Reason
from gate_controller.rules.identify import identify_face
from tests.promises.drawn_acts import DrawnAct, draw_act
from tests.promises.drawn_weeks import ME, MINUTES
from tests.promises.played_access import MINUTE, sent, things, ways_that_open
from tests.support.examples import examples
from web_admin.access.answers import where_may
from web_admin.access.sent import GateSent, Part, PersonSent, Sent, without_contact
from web_admin.access.sweep import Way
from web_admin.access.weeks import LaneWeek, Stretch, lane_week, person_week

WEEK = timedelta(days=7)
PLAYED_MINUTES = 60


def drawn(count: int) -> Iterator[tuple[DrawnAct, PolicySnapshot, Sent]]:
    """Yield policies that a gate takes, as the gate has them and as the server knows that it does."""
    seed = 5000
    while count:
        act = draw_act(seed)
        seed += 1
        try:
            snapshot = compile_policy(act.before, epoch=1, version=1, issued_at=act.issued_at or act.begins)
        except PolicyRefused:
            continue
        count -= 1
        yield act, snapshot, sent(act, act.before)


def at(stretches: tuple[Stretch, ...], moment: datetime) -> Stretch:
    (found,) = (one for one in stretches if one.begins <= moment < one.ends)
    return found


@pytest.mark.wide
def test_a_week_says_what_a_gate_decides_that_is_played_at_random_minutes_and_why_it_does_not_open() -> None:
    chance = random.Random(31)  # noqa: S311 - the same each time
    opened, gaps, by_lanes = 0, set[Reason](), 0
    for act, snapshot, known in drawn(examples(120)):
        ends = act.begins + WEEK
        week = person_week(known, ME, act.begins, ends)
        stretches_of = {lane_id: one.stretches for one in week.granted for lane_id in one.lane_ids}
        assert stretches_of.keys() | set(week.without_grant) == snapshot.policy.lanes.keys()
        lanes = {lane_id: lane_week(known, lane_id, act.begins, ends) for lane_id in snapshot.policy.lanes}
        face = snapshot.face_roster.get(ME)
        for lane_id, minute in (
            (one, chance.randrange(MINUTES)) for one in lanes for _ in range(PLAYED_MINUTES)
        ):
            now = act.begins + minute * MINUTE
            policy = snapshot.policy
            if act.issued_at is None:
                policy = dataclasses.replace(policy, issued_at=now)
            shown = things(snapshot, act)
            if face is not None and face.is_valid(now):
                shown.append(("face", identify_face(ME)))
            opens = {Way(way) for way in ways_that_open(shown, lane_id, policy, now)}
            by_lanes += _is_counted(lanes[lane_id], now, opens)
            if lane_id not in stretches_of:
                assert not opens
                continue
            said = at(stretches_of[lane_id], now).said
            assert said.opens == opens, (act.seed, lane_id, now)
            opened += bool(opens)
            for way, reason in said.refused:
                answers = {
                    decide(claim, lane_id, policy, memory, now).reason
                    for shown_way, claim in shown
                    if shown_way == way
                    for memory in (GateMemory(), _after_all(shown))
                }
                assert reason in answers, (act.seed, lane_id, now, way, reason, answers)
                gaps.add(reason)
    assert opened > 100
    assert by_lanes > 100
    assert gaps >= {
        Reason.OUTSIDE_HOURS,
        Reason.METHOD_NOT_OFFERED,
        Reason.LANE_LOCKDOWN,
        Reason.CREDENTIAL_SUSPENDED,
        Reason.FACE_ALONE,
    }


def _after_all(shown: list[tuple[str, object]]) -> GateMemory:
    return GateMemory(shown_before={ME: frozenset(Method(way) for way, _ in shown if way != "visitor")})


def _is_counted(week: LaneWeek | None, now: datetime, opens: set[Way]) -> bool:
    """Hold that a lane's week has the person among those who are alike, and in its counts; return if so."""
    assert week is not None
    here = [one for one in week.alike if ME in one.person_ids]
    (spell,) = (one for one in week.spells if one.begins <= now < one.ends)
    ways = {
        way for one in here for way, spans in one.answer.ways.items() if any(a <= now < b for a, b in spans)
    }
    assert ways == opens
    assert all(spell.counts.by_way.get(way, 0) >= 1 for way in opens)
    own = any(begins <= now < ends for one in here for begins, ends in one.answer.own)
    assert own == bool(opens - {Way.VISITOR})
    assert spell.counts.people >= own
    return bool(opens)


def test_the_counts_of_a_lane_are_the_sums_over_its_people() -> None:
    sums = 0
    for act, snapshot, known in drawn(12):
        ends = act.begins + WEEK
        for lane_id in snapshot.policy.lanes:
            week = lane_week(known, lane_id, act.begins, ends)
            assert week is not None
            assert [one.begins for one in week.spells[1:]] == [one.ends for one in week.spells[:-1]]
            assert (week.spells[0].begins, week.spells[-1].ends) == (act.begins, ends)
            people = {person_id for part in known.parts for person_id in part.people}
            found = [
                where_may(known, person_id, act.begins, ends).get(lane_id) for person_id in sorted(people)
            ]
            for spell in week.spells:
                now = spell.begins + (spell.ends - spell.begins) / 2
                may = [one for one in found if one and any(a <= now < b for a, b in one.own)]
                assert spell.counts.people == len(may)
                sums += len(may)
    assert sums > 10


# -- invented compounds ----------------------------------------------------------------------------------

BEGINS = datetime(2026, 10, 22, 22, tzinfo=UTC)
ALWAYS = HoursRecord(
    "always", "always", (Span(("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"), 0, 1440),)
)
NIGHT = HoursRecord("night", "night", (Span(("sat",), 1320, 240),))
HOLIDAYS = HoursRecord("holidays", "holidays", (Span(("holiday",), 0, 1440),))


def compound(
    hours_id: str | None = None, holidays: dict[date, str] | None = None, **of_lane: object
) -> tuple[GateSent, Sent]:
    """Return a gate of Berlin with one lane and one person with a card and a suspended PIN."""
    lane = LaneRecord("in", "north", 1, "in", "in", (Method.CARD, Method.PIN), 5.0, **of_lane)  # type: ignore[arg-type]
    gate = GateSent(
        "north",
        SiteRecord(site_id="site-1", name="Court", timezone="Europe/Berlin"),
        CalendarRecord(exceptions=holidays or {}),
        {one.hours_id: one for one in (ALWAYS, NIGHT, HOLIDAYS)},
        {"in": lane},
    )
    record = PersonRecord(ME, (Method.CARD, Method.PIN), (Grant(("in",), hours_id),), "home")
    held = (
        CardCredential("c1", ME, state=CredentialState.SUSPENDED),
        CardCredential("c2", ME),
        PinCredential("p1", ME, state=CredentialState.SUSPENDED, home_id="home"),
    )
    return gate, Sent((Part((gate,), {ME: PersonSent(record, (), held)}),))


def test_a_gap_names_the_reason_of_what_is_in_use_before_that_of_what_is_not() -> None:
    _, known = compound("night")
    ((first, *_),) = (one.stretches for one in person_week(known, ME, BEGINS, BEGINS + WEEK).granted)
    assert first.said.is_gap
    assert dict(first.said.refused)[Way.CARD] is Reason.OUTSIDE_HOURS


def test_hours_through_the_night_of_the_clock_change_are_an_hour_longer() -> None:
    _, known = compound("night")
    week = lane_week(known, "in", BEGINS, BEGINS + WEEK)
    assert week is not None
    (night,) = (one for one in week.spells if one.counts.people)
    # From Saturday 22:00 by summer time to Sunday 04:00 by winter time.
    assert (night.begins, night.ends) == (
        datetime(2026, 10, 24, 20, tzinfo=UTC),
        datetime(2026, 10, 25, 3, tzinfo=UTC),
    )


def test_hours_that_never_occur_are_named_and_those_of_a_holiday_to_come_are_not() -> None:
    _, known = compound("holidays")
    week = person_week(known, ME, BEGINS, BEGINS + WEEK)
    assert week.never_hours == ("holidays",)
    assert [one.is_never for one in week.granted] == [True]
    of_lane = lane_week(known, "in", BEGINS, BEGINS + WEEK)
    assert of_lane is not None
    assert (of_lane.never_hours, of_lane.people) == (("holidays",), 0)
    _, known = compound("holidays", {date(2027, 10, 1): "holiday"})
    assert person_week(known, ME, BEGINS, BEGINS + WEEK).never_hours == ()
    _, known = compound("always")
    assert person_week(known, ME, BEGINS, BEGINS + WEEK).never_hours == ()


def test_a_schedule_of_the_lane_is_shown_as_its_posture() -> None:
    _, known = compound(posture_hours={"night": "lockdown"})
    week = lane_week(known, "in", BEGINS, BEGINS + WEEK)
    assert week is not None
    (lockdown,) = week.postures
    assert lockdown.posture == "lockdown"
    assert lockdown.ends - lockdown.begins == timedelta(hours=7)


def test_what_is_bound_to_a_time_ends_at_a_silent_gate_once_its_policy_is_too_old() -> None:
    _, known = compound("always")
    heard_at = BEGINS - timedelta(days=28)
    silent = without_contact(known, {"north": heard_at})
    (one,) = person_week(silent, ME, BEGINS, BEGINS + WEEK).granted
    last = one.stretches[-1]
    assert dict(last.said.refused)[Way.CARD] is Reason.POLICY_TOO_OLD
    assert last.begins == heard_at + timedelta(days=30, microseconds=1)
    (whole,) = (one for one in person_week(known, ME, BEGINS, BEGINS + WEEK).granted)
    assert [each.said.opens for each in whole.stretches] == [frozenset({Way.CARD})]


def test_a_lane_that_no_gate_is_sent_has_no_week() -> None:
    _, known = compound()
    assert lane_week(known, "elsewhere", BEGINS, BEGINS + WEEK) is None
