"""What lines in the field really carry, given to every parser and to every driver over its own wire.

Random bytes, right frames at a wrong baud rate, floods, half a frame and then silence, two readers at
once, NULs, endless lines. Whatever comes: no thread dies, what is held stays small, no number is read
that nobody sent whole, and the next good frame is read.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hardware.card_readers import LONGEST_LINE_BYTES, CardFormat, LineCardReader, SiteCardForm
from hardware.code_scanners import LONGEST_CODE_BYTES, SerialCodeScanner
from hardware.framed_readers import RawFrameReader, TagReader
from hardware.inputs import InputWire, SerialInputBoard
from hardware.interfaces import (
    CardRead,
    CodeRead,
    DeviceReport,
    DeviceState,
    InputChange,
    InputKind,
    KeyPress,
)
from hardware.keypads import SerialKeypad
from hardware.matrix_keypads import FramedKeypad
from hardware.serial_reader import Listener
from hardware.simulated.framed_readers import printed_frame, tag_frame
from hardware.simulated.readers import printed_line
from hardware.simulated.wedge import Wedge, event, grabbed_by_nobody, typed
from hardware.simulated.wire import PtyWire
from hardware.wedge import WedgeCardReader, WedgeKeypad
from hardware.wiegand import RawFrameFormat
from tests.fuzz.device_targets import TARGETS
from tests.fuzz.target import Target
from tests.unit.hardware.conftest import PATIENCE_SECONDS, Reports
from tests.unit.hardware.uart import as_heard

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
CARD = 0x12AB34CD
SITE = SiteCardForm(24)
FLOOD_BYTES = 60_000
"""More than a minute of a 9600-baud line that is never quiet."""

# -- the parsers, over time that is an argument ----------------------------------------------------

HEAD_BYTES = {"card_lines": 2, "card_lines_of_any_length": 1, "tags": 1, "frames": 2, "keypads": 2}
HEAD_BYTES |= {"scanner": 1, "input_board": 1, "input_events": 2, "modbus": 1, "osdp": 2}
"""How many bytes of a seed choose form and time; the rest is what comes over the wire."""
PARSERS = [target for target in TARGETS if target.name in HEAD_BYTES]
each_parser = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)


def parts_of(parser: Target, seed: bytes) -> tuple[bytes, bytes]:
    """Return the bytes of a seed that choose, and those of the wire."""
    return seed[: HEAD_BYTES[parser.name]], seed[HEAD_BYTES[parser.name] :]


@each_parser
@settings(max_examples=40)
@given(st.data(), st.sampled_from(BAUDS), st.sampled_from(BAUDS), st.integers(1, 5))
def test_right_frames_at_a_wrong_baud_rate_are_no_frames_of_ours(
    parser: Target, data: st.DataObject, sent: int, heard: int, times: int
) -> None:
    assume(sent != heard)
    head, wire = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    parser.check(head + as_heard(wire * times, sent, heard))


@each_parser
@settings(max_examples=40)
@given(st.data())
def test_two_readers_at_once_make_no_number_that_was_not_sent_whole(
    parser: Target, data: st.DataObject
) -> None:
    head, one = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    _, other = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    turns = data.draw(st.lists(st.booleans(), max_size=80))
    left, right = list(one), list(other)
    mixed = [(left if turn else right).pop(0) for turn in turns if (left if turn else right)]
    parser.check(head + bytes(mixed) + bytes(left) + bytes(right))


@each_parser
@settings(max_examples=40)
@given(st.data(), st.sampled_from([0, 3]))
def test_half_a_frame_then_silence_then_the_rest_is_no_frame(
    parser: Target, data: st.DataObject, pace: int
) -> None:
    head, wire = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    cut = data.draw(st.integers(0, len(wire)))
    size = bytes((pace << 6 | min(max(cut, 1), 64) - 1,))
    parser.check(head[:-1] + size + wire[:cut] + wire[cut:])


@each_parser
@pytest.mark.parametrize("filling", [b"\x00", b"5", b"\xff", b"A\x00", b"\x02", b"0\r", b"\x5355"])
def test_a_flood_takes_no_memory_and_hides_no_later_frame(parser: Target, filling: bytes) -> None:
    head, wire = parts_of(parser, parser.seeds[0])
    # Answers that are asked for are looked for in what one time-out can bring.
    size = 260 if parser.name in ("modbus", "osdp") else 20_000
    parser.check(head[:-1] + b"\x3f" + (wire + filling * size)[:size])


def test_the_model_of_the_uart_gives_equal_rates_back_and_changes_others() -> None:
    every_byte = bytes(range(256))
    assert all(as_heard(every_byte, baud, baud) == every_byte for baud in BAUDS)
    assert as_heard(b"UU", 9600, 19200) == b"\x66\x33\x66\x33"
    assert as_heard(b"0", 9600, 115200) == b"\x00\x00"


# -- the drivers, over their own wires -------------------------------------------------------------

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
    """What is said before the noise, so that the good frame is news."""


def line_reader(fmt: CardFormat) -> Callable[[str], Listener]:
    return lambda path: LineCardReader(path, fmt, SITE, name="line")


def raw_reader(fmt: RawFrameFormat) -> Callable[[str], Listener]:
    return lambda path: RawFrameReader(path, fmt, SITE, name="raw")


def usb_reader(path: str) -> Listener:
    return WedgeCardReader(path, WEDGE_FORM, SITE, name="wedge", take_alone=grabbed_by_nobody)


def usb_pad(path: str) -> Listener:
    return WedgeKeypad(path, name="pad", take_alone=grabbed_by_nobody)


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
    send: dict[str, Callable[[bytes], int]] = field(default_factory=dict)
    heard: dict[str, Reports] = field(default_factory=dict)

    def suffer(self, stream_of: Callable[[Kind], bytes]) -> None:
        """Send each its stream, let the lines be quiet, and see each read its next good frame."""
        for kind in self.kinds:
            stream = kind.first + stream_of(kind)
            for start in range(0, len(stream), 2048):
                self.send[kind.name](stream[start : start + 2048])
                assert self.drivers[kind.name].held_bytes <= kind.may_hold, kind.name
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
        give_up = time.monotonic() + PATIENCE_SECONDS
        while kind.meaning not in [meaning_of(report) for report in reports.drain()]:
            assert time.monotonic() < give_up, f"{kind.name} did not read its next good frame"
            time.sleep(0.005)
        assert "in its driver" not in str(reports.seen), kind.name


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
            bench.send[kind.name] = wire.send if isinstance(wire, Wedge) else wire.write
            reports.next_of(DeviceState)
        yield bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return all serial drivers, which have to live through every test of this file."""
    yield from started(KINDS, tmp_path_factory.mktemp("serial"), silence_seconds=0.35)


