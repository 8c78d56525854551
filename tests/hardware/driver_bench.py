"""Every driver that is only listened to, each on a wire of its own, with a frame it must always read."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from hardware.inputs.serial import InputWire, SerialInputBoard
from hardware.interfaces import (
    CardRead,
    CodeRead,
    DeviceReport,
    DeviceState,
    InputChange,
    InputKind,
    KeyPress,
)
from hardware.lines.serial_reader import Listener
from hardware.readers.cards import LONGEST_LINE_BYTES, CardFormat, LineCardReader, SiteCardForm
from hardware.readers.framed import RawFrameReader, TagReader
from hardware.readers.keypads import SerialKeypad
from hardware.readers.matrix_keypads import FramedKeypad
from hardware.readers.qr_scanners import LONGEST_CODE_BYTES, SerialCodeScanner
from hardware.readers.usb_keyboard import WedgeCardReader, WedgeKeypad
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.framed_readers import printed_frame, tag_frame
from hardware.simulated.readers import printed_line
from hardware.simulated.wedge import Wedge, event, skip_grab, typed
from hardware.simulated.wire import PtyWire
from tests.hardware.conftest import PATIENCE_SECONDS, Reports

CARD = 0x12AB34CD
SITE = SiteCardForm(24)
HEX, SUMMED, FACILITY = CardFormat(34, "hex"), CardFormat(34, "dec", "lsb", "sum"), CardFormat(26, "facility")
RAW26, RAW37 = RawFrameFormat(26, "bin", "last_bit_first"), RawFrameFormat(37, "dec")
WIRES = [InputWire("3", "lane", InputKind.DOOR_OPEN, normally_closed=False)]
WEDGE_FORM = CardFormat(34, "dec")


@dataclass(frozen=True)
class Kind:
    """A driver, a frame it must read whenever it comes, and how much it may hold."""

    name: str
    make: Callable[[str], Listener]
    good: bytes
    meaning: object
    may_hold: int = LONGEST_LINE_BYTES + 16
    first: bytes = b""
    """What is sent before the noise, so that the good frame is news."""


def line_reader(fmt: CardFormat) -> Callable[[str], Listener]:
    return lambda path: LineCardReader(path, fmt, SITE, name="line")


def raw_reader(fmt: RawFrameFormat) -> Callable[[str], Listener]:
    return lambda path: RawFrameReader(path, fmt, SITE, name="raw")


def usb_reader(path: str) -> Listener:
    return WedgeCardReader(path, WEDGE_FORM, SITE, name="wedge", take_alone=skip_grab)


def usb_pad(path: str) -> Listener:
    return WedgeKeypad(path, name="pad", take_alone=skip_grab)


KINDS = [
    Kind("hex", line_reader(HEX), printed_line(CARD, HEX), 0xAB34CD),
    Kind("sum", line_reader(SUMMED), printed_line(CARD, SUMMED), 0xAB34CD),
    Kind("facility", line_reader(FACILITY), b"171,13517\r\n", 0xAB34CD),
    # A module repeats a card that lies on it; another card comes first, so that this one is a new tap.
    Kind(
        "tag", lambda path: TagReader(path, SITE, name="tag"), tag_frame(CARD), 0xAB34CD, first=tag_frame(1)
    ),
    Kind("raw26", raw_reader(RAW26), printed_frame(CARD, RAW26), 0xAB34CD),
    Kind("raw37", raw_reader(RAW37), printed_frame(CARD, RAW37), 0xAB34CD),
    Kind("keypad", lambda path: SerialKeypad(path, name="pad"), b"#", "#", 0),
    Kind("stx", lambda path: FramedKeypad(path, "stx", name="stx"), b"\x02#\x03", "#", 2),
    Kind("stx_sum", lambda path: FramedKeypad(path, "stx_sum", name="sum"), b"\x02#\xdc\x03", "#", 2),
    Kind(
        "scanner", lambda path: SerialCodeScanner(path, name="qr"), b"6BFOXN\r", "6BFOXN", LONGEST_CODE_BYTES
    ),
    Kind("inputs", lambda path: SerialInputBoard(path, WIRES, name="in"), b"I3=1\n", "open", 16, b"I3=0\n"),
]
HANDS_OFF = event(1, 42, 0) + event(1, 54, 0)
WEDGES = [
    Kind("wedge", usb_reader, HANDS_OFF + typed(f"{CARD:010d}\n"), 0xAB34CD),
    Kind("pad", usb_pad, HANDS_OFF + typed("\n"), "#", 24),
]


def meaning_of(report: DeviceReport) -> object:
    """Return what a report says besides who and when."""
    match report:
        case CardRead():
            return report.number
        case KeyPress():
            return report.key
        case CodeRead():
            return report.text
        case InputChange():
            return "open" if report.active else "shut"
    return None


@dataclass
class Bench:
    """Every driver at once, each on a wire of its own."""

    kinds: list[Kind]
    silence_seconds: float
    drivers: dict[str, Listener] = field(default_factory=dict)
    wires: dict[str, PtyWire | Wedge] = field(default_factory=dict)
    send: dict[str, Callable[[bytes], int]] = field(default_factory=dict)
    heard: dict[str, Reports] = field(default_factory=dict)

    def suffer(self, stream_of: Callable[[Kind], bytes]) -> None:
        """Send each its stream, let the lines be quiet, and see each read its next good frame."""
        for kind in self.kinds:
            stream = kind.first + stream_of(kind)
            for start in range(0, len(stream), 2048):
                self.send[kind.name](stream[start : start + 2048])
                assert self.drivers[kind.name].held_bytes <= kind.may_hold, kind.name
        # A busy machine reads late; the silence begins when the last byte was read.
        self._until(lambda: not any(wire.unread_bytes() for wire in self.wires.values()), "bytes stay unread")
        time.sleep(self.silence_seconds)
        for kind in self.kinds:
            driver, reports = self.drivers[kind.name], self.heard[kind.name]
            assert driver.held_bytes <= kind.may_hold, kind.name
            assert "in its driver" not in str(reports.drain()), kind.name
            reports.seen.clear()
            self.send[kind.name](kind.good)
            self._see(kind, reports)
        alive = {thread.name for thread in threading.enumerate()}
        assert {f"reader {driver.name}" for driver in self.drivers.values()} <= alive

    def _see(self, kind: Kind, reports: Reports) -> None:
        self._until(
            lambda: kind.meaning in [meaning_of(report) for report in reports.drain()],
            f"{kind.name} did not read its next good frame",
        )
        assert "in its driver" not in str(reports.seen), kind.name

    @staticmethod
    def _until(reached: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < give_up, what
            time.sleep(0.005)


def started(kinds: list[Kind], folder: Path, silence_seconds: float) -> Iterator[Bench]:
    """Start the drivers, and stop them in the end."""
    bench = Bench(kinds, silence_seconds)
    with ExitStack() as stack:
        for kind in kinds:
            path = folder / kind.name
            wire = Wedge(path, name=kind.name) if kind in WEDGES else PtyWire(path, name=kind.name)
            stack.callback(wire.close)
            driver, reports = kind.make(str(path)), Reports()
            driver.start(reports)
            stack.callback(driver.stop)
            bench.drivers[kind.name], bench.heard[kind.name] = driver, reports
            bench.wires[kind.name] = wire
            bench.send[kind.name] = wire.send if isinstance(wire, Wedge) else wire.write
            reports.next_of(DeviceState)
        yield bench
