"""Simulated OSDP readers: libosdp's own peripheral side, over a pty.

They lie about: the radio field, the RS-485 line (no echo, no collisions, bytes arrive at once), a
power cut (a reader keeps its state while its cable is out), and the answer to a question for tamper,
which is "closed" first and the truth at the next poll.
"""

import importlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, cast

from hardware.osdp.panel import library
from hardware.simulated.twin import Twin
from hardware.simulated.wire import TraceEntry

SERVICE_SECONDS = 0.002
HEARD_WITHIN_SECONDS = 10.0
_COMMUNICATION_SECURITY, _PDCAP_REPLY = 9, 0x46
CAPABILITIES = {2: (2, 2), 3: (1, 1), 4: (1, 1), 5: (1, 1), 13: (1, 1)}
"""Function code to level and number: two outputs, card data, one light, a buzzer, one reader."""


class _NativeReader(Protocol):
    def refresh(self) -> None: ...
    def is_sc_active(self) -> bool: ...
    def submit_event(self, event: dict[str, object], /) -> bool: ...
    def set_command_callback(
        self, callback: Callable[[dict[str, object]], tuple[int, object]], /
    ) -> None: ...


class _NativeModule(Protocol):
    def PeripheralDevice(  # noqa: N802 - its name
        self, reader: dict[str, object], *, capabilities: list[dict[str, int]]
    ) -> _NativeReader: ...


class _Ear:
    """The reader's end of the line."""

    id = 1

    def __init__(self, send: Callable[[bytes], int], *, hides_security: bool) -> None:
        self.inbox: deque[bytes] = deque(maxlen=64)
        self._send = send
        self._hides_security = hides_security

    def read(self, max_bytes: int) -> bytes:
        try:
            data = self.inbox.popleft()
        except IndexError:
            return b""
        if len(data) > max_bytes:
            self.inbox.appendleft(data[max_bytes:])
        return data[:max_bytes]

    def write(self, data: bytes) -> int:
        self._send(without_security(data) if self._hides_security else data)
        return len(data)

    def flush(self) -> None:
        self.inbox.clear()


def crc16(data: bytes) -> int:
    """Return the CRC of an OSDP frame (CCITT polynomial 0x1021, start 0x1D0F)."""
    crc = 0x1D0F
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def without_security(frame: bytes) -> bytes:
    """Return an osdp_PDCAP reply that claims no secure channel; any other frame as it is."""
    start = frame.find(0x53)
    if start < 0 or len(frame) < start + 8 or frame[start + 5] != _PDCAP_REPLY:
        return frame
    body = bytearray(frame[start:-2])
    for at in range(6, len(body) - 2, 3):
        if body[at] == _COMMUNICATION_SECURITY:
            body[at + 1] = 0
    return frame[:start] + bytes(body) + crc16(bytes(body)).to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class ShownCommand:
    """A light or sound command as the reader got it."""

    at_ns: int
    command: dict[str, object]


