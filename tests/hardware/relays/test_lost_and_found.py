"""Every driver whose cable is pulled and put back: lost once, found once, and used again."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from hardware.inputs.gpio import GpioInputs
from hardware.inputs.modbus import ModbusInputs
from hardware.inputs.serial import InputWire
from hardware.interfaces import DeviceState, Health, InputKind, Relay
from hardware.lines.modbus import ModbusLine
from hardware.osdp.line import OsdpLine
from hardware.osdp.reader import OsdpCardForm, OsdpReader
from hardware.osdp.relay import OsdpRelay
from hardware.readers.cards import SiteCardForm
from hardware.relays.gpio import GpioRelay, GpioRelayBoard
from hardware.relays.modbus import Eletechsup, ModbusRelay, ModbusRelayBoard, Waveshare
from hardware.relays.usb import UsbRelay, UsbRelayBoard
from hardware.simulated.gpio_chip import GpioChip
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus
from hardware.simulated.osdp_reader import OsdpBus
from hardware.simulated.relay_board import RelayBoard
from tests.hardware.conftest import PATIENCE_SECONDS, Reports
from tests.hardware.driver_bench import KINDS, WEDGES, started

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
AWAY_SECONDS = 0.9
"""Longer than three looks for a device that is away."""
KEY = secrets.token_bytes(16)
LOST_AND_FOUND = [Health.OK, Health.LOST, Health.OK]
Started = tuple[Callable[[], None], Callable[[], None], Relay | None]
"""How to take the device away, how to give it back, and its output if it has one."""


def states(reports: Reports) -> list[Health]:
    return [seen.health for seen in reports.drain() if isinstance(seen, DeviceState)]


@pytest.mark.parametrize("kinds", [KINDS, WEDGES], ids=["serial", "usb"])
def test_every_listening_driver_is_lost_once_found_once_and_reads_again(kinds, tmp_path: Path) -> None:
    for bench in started(kinds, tmp_path, silence_seconds=0.35):
        for wire in bench.wires.values():
            wire.unplug()
        time.sleep(AWAY_SECONDS)
        for wire in bench.wires.values():
            wire.replug()
        for reports in bench.heard.values():
            reports.wait_for(Health.OK)
        assert {name: states(reports) for name, reports in bench.heard.items()} == dict.fromkeys(
            bench.heard, LOST_AND_FOUND
        )
        bench.suffer(lambda kind: b"")


def usb_relay(port: Path, reports: Reports, stack: ExitStack) -> Started:
    metal = stack.enter_context(RelayBoard(port, name="board"))
    relay = UsbRelay(UsbRelayBoard(metal.path, name="board", report=reports), 1, name="lock")
    return metal.unplug, metal.replug, relay


def modbus_relay(port: Path, reports: Reports, stack: ExitStack) -> Started:
    bus = stack.enter_context(ModbusBus(port, [ModbusBoard(1)], name="bus"))
    line = ModbusLine(bus.path, name="line")
    relay = ModbusRelay(ModbusRelayBoard(line, 1, Waveshare(), name="board", report=reports), 1, name="lock")
    return bus.unplug, bus.replug, relay


def eletechsup_relay(port: Path, reports: Reports, stack: ExitStack) -> Started:
    bus = stack.enter_context(ModbusBus(port, [ModbusBoard(1, "eletechsup")], name="bus"))
    line = ModbusLine(bus.path, name="line")
    relay = ModbusRelay(ModbusRelayBoard(line, 1, Eletechsup(), name="board", report=reports), 1, name="lock")
    return bus.unplug, bus.replug, relay


def modbus_inputs(port: Path, reports: Reports, stack: ExitStack) -> Started:
    bus = stack.enter_context(ModbusBus(port, [ModbusBoard(1)], name="bus"))
    wires = [InputWire("1", "lane", InputKind.DOOR_OPEN, normally_closed=False)]
    inputs = ModbusInputs(ModbusLine(bus.path, name="line"), 1, wires, name="inputs")
    inputs.start(reports)
    stack.callback(inputs.stop)
    return bus.unplug, bus.replug, None


def gpio_relay(port: Path, reports: Reports, stack: ExitStack) -> Started:
    chip = GpioChip()
    board = GpioRelayBoard(chip, {1: 17}, name="hat", active_low=True, report=reports)
    return chip.take_away, chip.give_back, GpioRelay(board, 1, name="lock")


def gpio_inputs(port: Path, reports: Reports, stack: ExitStack) -> Started:
    chip = GpioChip()
    wires = [InputWire("4", "lane", InputKind.DOOR_OPEN, normally_closed=False)]
    inputs = GpioInputs(chip, wires, name="inputs")
    inputs.start(reports)
    stack.callback(inputs.stop)
    return chip.take_away, chip.give_back, None


def osdp_relay(port: Path, reports: Reports, stack: ExitStack) -> Started:
    bus = stack.enter_context(OsdpBus(port, name="bus"))
    bus.add(3, KEY)
    reader = OsdpReader(
        OsdpLine(bus.path, name="line"),
        3,
        KEY,
        OsdpCardForm(34),
        SiteCardForm(32),
        name="north",
        lane_id="lane",
    )
    relay = OsdpRelay(reader, 0, name="lock", max_pulse_seconds=10)
    reader.start(reports)
    stack.callback(reader.stop)
    reports.wait_for(Health.OK)
    return bus.unplug, bus.replug, relay


@pytest.mark.parametrize(
    "make", [usb_relay, modbus_relay, eletechsup_relay, modbus_inputs, gpio_relay, gpio_inputs, osdp_relay]
)
def test_every_asked_driver_is_lost_once_found_once_and_pulses_again(
    make: Callable[[Path, Reports, ExitStack], Started], port: Path, reports: Reports
) -> None:
    with ExitStack() as stack:
        take_away, give_back, relay = make(port, reports, stack)
        outputs = [relay] if relay is not None else []
        for output in outputs:
            output.open()
            stack.callback(output.close)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while states(reports) != [Health.OK]:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        take_away()
        reports.wait_for(Health.LOST)
        time.sleep(AWAY_SECONDS)
        give_back()
        reports.wait_for(Health.OK)
        assert states(reports) == LOST_AND_FOUND
        for output in outputs:
            output.pulse(0.1)
