"""The door's states, driven by contact, grants, holds, buttons, fire and time."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gate_controller.lane.door import (
    DRIVE_OPENS_WITHIN_SECONDS,
    Door,
    DoorState,
    contact_changed,
    contact_lost,
    fire_changed,
    granted,
    held_open,
    hold_ended,
    opening_asked,
    time_passed,
)

SHUT = Door(is_seen=True)
STAYS_OPEN = replace(SHUT, state=DoorState.OPEN, opened_at=100.0)
HELD = replace(STAYS_OPEN, state=DoorState.HELD)
FORCED = replace(STAYS_OPEN, state=DoorState.FORCED)
LONG = 1000.0


def story(door: Door, *steps: tuple[Callable[..., Door | tuple[Door, tuple[str, ...]]], float]) -> list[str]:
    """Return the kinds of events that a door records over steps at given seconds, time passing with each."""
    kinds: list[str] = []
    for step, now in steps:
        for move in (time_passed, step):
            result = move(door, now)
            door, more = result if isinstance(result, tuple) else (result, ())
            kinds += more
    return kinds


def opens(door: Door, now: float) -> tuple[Door, tuple[str, ...]]:
    return contact_changed(door, True, now)


def shuts(door: Door, now: float) -> tuple[Door, tuple[str, ...]]:
    return contact_changed(door, False, now)


def waits(door: Door, now: float) -> Door:
    return door


def grants(door: Door, now: float, pulse_seconds: float = 3.0) -> Door:
    return granted(door, now, pulse_seconds)


def pressed(door: Door, now: float) -> Door:
    return opening_asked(door, now, still=True)


def let_go(door: Door, now: float) -> Door:
    return opening_asked(door, now, still=False)


def fire(door: Door, now: float) -> Door:
    return fire_changed(door, now, active=True)


def fire_over(door: Door, now: float) -> Door:
    return fire_changed(door, now, active=False)


def hold(door: Door, now: float) -> Door:
    return held_open(door, now, 6.0)


# -- grants ----------------------------------------------------------------------------------------


def test_a_door_opened_within_its_grant_is_no_alarm_and_one_opened_later_is() -> None:
    assert story(SHUT, (grants, 100.0), (opens, 105.0)) == ["door_opened"]
    assert story(SHUT, (grants, 100.0), (opens, 105.1)) == ["no_entry", "alarm_door_forced"]


def test_a_slow_person_has_as_long_as_the_lock_is_released() -> None:
    slow = granted(SHUT, 100.0, 9.0)
    assert story(slow, (opens, 109.0)) == ["door_opened"]


def test_a_drive_may_open_long_after_its_pulse() -> None:
    gate = granted(replace(SHUT, opens_within_seconds=DRIVE_OPENS_WITHIN_SECONDS), 100.0, 1.0)
    assert story(gate, (opens, 125.0)) == ["door_opened"]


def test_no_entry_after_a_grant_is_reported_once() -> None:
    assert story(SHUT, (grants, 100.0), (waits, 105.1), (waits, 200.0)) == ["no_entry"]


def test_an_exit_button_does_not_stretch_an_unused_grant() -> None:
    assert story(SHUT, (grants, 100.0), (pressed, 104.0), (waits, 106.0)) == ["no_entry"]


def test_the_second_of_two_people_granted_together_forces_nothing() -> None:
    """The first shuts the door behind them while the lock is still released for the second."""
    recorded = story(SHUT, (grants, 100.0), (grants, 101.0), (opens, 102.0), (shuts, 103.0), (opens, 104.0))
    assert recorded == ["door_opened", "door_closed", "door_opened"]


def test_a_contact_that_chatters_during_a_pulse_forces_nothing() -> None:
    chatter = [(step, 101.0 + n / 10) for n in range(10) for step in (opens, shuts)]
    assert set(story(SHUT, (grants, 100.0), *chatter)) == {"door_opened", "door_closed"}


def test_a_grant_at_an_open_door_restarts_its_time() -> None:
    assert story(STAYS_OPEN, (grants, 125.0), (waits, 154.0)) == []
    assert story(STAYS_OPEN, (waits, 131.0), (waits, 154.0)) == ["alarm_door_held"]


@pytest.mark.parametrize(("door", "end"), [(HELD, "door_held_clear"), (FORCED, "door_closed")])
def test_a_grant_at_a_held_or_forced_door_excuses_the_next_opening_and_ends_no_alarm(
    door: Door, end: str
) -> None:
    assert story(door, (grants, 200.0), (waits, 201.0)) == []
    recorded = story(door, (grants, 200.0), (shuts, 202.0), (opens, 203.0))
    assert recorded == [end, "door_opened"]


# -- standing open ---------------------------------------------------------------------------------


def test_a_door_left_open_is_held_once_and_its_closing_clears_it() -> None:
    assert story(STAYS_OPEN, (waits, 130.0)) == []
    recorded = story(STAYS_OPEN, (waits, 130.1), (waits, 500.0), (shuts, 501.0))
    assert recorded == ["alarm_door_held", "door_held_clear"]


def test_a_lane_held_open_by_policy_raises_neither_held_nor_no_entry() -> None:
    before, after = (
        [(hold, float(second)) for second in range(start, start + 200, 2)] for start in (100, 300)
    )
    assert story(SHUT, *before, (opens, 299.0), *after) == ["door_opened"]


def test_after_a_hold_the_door_has_its_time_before_it_is_held() -> None:
    assert story(held_open(STAYS_OPEN, 500.0, 6.0), (waits, 538.0)) == []
    assert story(held_open(STAYS_OPEN, 500.0, 6.0), (waits, 538.1)) == ["alarm_door_held"]


def test_a_hold_that_ends_early_excuses_only_a_moment_longer() -> None:
    held = hold_ended(held_open(SHUT, 100.0, 3600.0), 200.0)
    assert story(held, (opens, 202.0)) == ["door_opened"]
    assert story(held, (opens, 202.1)) == ["alarm_door_forced"]


def test_a_hold_that_ends_early_takes_no_grant_and_no_button_along() -> None:
    for other in (grants, let_go):
        held = other(held_open(SHUT, 100.0, 3600.0), 200.0)
        assert story(hold_ended(held, 200.0), (opens, 204.9)) == ["door_opened"]


def test_ending_a_hold_that_is_over_gives_nothing_new() -> None:
    assert story(hold_ended(SHUT, 200.0), (opens, 201.0)) == ["alarm_door_forced"]


@pytest.mark.parametrize("excuse", [hold, fire])
def test_a_hold_or_a_fire_ends_the_alarm_of_an_open_door(excuse: Callable[..., Door]) -> None:
    recorded = story(HELD, (excuse, 500.0), (waits, 501.0), (shuts, 502.0))
    assert recorded == ["door_held_clear", "door_closed"]


# -- buttons and fire ------------------------------------------------------------------------------


def test_a_button_excuses_an_opening_while_it_is_pressed_and_10_seconds_longer() -> None:
    assert story(SHUT, (pressed, 100.0), (opens, 160.0)) == ["door_opened"]
    assert story(SHUT, (pressed, 100.0), (let_go, 160.0), (opens, 170.0)) == ["door_opened"]
    assert story(SHUT, (pressed, 100.0), (let_go, 160.0), (opens, 170.1)) == ["alarm_door_forced"]


def test_a_fire_of_an_hour_excuses_every_opening_and_its_door_has_time_afterwards() -> None:
    recorded = story(SHUT, (fire, 100.0), (opens, 200.0), (shuts, 900.0), (opens, 2000.0), (waits, 3600.0))
    assert recorded == ["door_opened", "door_closed", "door_opened"]
    burning = replace(STAYS_OPEN, fire=True)
    assert story(burning, (fire_over, 3700.0), (waits, 3730.0)) == []
    assert story(burning, (fire_over, 3700.0), (waits, 3730.1)) == ["alarm_door_held"]


def test_leaving_just_after_a_fire_forces_nothing_and_a_panel_repeating_itself_is_no_news() -> None:
    over = fire_changed(replace(SHUT, fire=True), 200.0, active=False)
    assert story(over, (opens, 210.0)) == ["door_opened"]
    assert fire_changed(over, 900.0, active=False) == over


# -- what was not seen -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remembered", "found_open", "found_shut"),
    [
        (DoorState.CLOSED, ["door_found_open"], []),
        (DoorState.OPEN, [], ["door_closed"]),
        (DoorState.HELD, [], ["door_held_clear"]),
        (DoorState.FORCED, [], ["door_closed"]),
    ],
)
def test_the_first_report_of_a_contact_meets_the_remembered_state(
    remembered: DoorState, found_open: list[str], found_shut: list[str]
) -> None:
    door = Door(state=remembered)
    assert story(door, (waits, LONG), (opens, LONG)) == found_open
    assert story(door, (waits, LONG), (shuts, LONG)) == found_shut


@pytest.mark.parametrize("remembered", [DoorState.CLOSED, DoorState.OPEN])
def test_a_door_found_open_has_its_time_and_is_then_held(remembered: DoorState) -> None:
    door, _ = contact_changed(Door(state=remembered), True, LONG)
    assert door.state is DoorState.OPEN
    assert story(door, (waits, LONG + 30.0)) == []
    assert story(door, (waits, LONG + 30.1)) == ["alarm_door_held"]


@pytest.mark.parametrize("remembered", [DoorState.HELD, DoorState.FORCED])
def test_an_open_alarm_is_not_raised_again(remembered: DoorState) -> None:
    door, _ = contact_changed(Door(state=remembered), True, LONG)
    assert (door.state, story(door, (waits, 9 * LONG))) == (remembered, [])


def test_a_door_without_a_contact_reports_nothing() -> None:
    assert story(Door(), (grants, 100.0), (waits, LONG), (pressed, LONG), (hold, LONG), (fire, LONG)) == []


def test_a_contact_that_is_lost_reports_nothing_until_it_speaks() -> None:
    expected = contact_lost(granted(SHUT, 100.0, 3.0))
    assert story(expected, (waits, 200.0)) == []
    assert story(contact_lost(STAYS_OPEN), (waits, 200.0), (shuts, 201.0)) == ["door_closed"]
    assert story(expected, (waits, 104.0), (opens, 105.0)) == ["door_opened"]
    assert story(expected, (waits, 104.0), (opens, 106.0)) == ["door_found_open"]


# -- random histories ------------------------------------------------------------------------------


class AnyHistory(RuleBasedStateMachine):
    """A door through any history, beside a model that keeps only facts: contact, excuses and times."""

    def __init__(self) -> None:
        super().__init__()
        self.door, self.now = Door(), 1000.0
        self.is_open = self.is_seen = self.fire = self.is_pressed = False
        self.excused_until = self.hold_until = self.open_since = 0.0
        self.alarms: list[str] = []
        """The open alarms: every alarm that begins is put here, and its end takes it out."""
        self.unused_grants = 0

    def _took(self, change: tuple[Door, tuple[str, ...]]) -> tuple[str, ...]:
        self.door, kinds = change
        begun = [kind for kind in kinds if kind.startswith("alarm_")]
        assert len(kinds) <= 1
        assert not (begun and self.alarms)
        assert ("door_held_clear" in kinds) <= (self.alarms == ["alarm_door_held"])
        assert ("door_closed" in kinds) <= (self.alarms != ["alarm_door_held"])
        ended = bool({"door_closed", "door_held_clear"} & set(kinds))
        self.alarms = [] if ended else self.alarms + begun
        return kinds

    def _is_excused(self) -> bool:
        return self.fire or self.is_pressed or self.now <= max(self.excused_until, self.hold_until)

    @rule(seconds=st.floats(0.05, 60.0))
    def time_goes_on(self, seconds: float) -> None:
        was = self.door.state
        self.now += seconds
        kinds = self._took(time_passed(self.door, self.now))
        may_stand = self.fire or self.now <= self.hold_until
        stood = self.now - max(self.open_since, self.hold_until)
        is_held = self.is_seen and was is DoorState.OPEN and not may_stand and stood > 30.0
        assert ("alarm_door_held" in kinds) is is_held
        assert ("door_held_clear" in kinds) is (self.is_seen and was is DoorState.HELD and may_stand)
        assert ("no_entry" in kinds) <= (was is DoorState.EXPECTED and self.unused_grants > 0)
        assert not {"alarm_door_forced", "door_opened", "door_closed"} & set(kinds)
        self.unused_grants *= "no_entry" not in kinds
        self.open_since = self.now if "door_held_clear" in kinds else self.open_since

    @rule(is_open=st.booleans())
    def contact_reports(self, is_open: bool) -> None:
        is_news, was_seen, knew_open = is_open is not self.is_open, self.is_seen, self.door.is_open
        opens_unexcused = is_open and not knew_open and not self._is_excused()
        kinds = self._took(contact_changed(self.door, is_open, self.now))
        assert ("alarm_door_forced" in kinds) is (opens_unexcused and was_seen)
        assert ("door_found_open" in kinds) is (opens_unexcused and not was_seen)
        assert is_news or not was_seen or kinds == ()
        opens_again = is_open and not (was_seen and knew_open)
        self.open_since = self.now if opens_again else self.open_since
        self.unused_grants *= not is_open
        self.is_open, self.is_seen = is_open, True

    @rule()
    def cable_is_pulled(self) -> None:
        self.door, self.is_seen, self.unused_grants = contact_lost(self.door), False, 0

    @rule()
    def power_is_cut(self) -> None:
        """Only the state is remembered."""
        self.door = Door(state=contact_lost(self.door).state)
        self.is_seen = self.fire = self.is_pressed = False
        self.excused_until = self.hold_until = 0.0
        self.unused_grants = 0

    @rule(pulse_seconds=st.floats(0.5, 20.0))
    def a_person_is_granted(self, pulse_seconds: float) -> None:
        self.door = granted(self.door, self.now, pulse_seconds)
        self.excused_until = max(self.excused_until, self.now + pulse_seconds + 2.0)
        self.unused_grants += self.is_seen and not self.is_open
        self.open_since = self.open_since if self.alarms else self.now

    @rule(seconds=st.floats(1.0, 200.0))
    def a_hold_begins(self, seconds: float) -> None:
        self.door = held_open(self.door, self.now, seconds)
        self.hold_until = max(self.hold_until, self.now + seconds + 2.0)

    @rule()
    def the_hold_ends_early(self) -> None:
        self.door = hold_ended(self.door, self.now)
        self.hold_until = min(self.hold_until, self.now + 2.0)

    @rule(still=st.booleans())
    def a_button_moves(self, still: bool) -> None:
        self.door, self.is_pressed = opening_asked(self.door, self.now, still=still), still
        self.excused_until = max(self.excused_until, self.now + 10.0)

    @rule(active=st.booleans())
    def the_fire_panel_reports(self, active: bool) -> None:
        is_news = active is not self.fire
        self.door = fire_changed(self.door, self.now, active=active)
        self.excused_until = max(self.excused_until, (self.now + 10.0) * is_news)
        self.open_since = max(self.open_since, self.now * is_news)
        self.fire = active

    @invariant()
    def the_door_is_where_its_contact_is(self) -> None:
        assert not self.is_seen or self.door.is_open is self.is_open
        assert (self.door.state is DoorState.HELD) is (self.alarms == ["alarm_door_held"])
        assert (self.door.state is DoorState.FORCED) is (self.alarms == ["alarm_door_forced"])
        assert self.door.state is not DoorState.EXPECTED or self.unused_grants

    @invariant()
    def saying_it_again_changes_nothing(self) -> None:
        said = contact_changed(self.door, self.is_open, self.now)
        assert not self.is_seen or said == (self.door, ())
        once, _ = time_passed(self.door, self.now)
        assert time_passed(once, self.now) == (once, ())


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(deadline=None)


def test_every_state_and_every_kind_of_event_is_reached() -> None:
    """The machine above would hold over a door that never did anything."""
    door, states, kinds = Door(), set(), set()
    for step, now in (
        *(
            (opens, 1.0),
            (waits, 40.0),
            (shuts, 41.0),
            (grants, 50.0),
            (waits, 60.0),
            (opens, 70.0),
            (shuts, 71.0),
        ),
        *((shuts, 71.0), (grants, 80.0), (opens, 81.0), (shuts, 82.0)),
    ):
        for move in (time_passed, step):
            result = move(door, now)
            door, more = result if isinstance(result, tuple) else (result, ())
            states.add(door.state)
            kinds |= set(more)
    assert states == set(DoorState)
    assert kinds == {
        *("door_opened", "door_closed", "door_found_open", "no_entry"),
        *("alarm_door_forced", "alarm_door_held", "door_held_clear"),
    }
