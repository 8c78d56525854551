"""Lights and buzzers of readers follow what happens at their lane."""

import pytest

from gate_controller.control.screens import Screens
from gate_controller.lane.state import LaneDesk
from gate_controller.terminal.view import Screen
from hardware.interfaces import ReaderResult
from tests.gate_controller.control.played_reader import Reader, refresh


@pytest.mark.parametrize(
    ("screen", "result"),
    [
        (Screen.GRANTED, [ReaderResult.GRANTED]),
        (Screen.REFUSED, [ReaderResult.REFUSED]),
        (Screen.FAULT, [ReaderResult.REFUSED]),
        (Screen.DELAYED, [ReaderResult.DELAYED]),
        (Screen.WAITING, [ReaderResult.WAIT]),
        (Screen.TYPING_PIN, []),
    ],
)
def test_a_result_is_shown_once_at_the_readers_of_its_lane(
    screen: Screen, result: list[ReaderResult]
) -> None:
    here, elsewhere = Reader(), Reader()
    screens = Screens({}, {"lane-1": (here,), "lane-2": (elsewhere,)})
    desk = LaneDesk("lane-1")
    desk.screen.show(screen, 10.0, seconds=4.0)
    for beat in range(3):
        refresh(screens, desk, 10.0 + beat)
    assert (here.shown, elsewhere.shown) == (result, [])


def test_two_refusals_in_a_row_are_shown_twice() -> None:
    reader = Reader()
    screens, desk = Screens({}, {"lane-1": (reader,)}), LaneDesk("lane-1")
    for now_seconds in (10.0, 11.0):
        desk.screen.show(Screen.REFUSED, now_seconds, seconds=4.0)
        refresh(screens, desk, now_seconds)
    assert reader.shown == [ReaderResult.REFUSED, ReaderResult.REFUSED]
