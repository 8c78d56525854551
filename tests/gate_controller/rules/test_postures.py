"""Holding a lane open: renewed while it lasts, never resumed by a restart alone."""

from datetime import UTC, datetime, timedelta

import msgspec

from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.policy import PolicySnapshot, compile_policy
from gate_controller.contract.records import HoursRecord, Posture, PostureOverride, SiteRecord
from gate_controller.rules.postures import (
    HOLD_SECONDS,
    RENEW_AFTER_SECONDS,
    HeldOpen,
    Hold,
    shut_order,
    without_ended_overrides,
)
from tests.support.compounds.people import SITE, lane, person, records
from tests.support.gates.site_keys import encoded

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
BY_HAND = PostureOverride(Posture.HELD_OPEN, "guard-1", "a van", NOW + timedelta(hours=1))
RELAYS = {"north-in": None}


def snapshot_of(**changes: object) -> PolicySnapshot:
    hours = HoursRecord("school", "School", (Span(DAY_KINDS, 0, 1440),))
    whole = encoded(records(person(), lane(**changes), hours))
    return compile_policy(whole, epoch=1, version=1, issued_at=NOW)


def due(
    held: HeldOpen, snapshot: PolicySnapshot, seconds: float, now: datetime = NOW, sure: bool = True
) -> list[Hold]:
    return list(held.due(snapshot.policy, RELAYS, now, seconds, clock_sure=sure))


def test_a_hold_begins_once_and_is_renewed_before_it_runs_out() -> None:
    held, snapshot = HeldOpen(snapshot_of()), snapshot_of(posture_override=BY_HAND)
    assert due(held, snapshot, 0.0) == [Hold("north-in", "begins", "guard-1", BY_HAND.until)]
    assert due(held, snapshot, RENEW_AFTER_SECONDS - 0.1) == []
    assert due(held, snapshot, RENEW_AFTER_SECONDS) == [Hold("north-in", "goes_on", "guard-1")]
    assert RENEW_AFTER_SECONDS < HOLD_SECONDS
    over = NOW + timedelta(hours=1)
    assert due(held, snapshot, 60.0, over) == [Hold("north-in", "ended", "guard-1")]
    assert due(held, snapshot, 61.0, over) == []


def test_a_step_that_could_not_be_written_down_is_due_again() -> None:
    held, snapshot = HeldOpen(snapshot_of()), snapshot_of(posture_override=BY_HAND)
    for at, change in ((NOW, "begins"), (BY_HAND.until, "ended")):
        for _ in range(2):
            steps = held.due(snapshot.policy, RELAYS, at, 0.0, clock_sure=True)
            assert next(steps).change == change
            steps.close()
        assert [step.change for step in due(held, snapshot, 0.0, at)] == [change]


def test_an_override_from_before_the_start_holds_nothing_and_a_new_one_does() -> None:
    stale = snapshot_of(posture_override=BY_HAND)
    held = HeldOpen(stale)
    assert due(held, stale, 0.0) == []
    again = replace_until(BY_HAND)
    assert len(due(held, snapshot_of(posture_override=again), 1.0)) == 1


def replace_until(override: PostureOverride) -> PostureOverride:
    return PostureOverride(
        override.posture, override.author_id, override.reason, override.until + timedelta(minutes=1)
    )


def test_a_gate_that_lost_its_policy_does_not_resume_an_override_either() -> None:
    held, first = HeldOpen(None), snapshot_of(posture_override=BY_HAND)
    held.policy_taken(first)
    assert due(held, first, 0.0) == []
    newer = snapshot_of(posture_override=replace_until(BY_HAND))
    held.policy_taken(newer)
    assert len(due(held, newer, 1.0)) == 1


def test_a_schedule_resumes_after_a_restart_and_is_its_own_author() -> None:
    school = snapshot_of(posture_hours={"school": Posture.HELD_OPEN})
    assert [hold.author_id for hold in due(HeldOpen(school), school, 0.0)] == ["schedule"]


def test_who_made_the_schedule_is_named_and_when_it_ends() -> None:
    day = HoursRecord("day", "Day", (Span(DAY_KINDS, 420, 1200),))
    lanes = lane(posture_hours={"day": Posture.HELD_OPEN}, posture_author_id="manager-1")
    whole = encoded(records(person(), lanes, day))
    snapshot = compile_policy(whole, epoch=1, version=1, issued_at=NOW)
    (hold,) = due(HeldOpen(snapshot), snapshot, 0.0)
    in_shanghai_at_eight_in_the_evening = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert hold == Hold("north-in", "begins", "manager-1", in_shanghai_at_eight_in_the_evening)


