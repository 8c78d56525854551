"""How a home is reached: in its order, within two minutes, and showing no one whether someone is in."""

from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, permutations, product, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.contract.calls import MAX_LEGS
from web_admin.calls.rules import (
    COURIER_EVERY,
    LONGEST_RINGING_SECONDS,
    PAGE_ALONE_SECONDS,
    PAGE_SECONDS,
    STEPS,
    Step,
    Wishes,
    has_begun,
    is_between,
    is_let_in_by_day,
    is_quiet,
    is_rung_out,
    is_wanted,
    minute_of,
    numbers_of_plan,
    plan,
    put_off,
    read,
    rings_telephones,
    second_of,
    stored,
    usual_busiest_day,
    with_leg_ended,
)

USUAL = ("page", "telephone", "guard")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
orders = st.lists(st.sampled_from(STEPS), unique=True).map(tuple)


def test_pages_ring_first_telephones_after_twenty_seconds_and_the_guard_last() -> None:
    assert plan(USUAL, has_pages=True, telephones=2) == (
        Step("page", 0),
        Step("telephone", 20),
        Step("guard", 70),
    )


def test_telephones_ring_at_once_where_no_page_is_open() -> None:
    steps = plan(USUAL, has_pages=False, telephones=1)
    assert steps == (Step("page", 0), Step("telephone", 0), Step("guard", 25))
    assert rings_telephones(steps, 0)


@pytest.mark.parametrize("has_pages", [True, False])
def test_without_telephones_it_rings_as_long_whether_a_page_is_open_or_not(has_pages: bool) -> None:
    steps = plan(USUAL, has_pages=has_pages, telephones=0)
    assert steps == (Step("page", 0), Step("guard", PAGE_ALONE_SECONDS))


def test_a_home_that_leaves_the_guard_out_ends_at_no_one() -> None:
    assert plan(("page",), has_pages=True, telephones=3)[-1] == Step("none", PAGE_ALONE_SECONDS)
    assert plan(("guard", "page"), has_pages=True, telephones=0) == (Step("guard", 0),)


def test_telephones_stop_when_the_step_after_them_begins() -> None:
    steps = plan(("telephone", "page"), has_pages=True, telephones=1)
    assert [rings_telephones(steps, second) for second in (0, 24, 25, 60)] == [True, True, False, False]
    assert [has_begun(steps, "page", second) for second in (24, 25, 60)] == [False, True, True]
    assert not has_begun(steps, "guard", 60)


@pytest.mark.parametrize(("telephones", "pages_from"), [(3, 75), (4, 100), (5, 100), (MAX_LEGS, 100)])
def test_pages_ring_in_time_after_however_many_telephones(telephones: int, pages_from: int) -> None:
    steps = plan(("telephone", "page"), has_pages=True, telephones=telephones)
    assert steps == (Step("telephone", 0), Step("page", pages_from), Step("none", 120))
    assert not rings_telephones(steps, pages_from), "telephones that are left do not ring beside them"


def test_telephones_ring_on_until_the_guard_where_no_page_comes_between() -> None:
    for reach in (("telephone", "guard"), ("telephone", "guard", "page")):
        steps = plan(reach, has_pages=True, telephones=MAX_LEGS)
        assert steps == (Step("telephone", 0), Step("guard", LONGEST_RINGING_SECONDS))


def test_pages_ring_as_long_where_telephones_are_chosen_after_the_guard_alone() -> None:
    steps = plan(("page", "guard", "telephone"), has_pages=False, telephones=1)
    assert steps == (Step("page", 0), Step("guard", PAGE_ALONE_SECONDS))


def test_every_step_that_a_home_chose_begins_and_has_its_time() -> None:
    reaches = chain.from_iterable(permutations(STEPS, count) for count in range(len(STEPS) + 1))
    for reach, has_pages, telephones in product(reaches, (True, False), range(MAX_LEGS + 1)):
        steps = plan(reach, has_pages=has_pages, telephones=telephones)
        chosen = takewhile(lambda kind: kind != "guard", reach)
        rings = [kind for kind in chosen if kind != "telephone" or telephones > 0]
        assert [step.kind for step in steps[:-1]] == rings, (reach, telephones)
        for step, after in pairwise(steps):
            at_once = (step.kind, after.kind, has_pages) == ("page", "telephone", False)
            least = 0 if at_once else PAGE_SECONDS
            assert after.from_second - step.from_second >= least, (reach, telephones)


@given(orders, st.booleans(), st.integers(0, MAX_LEGS))
def test_every_plan_ends_in_time_and_keeps_the_homes_order(
    reach: tuple[str, ...], has_pages: bool, telephones: int
) -> None:
    steps = plan(reach, has_pages=has_pages, telephones=telephones)
    seconds = [step.from_second for step in steps]
    assert seconds == sorted(seconds)
    assert seconds[-1] <= LONGEST_RINGING_SECONDS
    kinds = [step.kind for step in steps if step.kind != "none"]
    assert kinds == [kind for kind in reach if kind in kinds]
    assert is_rung_out(steps, seconds[-1])
    assert not any(is_rung_out(steps, second) for second in range(seconds[-1]))
    assert read(stored(steps)) == steps
    assert (steps[-1].kind == "guard") == ("guard" in reach)


