"""Simulated RS-485 line with Modbus RTU boards on it.

Written from the boards' sheets and with a checksum of its own, so that it disagrees where the
driver is wrong.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hardware.simulated.relay_board import RelayChange
from hardware.simulated.twin import Twin
from hardware.simulated.wire import TraceEntry

REQUEST_BYTES = 8
MAX_HELD_BYTES = 256
Family = Literal["waveshare", "eletechsup"]


def crc16(data: bytes) -> bytes:
    """Return the two bytes after a frame, low byte first: polynomial A001h, from FFFFh."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def sealed(body: bytes) -> bytes:
    return body + crc16(body)


@dataclass(slots=True)
class ModbusBoard:
    """One board: relays that time themselves, and inputs. Faults are switched on from outside."""

    address: int
    family: Family = "waveshare"
    channels: int = 8
    inputs: int = 8
    is_mute: bool = False
    spoils_checksum: bool = False
    answers_as: int | None = None
    is_stuck: bool = False
    """The electronics obey and answer; the relays do not move."""
    obeys_off_in_pulse: bool = True
    """RYN404E/408F boards pass over OFF while a timed pulse runs."""
    noise_before: bytes = b""
    loses_answers_to: frozenset[int] = frozenset()
    """The functions whose requests are obeyed, and whose answers never arrive."""
    keeps_only: int | None = None
    """How many bytes of an answer get through; None for all."""
    levels: dict[int, bool] = field(default_factory=dict)
    ends_ns: dict[int, int] = field(default_factory=dict)
    on: set[int] = field(default_factory=set)
    changes: list[RelayChange] = field(default_factory=list)

    def settle(self, now_ns: int) -> None:
        """End the pulses whose time is over, without an order from the host."""
        for channel, end_ns in list(self.ends_ns.items()):
            if end_ns <= now_ns:
                del self.ends_ns[channel]
                self._move(channel, False, end_ns)

    def answer(self, request: bytes, now_ns: int) -> bytes | None:
        """Obey a request (without checksum) and return the answer (without checksum)."""
        self.settle(now_ns)
        function, first, value = request[1], int.from_bytes(request[2:4], "big"), request[4:6]
        number = int.from_bytes(value, "big")
        if function == 1 and self.family == "waveshare" and first + number <= self.channels:
            return request[:2] + _packed([channel in self.on for channel in self._range(first, number)])
        if function == 2 and first + number <= self.inputs:
            return request[:2] + _packed([self.levels.get(n, False) for n in self._range(first, number)])
        if function == 3 and self.family == "eletechsup" and 1 <= first <= self.channels and number == 1:
            return request[:2] + bytes((2, 0, int(first in self.on)))
        if function == 5 and self.family == "waveshare" and self._coil(first, number, now_ns):
            return request
        if function == 6 and self.family == "eletechsup" and self._register(first, value, now_ns):
            return request
        known = (1, 2, 5) if self.family == "waveshare" else (2, 3, 6)
        return bytes((request[0], function | 0x80, 2 if function in known else 1))

    def lose_power(self) -> None:
        """Drop every relay and forget every pulse."""
        now_ns = time.monotonic_ns()
        for channel in sorted(self.on):
            self._move(channel, False, now_ns)
        self.ends_ns.clear()

    def _range(self, first: int, count: int) -> range:
        return range(first + 1, first + count + 1)

    def _coil(self, coil: int, value: int, now_ns: int) -> bool:
        channel = (coil & 0xFF) + 1
        if channel > self.channels or coil >> 8 not in (0, 2):
            return False
        if coil >> 8 == 2:
            self._pulse(channel, value * 100_000_000, now_ns)
        elif value in (0, 0xFF00):
            self._switch(channel, value == 0xFF00, now_ns)
        return True

    def _register(self, register: int, value: bytes, now_ns: int) -> bool:
        if not 1 <= register <= self.channels or value[0] not in (1, 2, 6):
            return False
        if value[0] == 6:
            self._pulse(register, value[1] * 1_000_000_000, now_ns)
        else:
            self._switch(register, value[0] == 1, now_ns)
        return True

    def _pulse(self, channel: int, length_ns: int, now_ns: int) -> None:
        self.ends_ns.pop(channel, None)
        self._move(channel, length_ns > 0, now_ns)
        if length_ns:
            self.ends_ns[channel] = now_ns + length_ns

    def _switch(self, channel: int, on: bool, now_ns: int) -> None:
        if not on and channel in self.ends_ns and not self.obeys_off_in_pulse:
            return
        self.ends_ns.pop(channel, None)
        self._move(channel, on, now_ns)

    def _move(self, channel: int, on: bool, at_ns: int) -> None:
        later_ns = self.changes[-1].at_ns + 1 if self.changes else 0
        self.changes.append(RelayChange(max(at_ns, later_ns), channel, on))
        if self.is_stuck:
            return
        self.on.discard(channel)
        if on:
            self.on.add(channel)


