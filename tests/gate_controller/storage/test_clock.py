"""When a gate may trust its clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from gate_controller.storage.clock import BUILT_AT, MAX_JUMP, GateClock

SECOND = timedelta(seconds=1)


@dataclass
class Hands:
    """A wall clock and a monotonic one, moved by the test."""

    wall: datetime = BUILT_AT + timedelta(days=30)
    monotonic: float = 50.0

    def pass_seconds(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic += seconds

    def clock(self, *, floor: datetime | None = None, battery: bool = True) -> GateClock:
        return GateClock(lambda: self.wall, lambda: self.monotonic, floor=floor, is_battery_backed=battery)


@pytest.mark.parametrize(
    ("floor_after", "battery", "sure"),
    [(None, True, True), (timedelta(0), True, True), (SECOND, True, False), (None, False, False)],
)
def test_a_clock_starts_sure_with_a_battery_and_not_before_what_is_known(
    floor_after: timedelta | None, battery: bool, sure: bool
) -> None:
    hands = Hands()
    floor = hands.wall + floor_after if floor_after is not None else None
    assert hands.clock(floor=floor, battery=battery).is_sure is sure


def test_a_clock_before_the_build_is_never_sure() -> None:
    early = Hands(wall=BUILT_AT - SECOND)
    assert not early.clock(floor=datetime(2020, 1, 1, tzinfo=UTC)).is_sure


@pytest.mark.parametrize("sign", [1, -1])
def test_a_jump_against_the_monotonic_clock_makes_it_unsure_until_the_server_agrees(sign: int) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.pass_seconds(3600)
    hands.wall += sign * MAX_JUMP
    clock.now()
    assert clock.is_sure
    hands.wall += sign * (MAX_JUMP + SECOND)
    clock.now()
    assert not clock.is_sure
    hands.pass_seconds(3600)
    clock.now()
    assert not clock.is_sure
    assert clock.server_said(hands.wall)
    assert clock.is_sure


@pytest.mark.parametrize(
    ("off", "sure"), [(MAX_JUMP, True), (MAX_JUMP + SECOND, False), (-MAX_JUMP - SECOND, False)]
)
def test_the_servers_signed_time_makes_it_sure_or_unsure(off: timedelta, sure: bool) -> None:
    hands = Hands()
    clock = hands.clock(battery=False)
    assert clock.server_said(hands.wall + off) is sure
    assert clock.is_sure is sure


def test_a_long_sleep_is_no_jump_while_both_clocks_slept() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.pass_seconds(86400 * 40)
    assert clock.now() == hands.wall
    assert clock.is_sure
    assert clock.monotonic_seconds() == hands.monotonic


def test_what_has_passed_for_sure_grows_while_the_clock_is_sure_and_stays_when_it_is_not() -> None:
    hands = Hands()
    clock = hands.clock(floor=hands.wall - timedelta(days=1))
    hands.pass_seconds(3600)
    passed = clock.now()
    assert clock.surely_past == passed
    hands.wall += timedelta(days=900)
    clock.now()
    assert not clock.is_sure
    assert clock.surely_past == passed
    fallen_back = Hands(wall=BUILT_AT - timedelta(days=900)).clock(floor=passed)
    assert fallen_back.surely_past == passed
