"""What a gate remembers of its lanes: on the disk, through restarts and clocks that are set."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.lane.door import DoorState
from gate_controller.lane.memory import LaneMemory, Wire
from gate_controller.lane.state import Passage

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOTHER, SON, GUARD = "a" * 16, "b" * 16, "c" * 16
TAMPER = Wire("north-in", "tamper", "wires:3")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lanes.sqlite3"


@contextmanager
def remembered(path: Path, now: datetime = NOW) -> Iterator[LaneMemory]:
    memory = LaneMemory(path, now)
    try:
        yield memory
    finally:
        memory.close()


def on_disk(path: Path, table: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608 - a table named in this test
    finally:
        connection.close()


@pytest.mark.parametrize("state", [DoorState.CLOSED, DoorState.OPEN, DoorState.HELD, DoorState.FORCED])
def test_a_door_is_where_it_was_before_the_restart(path: Path, state: DoorState) -> None:
    with remembered(path) as memory:
        memory.keep_door("north-in", DoorState.FORCED)
        memory.keep_door("north-in", state)
    with remembered(path) as memory:
        assert memory.door("north-in") is state
        assert memory.door("south-in") is DoorState.CLOSED


def test_an_opening_that_is_only_expected_writes_nothing(path: Path) -> None:
    with remembered(path) as memory:
        memory.keep_door("north-in", DoorState.EXPECTED)
        assert on_disk(path, "door") == []
        memory.keep_door("north-in", DoorState.OPEN)
        memory.keep_door("north-in", DoorState.EXPECTED)
    with remembered(path) as memory:
        assert memory.door("north-in") is DoorState.CLOSED


def test_a_state_no_version_knows_is_taken_as_shut(path: Path) -> None:
    with remembered(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO door VALUES ('north-in', 'ajar')")
    connection.commit()
    connection.close()
    with remembered(path) as memory:
        assert memory.door("north-in") is DoorState.CLOSED


def test_an_alarm_of_a_wire_stays_open_until_it_is_cleared(path: Path) -> None:
    other = TAMPER._replace(end="wires:4")
    with remembered(path) as memory:
        memory.keep_raised(TAMPER, raised=True)
        memory.keep_raised(TAMPER, raised=True)
        memory.keep_raised(other, raised=True)
        memory.keep_raised(other, raised=False)
    with remembered(path) as memory:
        assert memory.raised == {TAMPER}
        assert TAMPER.device == "wires"


def test_who_came_in_is_inside_until_they_leave_also_after_a_restart(path: Path) -> None:
    with remembered(path) as memory:
        memory.passed(Passage(MOTHER, "in"), NOW)
        memory.passed(Passage(SON, "in"), NOW)
        memory.passed(Passage(SON, "out"), NOW + HOUR)
        memory.passed(Passage(GUARD, "out"), NOW + HOUR)
        assert memory.inside(NOW + HOUR) == {MOTHER}
    with remembered(path, NOW + HOUR) as memory:
        assert memory.inside(NOW + HOUR) == {MOTHER}


def test_after_12_hours_no_person_is_inside_or_on_the_disk(path: Path) -> None:
    with remembered(path) as memory:
        memory.passed(Passage(MOTHER, "in"), NOW)
        memory.passed(Passage(SON, "in"), NOW + 2 * HOUR)
        assert memory.inside(NOW + 12 * HOUR) == {MOTHER, SON}
        assert memory.inside(NOW + 13 * HOUR) == {SON}
        memory.forget_old(NOW + 13 * HOUR)
        assert [row[0] for row in on_disk(path, "inside")] == [SON]
        memory.forget_old(NOW + 15 * HOUR)
        assert on_disk(path, "inside") == []


def test_coming_in_again_counts_again(path: Path) -> None:
    with remembered(path) as memory:
        memory.passed(Passage(MOTHER, "in"), NOW)
        memory.passed(Passage(MOTHER, "in"), NOW + 8 * HOUR)
        assert memory.inside(NOW + 19 * HOUR) == {MOTHER}


def test_who_left_the_policy_is_forgotten_in_memory_and_on_the_disk(path: Path) -> None:
    with remembered(path) as memory:
        for person_id in (MOTHER, SON, GUARD):
            memory.passed(Passage(person_id, "in"), NOW)
        memory.keep_only({SON, "d" * 16})
        assert memory.inside(NOW) == {SON}
        assert [row[0] for row in on_disk(path, "inside")] == [SON]


def test_a_clock_set_back_within_the_12_hours_keeps_the_order_and_one_set_far_back_forgets(
    path: Path,
) -> None:
    with remembered(path) as memory:
        memory.passed(Passage(MOTHER, "in"), NOW + 5 * HOUR)
        memory.passed(Passage(SON, "in"), NOW)
        assert memory.inside(NOW + 17 * HOUR) == {MOTHER, SON}
        assert memory.inside(NOW - 8 * HOUR) == frozenset()
        # A clock that ran ahead once must not decide for weeks who is inside.
        memory.passed(Passage(GUARD, "in"), NOW - 300 * HOUR)
        assert memory.inside(NOW - 300 * HOUR) == {GUARD}


def test_what_cannot_be_written_is_still_known(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with remembered(path) as memory:
        memory._connection.execute("PRAGMA query_only=ON")
        memory.keep_door("north-in", DoorState.OPEN)
        memory.passed(Passage(MOTHER, "in"), NOW)
        assert memory.door("north-in") is DoorState.OPEN
        assert memory.inside(NOW) == {MOTHER}
    assert "cannot be written" in caplog.text
    assert MOTHER not in caplog.text


@pytest.mark.parametrize(
    "garbage", [b"no database at all, and long enough to be read as one" * 40, os.urandom(8192)]
)
def test_a_damaged_file_is_set_aside_and_begun_again(path: Path, garbage: bytes) -> None:
    path.write_bytes(garbage)
    with remembered(path) as memory:
        assert memory.damaged is not None
        assert memory.damaged.read_bytes() == garbage
        memory.passed(Passage(MOTHER, "in"), NOW)
        assert memory.door("north-in") is DoorState.CLOSED
    with remembered(path) as memory:
        assert memory.damaged is None
        assert memory.inside(NOW) == {MOTHER}


MOVES = st.lists(
    st.tuples(st.sampled_from((MOTHER, SON, GUARD)), st.sampled_from(("in", "out")), st.integers(0, 400)),
    max_size=30,
)


@pytest.mark.wide
@settings(max_examples=40, deadline=None)
@given(MOVES)
def test_over_any_history_inside_are_those_who_came_last_within_12_hours(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, Literal["in", "out"], int]]
) -> None:
    path = tmp_path_factory.mktemp("memory") / "lanes.sqlite3"
    now, came = NOW, {}
    with remembered(path) as memory:
        for person_id, direction, minutes in moves:
            now += timedelta(minutes=minutes)
            memory.passed(Passage(person_id, direction), now)
            came[person_id] = now if direction == "in" else now - 13 * HOUR
        expected = {person for person, at in came.items() if now - at <= 12 * HOUR}
        assert memory.inside(now) == expected
        assert {row[0] for row in on_disk(path, "inside")} == expected
    with remembered(path, now) as memory:
        assert memory.inside(now) == expected
