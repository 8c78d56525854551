"""The outputs that may open a lane, each as the wires see it: what it received, and how it is cut off."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate_controller.assembly.reader_keys import key_name
from gate_controller.storage.secrets import write_secret
from hardware.simulated.modbus_board import REQUEST_BYTES, ModbusBoard, ModbusBus
from hardware.simulated.osdp_reader import OsdpBus, OsdpReader
from hardware.simulated.relay_board import RelayBoard
from tests.support.gates.bench import BenchGate

ON, OFF = bytes((0xA0, 1, 1, 0xA2)), bytes((0xA0, 1, 0, 0xA1))
MODBUS_FUNCTIONS = frozenset({1, 3, 5, 6})
"""Reading back, and the two kinds of orders; each order that switches on is in the board's own list."""
OSDP_ON, OSDP_OFF = frozenset({2, 4, 5}), frozenset({1})
Order = tuple[int, bool]
"""Monotonic ns, and whether it switches on."""


class Output(Protocol):
    tables: str
    relay: str
    """Name of the output in the site file and for its lane."""
    sees_power_cuts: bool
    """True if the gate is cut off from the output when the output's own supply fails."""

    @property
    def is_plugged(self) -> bool:
        """Return whether its cable is in."""
        ...

    def unplug(self) -> None:
        """Pull its cable."""
        ...

    def replug(self) -> None:
        """Put the cable back."""
        ...

    def power_cycle(self) -> None:
        """Take its own supply away and give it back."""
        ...

    def orders(self) -> list[Order]:
        """Return every order that it obeyed so far, and its own end of a pulse, oldest first."""
        ...

    def strangers(self) -> list[bytes]:
        """Return all that it received so far and that is neither an order nor a question."""
        ...


@dataclass
class UsbOutput:
    """A board of the LCUS type."""

    board: RelayBoard
    tables: str = '[relay.board]\nkind = "usb_relay"\nport = "{root}/dev/relay"\n'
    relay: str = "board"
    sees_power_cuts: bool = True

    @property
    def is_plugged(self) -> bool:
        """Return whether its cable is in."""
        return self.board.is_plugged

    def unplug(self) -> None:
        """Pull its cable."""
        self.board.unplug()

    def replug(self) -> None:
        """Put the cable back."""
        self.board.replug()

    def power_cycle(self) -> None:
        """Take its supply, which is the cable's, away and give it back."""
        self.board.power_cycle()

    def orders(self) -> list[Order]:
        return [(change.at_ns, change.on) for change in self.board.changes]

    def strangers(self) -> list[bytes]:
        """Return all bytes that are neither ON nor OFF of channel 1."""
        rest = self.board.heard.replace(OFF, b"").replace(ON, b"")
        return [rest] if rest else []


@dataclass
class ModbusOutput:
    """A board that times its pulses, with a supply of its own."""

    bus: ModbusBus
    tables: str
    relay: str = "board"
    sees_power_cuts: bool = False

    @property
    def is_plugged(self) -> bool:
        """Return whether the adapter's cable is in."""
        return self.bus.is_plugged

    def unplug(self) -> None:
        """Pull the adapter's cable."""
        self.bus.unplug()

    def replug(self) -> None:
        """Put the cable back."""
        self.bus.replug()

    def power_cycle(self) -> None:
        """Take the board's supply away and give it back."""
        self.bus.power_cycle(1)

    def orders(self) -> list[Order]:
        """Return every order and every end of a pulse."""
        return [(change.at_ns, change.on) for change in self.bus.changes(1)]

    def strangers(self) -> list[bytes]:
        """Return requests of other functions or to other boards, and bytes that are no request."""
        requests, heard = list(self.bus.requests), len(self.bus.heard)
        strange = [frame for frame in requests if frame[0] != 1 or frame[1] not in MODBUS_FUNCTIONS]
        loose = heard - REQUEST_BYTES * len(requests)
        return strange + [b"?" * loose] * (loose > 0)


@dataclass
class OsdpOutput:
    """The first output of an OSDP reader."""

    bus: OsdpBus
    reader: OsdpReader
    tables: str
    relay: str = "opener"
    sees_power_cuts: bool = True

    @property
    def is_plugged(self) -> bool:
        """Return whether the line's cable is in."""
        return self.bus.is_plugged

    def unplug(self) -> None:
        """Pull the line's cable."""
        self.bus.unplug()

    def replug(self) -> None:
        """Put the cable back."""
        self.bus.replug()

    def power_cycle(self) -> None:
        """Take the reader's supply away and give it back."""
        self.reader.power_cycle()

    def orders(self) -> list[Order]:
        return [(at_ns, code in OSDP_ON) for at_ns, _number, code, _tenths in list(self.reader.outputs)]

    def strangers(self) -> list[bytes]:
        """Return orders to other outputs and of other kinds."""
        return [
            bytes((number, code))
            for _at_ns, number, code, _tenths in list(self.reader.outputs)
            if number != 0 or code not in OSDP_ON | OSDP_OFF
        ]


MODBUS = """
[relay.board]
kind = "modbus_relay"
family = "{family}"
port = "{{root}}/dev/{family}"
"""
OSDP = """
[osdp_line.rs485]
port = "{root}/dev/rs485"
[osdp_reader.opener]
line = "rs485"
address = 1
lane = "north-in"
bits = 34
"""


@contextmanager
def outputs_of(bench: BenchGate) -> Iterator[dict[str, Output]]:
    """Plug one output of each kind in beside a bench's gate, which drives the chosen one."""
    dev, key = bench.root / "dev", secrets.token_bytes(16)
    write_secret(bench.root / "secrets", key_name("opener"), key)
    with ExitStack() as plugged:
        outputs: dict[str, Output] = {"usb": UsbOutput(bench.relay)}
        for family in ("waveshare", "eletechsup"):
            bus = plugged.enter_context(ModbusBus(dev / family, [ModbusBoard(1, family)], name=family))
            outputs[family] = ModbusOutput(bus, MODBUS.format(family=family))
        line = plugged.enter_context(OsdpBus(dev / "rs485", name="rs485"))
        outputs["osdp"] = OsdpOutput(line, line.add(1, key), OSDP)
        yield outputs


def site_file_with(bench: BenchGate, output: Output) -> Path:
    """Write the bench's site file with this output at its lane, and return its path."""
    usual = UsbOutput(bench.relay).tables.format(root=bench.root)
    path = bench.write_site_file()
    text = path.read_text(encoding="utf-8")
    assert usual in text
    text = text.replace(usual, output.tables.format(root=bench.root))
    path.write_text(text.replace('relay = "board"', f'relay = "{output.relay}"'), encoding="utf-8")
    return path


def wait_for_rest(output: Output, after_ns: int, timeout_seconds: float) -> None:
    """Return once the output got the order to rest after a moment; raise TimeoutError."""
    wait_for(lambda: any(at_ns >= after_ns and not on for at_ns, on in output.orders()), timeout_seconds)


def wait_for(holds: Callable[[], bool], timeout_seconds: float) -> None:
    """Return once something holds; raise TimeoutError."""
    give_up = time.monotonic() + timeout_seconds
    while not holds():
        if time.monotonic() > give_up:
            raise TimeoutError
        time.sleep(0.002)
