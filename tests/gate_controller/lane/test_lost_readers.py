"""Ways in without a reader: who is lost, what the alarm says, and what is on the disk for the next start."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.contract.records import Method
from gate_controller.lane.lost_readers import WRITTEN_AHEAD_SECONDS, LostReaders
from gate_controller.lane.memory import LaneMemory
from gate_controller.storage.clock import GateClock
from tests.support.compounds.people import SITE, lane, person, records
from tests.support.gates.site_keys import encoded

START = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HOUR = 3600.0
LANE = "north-in"
CARD, PIN, QR = Method.CARD, Method.PIN, Method.QR
TAKES = {LANE: {CARD: {"card"}, PIN: {"keys", "screen"}, QR: {"scan"}}}


def policy_of(*, pause_hours: int = 48, methods: tuple[Method, ...] = tuple(Method)) -> Policy:
    site = msgspec.structs.replace(SITE, face_pause_hours=pause_hours)
    whole = {**records(person(), lane(methods=methods)), "site": site}
    return compile_policy(encoded(whole), epoch=1, version=1, issued_at=START).policy


class Gatehouse:
    """A gate's lost readers over restarts; every clock is set by the test."""

    def __init__(self, path: Path) -> None:
        self.path, self.seconds, self.wall = path, 0.0, START
        self.policy: Policy | None = policy_of()
        self.said: list[tuple[EventKind, Facts]] = []
        self.writes: Callable[[], None] = lambda: None
        self.start()

    def start(self) -> None:
        self.memory = LaneMemory(self.path, self.wall)
        clock = GateClock(lambda: self.wall, lambda: self.seconds, floor=None, is_battery_backed=True)
        self.clock, self.readers = clock, LostReaders(clock, self.memory, TAKES, ["screen"])

    def restart(self, *, hours_off: float = 0.0) -> None:
        """Cut the power, without another word to the disk, and begin again with another clock of seconds."""
        self.memory.close()
        self.wall += timedelta(hours=hours_off)
        self.seconds = 5.0
        self.start()

    def is_(self, well: bool, *devices: str) -> None:
        for device in devices:
            self.readers.note(device, is_well=well)
        self.settle()

    def settle(self) -> None:
        self.readers.settle(self.policy, self._record)

    def pass_hours(self, hours: float, *, wall_too: bool = True) -> None:
        for _ in range(4):
            self.seconds += hours * HOUR / 4
            if wall_too:
                self.wall += timedelta(hours=hours / 4)
            self.settle()

    def _record(self, kind: EventKind, facts: Facts, _personal: Facts) -> None:
        self.writes()
        self.said.append((kind, facts))

    def kinds(self) -> list[str]:
        return [kind.value for kind, _ in self.said]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gatehouse]:
    house = Gatehouse(tmp_path / "lanes.sqlite3")
    house.is_(True, "card", "keys", "scan")
    yield house
    house.memory.close()


def test_a_way_is_lost_once_each_of_its_devices_is(gate: Gatehouse) -> None:
    gate.is_(False, "card", "keys")
    assert gate.readers.lost(LANE) == {CARD}
    gate.is_(False, "screen")
    assert gate.readers.lost(LANE) == {CARD, PIN}
    gate.is_(True, "keys")
    assert gate.readers.lost(LANE) == {CARD}


def test_the_alarm_comes_with_the_last_reader_at_once_and_ends_with_the_first_that_is_back(
    gate: Gatehouse,
) -> None:
    gate.is_(False, "card", "keys", "screen")
    assert gate.said == []
    gate.is_(False, "scan")
    last = {"lane_id": LANE, "detail": "card, pin, qr"}
    assert gate.said == [(EventKind.ALARM_LAST_READER_LOST, last)]
    gate.pass_hours(3)
    gate.is_(True, "scan")
    back = {"lane_id": LANE, "detail": "card, pin"}
    assert gate.said[1:] == [(EventKind.LAST_READER_CLEAR, back)]


def test_a_lane_without_face_raises_no_alarm_of_its_last_reader(gate: Gatehouse) -> None:
    gate.policy = policy_of(methods=(CARD, PIN, QR))
    gate.is_(False, "card", "keys", "screen", "scan")
    assert gate.said == []
    gate.policy = policy_of()
    gate.settle()
    assert gate.kinds() == ["alarm_last_reader_lost"]
    gate.policy = policy_of(methods=(CARD, PIN, QR))
    gate.settle()
    assert gate.kinds() == ["alarm_last_reader_lost", "last_reader_clear"]


def test_an_alarm_that_the_disk_does_not_take_waits_and_no_alarm_comes_twice_over_a_restart(
    gate: Gatehouse,
) -> None:
    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    gate.writes = full
    gate.is_(False, "card", "keys", "screen", "scan")
    gate.writes = lambda: None
    gate.pass_hours(0.5)
    assert gate.kinds() == ["alarm_last_reader_lost"]
    gate.restart()
    gate.is_(False, "card", "keys", "screen", "scan")
    assert gate.kinds() == ["alarm_last_reader_lost"]
    gate.is_(True, "card")
    assert gate.kinds() == ["alarm_last_reader_lost", "last_reader_clear"]


