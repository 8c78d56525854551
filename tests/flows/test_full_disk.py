"""A gate whose disk is full to the last byte: doors go on, the server is notified, and it starts again."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.contract.event_kinds import EventKind
from gate_controller.storage.disk_room import DiskRoom
from gate_controller.storage.journal import Journal
from tests.support.compounds.people import card, person, records
from tests.support.gates.bench import CARD_KEY, BenchGate, bench_gate
from tests.support.gates.waiting import PATIENCE_SECONDS
from tests.support.small_disk import fill, make_room, small_disk

ENTRIES = 4_000
"""Entries that a reserve has room for at the least: three of each passage."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with small_disk(tmp_path / "data", 64), bench_gate(tmp_path) as gate:
        gate.give_policy(records(person(), card(7, CARD_KEY)))
        yield gate


def opens(bench: BenchGate) -> bool:
    """Tap the card, long enough after it was last read to be a tap of its own."""
    bench.passes(60)
    return bool(bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(7)))


def reserve_filled(look: DiskRoom) -> None:
    """Look as often as the sync thread would within its first minute."""
    for _ in range(16):
        look.look()


def room(bench: BenchGate) -> DiskRoom:
    """Return what the running gate's sync thread looks with."""
    assert bench.gate is not None
    found = bench.gate.sync._disk.__self__
    assert isinstance(found, DiskRoom)
    return found


def test_with_a_full_disk_doors_go_on_the_gate_says_so_and_starts_again(bench: BenchGate) -> None:
    disk = bench.root / "data"
    bench.start()
    reserve_filled(room(bench))
    assert not room(bench).look().reserve_in_use
    fill(disk)
    for _ in range(3):
        assert opens(bench)
    journal = bench.gate.controller._parts.journal
    for n in range(ENTRIES):
        journal.append(EventKind.EXIT_REQUEST, {"lane_id": "north-in", "n": n}, {}, datetime.now(UTC))
    state = room(bench).look()
    assert (state.free_bytes, state.reserve_in_use) == (0, True)
    bench.stop()

    fill(disk)
    bench.start()
    assert opens(bench), "started on a full disk with the room kept for it"
    make_room(disk)
    reserve_filled(room(bench))
    assert not room(bench).look().reserve_in_use
    bench.stop()
    assert bench.decisions() == [("card", "granted", True)] * 4


def test_without_a_reserve_the_first_full_disk_stops_the_journal(tmp_path: Path) -> None:
    """What the reserve is for: the same disk, the same filling, and no entry more."""
    with small_disk(tmp_path / "data", 16) as disk:
        journal = Journal(disk / "journal.sqlite3", datetime.now(UTC))
        fill(disk)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            for _ in range(ENTRIES):
                journal.append(EventKind.EXIT_REQUEST, {}, {}, datetime.now(UTC))
        journal.close()
