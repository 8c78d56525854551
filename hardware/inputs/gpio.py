"""Read contacts at the GPIO lines of the gate's own computer. Not tried on metal.

A contact closes its line to ground against a pull-up (`bias = "pull_up"`), or to the supply against
a pull-down. Levels are read at each edge and every 10 ms, and debounced as everywhere.
"""

import time
from collections.abc import Sequence

from hardware.errors import DeviceUnavailable
from hardware.inputs.serial import InputWire, WireStates
from hardware.lines.gpio import Bias, GpioChip, InputLines, check_lines
from hardware.lines.serial_reader import Listener

REST_SECONDS = 0.001


class GpioInputs(Listener):
    """The contacts at one chip; a wire's terminal is its line's number."""

    idle_seconds = 0.01

    def __init__(
        self,
        chip: GpioChip,
        wires: Sequence[InputWire],
        *,
        name: str,
        closed_is_low: bool = True,
        bias: Bias = "pull_up",
    ) -> None:
        """Prepare the lines; raise BadDeviceSetting for a terminal that is no line, or used twice.

        `closed_is_low`: a closed circuit pulls the line low, as a contact to ground does.
        """
        super().__init__(name=name)
        terminals = [wire.terminal for wire in wires]
        self._states = WireStates(name, wires, [t for t in terminals if t.isdecimal() and t == str(int(t))])
        self._lines = tuple(int(terminal) for terminal in terminals)
        check_lines(self._lines, name=name)
        self._chip = chip
        self._closed_is_low = closed_is_low
        self._bias: Bias = bias
        self._held: InputLines | None = None

    def _open(self) -> None:
        try:
            self._held = self._chip.inputs(self._lines, bias=self._bias, consumer=f"menjin {self._name}")
        except DeviceUnavailable as absence:
            raise DeviceUnavailable(f"{self._name}: {absence}") from absence
        self._states.forget()

    def _read(self) -> None:
        if self._held is None:
            raise DeviceUnavailable(f"{self._name}: its lines are not held")
        at_ns = time.monotonic_ns()
        levels = self._held.levels()
        changes = [
            change
            for line, is_high in levels.items()
            for change in self._states.sample(str(line), is_high is not self._closed_is_low, at_ns)
        ]
        self._hand_up(changes, at_ns)
        self._held.wait(self.idle_seconds)
        # A line that chatters must not take the whole processor.
        self._stopping.wait(REST_SECONDS)

    def _close(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()
