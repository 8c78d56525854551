"""The door's states, driven by contact, grants, buttons and time."""

from hypothesis import given
from hypothesis import strategies as st

from gate_controller.lane import (
    Door,
    DoorState,
    contact_changed,
    exit_requested,
    granted,
    held_open,
    time_passed,
)


def test_a_door_opened_within_its_grant_is_no_alarm_and_one_opened_later_is() -> None:
    door = granted(Door(), 100.0, 3.0)
    assert door.state is DoorState.EXPECTED
    assert contact_changed(door, True, 105.0)[1] == ("door_opened",)
    assert contact_changed(door, True, 105.1)[1] == ("alarm_door_forced",)


def test_nobody_coming_after_a_grant_is_told_once() -> None:
    door, kinds = time_passed(granted(Door(), 100.0, 3.0), 105.1)
    assert kinds == ("no_entry",)
    assert time_passed(door, 200.0)[1] == ()


def test_the_second_of_two_people_granted_together_forces_nothing() -> None:
    """The first shuts the door behind them while the lock is still released for the second."""
    door = granted(granted(Door(), 100.0, 5.0), 101.0, 5.0)
    for is_open, at in ((True, 102.0), (False, 103.0)):
        door, _ = contact_changed(door, is_open, at)
    assert contact_changed(door, True, 104.0)[1] == ("door_opened",)


def test_a_door_left_open_is_held_and_its_closing_clears_it() -> None:
    door, _ = contact_changed(granted(Door(held_after_seconds=30), 100.0, 3.0), True, 101.0)
    assert time_passed(door, 131.0)[1] == ()
    door, kinds = time_passed(door, 131.1)
    assert kinds == ("alarm_door_held",)
    assert time_passed(door, 500.0)[1] == ()
    assert contact_changed(door, False, 501.0)[1] == ("door_held_clear",)


def test_a_lane_held_open_by_policy_raises_neither_held_nor_no_entry() -> None:
    door, kinds = Door(), []
    for second in range(0, 200, 2):
        door = held_open(door, float(second), 6.0)
        door, some = contact_changed(door, True, second + 0.5)
        kinds += some
        door, some = time_passed(door, second + 1.0)
        kinds += some
    assert kinds == ["door_opened"]


def test_a_door_without_a_contact_reports_nothing() -> None:
    door = granted(Door(has_contact=False), 100.0, 3.0)
    assert (door.state, time_passed(door, 999.0)[1]) == (DoorState.CLOSED, ())


STEPS = st.lists(
    st.tuples(st.sampled_from(("open", "close", "exit", "grant", "wait")), st.floats(0.1, 50)), max_size=40
)


@given(STEPS)
def test_over_any_history_only_an_unexcused_opening_is_forced(steps: list) -> None:
    door, now, excused, is_open = Door(), 100.0, 0.0, False
    for what, seconds in steps:
        now += seconds
        kinds: tuple[str, ...] = ()
        was_open = is_open
        match what:
            case "open":
                door, kinds = contact_changed(door, True, now)
                is_open = True
            case "close":
                door, kinds = contact_changed(door, False, now)
                is_open = False
            case "exit":
                door, excused = exit_requested(door, now), max(excused, now + 10.0)
            case "grant":
                door, excused = granted(door, now, 3.0), max(excused, now + 5.0)
            case "wait":
                door, kinds = time_passed(door, now)
        forced = what == "open" and not was_open and now > excused
        assert ("alarm_door_forced" in kinds) is forced
        assert (door.state in (DoorState.CLOSED, DoorState.EXPECTED)) is not is_open
