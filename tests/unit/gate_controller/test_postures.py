"""Holding a lane open: renewed while it lasts, never resumed by a restart alone."""

from datetime import UTC, datetime, timedelta

from gate_controller.calendars import DAY_KINDS, Span
from gate_controller.policy import HoursRecord, PolicySnapshot, Posture, PostureOverride, compile_policy
from gate_controller.postures import HOLD_SECONDS, RENEW_AFTER_SECONDS, HeldOpen, Hold
from tests.people import lane, person, records
from tests.site_keys import encoded

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
    assert due(held, snapshot, 0.0) == [Hold("north-in", HOLD_SECONDS, "guard-1", is_new=True)]
    assert due(held, snapshot, RENEW_AFTER_SECONDS - 0.1) == []
    assert due(held, snapshot, RENEW_AFTER_SECONDS) == [
        Hold("north-in", HOLD_SECONDS, "guard-1", is_new=False)
    ]
    assert RENEW_AFTER_SECONDS < HOLD_SECONDS
    assert due(held, snapshot, 60.0, NOW + timedelta(hours=1)) == []


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


def test_nothing_is_held_open_by_the_clock_while_the_clock_is_unsure() -> None:
    for changes in ({"posture_hours": {"school": Posture.HELD_OPEN}}, {"posture_override": BY_HAND}):
        assert due(HeldOpen(snapshot_of()), snapshot_of(**changes), 0.0, sure=False) == []


def test_a_stale_override_that_shuts_still_shuts() -> None:
    lockdown = PostureOverride(Posture.LOCKDOWN, "guard-1", "", BY_HAND.until)
    shut = snapshot_of(posture_override=lockdown)
    policy = shut.policy
    posture = HeldOpen(shut).posture(policy.lanes["north-in"], policy, NOW, clock_sure=True)
    assert posture is Posture.LOCKDOWN
