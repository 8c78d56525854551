"""A gate keeps its clock, and a reserve of disk."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.storage.clock import BUILT_AT, MAX_JUMP, GateClock
from gate_controller.storage.database import open_database
from gate_controller.storage.reserve import PIECE_BYTES, SCHEMA, keep, write

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


NOW = datetime(2026, 7, 14, 4, 0, tzinfo=UTC)
TABLE = "CREATE TABLE IF NOT EXISTS kept (n INTEGER PRIMARY KEY, x BLOB);"
ROW_BYTES = 1000


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    return open_database(tmp_path / "gate.sqlite3", TABLE + SCHEMA, NOW)[0]


def rows_written(connection: sqlite3.Connection, most: int) -> int:
    """Write rows until the file may grow no more; return how many went in."""
    insert = "INSERT INTO kept (x) VALUES (randomblob(?))"
    for number in range(most):
        try:
            write(connection, lambda: connection.execute(insert, (ROW_BYTES,)))
        except sqlite3.OperationalError:
            return number
    return most


def may_not_grow(connection: sqlite3.Connection) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_stops_the_writes_when_the_reserve_is_used_and_not_before(
    connection: sqlite3.Connection,
) -> None:
    assert [keep(connection, 3, add=True) for _ in range(4)] == [2, 1, 0, 0]
    may_not_grow(connection)
    written = rows_written(connection, 10_000)
    assert written > 3 * PIECE_BYTES // (2 * ROW_BYTES)
    assert keep(connection, 3, add=False) == 3, "all of it was used"
    (count,) = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert count == written, "the write that found no room left nothing behind"


def test_without_a_reserve_there_is_hardly_a_write(connection: sqlite3.Connection) -> None:
    assert keep(connection, 3, add=False) == 3
    may_not_grow(connection)
    assert rows_written(connection, 10_000) < 20


def test_another_error_uses_no_reserve(connection: sqlite3.Connection) -> None:
    keep(connection, 1, add=True)
    write(connection, lambda: connection.execute("INSERT INTO kept (n) VALUES (1)"))
    with pytest.raises(sqlite3.IntegrityError):
        write(connection, lambda: connection.execute("INSERT INTO kept (n) VALUES (1)"))
    assert keep(connection, 1, add=False) == 0
