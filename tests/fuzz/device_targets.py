"""Bytes from devices: whatever comes, no exception, little is held, no number that was not sent whole.

Where a driver distinguishes a frame from a torn one by a checksum, parity or fixed length,
the number read is in the bytes as the device's twin prints it; the twins do not call the drivers' parsers.
"""

import itertools
import re
from functools import reduce
from operator import xor

from hardware.inputs.serial import BOARD_TERMINALS, InputWire, SerialInputBoard
from hardware.interfaces import CardRead, CodeRead, DeviceReport, InputChange, InputKind, KeyPress
from hardware.lines.input_events import EventDecoder
from hardware.lines.serial_reader import SerialReader
from hardware.readers.cards import CardFormat, LineCardReader, SiteCardForm
from hardware.readers.framed import RawFrameReader, TagReader
from hardware.readers.keypads import SerialKeypad
from hardware.readers.matrix_keypads import KEY_OF_BYTE, FramedKeypad
from hardware.readers.qr_scanners import LONGEST_CODE_BYTES, SerialCodeScanner
from hardware.readers.usb_keyboard import WedgeCardReader, WedgeKeypad
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.framed_readers import printed_frame, tag_frame
from hardware.simulated.readers import printed_line
from hardware.simulated.wedge import event, skip_grab, typed
from tests.fuzz.target import SECOND_NS, Target, chosen, over_time

PORT = "/dev/serial/by-id/fuzz"
LATER_NS = 100_000 * SECOND_NS
CARD = 0x12AB34CD
LONGEST_HELD_BYTES = 48


def heard(reader: SerialReader, data: bytes, longest_held: int = LONGEST_HELD_BYTES) -> list[DeviceReport]:
    """Give the reader a stream and return what it hands up."""
    reports: list[DeviceReport] = []
    dropped = 0
    for piece, at_ns in over_time(data):
        reports += reader.take(piece, at_ns)
        assert reader.held_bytes <= longest_held
        assert reader.dropped_frames >= dropped, "the count of dropped frames fell"
        dropped = reader.dropped_frames
    list(reader.take(b"", LATER_NS))
    assert reader.held_bytes == 0, "a silence did not end what was torn"
    return reports


# -- cards -----------------------------------------------------------------------------------------

CARD_FORMATS = [
    CardFormat(bits, radix, order, checksum)  # type: ignore[arg-type]  # out of a product of legal words
    for bits, radix, order, checksum in itertools.product(
        (26, 34), ("dec", "hex", "facility"), ("msb", "lsb"), ("none", "xor", "sum")
    )
    if (bits, radix) != (34, "facility")
]
FRAME_FORMATS = [
    RawFrameFormat(bits, printed, bit_order, byte_order)  # type: ignore[arg-type]  # as above
    for bits, printed, bit_order, byte_order in itertools.product(
        (26, 34, 37), ("bin", "hex", "dec"), ("first_bit_first", "last_bit_first"), ("msb", "lsb")
    )
    if (bits, byte_order) != (37, "lsb")
]


def check_card_lines(data: bytes) -> None:
    """A reader that prints a line a card: any radix, order and checksum."""
    which, data = chosen(data, len(CARD_FORMATS))
    fmt = CARD_FORMATS[which]
    site = SiteCardForm(fmt.payload_bits)
    reader = LineCardReader(PORT, fmt, site, name="fuzz")
    for read in heard(reader, data):
        assert isinstance(read, CardRead)
        assert printed_line(read.number, fmt).strip().lower() in data.lower()
    number = CARD % (1 << site.bits)
    (good,) = reader.take(printed_line(CARD, fmt), LATER_NS + SECOND_NS)
    assert good == CardRead("fuzz", number, site.bits, LATER_NS + SECOND_NS)


def check_card_lines_of_any_length(data: bytes) -> None:
    """A reader that prints decimals without leading zeros: a torn line looks like a short one."""
    reader = LineCardReader(PORT, CardFormat(34, "dec", zero_padded=False), SiteCardForm(32), name="fuzz")
    for read in heard(reader, data):
        assert isinstance(read, CardRead)
        assert str(read.number).encode() in data
    (good,) = reader.take(b"4711\r\n", LATER_NS + SECOND_NS)
    assert good == CardRead("fuzz", 4711, 32, LATER_NS + SECOND_NS)