def test_a_hold_by_another_person_or_to_another_end_is_another_hold() -> None:
    held, first = HeldOpen(snapshot_of()), snapshot_of(posture_override=BY_HAND)
    assert [step.change for step in due(held, first, 0.0)] == ["begins"]
    longer = replace_until(BY_HAND)
    steps = due(held, snapshot_of(posture_override=longer), 0.1)
    assert steps == [
        Hold("north-in", "ended", "guard-1"),
        Hold("north-in", "begins", "guard-1", longer.until),
    ]
    assert due(held, snapshot_of(posture_override=longer), 0.2) == []


def test_a_lane_that_is_always_held_open_has_no_end() -> None:
    for changes in ({"posture": Posture.HELD_OPEN}, {"posture_hours": {"school": Posture.HELD_OPEN}}):
        always = snapshot_of(**changes)
        assert [hold.until for hold in due(HeldOpen(always), always, 0.0)] == [None]


def test_a_drive_is_never_held_and_never_shown_as_held_and_that_is_reported_once() -> None:
    school = snapshot_of(posture_hours={"school": Posture.HELD_OPEN})
    held = HeldOpen(school, frozenset({"north-in"}))
    policy = school.policy
    assert held.posture(policy.lanes["north-in"], policy, NOW, clock_sure=True) is Posture.NORMAL
    assert [hold.change for hold in due(held, school, 0.0)] == ["refused"]
    assert due(held, school, 60.0) == []
    assert not held.holds("north-in")
    normal = snapshot_of()
    assert due(held, normal, 61.0) == []
    assert [hold.change for hold in due(held, school, 62.0)] == ["refused"], "a new hold is a new refusal"


def test_nothing_is_held_open_by_the_clock_while_the_clock_is_unsure() -> None:
    for changes in ({"posture_hours": {"school": Posture.HELD_OPEN}}, {"posture_override": BY_HAND}):
        assert due(HeldOpen(snapshot_of()), snapshot_of(**changes), 0.0, sure=False) == []


def test_a_stale_override_that_shuts_still_shuts() -> None:
    lockdown = PostureOverride(Posture.LOCKDOWN, "guard-1", "", BY_HAND.until)
    shut = snapshot_of(posture_override=lockdown)
    policy = shut.policy
    posture = HeldOpen(shut).posture(policy.lanes["north-in"], policy, NOW, clock_sure=True)
    assert posture is Posture.LOCKDOWN


def test_only_what_the_office_says_now_shuts_a_lane_apart_from_schedules() -> None:
    lockdown = PostureOverride(Posture.LOCKDOWN, "guard-1", "", BY_HAND.until)
    assert shut_order(None) is None
    assert shut_order(lane(posture_hours={"school": Posture.LOCKDOWN})) is None
    assert shut_order(lane(posture=Posture.DISABLED)) is Posture.DISABLED
    assert shut_order(lane(posture_override=lockdown)) == lockdown
    assert shut_order(lane(posture=Posture.LOCKDOWN, posture_override=BY_HAND)) is None


def test_a_lockdown_that_surely_ended_is_not_in_force_again_when_the_clock_becomes_unsure() -> None:
    lockdown = PostureOverride(Posture.LOCKDOWN, "guard-1", "a search", NOW + timedelta(hours=1))
    snapshot = snapshot_of(posture_override=lockdown)
    held = HeldOpen(None, frozenset())
    for past, posture in (
        (NOW + timedelta(minutes=59), Posture.LOCKDOWN),
        (NOW + timedelta(hours=1), Posture.NORMAL),
    ):
        policy = without_ended_overrides(snapshot, past).policy
        # A clock that fell back to long ago, as without a battery.
        now = NOW - timedelta(days=900)
        assert held.posture(policy.lanes["north-in"], policy, now, clock_sure=False) is posture
    assert without_ended_overrides(snapshot, NOW) is snapshot


def snapshot_with(*hours: HoursRecord | SiteRecord, **changes: object) -> PolicySnapshot:
    whole = encoded(records(person(), lane(**changes), *hours))
    return compile_policy(whole, epoch=1, version=1, issued_at=NOW)


