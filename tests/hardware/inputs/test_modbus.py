from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.errors import BadDeviceSetting
from hardware.inputs.modbus import ModbusInputs
from hardware.inputs.serial import InputWire
from hardware.interfaces import Health, InputChange, InputKind
from hardware.lines.modbus import ModbusLine
from hardware.relays.modbus import ModbusRelay, ModbusRelayBoard, Waveshare
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
DOOR = InputWire("1", "north", InputKind.DOOR_OPEN, normally_closed=True)
EXIT = InputWire("8", "north", InputKind.EXIT_BUTTON, normally_closed=False)
MS = 1_000_000


@pytest.fixture
def board() -> ModbusBoard:
    return ModbusBoard(5, levels={1: True})


@pytest.fixture
def bus(port: Path, board: ModbusBoard) -> Iterator[ModbusBus]:
    with ModbusBus(port, [board], name="bus") as bus:
        yield bus


@pytest.fixture
def line(bus: ModbusBus) -> ModbusLine:
    return ModbusLine(bus.path, name="line")


@pytest.fixture
def inputs(line: ModbusLine, reports) -> Iterator[ModbusInputs]:
    inputs = ModbusInputs(line, 5, [DOOR, EXIT], name="inputs")
    inputs.start(reports)
    yield inputs
    inputs.stop()


def changes(reports, count: int) -> list[tuple[InputKind, bool]]:
    found = [reports.next_of(InputChange) for _ in range(count)]
    return sorted((change.kind, change.active) for change in found)


AT_REST = [(InputKind.DOOR_OPEN, False), (InputKind.EXIT_BUTTON, False)]


def test_every_wire_is_reported_at_connection_then_each_change(bus, inputs, reports) -> None:
    assert changes(reports, 2) == AT_REST
    bus.set_input(5, 1, closed=False)
    assert changes(reports, 1) == [(InputKind.DOOR_OPEN, True)]
    bus.set_input(5, 8, closed=True)
    assert changes(reports, 1) == [(InputKind.EXIT_BUTTON, True)]
    assert bytes.fromhex("05 02 00 00 00 08") in bus.heard


def test_a_board_that_falls_silent_is_reported_once_and_its_door_again_on_return(
    bus, board, inputs, reports
) -> None:
    assert changes(reports, 2) == AT_REST
    board.is_mute = True
    assert "no answer from address 5" in reports.wait_for(Health.LOST).detail
    bus.set_input(5, 1, closed=False)
    board.is_mute = False
    assert changes(reports, 2) == [(InputKind.DOOR_OPEN, True), (InputKind.EXIT_BUTTON, False)]


def test_a_bounce_of_a_few_milliseconds_is_no_change(line) -> None:
    inputs = ModbusInputs(line, 5, [DOOR], name="inputs")
    reported = [
        inputs.take([level], at_ns * MS) for level, at_ns in ((True, 0), (False, 5), (True, 9), (True, 30))
    ]

    assert [len(change) for change in reported] == [0, 0, 0, 1]


def test_every_kind_of_wire_is_reported_with_its_terminal(port: Path, reports) -> None:
    wires = [InputWire(str(n), "north", kind, normally_closed=False) for n, kind in enumerate(InputKind, 1)]
    with ModbusBus(port, [ModbusBoard(5, inputs=16)], name="bus") as bus:
        inputs = ModbusInputs(ModbusLine(bus.path, name="line"), 5, wires, name="inputs")
        inputs.start(reports)
        assert changes(reports, len(wires)) == sorted((kind, False) for kind in InputKind)
        for wire in wires:
            bus.set_input(5, int(wire.terminal), closed=True)
            reported = reports.next_of(InputChange)
            assert (reported.kind, reported.active, reported.terminal) == (wire.kind, True, wire.terminal)
        inputs.stop()


def test_a_board_with_fewer_inputs_than_wires_is_faulty_and_says_why(bus, line, reports) -> None:
    wire = InputWire("9", "north", InputKind.TAMPER, normally_closed=True)
    inputs = ModbusInputs(line, 5, [wire], name="inputs")
    inputs.start(reports)

    assert "Modbus exception 2" in reports.wait_for(Health.FAULTY).detail
    inputs.stop()


def test_a_terminal_no_board_has_is_refused(line) -> None:
    with pytest.raises(BadDeviceSetting, match="'33'"):
        ModbusInputs(line, 5, [InputWire("33", "a", InputKind.FIRE, True)], name="inputs")


def test_relays_and_inputs_share_a_line_through_unplugging(bus, line, inputs, reports) -> None:
    relay = ModbusRelay(ModbusRelayBoard(line, 5, Waveshare(), name="board"), 1, name="lock")
    relay.open()
    relay.pulse(0.5)
    bus.unplug()
    reports.wait_for(Health.LOST)
    bus.replug()
    reports.wait_for(Health.OK)
    relay.close()

    assert sum(change.on for change in bus.changes(5)) == 1
    assert not bus.is_on(5, 1)