@dataclass(slots=True)
class OsdpReader:
    """One reader on an OsdpBus. `key` None: in install mode, answers to the published default key.

    `clear_text`: claims no secure channel at all.
    """

    bus: "OsdpBus"
    address: int
    key: bytes | None = field(repr=False)
    clear_text: bool = False
    capabilities: dict[int, tuple[int, int]] = field(default_factory=lambda: dict(CAPABILITIES))
    lights: list[ShownCommand] = field(default_factory=list)
    sounds: list[ShownCommand] = field(default_factory=list)
    outputs: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(monotonic ns, output, control code, tenths of a second) of every output order, in order."""
    is_open: bool = False
    power_fails: bool = False
    refuses: tuple[int, ...] = ()
    """OSDP_CMD numbers that it says it can and refuses all the same."""
    _ear: _Ear = field(init=False)
    _native: _NativeReader = field(init=False)
    _owes_status: bool = False
    # The extension takes a reference too few for what a callback returns; these make up for it.
    _spare: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Plug the reader into the bus."""
        self.power_cycle()
        self.bus.readers.append(self)

    def power_cycle(self) -> None:
        """Restart with the same key, as after a power cut; no frame of before it is heard after it."""
        library()
        # A pty may hold one yet, whose answer the host would take for one to its next question.
        self.bus.wire.wait_until_heard(HEARD_WITHIN_SECONDS)
        with self.bus.lock:
            self._ear = _Ear(self.bus.send, hides_security=self.clear_text)
            info: dict[str, object] = {
                "name": f"pd{self.address}",
                "address": self.address,
                "flags": 0,
                "channel": self._ear,
                "version": 1,
                "model": 1,
                "vendor_code": 0xCAFE,
                "serial_number": self.address,
                "firmware_version": 1,
            }
            if self.key is not None:
                info["scbk"] = self.key
            native = cast(_NativeModule, importlib.import_module("osdp_sys"))
            self._native = native.PeripheralDevice(
                info,
                capabilities=[
                    {"function_code": code, "compliance_level": level, "num_items": number}
                    for code, (level, number) in self.capabilities.items()
                ],
            )
            self._native.set_command_callback(self._obey)

    def reset_to_install_mode(self) -> None:
        """Forget the key, as a reader does whose reset button or configuration card was used."""
        self.key = None
        self.power_cycle()

    def tap(self, number: int, bits: int = 34, *, wiegand: bool = True) -> int:
        """Hold a card to the reader and return monotonic ns; with `wiegand` `bits` count two parity bits."""
        frame = wiegand_frame(number, bits) if wiegand else number
        size_bytes = -(-bits // 8)
        data = (frame << (8 * size_bytes - bits)).to_bytes(size_bytes, "big")
        return self._say(
            {
                "event": library().EVENT_CARDREAD,
                "reader_no": 0,
                "format": 1 if wiegand else 0,
                "direction": 0,
                "length": bits,
                "data": data,
            }
        )

    def type(self, keys: str) -> int:
        """Press keys one after the other and return monotonic ns of the last."""
        at_ns = 0
        for key in keys:
            byte = {"#": b"\r", "*": b"\x7f"}.get(key, key.encode("ascii"))
            at_ns = self._say({"event": library().EVENT_KEYPRESS, "reader_no": 0, "data": byte})
        return at_ns

    def tamper(self, opened: bool) -> int:
        self.is_open = opened
        return self._report_status()

    def fail_power(self, fails: bool) -> int:
        """Lower the supply voltage of the reader, or restore it."""
        self.power_fails = fails
        return self._report_status()

    @property
    def is_secure(self) -> bool:
        """Return whether the reader's side of the secure channel is up."""
        with self.bus.lock:
            return self._native.is_sc_active()

    def serve(self) -> None:
        """Move the protocol on; called by the bus under its lock."""
        self._native.refresh()
        if self._owes_status:
            self._owes_status = False
            self._report_status()

    def hear(self, data: bytes) -> None:
        """Take bytes of the line."""
        self._ear.inbox.append(data)

    def _report_status(self) -> int:
        return self._say({"event": library().EVENT_STATUS, **self._status()})

    def _status(self) -> dict[str, object]:
        report = bytes((self.is_open, self.power_fails))
        return {"type": library().STATUS_REPORT_LOCAL, "report": report}

    def _say(self, event: dict[str, object]) -> int:
        with self.bus.lock:
            self._native.submit_event(event)
            return time.monotonic_ns()

    def _obey(self, command: dict[str, object]) -> tuple[int, object]:
        """Take a command; called from C, so nothing may be raised."""
        lib, now_ns = library(), time.monotonic_ns()
        kind = command.get("command")
        answer: object = ""
        if kind in self.refuses:
            self._spare.append(answer)
            return -1, answer
        if kind == lib.CMD_LED:
            self.lights.append(ShownCommand(now_ns, command))
        elif kind == lib.CMD_BUZZER:
            self.sounds.append(ShownCommand(now_ns, command))
        elif kind == lib.CMD_OUTPUT:
            number, code, tenths = (command[name] for name in ("output_no", "control_code", "timer_count"))
            if isinstance(number, int) and isinstance(code, int) and isinstance(tenths, int):
                self.outputs.append((now_ns, number, code, tenths))
        elif kind == lib.CMD_STATUS:
            # The extension cannot carry the report in the answer, which says "closed": so it is sent next.
            answer = {"command": lib.CMD_STATUS, **self._status()}
            self._owes_status = self.is_open or self.power_fails
        elif kind == 5 and isinstance(key := command.get("data"), bytes):
            self.key = key
        self._spare.append(answer)
        return 0, answer


def wiegand_frame(number: int, bits: int) -> int:
    """Return a Wiegand frame of 26, 34 or 37 bits around the low bits of a number.

    Written out bit by bit, and not by calling the driver's code.
    """
    payload = f"{number % (1 << (bits - 2)):0{bits - 2}b}"
    half = {26: 12, 34: 16, 37: 18}[bits]
    even = payload[:half].count("1") % 2
    odd = 1 - payload[-half:].count("1") % 2
    return int(f"{even}{payload}{odd}", 2)


class OsdpBus(Twin):
    """An RS-485 line with readers; `add` plugs one in."""

    def __init__(
        self, stable_path: Path, *, name: str, trace: Callable[[TraceEntry], None] | None = None
    ) -> None:
        """Plug the adapter in and begin to serve the readers."""
        self.lock = threading.RLock()
        self.readers: list[OsdpReader] = []
        self.silent = False
        self._stopping = threading.Event()
        super().__init__(stable_path, name=name, trace=trace)
        self._thread = threading.Thread(target=self._serve, name=f"osdp bus {name}", daemon=True)
        self._thread.start()

    def add(
        self,
        address: int,
        key: bytes | None,
        *,
        clear_text: bool = False,
        lacks: tuple[int, ...] = (),
    ) -> OsdpReader:
        """Return a new reader on this line; `lacks` names functions (keys of CAPABILITIES) it has not."""
        able = {code: value for code, value in CAPABILITIES.items() if code not in lacks}
        return OsdpReader(self, address, key, clear_text, able)

    def send(self, data: bytes) -> int:
        """Put bytes of a reader on the line; lost while the line is `silent` (its cable cut)."""
        return 0 if self.silent else self.wire.write(data)

    def hear(self, data: bytes, _at_ns: int, /) -> None:
        """Give the host's bytes to every reader."""
        with self.lock:
            for reader in self.readers if not self.silent else ():
                reader.hear(data)
                reader.serve()

    def close(self) -> None:
        """Take line and readers away."""
        self._stopping.set()
        self._thread.join()
        super().close()

    def __enter__(self) -> Self:
        """Return the bus, to be taken away at the end of the block."""
        return self

    def _serve(self) -> None:
        while not self._stopping.wait(SERVICE_SECONDS):
            with self.lock:
                for reader in self.readers:
                    reader.serve()
