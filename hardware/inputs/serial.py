"""Read door contact, buttons, tamper, fire, battery and obstacle wires; drive none of them.

Two ways in are here: a small serial input board with a line protocol of our own, and the modem-control
inputs of a USB serial adapter. The board is Menjin's simulated or do-it-yourself board (a
microcontroller with twenty lines of program). Modbus boards and GPIO lines have files of their own.

    board → host   I<n>=<0|1>\\n    terminal n is open (0) or closed (1); sent on each change
    host → board   ?\\n             say the state of every terminal; asked every 5 s, for a board that
                                 hangs is silent: LOST after two questions without an answer

The exit button and the fire release work in hardware; this driver only reports them.
"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hardware.errors import BadDeviceSetting
from hardware.interfaces import DeviceReport, Health, InputChange, InputKind
from hardware.lines.framing import LineFramer
from hardware.lines.serial import ModemLines, SerialLine
from hardware.lines.serial_reader import SerialReader

DEBOUNCE_NS = 20_000_000
ASK_AGAIN_NS = 1_000_000_000
SILENCES_TO_BE_LOST = 2
ASK_ALL = b"?\n"
MODEM_TERMINALS = ("cts", "dsr", "dcd", "ri")
BOARD_TERMINALS = tuple(str(number) for number in range(1, 17))
_STATE_LINE = re.compile(rb"I([1-9][0-9]?)=([01])")


@dataclass(frozen=True, slots=True)
class InputWire:
    """A wire at a terminal, and the state in which its contact rests.

    `terminal`: "1".."16" on a board; "cts", "dsr", "dcd" or "ri" on an adapter. `normally_closed`:
    the circuit is closed while nothing happens (a reed contact of a shut door, a tamper loop), so
    that a cut wire shows as active.
    """

    terminal: str
    lane_id: str
    kind: InputKind
    normally_closed: bool

    def is_active(self, closed: bool) -> bool:
        """Return whether the state the kind names is there, from the circuit's state."""
        return closed is not self.normally_closed


class Debounce:
    """A level that counts once it has held for `stable_ns`. Pure; time is an argument."""

    def __init__(self, stable_ns: int = DEBOUNCE_NS) -> None:
        """Start knowing nothing, so that the first level that holds is a change."""
        self._stable_ns = stable_ns
        self._settled: bool | None = None
        self._candidate: bool | None = None
        self._since_ns = 0

    def sample(self, level: bool, now_ns: int) -> bool | None:
        """Take a level read now; return the level if it just became settled, else None."""
        settled = self.settle(now_ns)
        if level is not self._candidate:
            self._candidate = level
            self._since_ns = now_ns
        return settled

    def settle(self, now_ns: int) -> bool | None:
        """Advance time with the level unchanged; return it if it just became settled, else None."""
        if self._candidate is None or self._candidate is self._settled:
            return None
        if now_ns - self._since_ns < self._stable_ns:
            return None
        self._settled = self._candidate
        return self._settled


def parse_state_line(line: bytes) -> tuple[str, bool] | None:
    """Return terminal and whether its circuit is closed, or None when the line says neither."""
    match = _STATE_LINE.fullmatch(line)
    if match is None:
        return None
    return match[1].decode("ascii"), match[2] == b"1"


class WireStates:
    """Circuits in, debounced InputChange out, for the wires of one device."""

    def __init__(self, device: str, wires: Sequence[InputWire], terminals: Sequence[str]) -> None:
        """Store the wires; raise BadDeviceSetting for a terminal that is not there or used twice."""
        used = [wire.terminal for wire in wires]
        for terminal in used:
            if terminal not in terminals:
                raise BadDeviceSetting(f"{device}: no terminal {terminal!r}; legal: {', '.join(terminals)}")
            if used.count(terminal) > 1:
                raise BadDeviceSetting(f"{device}: terminal {terminal!r} is used twice")
        self._device = device
        self._wires = {wire.terminal: wire for wire in wires}
        self.forget()

    def forget(self) -> None:
        """Forget all states, so that each wire's next settled level is reported."""
        self._debounces = {terminal: Debounce() for terminal in self._wires}

    def sample(self, terminal: str, closed: bool, now_ns: int) -> list[DeviceReport]:
        """Take a circuit's state; terminals without a wire are passed over."""
        debounce = self._debounces.get(terminal)
        if debounce is None:
            return []
        return self._change(terminal, debounce.sample(closed, now_ns), now_ns)

    def settle(self, now_ns: int) -> list[DeviceReport]:
        """Report the wires that have held their level for long enough by now."""
        return [
            change
            for terminal, debounce in self._debounces.items()
            for change in self._change(terminal, debounce.settle(now_ns), now_ns)
        ]

    def _change(self, terminal: str, closed: bool | None, now_ns: int) -> list[DeviceReport]:
        if closed is None:
            return []
        wire = self._wires[terminal]
        active = wire.is_active(closed)
        return [InputChange(self._device, wire.lane_id, wire.kind, active, now_ns, terminal)]


