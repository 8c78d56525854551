"""Home number, #, secret, #: what keys make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.lane.keypad_entry import FORGOTTEN_AFTER_SECONDS, Entry, press
from gate_controller.lane.screen_state import ScreenState
from gate_controller.lane.state import LaneDesk
from gate_controller.terminal.view import Screen


def typed(keys: str, pause_seconds: float = 0.1) -> tuple[Entry, list[bool]]:
    entry, ended, now = Entry(), [], 100.0
    for key in keys:
        entry, over = press(entry, key, now)
        ended.append(over)
        now += pause_seconds
    return entry, ended


@pytest.mark.parametrize(
    ("keys", "home", "secret", "complete"),
    [
        ("31203#482915#", "31203", "482915", True),
        ("3-1203#482915#", "31203", "482915", True),
        ("31203#48291573#", "31203", "48291573", True),
        ("31203#4829157#", "31203", "4829157", False),
        ("31203#482915730#", "31203", "482915730", False),
        ("31203#48291573012#", "31203", "482915730", False),
        ("31203##", "31203", "", False),
        ("99*31203#482915#", "31203", "482915", True),
        ("#31203#482915#", "31203", "482915", True),
    ],
)
def test_the_last_enter_ends_the_entry(keys: str, home: str, secret: str, complete: bool) -> None:
    entry, ended = typed(keys)
    assert (entry.home, entry.secret, entry.is_complete) == (home, secret, complete)
    assert ended == [False] * (len(keys) - 1) + [True]


@pytest.mark.parametrize(
    ("keys", "home", "secret"),
    [
        ("031203#482915#", "31203", "482915"),
        ("031203#082915#", "31203", "082915"),
        ("0101#082915#", "0101", "082915"),
        ("101#082915#", "101", "082915"),
        ("00101#082915#", "0101", "082915"),
        ("0*0101#082915#", "0101", "082915"),
        ("0#48291573#", "0", "48291573"),
        ("09#482915#", "9", "482915"),
    ],
)
@pytest.mark.parametrize("pause_seconds", [0.1, 15.0], ids=["quickly", "slowly"])
def test_the_0_that_reads_aloud_is_a_digit_only_where_a_home_has_that_number(
    keys: str, home: str, secret: str, pause_seconds: float
) -> None:
    entry, now = Entry(), 100.0
    for key in keys:
        entry, _ended = press(entry, key, now, homes={"0", "31203", "0101", "101"}, zero_reads=True)
        now += pause_seconds
    assert (entry.home, entry.secret, entry.is_complete) == (home, secret, True)


def test_after_the_0_that_reads_aloud_nothing_is_typed_yet() -> None:
    entry, _ = press(Entry(), "0", 100.0, zero_reads=True)
    assert (entry.home, entry.is_empty) == ("", False)


def test_silence_clears_what_was_typed_so_that_the_next_person_starts_afresh() -> None:
    entry, _ = typed("31203#4829")
    later, ended = press(entry, "1", 100.0 + FORGOTTEN_AFTER_SECONDS + 1.0)
    assert (later.home, later.secret, ended) == ("1", "", False)
    in_time, _ = press(entry, "1", entry.last_key_seconds + FORGOTTEN_AFTER_SECONDS)
    assert in_time.secret == "48291"


@pytest.mark.parametrize("key", ["²", "٣", "A", "", " ", "-", "\0", "12"])
def test_what_is_no_key_changes_nothing(key: str) -> None:
    entry, _ = typed("31203#48")
    after, ended = press(entry, key, 101.0)
    assert (after.home, after.secret, ended) == ("31203", "48", False)


@given(st.text("0123456789#*-", max_size=60))
def test_no_keys_make_more_than_a_home_number_and_a_secret(keys: str) -> None:
    entry, ended = typed(keys)
    assert len(entry.home) <= 20
    assert len(entry.secret) <= 9
    assert entry.home or not any(ended[-1:])


def test_an_entry_is_never_printed() -> None:
    entry, _ = typed("31203#482915")
    assert repr(entry) == object.__repr__(entry)


def test_more_time_counts_for_what_is_asked_already_and_three_times() -> None:
    desk = LaneDesk("north-in")
    desk.screen.show(Screen.TYPING_PIN, 100.0, seconds=20.0)
    desk.screen.change_pace(115.0)
    assert not desk.time_passed(129.9)
    desk.screen.change_pace(116.0)
    assert not desk.time_passed(129.9), "what was given is not taken back"
    assert desk.time_passed(130.0)


@pytest.mark.parametrize("screen", [Screen.DELAYED, Screen.FACE_LOOKING, Screen.WAITING])
def test_more_time_changes_no_end_that_is_not_the_persons(screen: Screen) -> None:
    desk = LaneDesk("north-in")
    desk.screen.show(screen, 100.0, seconds=8.0)
    desk.screen.change_pace(101.0)
    assert not desk.time_passed(107.9)
    assert desk.time_passed(108.0)


def test_who_asked_for_more_time_may_pause_longer_between_keys() -> None:
    desk = LaneDesk("north-in", screen=ScreenState(slower=True))
    entry, _ = press(Entry(), "3", 100.0)
    pause = FORGOTTEN_AFTER_SECONDS * 2
    patient = desk.screen.patient(FORGOTTEN_AFTER_SECONDS)
    assert press(entry, "1", 100.0 + pause, forgotten_after_seconds=patient)[0].home == "31"
    assert press(entry, "1", 100.0 + pause)[0].home == "1"
    desk.rest()
    assert desk.screen.slower
    desk.screen.show(Screen.TYPING_HOME, 100.0, seconds=20.0)
    assert not desk.time_passed(159.0)
    assert desk.time_passed(160.0)
    assert not desk.screen.slower
