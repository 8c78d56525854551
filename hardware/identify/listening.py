"""Listen to every port at once and send nothing: no byte is written, DTR and RTS stay low.

    absent ── opened at its baud rate ──> listening ── bytes, then 0.12 s of silence ──> a tap
       └─ said once                          └─ a control line moved ──> a contact

For the installer's `identify`. A gate reads its devices through their drivers and never through this.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hardware.errors import DeviceUnavailable
from hardware.lines.input_events import EventDecoder
from hardware.lines.serial import ModemLines, SerialLine

USUAL_BAUDS = (9600, 19200, 38400, 57600, 115200, 4800, 2400, 1200)
"""In the order in which they are tried when only noise comes."""
SILENCE_SECONDS = 0.12
LOOK_EVERY_SECONDS = 0.02
SEARCH_EVERY_SECONDS = 0.5
LONGEST_TAP_BYTES = 2048
_EVENT_BYTES = 24 * 64


@dataclass(frozen=True, slots=True)
class Tap:
    """Bytes that a port sent between two silences. `baud` 0: an input device, as the text it typed."""

    port: Path
    data: bytes = field(repr=False)
    baud: int


@dataclass(frozen=True, slots=True)
class ContactMoved:
    """A control line of an adapter that changed: terminal "cts", "dsr", "dcd" or "ri"."""

    port: Path
    terminal: str
    closed: bool


@dataclass(frozen=True, slots=True)
class PortSaid:
    """Something about a port itself: it came, went, or cannot be opened."""

    port: Path
    is_open: bool
    text: str


Heard = Tap | ContactMoved | PortSaid


class _SerialEar:
    def __init__(self, port: Path, baud: int) -> None:
        self._port = port
        self._line = SerialLine(str(port), baud, name=str(port))
        self.baud = baud
        self._line.open()
        self._modem = self._line.modem_lines_if_any()

    def read(self) -> bytes:
        return self._line.read(LONGEST_TAP_BYTES, 0)

    def moved(self) -> list[ContactMoved]:
        before, now = self._modem, None if self._modem is None else self._line.modem_lines_if_any()
        self._modem = now or before
        return contacts_moved(self._port, before, now)

    def close(self) -> None:
        self._line.close()


class _KeyboardEar:
    """One input device, not grabbed: an installer's own keyboard must go on working."""

    baud = 0

    def __init__(self, port: Path) -> None:
        self._decoder = EventDecoder()
        try:
            self._descriptor = os.open(port, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as failure:
            raise DeviceUnavailable(
                f"{port}: cannot be opened ({failure.strerror}); add this user to the group input"
            ) from failure

    def read(self) -> bytes:
        try:
            data = os.read(self._descriptor, _EVENT_BYTES)
        except BlockingIOError:
            return b""
        except OSError as failure:
            raise DeviceUnavailable(f"input device lost ({failure.strerror})") from failure
        if not data:
            raise DeviceUnavailable("input device lost")
        keys = self._decoder.feed(data, time.monotonic_ns())
        return "".join("\r" if key.is_enter else key.character for key in keys).encode("ascii")

    def moved(self) -> list[ContactMoved]:
        return []

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)


@dataclass(slots=True)
class _Place:
    ear: _SerialEar | _KeyboardEar | None = None
    held: bytearray = field(default_factory=bytearray)
    last_byte_at: float = 0.0
    reported: str = ""


class PortListener:
    """Every port that `search` finds, looked for again all the time; single-threaded."""

    def __init__(
        self,
        search: Callable[[], Sequence[Path]],
        *,
        is_keyboard: Callable[[Path], bool],
        baud_of: Callable[[Path], int],
    ) -> None:
        """Remember how ports are found; `baud_of` is asked at each opening."""
        self._search, self._is_keyboard, self._baud_of = search, is_keyboard, baud_of
        self._places: dict[Path, _Place] = {}
        self._search_at = 0.0

    def listen(self, is_over: Callable[[], bool]) -> Iterator[Heard | None]:
        """Yield what ports receive, and None after each look, until `is_over`; then release the ports."""
        try:
            while not is_over():
                yield from self._look(time.monotonic())
                yield None
                time.sleep(LOOK_EVERY_SECONDS)
        finally:
            for place in self._places.values():
                self._let_go(place)

    def open_again(self, port: Path) -> None:
        """Release a port and open it again, at the baud rate that `baud_of` then returns."""
        self._let_go(self._places[port])
        self._search_at = 0.0

    def _look(self, now: float) -> Iterator[Heard]:
        if now >= self._search_at:
            self._search_at = now + SEARCH_EVERY_SECONDS
            for port in self._search():
                place = self._places.setdefault(port, _Place())
                if place.ear is None:
                    yield from self._open(port, place)
        for port, place in self._places.items():
            if place.ear is not None:
                yield from self._hear(port, place, place.ear, now)

    def _open(self, port: Path, place: _Place) -> Iterator[Heard]:
        try:
            place.ear = (
                _KeyboardEar(port) if self._is_keyboard(port) else _SerialEar(port, self._baud_of(port))
            )
        except DeviceUnavailable as absence:
            text, is_open = str(absence), False
        else:
            text, is_open = f"listening at {place.ear.baud} baud" if place.ear.baud else "listening", True
        if text != place.reported:
            place.reported = text
            yield PortSaid(port, is_open, text)

    def _hear(self, port: Path, place: _Place, ear: _SerialEar | _KeyboardEar, now: float) -> Iterator[Heard]:
        try:
            data = ear.read()
            yield from ear.moved()
        except DeviceUnavailable:
            self._let_go(place)
            place.reported = "unplugged"
            yield PortSaid(port, False, "unplugged")
            return
        if data:
            place.last_byte_at = now
            place.held += data[: LONGEST_TAP_BYTES - len(place.held)]
        elif place.held and now - place.last_byte_at > SILENCE_SECONDS:
            tap, place.held = bytes(place.held), bytearray()
            yield Tap(port, tap, ear.baud)

    @staticmethod
    def _let_go(place: _Place) -> None:
        ear, place.ear = place.ear, None
        place.held.clear()
        if ear is not None:
            ear.close()


def contacts_moved(port: Path, before: ModemLines | None, now: ModemLines | None) -> list[ContactMoved]:
    """Return the control lines that differ between two readings; an asserted line is a closed circuit."""
    if before is None or now is None:
        return []
    levels = {
        "cts": (before.cts, now.cts),
        "dsr": (before.dsr, now.dsr),
        "dcd": (before.dcd, now.dcd),
        "ri": (before.ri, now.ri),
    }
    return [ContactMoved(port, terminal, level) for terminal, (was, level) in levels.items() if was != level]
