"""Doors and their buttons at a whole gate: real contacts on ptys, a real journal, real power cuts."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from gate_controller.contract.records import Grant
from gate_controller.lane.door import DoorState
from hardware.inputs.serial import InputWire
from hardware.interfaces import InputKind
from hardware.readers.cards import CardFormat
from hardware.simulated.input_board import InputBoard
from hardware.simulated.readers import LineCardReader
from hardware.simulated.relay_board import RelayBoard
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.bench import CARD_KEY, LANE, BenchGate, bench_gate
from tests.support.gates.process import GateProcess
from tests.support.gates.waiting import PATIENCE_SECONDS, until

SOUTH = "south-in"
SECOND_LANE = """
[relay.south-board]
kind = "usb_relay"
port = "{root}/dev/south-relay"

[lane.south-in]
relay = "south-board"
held_after_seconds = 0.6

[reader.south-card]
kind = "serial_card"
port = "{root}/dev/south-card"
lane = "south-in"
bits = 34

[inputs.more]
kind = "serial_inputs"
port = "{root}/dev/more"
wires = [
    {{ terminal = "1", lane = "south-in", kind = "door_open", normally_closed = true }},
    {{ terminal = "2", lane = "south-in", kind = "guard_button" }},
    {{ terminal = "3", lane = "south-in", kind = "intercom" }},
    {{ terminal = "4", lane = "south-in", kind = "tamper", normally_closed = true }},
    {{ terminal = "5", lane = "south-in", kind = "on_battery" }},
]
"""
MORE_WIRES = (
    InputWire("1", SOUTH, InputKind.DOOR_OPEN, True),
    InputWire("2", SOUTH, InputKind.GUARD_BUTTON, False),
    InputWire("3", SOUTH, InputKind.INTERCOM, False),
    InputWire("4", SOUTH, InputKind.TAMPER, True),
    InputWire("5", SOUTH, InputKind.ON_BATTERY, False),
)
HELD_AFTER_SECONDS = 0.6
NOT_OF_DOORS = {"access", "started", "policy_taken", "alarm_device_lost", "device_back"}


@dataclass
class TwoDoors:
    """A gate with two lanes; the southern one's door is held after 0.6 s."""

    bench: BenchGate
    more: InputBoard
    south_card: LineCardReader
    south_relay: RelayBoard

    def door(self, lane_id: str, is_open: bool) -> None:
        board = self.bench.inputs if lane_id == LANE else self.more
        board.set(lane_id, InputKind.DOOR_OPEN, is_open)

    def press(self, lane_id: str) -> str:
        """Press a button beside a contact; return its event, before which its board's earlier words count."""
        board, kind, event = (
            (self.bench.inputs, InputKind.EXIT_BUTTON, "exit_request")
            if lane_id == LANE
            else (self.more, InputKind.GUARD_BUTTON, "guard_button")
        )
        before = self.recorded().count(event)
        board.set(lane_id, kind, True)
        until(lambda: self.recorded().count(event) > before, self.recorded)
        board.set(lane_id, kind, False)
        return event

    def tap(self, lane_id: str) -> None:
        """Show the card and return once the lock is released."""
        north, south = (self.bench.card, self.bench.relay), (self.south_card, self.south_relay)
        reader, relay = north if lane_id == LANE else south
        assert relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=reader.tap(7))

    def recorded(self) -> list[str]:
        """Return the kinds of events of doors and wires in the journal, also while the gate runs."""
        connection = sqlite3.connect(self.bench.root / "data" / "journal.sqlite3", timeout=60)
        try:
            rows = connection.execute("SELECT CAST(entry AS TEXT) FROM journal ORDER BY seq").fetchall()
        finally:
            connection.close()
        kinds = [json.loads(row[0])["kind"] for row in rows]
        return [kind for kind in kinds if kind not in NOT_OF_DOORS]

    def remembered(self, lane_id: str) -> str:
        """Return where the door was when the gate last wrote it down, also while the gate runs."""
        path = self.bench.root / "data" / "lanes.sqlite3"
        connection = sqlite3.connect(path, timeout=60)
        try:
            row = connection.execute("SELECT state FROM door WHERE lane_id = ?", (lane_id,)).fetchone()
        finally:
            connection.close()
        return str(row[0]) if row is not None else ""

    def wait_for(self, *kinds: str) -> None:
        """Return once exactly these events, in this order, are on the disk."""
        until(lambda: self.recorded() == list(kinds), self.recorded)

    def start(self) -> None:
        """Start the gate and return once both its doors are watched, with its clock stopped."""
        self.bench.start(also=("south-card", "more"))
        self.bench.watches(LANE)
        self.bench.watches(SOUTH)
        self.bench.time.stop()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[TwoDoors]:
    with bench_gate(tmp_path, more=SECOND_LANE.format(root=tmp_path)) as bench, ExitStack() as metal:
        dev = tmp_path / "dev"
        more = metal.enter_context(InputBoard(dev / "more", MORE_WIRES, name="more"))
        reader = metal.enter_context(LineCardReader(dev / "south-card", CardFormat(34, "hex"), name="south"))
        relay = metal.enter_context(RelayBoard(dev / "south-relay", name="south-relay"))
        resident = person(grants=(Grant(lanes=(LANE, SOUTH)),))
        bench.give_policy(records(resident, card(7, CARD_KEY), lane(pulse_seconds=20.0), lane(SOUTH)))
        yield TwoDoors(bench, more, reader, relay)
        bench.stop()


@pytest.fixture
def running(gate: TwoDoors) -> TwoDoors:
    gate.start()
    return gate


