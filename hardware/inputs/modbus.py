"""Read the inputs of a Modbus RTU board: Waveshare "Modbus RTU Relay (D)", "IO 8CH" and the like.

Function 02, inputs from 0, one bit each; 1 is a closed circuit (current through the optocoupler).
Source: Waveshare wiki, "Modbus RTU Relay (D)", 01 02 00 00 00 08 79 CC.

    absent ── first answer: OK, every wire reported ──> asked every 20 ms ── no answer: LOST ──> absent
"""

import time
from collections.abc import Sequence
from contextlib import suppress

from hardware.errors import DeviceRefused
from hardware.inputs.serial import InputWire, WireStates
from hardware.interfaces import DeviceReport, Report
from hardware.lines.modbus import ModbusLine, check_address
from hardware.lines.serial_reader import Listener

TERMINALS = tuple(str(number) for number in range(1, 33))
USUAL_SIZES = (32, 16, 8, 4)


class ModbusInputs(Listener):
    """The inputs of one board at one address; reports each wire at every connection, then changes."""

    idle_seconds = 0.02

    def __init__(
        self,
        line: ModbusLine,
        address: int,
        wires: Sequence[InputWire],
        *,
        name: str,
        size_is_known: bool = True,
    ) -> None:
        """Prepare the board; raise BadDeviceSetting for an impossible address or terminal.

        `size_is_known`: whether all these terminals are there; where not, the board is asked for fewer
        until it answers, and the rest say nothing.
        """
        super().__init__(name=name)
        check_address(address, name=name)
        self._line = line
        self._address = address
        self._states = WireStates(name, wires, TERMINALS)
        self._count = max((int(wire.terminal) for wire in wires), default=1)
        self._sizes = (self._count,) if size_is_known else USUAL_SIZES
        self._holds_line = False

    def start(self, report: Report) -> None:
        """Begin asking in a thread of its own; return at once, also when the board is absent."""
        if not self._holds_line:
            self._holds_line = True
            self._line.hold()
        super().start(report)

    def stop(self) -> None:
        """End the thread and let go of the line within a second."""
        super().stop()
        if self._holds_line:
            self._holds_line = False
            self._line.let_go()

    def take(self, levels: Sequence[bool], at_ns: int) -> list[DeviceReport]:
        """Report the wires that settled, from the levels of all terminals from 1 on."""
        return [
            change
            for number, closed in enumerate(levels, 1)
            for change in self._states.sample(str(number), closed, at_ns)
        ]

    def _open(self) -> None:
        self._line.reach()
        self._states.forget()
        # An open port does not show that the board is there: wait for its first answer.
        for size in self._sizes[:-1]:
            self._count = size
            with suppress(DeviceRefused):
                self._ask()
                return
        self._count = self._sizes[-1]
        self._ask()

    def _read(self) -> None:
        self._ask()
        self._stopping.wait(self.idle_seconds)

    def _ask(self) -> None:
        levels = self._line.read_inputs(self._address, 0, self._count)
        at_ns = time.monotonic_ns()
        self._hand_up(self.take(levels, at_ns), at_ns)

    def _close(self) -> None:
        # Other devices use the line too: release it at the end.
        pass
