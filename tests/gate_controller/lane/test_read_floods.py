"""Readings that come faster than people can show anything."""

from collections.abc import Iterable

import pytest

from gate_controller.lane.read_floods import READS_AT_ONCE, ReadFlood
from hardware.interfaces import (
    CardRead,
    CodeRead,
    DeviceReport,
    DeviceState,
    Health,
    InputChange,
    InputKind,
    KeyPress,
)


def heard(moments: Iterable[float]) -> list[DeviceReport]:
    """Return what is handed up of cards that are read at these seconds."""
    reports: list[DeviceReport] = []
    flood = ReadFlood(reports.append)
    for number, at in enumerate(moments):
        flood.take(CardRead("north", number, 32, round(at * 1e9)))
    return reports


def every(gap: float, count: int, begin: float = 1000.0) -> list[float]:
    return [begin + gap * number for number in range(count)]


def healths(reports: list[DeviceReport]) -> list[Health]:
    return [item.health for item in reports if isinstance(item, DeviceState)]


@pytest.mark.parametrize("gap", [0.065, 0.1, 0.5, 60.0])
def test_a_card_that_lies_at_a_reader_for_a_night_is_no_flood(gap: float) -> None:
    reports = heard(every(gap, 5000))
    assert len(reports) == 5000
    assert healths(reports) == []


@pytest.mark.wide
@pytest.mark.parametrize("gap", [0.04, 0.01, 0.0])
def test_a_flood_is_reported_once_and_nothing_of_it_comes_through_however_long_it_is(gap: float) -> None:
    reports = heard(every(gap, 100_000))
    assert healths(reports) == [Health.FAULTY]
    assert [item.is_lost for item in reports if isinstance(item, DeviceState)] == [True]
    assert len(reports) < 6 * READS_AT_ONCE


def test_the_first_card_after_a_flood_counts_and_the_reader_is_well_again() -> None:
    reports = heard([*every(0.01, 1000), *every(1.0, 5, begin=1020.0)])
    assert healths(reports) == [Health.FAULTY, Health.OK]
    assert [item.number for item in reports[-5:] if isinstance(item, CardRead)] == [*range(1000, 1005)]


def test_a_card_amid_a_flood_does_not_count_as_soon_as_it_slackens() -> None:
    reports = heard([*every(0.01, 1000), 1010.5])
    assert isinstance(reports[-1], DeviceState)


def test_keys_and_codes_are_readings_and_what_a_wire_or_a_device_says_always_comes_through() -> None:
    reports: list[DeviceReport] = []
    flood = ReadFlood(reports.append)
    for _ in range(READS_AT_ONCE):
        flood.take(KeyPress("north", "1", 10**9))
        flood.take(CodeRead("north", "text", 10**9))
    assert healths(reports) == [Health.FAULTY]
    plain: tuple[DeviceReport, ...] = (
        InputChange("north", "in", InputKind.TAMPER, active=True, read_at_ns=10**9),
        DeviceState("north", Health.LOST, "unplugged"),
    )
    for item in plain:
        flood.take(item)
    assert reports[-2:] == [*plain]