class SerialInputBoard(SerialReader):
    """The board of the line protocol above; reports each wire at every connection, then changes."""

    idle_seconds = 0.01
    ask_seconds = 5.0
    """How often the board is asked, so that one that hangs is known."""

    def __init__(self, path: str, wires: Sequence[InputWire], *, name: str, baud: int = 9600) -> None:
        """Prepare the board; raise BadDeviceSetting for a terminal that cannot be."""
        super().__init__(path, baud, name=name)
        self._states = WireStates(name, wires, BOARD_TERMINALS)
        self._framer = LineFramer(16)
        self._unreadable = 0
        self._asked_after = 0
        self._asked_at_ns = 0
        self._unanswered = 0

    @property
    def dropped_frames(self) -> int:
        """Return how many lines were torn, noisy or overlong since the start."""
        return self._framer.dropped + self._unreadable

    @property
    def held_bytes(self) -> int:
        """Return how much of an unfinished line is kept."""
        return self._framer.held_bytes

    def forget(self) -> None:
        """Drop an unfinished line and all states."""
        self._framer.forget()
        self._states.forget()

    def greet(self, line: SerialLine) -> None:
        """Ask for every state."""
        self._asked_at_ns = line.write(ASK_ALL)
        self._unanswered = 1

    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        changes = self._states.settle(at_ns)
        for line in self._framer.feed(data, at_ns):
            state = parse_state_line(line)
            if state is None:
                self._unreadable += 1
            else:
                self._answered()
                changes += self._states.sample(*state, at_ns)
        return changes

    def _answered(self) -> None:
        self._unanswered = 0
        if self._health is Health.LOST:
            self._say(Health.OK, "answers again")

    def _read(self) -> None:
        super()._read()
        asked_ago_ns = time.monotonic_ns() - self._asked_at_ns
        # The lost line may have been a change, and the board does not repeat it.
        lost_a_line = self.dropped_frames != self._asked_after and asked_ago_ns > ASK_AGAIN_NS
        if lost_a_line or asked_ago_ns > self.ask_seconds * 1e9:
            self._ask(counts=not lost_a_line)

    def _ask(self, *, counts: bool) -> None:
        """Ask for every state; `counts`: whether the last question had its time to be answered."""
        if counts and self._unanswered >= SILENCES_TO_BE_LOST and self._health is not Health.LOST:
            self._states.forget()
            self._say(Health.LOST, f"{self.name}: does not answer; check the board's power, or reset it")
        self._unanswered += counts
        self._asked_after = self.dropped_frames
        self._asked_at_ns = self._line.write(ASK_ALL)


class ModemControlInputs(SerialReader):
    """Up to four contacts between an adapter's CTS, DSR, DCD, RI and its supply, polled.

    Needs a real adapter: a port without these lines (a pty) is reported LOST.
    """

    idle_seconds = 0.01

    def __init__(self, path: str, wires: Sequence[InputWire], *, name: str) -> None:
        """Prepare the adapter; raise BadDeviceSetting for a terminal that cannot be."""
        super().__init__(path, 9600, name=name)
        self._states = WireStates(name, wires, MODEM_TERMINALS)
        self._stray_bytes = 0

    @property
    def dropped_frames(self) -> int:
        """Return how many bytes came on the receiver, where nothing is wired."""
        return self._stray_bytes

    def forget(self) -> None:
        self._states.forget()

    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        self._stray_bytes += len(data)
        return changes_of_modem_lines(self._states, self._line.modem_lines(), at_ns)


def changes_of_modem_lines(states: WireStates, lines: ModemLines, now_ns: int) -> list[DeviceReport]:
    """Return what changed once the four lines were read; an asserted line is a closed circuit."""
    levels = {"cts": lines.cts, "dsr": lines.dsr, "dcd": lines.dcd, "ri": lines.ri}
    return [
        change for terminal, closed in levels.items() for change in states.sample(terminal, closed, now_ns)
    ]