def test_face_is_paused_beside_a_way_after_the_hours_of_the_site(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.pass_hours(47.9)
    assert gate.readers.paused(LANE) == set()
    gate.pass_hours(0.1)
    assert gate.readers.paused(LANE) == {CARD}
    gate.is_(True, "card")
    assert gate.readers.paused(LANE) == set()


@pytest.mark.parametrize(("chosen", "hours"), [(6, 6), (48, 48), (4800, 48), (0, 0)])
def test_a_site_chooses_less_than_48_hours_and_never_more(gate: Gatehouse, chosen: int, hours: int) -> None:
    gate.policy = policy_of(pause_hours=chosen)
    gate.is_(False, "card")
    gate.pass_hours(max(0.0, hours - 0.1))
    assert gate.readers.paused(LANE) == (set() if hours else {CARD})
    gate.pass_hours(0.1)
    assert gate.readers.paused(LANE) == {CARD}


def test_no_restart_makes_it_shorter_however_often_the_power_is_cut(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.wall -= timedelta(days=3)  # and no clock helps
    for _ in range(48):
        gate.pass_hours(1.0, wall_too=False)
        gate.restart()
    gate.settle()
    assert gate.readers.paused(LANE) == {CARD}
    assert gate.readers.lost(LANE) == {CARD}, "it reported nothing since"


def test_the_hours_without_power_count_where_the_clock_is_sure(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.pass_hours(1.0)
    gate.restart(hours_off=47.0)
    gate.settle()
    assert gate.readers.paused(LANE) == {CARD}


def test_a_clock_set_back_takes_nothing_away_and_one_set_ahead_only_pauses_earlier(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.pass_hours(40.0)
    gate.wall -= timedelta(hours=39)
    gate.pass_hours(8.0)
    assert gate.readers.paused(LANE) == {CARD}
    gate.restart()
    gate.settle()
    assert gate.readers.paused(LANE) == {CARD}


def test_a_plug_put_back_for_less_than_an_hour_gains_nothing_over_a_restart_too(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.pass_hours(47.0)
    gate.is_(True, "card")
    assert gate.readers.lost(LANE) == set()
    gate.pass_hours(0.9)
    gate.restart()
    gate.settle()
    assert gate.readers.lost(LANE) == set(), "as it was before the restart"
    gate.is_(True, "card")
    gate.pass_hours(0.2)
    gate.is_(False, "card")
    assert gate.readers.paused(LANE) == {CARD}


def test_after_an_hour_of_work_the_count_begins_at_nothing(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.pass_hours(47.0)
    gate.is_(True, "card")
    gate.pass_hours(1.1)
    gate.restart()
    gate.is_(False, "card")
    gate.pass_hours(47.0)
    assert gate.readers.paused(LANE) == set()


def test_of_a_file_that_was_damaged_the_worst_is_taken(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.memory.close()
    gate.path.write_bytes(b"no database at all" * 500)
    gate.start()
    gate.is_(False, "card")
    assert gate.readers.paused(LANE) == {CARD}
    gate.restart()
    gate.settle()
    assert gate.readers.paused(LANE) == {CARD}


def test_after_an_hour_of_work_a_damaged_file_says_nothing_of_the_next_loss(gate: Gatehouse) -> None:
    gate.memory.close()
    gate.path.write_bytes(b"no database at all" * 500)
    gate.start()
    gate.is_(True, "card", "keys", "scan")
    gate.pass_hours(0.5)
    gate.restart()
    gate.is_(False, "card")
    assert gate.readers.paused(LANE) == {CARD}, "less than an hour"
    gate.is_(True, "card", "keys", "scan")
    gate.pass_hours(1.1)
    gate.is_(False, "card")
    assert gate.readers.paused(LANE) == set()


def test_the_server_hears_of_no_day_to_come_when_the_clock_is_set_back(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.pass_hours(40.0)
    gate.restart(hours_off=-88.0)
    gate.settle()
    (said,) = gate.readers.said(LANE)
    counted_ahead = timedelta(seconds=WRITTEN_AHEAD_SECONDS)
    assert said.since is not None
    assert timedelta() <= gate.wall - timedelta(hours=40) - said.since <= counted_ahead


def test_a_way_that_is_offered_without_any_device_is_lost_from_the_start(tmp_path: Path) -> None:
    memory = LaneMemory(tmp_path / "lanes.sqlite3", START)
    clock = GateClock(lambda: START, lambda: 0.0, floor=None, is_battery_backed=True)
    readers = LostReaders(clock, memory, {LANE: {CARD: {"card"}}})
    kinds: list[str] = []

    def record(kind: EventKind, _facts: Facts, _personal: Facts) -> None:
        kinds.append(kind.value)

    readers.settle(None, record)
    assert readers.lost(LANE) == set(), "no policy offers it"
    readers.settle(policy_of(methods=(CARD, QR, Method.FACE)), record)
    assert readers.lost(LANE) == {QR}
    readers.note("card", is_well=False)
    readers.settle(policy_of(methods=(CARD, QR, Method.FACE)), record)
    assert kinds == ["alarm_last_reader_lost"]
    memory.close()


def test_the_server_hears_which_way_since_when_and_whether_it_counts(gate: Gatehouse) -> None:
    gate.is_(False, "card")
    gate.pass_hours(1.0)
    (said,) = gate.readers.said(LANE)
    assert (said.method, said.since, said.counts_as_none) == (CARD, START, False)
    gate.pass_hours(47.0)
    (said,) = gate.readers.said(LANE)
    assert (said.since, said.counts_as_none) == (START, True)
    assert gate.readers.said("elsewhere") == ()


def test_a_lane_that_the_site_file_no_longer_has_ends_its_alarm(gate: Gatehouse) -> None:
    gate.is_(False, "card", "keys", "screen", "scan")
    policy = gate.policy
    assert policy is not None
    gate.memory.close()
    gate.memory = LaneMemory(gate.path, gate.wall)
    gate.readers = LostReaders(gate.clock, gate.memory, {"other": {}})
    gate.policy = replace(policy, lanes={})
    gate.settle()
    assert gate.kinds() == ["alarm_last_reader_lost", "last_reader_clear"]
