"""When a gate asks: never later than its server wants, and never more often than a bell may cause."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.sync.pace import (
    RETRY_SECONDS,
    SPREAD_SECONDS,
    WAKE_UP_SECONDS,
    WAKE_UPS_AT_ONCE,
    AskPace,
)


def latest(_low: float, high: float) -> float:
    return high


def earliest(low: float, _high: float) -> float:
    return low


def waiting(between: Callable[[float, float], float] = latest) -> AskPace:
    """Return the pace of a gate that asked at 100 s and hears its bell."""
    pace = AskPace(100.0, between)
    pace.asked(100.0)
    pace.answered(2.0, 60.0)
    return pace


def test_it_asks_at_once_and_then_at_the_servers_pace() -> None:
    pace = AskPace(100.0)
    assert pace.is_due(100.0)
    pace.asked(100.0)
    assert not pace.is_due(100.0)
    pace.answered(5.0, None)
    assert (pace.is_due(104.9), pace.is_due(105.0)) == (False, True)


def test_a_question_without_an_answer_is_repeated_soon_also_with_a_bell() -> None:
    pace = waiting()
    pace.asked(160.0)
    assert pace.is_due(160.0 + RETRY_SECONDS)


def test_with_the_bell_it_waits_nine_tenths_of_a_minute_or_more() -> None:
    assert not waiting(earliest).is_due(153.9)
    assert waiting(earliest).is_due(154.0)
    assert waiting(latest).is_due(160.0)


def test_a_bell_makes_no_gate_slower_than_its_server_wants_nor_quicker() -> None:
    pace = AskPace(100.0)
    pace.asked(100.0)
    pace.answered(600.0, 60.0)
    assert not pace.waits_for_bell
    assert (pace.is_due(699.0), pace.is_due(700.0)) == (False, True)


def test_it_wakes_at_the_usual_pace_to_look_for_news_of_its_own_and_asks_only_with_news() -> None:
    pace = waiting()
    assert pace.seconds_left(101.0) == 2.0
    assert not pace.is_due(130.0)
    pace.has_news()
    assert (pace.is_due(101.9), pace.is_due(102.0)) == (False, True)


def test_a_ring_brings_a_question_within_the_spread() -> None:
    pace = waiting()
    pace.woken(120.0)
    assert (pace.is_due(120.0), pace.is_due(120.0 + SPREAD_SECONDS)) == (False, True)


def test_losing_or_finding_the_bell_brings_a_question_within_the_usual_pace() -> None:
    pace = waiting()
    pace.hears_or_not(120.0)
    assert (pace.is_due(121.9), pace.is_due(122.0)) == (False, True)


@pytest.mark.parametrize("wakes", [AskPace.woken, AskPace.hears_or_not])
def test_a_bell_that_never_stops_costs_no_more_than_no_bell(wakes: Callable[[AskPace, float], None]) -> None:
    pace, now, asked = waiting(earliest), 100.0, 0
    while now < 400.0:
        wakes(pace, now)
        if pace.is_due(now):
            asked += 1
            pace.asked(now)
            pace.answered(2.0, 60.0)
        now += 0.05
    assert asked <= 300.0 / WAKE_UP_SECONDS + WAKE_UPS_AT_ONCE + 1
    assert asked >= 300.0 / WAKE_UP_SECONDS - 1, "nor is it heard less"


def test_after_a_storm_a_ring_is_heard_again_within_two_seconds() -> None:
    pace, now = waiting(earliest), 100.0
    for _ring in range(1000):
        pace.woken(now)
        if pace.is_due(now):
            pace.asked(now)
            pace.answered(2.0, 60.0)
        now += 0.01
    pace.asked(now)
    pace.answered(2.0, 60.0)
    pace.woken(now)
    assert pace.is_due(now + WAKE_UP_SECONDS)


@pytest.mark.wide
@given(st.lists(st.sampled_from(["ring", "flip", "news", "ask", "fail"]), max_size=60), st.data())
def test_whatever_happens_the_next_question_is_never_later_than_without_any_of_it(
    happened: list[str], data: st.DataObject
) -> None:
    now = 0.0
    pace = AskPace(now, lambda low, high: data.draw(st.floats(low, high)))
    for what in happened:
        now += data.draw(st.floats(0.0, 70.0))
        if what in ("ask", "fail"):
            pace.asked(now)
            if what == "ask":
                pace.answered(2.0, data.draw(st.sampled_from([None, 60.0])))
        elif what == "news":
            pace.has_news()
        else:
            (pace.woken if what == "ring" else pace.hears_or_not)(now)
        assert pace.is_due(now + 60.0)
        assert pace.seconds_left(now) <= 60.0