def test_quiet_hours_go_over_midnight() -> None:
    minutes = (22 * 60 - 1, 22 * 60, 23 * 60, 0, 7 * 60)
    assert [is_between(minute, 22 * 60, 7 * 60) for minute in minutes] == [False, True, True, True, False]
    assert not is_between(600, 600, 600)


def test_a_home_is_not_disturbed_in_its_quiet_hours_or_while_it_said_so() -> None:
    wishes = Wishes(takes_calls=True, quiet_from=11 * 60, quiet_until=13 * 60)
    assert is_quiet(wishes, NOON)
    assert not is_quiet(wishes, NOON + timedelta(hours=1))
    assert not is_quiet(Wishes(takes_calls=True, quiet_until=13 * 60), NOON), "without a beginning"
    assert minute_of(NOON.replace(hour=13, minute=7)) == 787
    resting = Wishes(takes_calls=True, dnd_until=NOON + timedelta(minutes=1))
    assert not is_wanted(resting, "north", NOON)
    assert is_wanted(resting, "north", NOON + timedelta(minutes=1))


def test_a_home_that_takes_no_calls_or_blocked_the_gate_wants_nothing_of_it() -> None:
    assert not is_wanted(Wishes(takes_calls=False), "north", NOON)
    assert not is_wanted(Wishes(takes_calls=True, blocked_gates=["north"]), "north", NOON)
    assert is_wanted(Wishes(takes_calls=True, blocked_gates=["south"]), "north", NOON)


@pytest.mark.parametrize(("hour", "is_in"), [(7, False), (8, True), (19, True), (20, False)])
def test_couriers_are_let_in_by_day(hour: int, is_in: bool) -> None:
    assert is_let_in_by_day(NOON.replace(hour=hour), None, NOON) is is_in


def test_one_courier_is_let_in_in_half_an_hour() -> None:
    assert not is_let_in_by_day(NOON, NOON - COURIER_EVERY + timedelta(seconds=1), NOON)
    assert is_let_in_by_day(NOON, NOON - COURIER_EVERY, NOON)


def test_a_plan_is_kept_with_the_telephones_that_ring_in_their_step() -> None:
    rows = stored(plan(USUAL, has_pages=True, telephones=2), ["a", "b"])
    assert rows == [
        {"step": "page", "from": 0},
        {"step": "telephone", "from": 20, "numbers": ["a", "b"]},
        {"step": "guard", "from": 70},
    ]
    assert numbers_of_plan(rows[:1]) == []


def test_a_telephones_turn_comes_once_the_one_before_is_over() -> None:
    rows = stored(plan(USUAL, has_pages=True, telephones=2), ["a", "b"])
    assert numbers_of_plan(rows) == numbers_of_plan(with_leg_ended(rows, 1)) == ["a"]
    for place in (0, 0, 1, 1):
        rows = with_leg_ended(rows, place)
        assert numbers_of_plan(rows) == ["a", "b"]


def test_the_busiest_week_is_not_a_usual_one() -> None:
    weeks = ([2, 9, 0, 0, 0, 0, 0], [0] * 7, [0, 0, 0, 0, 0, 0, 900], [5, 5, 5, 5, 5, 5, 5])
    assert usual_busiest_day([day for week in weeks for day in week]) == 9
    assert usual_busiest_day([0] * 27 + [900]) == 0


def test_what_begins_after_a_talk_is_put_off_by_it() -> None:
    rows = stored((Step("page", 0), Step("telephone", 20), Step("guard", 70)), ["a", "b"])
    assert read(put_off(rows, 20, 35.9)) == (Step("page", 0), Step("telephone", 20), Step("guard", 105))
    assert numbers_of_plan(put_off(with_leg_ended(rows, 0), 20, 35.9)) == ["a", "b"]


def test_mailboxes_put_pages_and_guard_off_to_their_latest_seconds_and_no_end_sooner() -> None:
    rows = stored((Step("telephone", 0), Step("page", 75), Step("guard", 120)), ["a", "b", "c"])
    for second in (20, 130, 240):
        rows = put_off(rows, second, 90)
    assert read(rows) == (Step("telephone", 0), Step("page", 100), Step("guard", 180))
    rows = stored((Step("telephone", 0), Step("none", 75)), ["a", "b", "c"])
    assert read(put_off(rows, 20, 200)) == (Step("telephone", 0), Step("none", 275))


def test_no_second_of_a_call_is_before_its_beginning() -> None:
    assert second_of(NOON, NOON + timedelta(seconds=2.5)) == 2.5
    assert second_of(NOON, NOON - timedelta(seconds=3)) == 0.0