def tags_in(data: bytes) -> set[int]:
    """Return the numbers of all right tag frames anywhere in the bytes, found another way."""
    frames = [bytes.fromhex(m[1].decode()) for m in re.finditer(rb"(?=([0-9A-Fa-f]{12}))", data)]
    return {int.from_bytes(frame[1:5], "big") for frame in frames if reduce(xor, frame) == 0}


def check_tags(data: bytes) -> None:
    """An RDM6300 or ID-12 module."""
    reader = TagReader(PORT, SiteCardForm(32), name="fuzz")
    for read in heard(reader, data):
        assert isinstance(read, CardRead)
        assert read.number in tags_in(data)
    (good,) = reader.take(tag_frame(CARD), LATER_NS + SECOND_NS)
    assert good == CardRead("fuzz", CARD, 32, LATER_NS + SECOND_NS)


def check_frames(data: bytes) -> None:
    """A converter that prints whole Wiegand frames: any length, radix and order."""
    which, data = chosen(data, len(FRAME_FORMATS))
    fmt = FRAME_FORMATS[which]
    site = SiteCardForm(24 if fmt.bits == 26 else 32)
    reader = RawFrameReader(PORT, fmt, site, name="fuzz")
    for read in heard(reader, data):
        assert isinstance(read, CardRead)
        # The site's form leaves out the three highest bits of a 37-bit card.
        same_low_bits = (read.number | high << site.bits for high in range(1 << fmt.payload_bits - site.bits))
        assert any(printed_frame(number, fmt).strip().lower() in data.lower() for number in same_low_bits)
    (good,) = reader.take(printed_frame(CARD, fmt), LATER_NS + SECOND_NS)
    assert good == CardRead("fuzz", CARD % (1 << site.bits), site.bits, LATER_NS + SECOND_NS)


# -- keys, codes, contacts -------------------------------------------------------------------------


def check_keypads(data: bytes) -> None:
    """Keypads of one byte a key, of a frame a key, and of a frame with the key's complement."""
    which, data = chosen(data, 3)
    if which == 0:
        bare = SerialKeypad(PORT, name="fuzz")
        pieces = [piece for piece, _ in over_time(data)]
        assert len(heard(bare, data)) + bare.dropped_frames == sum(map(len, pieces))
        return
    keypad = FramedKeypad(PORT, "stx" if which == 1 else "stx_sum", name="fuzz")
    frames = {
        key: [
            b"\x02" + bytes((byte, 0xFF - byte)[:which]) + b"\x03"
            for byte, k in KEY_OF_BYTE.items()
            if k == key
        ]
        for key in KEY_OF_BYTE.values()
    }
    # Once for each key, not for each press: of a long stream that took seconds.
    sent = {key for key, those in frames.items() if any(frame in data for frame in those)}
    for press in heard(keypad, data, longest_held=2):
        assert isinstance(press, KeyPress)
        assert press.key in sent
    (good,) = keypad.take(frames["7"][0], LATER_NS + SECOND_NS)
    assert good == KeyPress("fuzz", "7", LATER_NS + SECOND_NS)


def check_scanner(data: bytes) -> None:
    """A GM65-class scanner: a text and a line end."""
    scanner = SerialCodeScanner(PORT, name="fuzz")
    for read in heard(scanner, data, longest_held=LONGEST_CODE_BYTES):
        assert isinstance(read, CodeRead)
        assert read.text.isprintable()
        assert read.text.encode("ascii") in data
    (good,) = scanner.take(b"6BFOXN\r\n", LATER_NS + SECOND_NS)
    assert good == CodeRead("fuzz", "6BFOXN", LATER_NS + SECOND_NS)


WIRES = [InputWire(terminal, f"lane-{terminal}", InputKind.DOOR_OPEN, False) for terminal in BOARD_TERMINALS]


