"""Lights and buzzers of readers follow what happens at their lane."""

from dataclasses import replace

import pytest

from gate_controller.contract.calls import CallEnd, CallFor
from gate_controller.control.screens import Screens
from gate_controller.lane.home_call import CallPhase, begun
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


def test_readers_say_that_a_home_is_called_and_that_its_call_did_not_open() -> None:
    """At a gate without a screen they are all that a visitor sees."""
    reader = Reader()
    screens, desk = Screens({}, {"lane-1": (reader,)}), LaneDesk("lane-1")
    call = begun("c-1", "lane-1", "31203", "3-1203", CallFor.HOME, 0.0)
    for change in (call, replace(call, phase=CallPhase.RINGING), replace(call, phase=CallPhase.ANSWERED)):
        desk.calls.call = change
        refresh(screens, desk, 10.0)
    assert reader.shown == [ReaderResult.WAIT]
    desk.calls.call = replace(call, phase=CallPhase.OVER, end=CallEnd.NO_ANSWER)
    desk.calls.ended(20.0, 15.0)
    for beat in range(3):
        refresh(screens, desk, 20.0 + beat)
    assert reader.shown == [ReaderResult.WAIT, ReaderResult.REFUSED]
    desk.calls.call = replace(call, phase=CallPhase.OVER, end=CallEnd.CANCELLED)
    desk.calls.ended(30.0, 15.0)
    refresh(screens, desk, 30.0)
    assert reader.shown == [ReaderResult.WAIT, ReaderResult.REFUSED], "who leaves knows it"


def test_two_refusals_in_a_row_are_shown_twice() -> None:
    reader = Reader()
    screens, desk = Screens({}, {"lane-1": (reader,)}), LaneDesk("lane-1")
    for now_seconds in (10.0, 11.0):
        desk.screen.show(Screen.REFUSED, now_seconds, seconds=4.0)
        refresh(screens, desk, now_seconds)
    assert reader.shown == [ReaderResult.REFUSED, ReaderResult.REFUSED]