@pytest.fixture(scope="module")
def wedges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from started(WEDGES, tmp_path_factory.mktemp("usb"), silence_seconds=0.6)


def at_wrong_bauds(kind: Kind) -> bytes:
    return b"".join(as_heard(kind.good * 3, 9600, baud) for baud in BAUDS if baud != 9600)


STREAMS: dict[str, Callable[[Kind], bytes]] = {
    "frames at every wrong baud rate": at_wrong_bauds,
    "half a frame": lambda kind: kind.good[: len(kind.good) // 2],
    "the other half": lambda kind: kind.good[len(kind.good) // 2 : -1],
    "two readers at once": lambda kind: bytes(byte for byte in kind.good for _ in range(2)),
    "NULs": lambda kind: bytes(5000),
    "an endless line": lambda kind: b"7" * FLOOD_BYTES,
    "a flood of noise": lambda kind: (b"\xff\x00\x02A5\x80" * FLOOD_BYTES)[:FLOOD_BYTES],
    "a flood of half frames": lambda kind: (kind.good[:-2] * FLOOD_BYTES)[:FLOOD_BYTES],
}


@pytest.mark.parametrize("stream", STREAMS)
def test_every_serial_driver_lives_through_it_and_reads_the_next_good_frame(
    stream: str, bench: Bench
) -> None:
    bench.suffer(STREAMS[stream])


def test_every_serial_driver_lives_through_random_bytes(bench: Bench) -> None:
    @settings(max_examples=6, deadline=None)
    @given(st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=4))
    def whatever_comes(pieces: list[bytes]) -> None:
        bench.suffer(lambda kind: b"".join(pieces))

    whatever_comes()


@pytest.mark.parametrize("stream", ["half a frame", "NULs", "a flood of noise", "a flood of half frames"])
def test_every_wedge_lives_through_torn_and_endless_events(stream: str, wedges: Bench) -> None:
    # The kernel's events do not fit a flood: they are written in pieces that a FIFO takes whole.
    wedges.suffer(lambda kind: STREAMS[stream](kind)[:16_000])


def test_noise_is_counted_and_told(bench: Bench) -> None:
    bench.suffer(lambda kind: b"\x025\x00\x02A\r" * 50)
    counted = {name: driver.dropped_frames for name, driver in bench.drivers.items()}
    assert min(counted.values()) > 0, counted
