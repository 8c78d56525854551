"""Operate and observe a gate's relays and contacts, on any kind of board."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from demo.world.site_files import MODBUS_ADDRESS, GatePlan
from hardware.inputs.serial import InputWire
from hardware.interfaces import InputKind
from hardware.simulated.input_board import InputBoard
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus
from hardware.simulated.relay_board import RelayBoard, RelayChange
from hardware.simulated.wire import TraceEntry


class Trace(Protocol):
    """Takes each piece of a wire's talk."""

    def __call__(self, entry: TraceEntry, /) -> None: ...


class Plug(Protocol):
    """A device with a cable that can be pulled."""

    @property
    def name(self) -> str: ...

    @property
    def may_be_renamed(self) -> bool:
        """Return whether it can come back under another name of the system's and be found all the same."""
        ...

    @property
    def is_plugged(self) -> bool: ...

    def unplug(self) -> None: ...

    def replug(self, *, renamed: bool = False) -> None:
        """Put it back; ValueError where it cannot be `renamed`."""
        ...

    def close(self) -> None:
        """Take the device away."""
        ...


class Relays(Protocol):
    """The relays of one gate; times are monotonic ns."""

    @property
    def changes(self) -> Sequence[RelayChange]:
        """Return every order obeyed so far, oldest first."""
        ...

    def is_on(self, channel: int) -> bool: ...

    def wait_for_on(self, channel: int, timeout_seconds: float, *, after_ns: int = 0) -> int:
        """Return when the first ON at or after `after_ns` came; raise TimeoutError."""
        ...

    def power_cycle(self) -> None:
        """Take all power away and give it back."""
        ...


class Contacts(Protocol):
    def set(self, lane_id: str, kind: InputKind, active: bool) -> int:
        """Move a contact and return monotonic ns; KeyError where none is wired."""
        ...


class ModbusRelays:
    def __init__(self, bus: ModbusBus) -> None:
        """Take the board at the demo's address."""
        self._bus = bus

    @property
    def changes(self) -> list[RelayChange]:
        """Return every order obeyed and every pulse that the board ended, oldest first."""
        return self._bus.changes(MODBUS_ADDRESS)

    def is_on(self, channel: int) -> bool:
        return self._bus.is_on(MODBUS_ADDRESS, channel)

    def wait_for_on(self, channel: int, timeout_seconds: float, *, after_ns: int = 0) -> int:
        """Return when the first ON at or after `after_ns` came; raise TimeoutError."""
        return self._bus.wait_for_on(MODBUS_ADDRESS, channel, timeout_seconds, after_ns=after_ns)

    def power_cycle(self) -> None:
        """Take the board's supply away and give it back."""
        self._bus.power_cycle(MODBUS_ADDRESS)


class ModbusContacts:
    def __init__(self, bus: ModbusBus, terminals: Mapping[tuple[str, InputKind], str]) -> None:
        self._bus = bus
        self._terminals = terminals

    def set(self, lane_id: str, kind: InputKind, active: bool) -> int:
        """Move a contact and return monotonic ns; KeyError where none is wired."""
        return self._bus.set_input(MODBUS_ADDRESS, int(self._terminals[lane_id, kind]), active)


def plug_boards(plan: GatePlan, dev: Path, trace: Trace) -> tuple[Relays, Contacts, list[Plug]]:
    """Return a gate's relays and contacts, and the devices that carry them."""
    name = plan.gate_id
    if plan.modbus:
        bus = ModbusBus(dev / "relay", [ModbusBoard(MODBUS_ADDRESS)], name=f"{name}-modbus", trace=trace)
        return ModbusRelays(bus), ModbusContacts(bus, plan.terminals), [bus]
    relays = RelayBoard(dev / "relay", name=f"{name}-relay", channels=len(plan.lanes), trace=trace)
    wires = [
        InputWire(terminal, lane_id, kind, False) for (lane_id, kind), terminal in plan.terminals.items()
    ]
    inputs = InputBoard(dev / "inputs", wires, name=f"{name}-inputs", trace=trace)
    return relays, inputs, [relays, inputs]
