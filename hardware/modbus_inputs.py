"""Inputs of a Modbus RTU board: Waveshare "Modbus RTU Relay (D)", "IO 8CH" and the like.

Function 02, inputs from 0, one bit each; 1 is a closed circuit (current through the optocoupler).
Source: Waveshare wiki, "Modbus RTU Relay (D)", 01 02 00 00 00 08 79 CC.

    absent ── first answer: OK, every wire told ──> asked every 20 ms ── no answer: LOST ──> absent
"""

import threading
import time
from collections.abc import Sequence

from hardware.errors import DeviceRefused, DeviceUnavailable
from hardware.inputs import InputWire, WireStates
from hardware.interfaces import DeviceReport, DeviceState, Health, Report
from hardware.modbus_line import ModbusLine, check_address

ASK_SECONDS = 0.02
LOOK_AGAIN_SECONDS = 0.25
TERMINALS = tuple(str(number) for number in range(1, 33))


class ModbusInputs:
    """The inputs of one board at one address; tells each wire at every connection, then changes."""

    def __init__(self, line: ModbusLine, address: int, wires: Sequence[InputWire], *, name: str) -> None:
        """Prepare the board; raise BadDeviceSetting for an impossible address or terminal."""
        check_address(address, name=name)
        self._line = line
        self._address = address
        self._name = name
        self._states = WireStates(name, wires, TERMINALS)
        self._count = max((int(wire.terminal) for wire in wires), default=1)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._health: Health | None = None

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    def start(self, report: Report) -> None:
        """Begin asking in a thread of its own; return at once, also when the board is absent."""
        if self._thread is not None:
            return
        self._health = None
        self._stopping.clear()
        self._line.hold()
        self._thread = threading.Thread(
            target=self._run, args=(report,), name=f"inputs {self._name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let go of the line within a second."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()
            self._line.let_go()

    def _run(self, report: Report) -> None:
        while not self._stopping.is_set():
            try:
                self._line.reach()
                self._states.forget()
                self._ask_until_stopped(report)
            except DeviceUnavailable as absence:
                self._say(Health.LOST, str(absence), report)
            except DeviceRefused as refusal:
                self._say(Health.FAULTY, str(refusal), report)
            except Exception as fault:  # noqa: BLE001 - inputs that die unseen are alarms nobody hears
                self._say(Health.FAULTY, f"{self._name}: {type(fault).__name__} in its driver", report)
            self._stopping.wait(LOOK_AGAIN_SECONDS)

    def _ask_until_stopped(self, report: Report) -> None:
        while not self._stopping.is_set():
            for change in self.take(self._line.read_inputs(self._address, 0, self._count)):
                report(change)
            self._say(Health.OK, "answers", report)
            self._stopping.wait(ASK_SECONDS)

    def take(self, levels: Sequence[bool], at_ns: int | None = None) -> list[DeviceReport]:
        """Hand up the wires that settled, from the levels of all terminals from 1 on."""
        now_ns = time.monotonic_ns() if at_ns is None else at_ns
        return [
            change
            for number, closed in enumerate(levels, 1)
            for change in self._states.sample(str(number), closed, now_ns)
        ]

    def _say(self, health: Health, detail: str, report: Report) -> None:
        if health is not self._health:
            self._health = health
            report(DeviceState(self._name, health, detail))
