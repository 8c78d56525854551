"""Devices that go and come back while the gate runs, also under another name or in another order: each is
reported once."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gate_controller.contract.records import Grant
from hardware.lines import serial_reader
from hardware.readers.cards import CardFormat
from hardware.relays import board
from hardware.simulated.readers import LineCardReader
from hardware.simulated.relay_board import RelayBoard
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.bench import CARD_KEY, BenchGate, bench_gate

NUMBER = 0x1234ABCD
LANES = ("north-in", "left", "right")
TWO_MORE = """
[relay.pair]
kind = "usb_relay"
port = "{root}/dev/pair"
[lane.left]
relay = "pair"
channel = 1
[lane.right]
relay = "pair"
channel = 2
[reader.left-card]
kind = "serial_card"
port = "{root}/dev/by-path/pci-0000:00:14.0-usb-0:1.1:1.0-port0"
lane = "left"
bits = 34
[reader.right-card]
kind = "serial_card"
port = "{root}/dev/by-path/pci-0000:00:14.0-usb-0:1.2:1.0-port0"
lane = "right"
bits = 34
"""


class Bench:
    """A gate with three lanes; the readers of two hang on adapters that only their sockets distinguish."""

    def __init__(self, gate: BenchGate, plugged: ExitStack) -> None:
        self.gate = gate
        dev = gate.root / "dev"
        self.pair = plugged.enter_context(RelayBoard(dev / "pair", name="pair", channels=2))
        sockets = [dev / "by-path" / f"pci-0000:00:14.0-usb-0:1.{number}:1.0-port0" for number in (1, 2)]
        self.left, self.right = (
            plugged.enter_context(LineCardReader(socket, CardFormat(34, "hex"), name=socket.name))
            for socket in sockets
        )

    def health(self, name: str) -> str:
        assert self.gate.gate is not None
        devices = self.gate.gate.controller.status().devices
        return {device.device: device.health for device in devices}.get(name, "")

    def wait_for(self, health: str, *names: str) -> None:
        until(lambda: all(self.health(name) == health for name in names), f"{names} not {health}")

    def recorded(self, device: str) -> list[str]:
        """Return what the journal says of a device, once the gate is stopped."""
        return [entry.kind for entry in self.gate.entries() if entry.facts.get("device") == device]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_gate(tmp_path, more=TWO_MORE.replace("{root}", str(tmp_path))) as gate, ExitStack() as plugged:
        made = Bench(gate, plugged)
        gate.give_policy(
            records(person(grants=(Grant(lanes=LANES),)), *map(lane, LANES), card(NUMBER, CARD_KEY))
        )
        gate.start()
        made.wait_for("ok", "left-card", "right-card", "pair")
        yield made


def until(reached: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < ends, what
        time.sleep(0.01)


def test_a_reader_that_comes_back_under_another_name_is_used_again_and_the_others_never_stop(
    bench: Bench,
) -> None:
    before = os.path.realpath(bench.left.path)
    bench.left.unplug()
    bench.wait_for("lost", "left-card")
    assert bench.gate.relay.wait_for_on(1, 20, after_ns=bench.gate.card.tap(NUMBER))
    assert bench.pair.wait_for_on(2, 20, after_ns=bench.right.tap(NUMBER))
    bench.left.wire.replug(renamed=True)
    assert os.path.realpath(bench.left.path) != before
    bench.wait_for("ok", "left-card")
    assert bench.pair.wait_for_on(1, 20, after_ns=bench.left.tap(NUMBER))
    bench.gate.stop()
    assert bench.recorded("left-card") == ["alarm_device_lost", "device_back"]
    assert bench.recorded("right-card") == []
    assert bench.gate.decisions() == [("card", "granted", True)] * 3


def test_two_equal_adapters_that_come_back_in_the_other_order_keep_their_lanes(bench: Bench) -> None:
    names = [os.path.realpath(reader.path) for reader in (bench.left, bench.right)]
    bench.left.unplug()
    bench.right.unplug()
    bench.wait_for("lost", "left-card", "right-card")
    # The kernel gives the lowest free name to the first device, which was the other's.
    bench.right.wire.replug(renamed=True)
    bench.left.wire.replug(renamed=True)
    assert all(
        os.path.realpath(reader.path) != name
        for reader, name in zip((bench.left, bench.right), names, strict=True)
    )
    bench.wait_for("ok", "left-card", "right-card")
    left_ns = bench.left.tap(NUMBER)
    assert bench.pair.wait_for_on(1, 20, after_ns=left_ns)
    bench.pair.wait_for_off(1, 20, after_ns=left_ns)
    right_ns = bench.right.tap(NUMBER)
    assert bench.pair.wait_for_on(2, 20, after_ns=right_ns)
    bench.gate.stop()
    assert [change.channel for change in bench.pair.changes if change.on] == [1, 2]
    for reader in ("left-card", "right-card"):
        assert bench.recorded(reader) == ["alarm_device_lost", "device_back"]


def test_a_relay_board_that_comes_back_under_another_name_is_put_to_rest_and_opens_again(
    bench: Bench,
) -> None:
    bench.pair.unplug()
    bench.wait_for("lost", "pair")
    bench.left.tap(NUMBER)
    assert bench.gate.relay.wait_for_on(1, 20, after_ns=bench.gate.card.tap(NUMBER))
    back_ns = time.monotonic_ns()
    bench.pair.wire.replug(renamed=True)
    bench.wait_for("ok", "pair")
    bench.pair.wait_for_off(1, 20, after_ns=back_ns)
    assert not any(change.on for change in bench.pair.changes)
    assert bench.pair.wait_for_on(2, 20, after_ns=bench.right.tap(NUMBER))
    bench.gate.stop()
    assert bench.recorded("pair") == ["alarm_device_lost", "device_back"]
    assert [entry.kind for entry in bench.gate.entries()].count("alarm_granted_not_opened") == 1


def test_every_driver_looks_for_what_it_lost_at_least_twice_a_second() -> None:
    assert serial_reader.LOOK_AGAIN_SECONDS <= 0.5
    assert board.LOOK_AGAIN_SECONDS <= 0.5


def test_who_plays_cards_into_one_reader_makes_no_other_lane_wait_and_fills_no_journal(bench: Bench) -> None:
    for number in range(1, 1001):
        bench.left.tap(number)
    bench.wait_for("faulty", "left-card")
    assert bench.pair.wait_for_on(2, 20, after_ns=bench.right.tap(NUMBER))
    bench.gate.stop()
    assert bench.recorded("left-card")[0] == "alarm_device_lost"
    assert len([entry for entry in bench.gate.entries() if entry.kind == "access"]) < 700
