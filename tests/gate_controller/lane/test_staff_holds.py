"""A lane held open by a person at it: a staff card shown twice, or the emergency code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.lane.repeat_reads import SAME_SHOWING_SECONDS
from gate_controller.lane.staff_holds import SHOWN_AGAIN_SECONDS, StaffHold, StaffHolds

LANE, CARD = "north-in", "card-1"


def shown_twice(*moments: float, card: str = CARD, lane: str = LANE) -> list[bool]:
    holds = StaffHolds()
    return [holds.shown_twice(lane, card, moment) for moment in moments]


@pytest.mark.parametrize(
    ("moments", "twice"),
    [
        ((0.0, 1.0), [False, True]),
        ((0.0, SHOWN_AGAIN_SECONDS), [False, True]),
        ((0.0, SHOWN_AGAIN_SECONDS + 0.1), [False, False]),
        ((0.0, SHOWN_AGAIN_SECONDS + 0.1, SHOWN_AGAIN_SECONDS + 1.2), [False, False, True]),
        ((0.0, 1.0, 2.0), [False, True, False]),
        ((0.0, 1.0, 2.0, 3.0), [False, True, False, True]),
        ((0.0, 0.5, 1.0, 1.5, 2.0, 6.9), [False, False, False, False, False, True]),
        ((0.0, 0.5, 1.0, 6.1), [False, False, False, False]),
    ],
)
def test_twice_is_twice_within_five_seconds(moments: tuple[float, ...], twice: list[bool]) -> None:
    assert shown_twice(*moments) == twice


@given(st.lists(st.floats(0.01, SAME_SHOWING_SECONDS - 0.05), min_size=1, max_size=40))
def test_a_card_left_on_a_reader_that_repeats_it_is_one_showing(gaps: list[float]) -> None:
    moments = [sum(gaps[:n]) for n in range(len(gaps) + 1)]
    assert not any(shown_twice(*moments))


def test_a_second_showing_is_of_the_same_card_at_the_same_lane() -> None:
    holds = StaffHolds()
    assert not holds.shown_twice(LANE, "card-1", 0.0)
    assert not holds.shown_twice(LANE, "card-2", 1.0)
    assert not holds.shown_twice("south-in", "card-2", 2.0)
    assert not holds.shown_twice(LANE, "card-1", 3.0)
    assert holds.shown_twice(LANE, "card-1", 4.0)


def test_a_hold_is_over_at_its_time_and_stays_until_it_is_ended() -> None:
    holds = StaffHolds()
    hold = StaffHold(LANE, "staff_card", "person-1", CARD, until_seconds=60.0)
    holds.begin(hold)
    assert holds.over(59.9) == ()
    assert holds.over(60.0) == (hold,)
    assert holds.at(LANE) == hold, "an end that could not be written down is due again"
    holds.end(LANE)
    assert holds.over(61.0) == holds.all() == ()
    assert holds.at(LANE) is None


def test_a_later_hold_takes_the_place_of_the_one_before() -> None:
    holds = StaffHolds()
    holds.begin(StaffHold(LANE, "staff_card", "person-1", CARD, until_seconds=60.0))
    later = StaffHold(LANE, "emergency_code", None, "emergency-1", until_seconds=90.0)
    holds.begin(later)
    assert holds.all() == (later,)
    assert holds.over(60.0) == ()


def test_a_new_start_holds_nothing() -> None:
    assert StaffHolds().all() == ()