def test_a_door_left_open_is_held_until_it_is_shut(running: TwoDoors) -> None:
    running.tap(SOUTH)
    running.door(SOUTH, True)
    running.wait_for("door_opened")
    running.bench.passes(HELD_AFTER_SECONDS - 0.1)
    assert running.recorded() == ["door_opened"]
    running.bench.passes(1)
    running.wait_for("door_opened", "alarm_door_held")
    running.door(SOUTH, False)
    running.wait_for("door_opened", "alarm_door_held", "door_held_clear")


@pytest.mark.parametrize(
    ("kind", "event"), [(InputKind.GUARD_BUTTON, "guard_button"), (InputKind.INTERCOM, "intercom_opening")]
)
def test_guards_button_and_intercom_are_recorded_and_force_nothing(
    running: TwoDoors, kind: InputKind, event: str
) -> None:
    running.more.set(SOUTH, kind, True)
    running.wait_for(event)
    running.more.set(SOUTH, kind, False)
    running.door(SOUTH, True)
    running.wait_for(event, "door_opened")
    running.door(SOUTH, False)
    running.wait_for(event, "door_opened", "door_closed")
    assert not [change for change in running.south_relay.changes if change.on]


def test_a_contact_whose_cable_is_pulled_says_nothing_and_then_where_its_door_is(running: TwoDoors) -> None:
    running.tap(SOUTH)
    running.bench.handled()
    running.more.unplug()
    until(lambda: running.bench.health("more") == "lost")
    running.bench.passes(60)
    assert running.recorded() == []
    running.door(SOUTH, True)
    running.more.replug()
    running.wait_for("door_found_open")
    running.bench.passes(HELD_AFTER_SECONDS + 1)
    running.wait_for("door_found_open", "alarm_door_held")


def test_wires_alarms_are_raised_once_through_pulled_cables_and_restarts(gate: TwoDoors) -> None:
    gate.start()
    gate.more.set(SOUTH, InputKind.TAMPER, True)
    gate.more.set(SOUTH, InputKind.ON_BATTERY, True)
    gate.wait_for("alarm_tamper", "alarm_on_battery")
    gate.more.unplug()
    until(lambda: gate.bench.health("more") == "lost")
    gate.more.replug()
    gate.press(SOUTH)
    gate.bench.stop()
    gate.more.set(SOUTH, InputKind.ON_BATTERY, False)
    gate.start()
    gate.press(SOUTH)
    expected = ["alarm_tamper", "alarm_on_battery", "guard_button", "on_battery_clear", "guard_button"]
    assert gate.recorded() == expected


# -- power cuts ------------------------------------------------------------------------------------


def make_open(gate: TwoDoors) -> list[str]:
    gate.tap(LANE)
    gate.door(LANE, True)
    return ["door_opened"]


def make_held(gate: TwoDoors) -> list[str]:
    gate.tap(SOUTH)
    gate.door(SOUTH, True)
    return ["door_opened", "alarm_door_held"]


def make_forced(gate: TwoDoors) -> list[str]:
    gate.more.set(SOUTH, InputKind.TAMPER, True)
    gate.wait_for("alarm_tamper")  # the gate knows by then that the door is shut
    gate.more.set(SOUTH, InputKind.TAMPER, False)
    gate.wait_for("alarm_tamper", "tamper_clear")
    gate.door(SOUTH, True)
    return ["alarm_tamper", "tamper_clear", "alarm_door_forced"]


def make_shut(gate: TwoDoors) -> list[str]:
    gate.tap(LANE)
    gate.door(LANE, True)
    gate.wait_for("door_opened")
    gate.door(LANE, False)
    return ["door_opened", "door_closed"]


@pytest.mark.parametrize(
    ("lane_id", "state", "make", "found_open", "found_shut"),
    [
        (LANE, DoorState.CLOSED, make_shut, ["door_found_open"], "door_closed"),
        (LANE, DoorState.OPEN, make_open, [], "door_closed"),
        (SOUTH, DoorState.HELD, make_held, [], "door_held_clear"),
        (SOUTH, DoorState.FORCED, make_forced, [], "door_closed"),
    ],
)
def test_a_power_cut_in_any_state_raises_no_alarm_twice_and_loses_no_end(
    gate: TwoDoors,
    lane_id: str,
    state: DoorState,
    make: Callable[[TwoDoors], list[str]],
    found_open: list[str],
    found_shut: str,
) -> None:
    """Killed with the door in each state; found open first, killed again, and then found shut."""
    life = GateProcess.start(gate.bench)
    expected = make(gate)
    gate.wait_for(*expected)
    until(lambda: gate.remembered(lane_id) == state, lambda: gate.remembered(lane_id))
    life.kill()
    assert gate.remembered(lane_id) == state
    gate.door(lane_id, True)
    life = GateProcess.start(gate.bench)
    expected += found_open
    expected.append(gate.press(lane_id))
    assert gate.recorded() == expected
    life.kill()
    gate.door(lane_id, False)
    life = GateProcess.start(gate.bench)
    gate.wait_for(*expected, found_shut)
    life.end()


def test_a_damaged_memory_is_set_aside_and_the_gate_goes_on(gate: TwoDoors) -> None:
    gate.bench.start()
    gate.bench.stop()
    (gate.bench.root / "data" / "lanes.sqlite3").write_bytes(b"no database at all, as after a bad card" * 50)
    gate.bench.start()
    gate.wait_for("alarm_lane_memory_damaged")
    gate.tap(LANE)
    assert list((gate.bench.root / "data").glob("lanes.sqlite3.damaged-*"))