DAY = HoursRecord("day", "Day", (Span(DAY_KINDS, 420, 1200),))
EVENING = HoursRecord("evening", "Evening", (Span(DAY_KINDS, 1200, 1320),))
NIGHT = HoursRecord("night", "Night", (Span(DAY_KINDS, 1200, 480),))
HELD = Posture.HELD_OPEN


def shanghai(hour: int, day: int = 4) -> datetime:
    return datetime(2026, 3, day, hour, 0, tzinfo=UTC) - timedelta(hours=8)


def test_a_lane_is_shown_held_while_it_is_and_a_drive_that_is_shut_is_shown_shut() -> None:
    by_day = snapshot_with(DAY, posture_hours={"day": HELD})
    held, shown = HeldOpen(by_day), by_day.policy.lanes["north-in"]
    assert held.posture(shown, by_day.policy, NOW, clock_sure=True) is HELD
    assert held.posture(shown, by_day.policy, NOW, clock_sure=False) is Posture.NORMAL
    assert held.posture(shown, by_day.policy, shanghai(20), clock_sure=True) is Posture.NORMAL
    shut = snapshot_of(posture=Posture.LOCKDOWN)
    drive = HeldOpen(shut, frozenset({"north-in"}))
    assert drive.posture(shut.policy.lanes["north-in"], shut.policy, NOW, clock_sure=True) is Posture.LOCKDOWN


def test_a_schedule_takes_over_in_the_moment_in_which_an_override_ends() -> None:
    both = snapshot_with(DAY, posture_hours={"day": HELD}, posture_override=BY_HAND)
    stale = HeldOpen(both)
    assert due(stale, both, 0.0, BY_HAND.until - timedelta(seconds=1)) == []
    begins = Hold("north-in", "begins", "schedule", shanghai(20))
    assert due(stale, both, 1.0, BY_HAND.until) == [begins]
    fresh = HeldOpen(snapshot_of())
    assert due(fresh, both, 0.0) == [Hold("north-in", "begins", "guard-1", BY_HAND.until)]
    assert fresh.holds("north-in")
    assert due(fresh, both, 1.0, BY_HAND.until) == [Hold("north-in", "ended", "guard-1"), begins]


def test_a_lane_that_left_the_policy_is_held_no_longer() -> None:
    held, first = HeldOpen(snapshot_of()), snapshot_of(posture_override=BY_HAND)
    due(held, first, 0.0)
    assert list(held.due(first.policy, ["other"], NOW, 1.0, clock_sure=True)) == []
    gone = compile_policy(encoded(records(person(), lane("other"))), epoch=1, version=2, issued_at=NOW)
    assert due(held, gone, 1.0) == [Hold("north-in", "ended", "guard-1")]
    assert not held.holds("north-in")


def test_a_refused_hold_names_its_lane_and_who_ordered_it() -> None:
    ordered = snapshot_of(posture_override=BY_HAND)
    drive = HeldOpen(snapshot_of(), frozenset({"north-in"}))
    assert due(drive, ordered, 0.0) == [Hold("north-in", "refused", "guard-1")]


def test_a_hold_ends_where_no_other_hours_take_it_on() -> None:
    one_after_another = snapshot_with(DAY, EVENING, posture_hours={"evening": HELD, "day": HELD})
    (hold,) = due(HeldOpen(one_after_another), one_after_another, 0.0)
    assert hold.until == shanghai(22)
    over_midnight = snapshot_with(NIGHT, posture_hours={"night": HELD})
    (hold,) = due(HeldOpen(over_midnight), over_midnight, 0.0, shanghai(22))
    assert hold.until == shanghai(8, day=5)


def test_a_hold_ends_with_the_first_of_several_hours_to_the_minute() -> None:
    noon = HoursRecord("day", "Day", (Span(DAY_KINDS, 420, 870),))
    apart = snapshot_with(noon, EVENING, posture_hours={"day": HELD, "evening": HELD})
    (hold,) = due(HeldOpen(apart), apart, 0.0)
    assert hold.until == shanghai(14) + timedelta(minutes=30)


def test_a_hold_ends_on_the_day_of_the_site() -> None:
    new_york = msgspec.structs.replace(SITE, timezone="America/New_York")
    there = snapshot_with(new_york, EVENING, posture_hours={"evening": HELD})
    nine_in_the_evening = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    (hold,) = due(HeldOpen(there), there, 0.0, nine_in_the_evening)
    assert hold.until == nine_in_the_evening + timedelta(hours=1)