class ModbusBus(Twin):
    """The line: adapter and boards.

    It lies about: the baud rate and the gaps between frames (frames are distinguished by their form),
    two devices that talk at once, reflections, a relay's own 10 ms. Boards have a supply of their
    own: pulling the adapter's cable stops no pulse, as in the field.
    """

    def __init__(
        self,
        stable_path: Path,
        boards: Sequence[ModbusBoard],
        *,
        name: str,
        echoes: bool = False,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the adapter in; `echoes` for a two-wire adapter that hears itself."""
        self._boards = {board.address: board for board in boards}
        self._echoes = echoes
        self._news = threading.Condition()
        self._heard = bytearray()
        self._half = bytearray()
        self.requests: list[bytes] = []
        super().__init__(stable_path, name=name, trace=trace)

    @property
    def heard(self) -> bytes:
        """Return every byte ever received."""
        with self._news:
            return bytes(self._heard)

    def board(self, address: int) -> ModbusBoard:
        return self._boards[address]

    def changes(self, address: int) -> list[RelayChange]:
        """Return every order a board obeyed and every pulse it ended by now, oldest first."""
        with self._news:
            self._boards[address].settle(time.monotonic_ns())
            return list(self._boards[address].changes)

    def is_on(self, address: int, channel: int) -> bool:
        with self._news:
            self._boards[address].settle(time.monotonic_ns())
            return channel in self._boards[address].on

    def wait_for_on(self, address: int, channel: int, timeout_seconds: float, *, after_ns: int = 0) -> int:
        """Return monotonic ns of the first ON order obeyed at or after `after_ns`; raise TimeoutError."""
        give_up = time.monotonic() + timeout_seconds
        with self._news:
            while True:
                for change in self._boards[address].changes:
                    if change.at_ns >= after_ns and change.on and change.channel == channel:
                        return change.at_ns
                left = give_up - time.monotonic()
                if left <= 0:
                    raise TimeoutError(
                        f"{self.name}: channel {channel} was not switched on within {timeout_seconds:g} s"
                    )
                self._news.wait(left)

    def set_input(self, address: int, number: int, closed: bool) -> int:
        """Close or open the circuit of input `number` (from 1); return monotonic ns."""
        with self._news:
            self._boards[address].levels[number] = closed
            return time.monotonic_ns()

    def power_cycle(self, address: int) -> None:
        """Take a board's supply away and give it back."""
        with self._news:
            self._boards[address].lose_power()

    def hear(self, data: bytes, at_ns: int, /) -> None:
        """Answer the whole requests among the bytes, in the wire's thread."""
        with self._news:
            self._heard += data
            if self._echoes:
                self.wire.write(data)
            self._half += data
            while len(self._half) >= REQUEST_BYTES:
                frame = bytes(self._half[:REQUEST_BYTES])
                if crc16(frame[:-2]) == frame[-2:]:
                    del self._half[:REQUEST_BYTES]
                    self.requests.append(frame)
                    self._serve(frame, at_ns)
                else:
                    del self._half[:1]
            del self._half[:-MAX_HELD_BYTES]
            self._news.notify_all()

    def _serve(self, frame: bytes, at_ns: int) -> None:
        board = self._boards.get(frame[0])
        if board is None or board.is_mute:
            return
        answer = board.answer(frame[:-2], at_ns)
        if answer is None or frame[1] in board.loses_answers_to:
            return
        if board.answers_as is not None:
            answer = bytes((board.answers_as,)) + answer[1:]
        sent = sealed(answer)
        if board.spoils_checksum:
            sent = sent[:-1] + bytes((sent[-1] ^ 0xFF,))
        self.wire.write(board.noise_before + sent[: board.keeps_only])


def _packed(bits: Sequence[bool]) -> bytes:
    packed = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        packed[place // 8] |= int(bit) << (place % 8)
    return bytes((len(packed),)) + bytes(packed)
