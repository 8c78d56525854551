"""Contacts at the GPIO lines of the gate's own computer. Not tried on metal.

A contact closes its line to ground against a pull-up (`bias = "pull_up"`), or to the supply against
a pull-down. Levels are read at each edge and every 10 ms, and debounced as everywhere.
"""

import threading
import time
from collections.abc import Sequence

from hardware.errors import DeviceUnavailable
from hardware.gpio_lines import Bias, GpioChip, InputLines, check_lines
from hardware.inputs import InputWire, WireStates
from hardware.interfaces import DeviceState, Health, Report

WAIT_SECONDS = 0.01
REST_SECONDS = 0.001
LOOK_AGAIN_SECONDS = 0.25


class GpioInputs:
    """The contacts at one chip; a wire's terminal is its line's number."""

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
        terminals = [wire.terminal for wire in wires]
        self._states = WireStates(name, wires, [t for t in terminals if t.isdecimal() and t == str(int(t))])
        self._lines = tuple(int(terminal) for terminal in terminals)
        check_lines(self._lines, name=name)
        self._chip = chip
        self._name = name
        self._closed_is_low = closed_is_low
        self._bias: Bias = bias
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._health: Health | None = None

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    def start(self, report: Report) -> None:
        """Begin reading in a thread of its own; return at once, also when the chip is absent."""
        if self._thread is not None:
            return
        self._health = None
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._run, args=(report,), name=f"inputs {self._name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let go of the lines within a second."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()

    def _run(self, report: Report) -> None:
        while not self._stopping.is_set():
            held: InputLines | None = None
            try:
                held = self._chip.inputs(self._lines, bias=self._bias, consumer=f"menjin {self._name}")
                self._states.forget()
                self._say(Health.OK, "reading", report)
                self._read_until_stopped(held, report)
            except DeviceUnavailable as absence:
                self._say(Health.LOST, f"{self._name}: {absence}", report)
            except Exception as fault:  # noqa: BLE001 - inputs that die unseen are alarms nobody hears
                self._say(Health.FAULTY, f"{self._name}: {type(fault).__name__} in its driver", report)
            finally:
                if held is not None:
                    held.release()
            self._stopping.wait(LOOK_AGAIN_SECONDS)

    def _read_until_stopped(self, held: InputLines, report: Report) -> None:
        while not self._stopping.is_set():
            now_ns = time.monotonic_ns()
            for line, is_high in held.levels().items():
                closed = is_high is not self._closed_is_low
                for change in self._states.sample(str(line), closed, now_ns):
                    report(change)
            held.wait(WAIT_SECONDS)
            # A line that chatters must not take the whole processor.
            self._stopping.wait(REST_SECONDS)

    def _say(self, health: Health, detail: str, report: Report) -> None:
        if health is not self._health:
            self._health = health
            report(DeviceState(self._name, health, detail))