def check_input_board(data: bytes) -> None:
    """The serial input board: a line a contact."""
    board = SerialInputBoard(PORT, WIRES, name="fuzz")
    changes = heard(board, data, longest_held=16)
    last: dict[str, bool] = {}
    for change in changes:
        assert isinstance(change, InputChange)
        terminal = change.lane_id.removeprefix("lane-")
        assert f"I{terminal}={int(change.active)}".encode() in data
        assert last.get(terminal) is not change.active, "the same state was reported twice"
        last[terminal] = change.active
    board.forget()
    assert list(board.take(b"I3=1\n", LATER_NS + SECOND_NS)) == []
    (good,) = board.take(b"", LATER_NS + 2 * SECOND_NS)
    assert isinstance(good, InputChange)
    assert (good.lane_id, good.kind, good.active) == ("lane-3", InputKind.DOOR_OPEN, True)


def check_input_events(data: bytes) -> None:
    """USB readers and number pads: `struct input_event`, torn, lost and of both sizes."""
    which, data = chosen(data, 2)
    decoder = EventDecoder(long_bytes=(4, 8)[which])
    reader = WedgeCardReader(
        "/dev/input/by-id/fuzz",
        CardFormat(34, "dec"),
        SiteCardForm(32),
        name="fuzz",
        take_alone=skip_grab,
    )
    keypad = WedgeKeypad("/dev/input/by-id/fuzz", name="fuzz", take_alone=skip_grab)
    for piece, at_ns in over_time(data):
        for key in decoder.feed(piece, at_ns):
            if key.events_were_lost:
                reader.lose()
                continue
            for read in (*reader.take(key, at_ns), *keypad.take(key, at_ns)):
                assert isinstance(read, KeyPress | CardRead)
            assert reader.held_bytes <= LONGEST_HELD_BYTES
        assert decoder.held_bytes < decoder.event_bytes
    long_bytes = (4, 8)[which]
    hands_off = event(1, 42, 0, long_bytes=long_bytes) + event(1, 54, 0, long_bytes=long_bytes)
    list(decoder.feed(hands_off, LATER_NS))
    good = [
        read
        for key in decoder.feed(typed("0000004711\n", long_bytes=long_bytes), LATER_NS + SECOND_NS)
        for read in reader.take(key, LATER_NS + SECOND_NS)
    ]
    assert good == [CardRead("fuzz", 4711, 32, LATER_NS + SECOND_NS)]


def seeds_of_forms(frames: list[bytes]) -> tuple[bytes, ...]:
    """Return each frame behind the byte that picks its form and one that says how it comes."""
    return tuple(bytes((which, 0x1F)) + frame for which, frame in enumerate(frames))


TARGETS = (
    Target("card_lines", check_card_lines, seeds_of_forms([printed_line(CARD, fmt) for fmt in CARD_FORMATS])),
    Target(
        "card_lines_of_any_length",
        check_card_lines_of_any_length,
        (b"\x1f4711\r\n", b"\x07\x0212\x03", b"\xc0123456789012\r"),
    ),
    Target(
        "tags",
        check_tags,
        (b"\x1f" + tag_frame(CARD), b"\x05" + tag_frame(1, with_line_end=True) + tag_frame(2)),
    ),
    Target("frames", check_frames, seeds_of_forms([printed_frame(CARD, fmt) for fmt in FRAME_FORMATS])),
    Target(
        "keypads",
        check_keypads,
        (b"\x00\x1f1203#*", b"\x01\x1f\x027\x03\x02E\x03", b"\x02\x1f\x02\x37\xc8\x03"),
        found=(b"\x01\x3f" + b"\x02B\x03" * 2730, b"\x02\x00" + b"\x02B\xbd\x03" * 2047),
    ),
    Target(
        "scanner",
        check_scanner,
        (b"\x1f6BFOXN.VKQ%5\r\n", b"\x3fHTTP://A.B/\r", b"\x01" + b"A" * 1100 + b"\n"),
    ),
    Target(
        "input_board", check_input_board, (b"\x1fI1=1\nI16=0\n", b"\x41I3=1\nI3=0\nI3=1\n", b"\x81I99=1\n")
    ),
    Target(
        "input_events",
        check_input_events,
        (
            b"\x01\x3f" + typed("12AB\n"),
            b"\x00\x3f" + typed("#7\n", long_bytes=4),
            b"\x01\x17" + event(0, 3, 0),
        ),
    ),
)
