"""USB wedges: the kernel's events, the exclusive grab, and the real read loop over a FIFO."""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.interfaces import CardRead, Health, KeyPress
from hardware.lines.input_events import EventDecoder, WedgeLines
from hardware.readers.cards import CardFormat, SiteCardForm
from hardware.readers.usb_keyboard import WedgeCardReader, WedgeKeypad
from hardware.simulated.wedge import Wedge, event, skip_grab, typed
from tests.hardware.conftest import Reports

TEN_DIGITS = CardFormat(34, radix="dec")
SITE = SiteCardForm(32)
SECOND = 1_000_000_000
UINPUT = Path("/dev/uinput")


def lines_of(data: bytes, decoder: EventDecoder, lines: WedgeLines) -> list[str]:
    ended = (lines.press(key, SECOND) for key in decoder.feed(data, SECOND))
    return [line for line in ended if line is not None]


@pytest.mark.parametrize(
    ("long_bytes", "golden"),
    [
        # type 1 (key), code 2 ("1"), value 1, at 0x5f5e1000 s and 7 µs; little-endian machines only
        (8, struct.pack("<qq", 0x5F5E1000, 7) + bytes.fromhex("0100 0200 01000000")),
        (4, struct.pack("<ii", 0x5F5E1000, 7) + bytes.fromhex("0100 0200 01000000")),
    ],
)
def test_an_event_of_linux_input_h_is_read(long_bytes: int, golden: bytes) -> None:
    decoder = EventDecoder(long_bytes=long_bytes)
    assert decoder.event_bytes == len(golden)
    assert [key.character for key in decoder.feed(golden, SECOND)] == ["1"]


@given(st.sampled_from([4, 8]), st.text("0123456789ABCDEF", min_size=1, max_size=20), st.data())
def test_what_was_typed_is_read_however_it_is_cut(long_bytes: int, text: str, data: st.DataObject) -> None:
    decoder, lines = EventDecoder(long_bytes=long_bytes), WedgeLines(32)
    events = typed(text + "\n", long_bytes=long_bytes)
    cut = data.draw(st.integers(0, len(events)))
    assert lines_of(events[:cut], decoder, lines) + lines_of(events[cut:], decoder, lines) == [text]


@given(st.lists(st.binary(max_size=400), max_size=6))
def test_no_bytes_raise_and_little_is_held(noise: list[bytes]) -> None:
    decoder, lines = EventDecoder(), WedgeLines(32)
    for data in noise:
        lines_of(data, decoder, lines)
        assert decoder.held_bytes < decoder.event_bytes
        assert lines.held_bytes <= 32


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 0x2FF), st.integers(-1, 3)), max_size=200))
def test_after_any_events_and_a_silence_the_next_line_is_read(events: list[tuple[int, int, int]]) -> None:
    decoder, lines = EventDecoder(), WedgeLines(32)
    for at, one in enumerate(events):
        for key in decoder.feed(event(*one), SECOND + at):
            lines.press(key, SECOND + at)
    # Whatever was held down is let go, as by a hand.
    list(decoder.feed(event(1, 42, 0) + event(1, 54, 0), 2 * SECOND))
    ended = [lines.press(key, 9 * SECOND) for key in decoder.feed(typed("0000004711\n"), 9 * SECOND)]
    assert ended[-1] == "0000004711"


def test_half_a_line_and_a_silence_do_not_join_the_next() -> None:
    decoder, lines = EventDecoder(), WedgeLines(32)
    assert lines_of(typed("12345"), decoder, lines) == []
    ended = [lines.press(key, 3 * SECOND) for key in decoder.feed(typed("67890\n"), 3 * SECOND)]
    assert ended[-1] == "67890"
    assert lines.dropped == 1


def test_a_reader_hands_up_cards_and_comes_back(
    port: Path, reports: Reports, nothing_left_behind: None
) -> None:
    with Wedge(port, name="wedge") as twin:
        reader = WedgeCardReader(twin.path, TEN_DIGITS, SITE, name="wedge", take_alone=skip_grab)
        reader.start(reports)
        reports.wait_for(Health.OK)
        twin.type("3735928559\n")
        assert reports.next_of(CardRead).number == 0xDEADBEEF
        twin.unplug()
        reports.wait_for(Health.LOST)
        twin.replug()
        reports.wait_for(Health.OK)
        twin.type("0000000077\n")
        assert reports.next_of(CardRead).number == 77
        reader.stop()


def test_a_reader_with_the_wrong_format_is_called_faulty_until_it_reads(port: Path, reports: Reports) -> None:
    with Wedge(port, name="wedge") as twin:
        reader = WedgeCardReader(twin.path, TEN_DIGITS, SITE, name="wedge", take_alone=skip_grab)
        reader.start(reports)
        reports.wait_for(Health.OK)
        twin.type("AB\n" * 3)
        reports.wait_for(Health.FAULTY)
        twin.type("0000000077\n")
        assert reports.next_of(CardRead).number == 77
        reports.wait_for(Health.OK)
        reader.stop()


def test_half_an_event_and_a_silence_do_not_shift_the_next() -> None:
    decoder = EventDecoder()
    assert [key.character for key in decoder.feed(typed("1")[:-5], SECOND)] == ["1"]
    assert [key.character for key in decoder.feed(typed("2"), 2 * SECOND)] == ["2"]
    assert decoder.dropped == 1


def test_a_line_of_which_the_kernel_lost_a_part_is_no_card(port: Path, reports: Reports) -> None:
    short = CardFormat(34, "dec", zero_padded=False)
    with Wedge(port, name="wedge") as twin:
        reader = WedgeCardReader(twin.path, short, SITE, name="wedge", take_alone=skip_grab)
        reader.start(reports)
        reports.wait_for(Health.OK)
        twin.send(typed("12") + event(0, 3, 0) + typed("34\n77\n"))
        assert reports.next_of(CardRead).number == 77
        assert reader.dropped_frames == 1
        reader.stop()


def test_a_number_pad_hands_up_keys(port: Path, reports: Reports) -> None:
    with Wedge(port, name="pad") as twin:
        keypad = WedgeKeypad(twin.path, name="pad", take_alone=skip_grab)
        keypad.start(reports)
        reports.wait_for(Health.OK)
        twin.type("1203\n\b#*\x1b")
        assert "".join(reports.next_of(KeyPress).key for _ in range(9)) == "1203#*#**"
        keypad.stop()


def test_what_cannot_be_taken_for_us_alone_is_not_read(port: Path, reports: Reports) -> None:
    with Wedge(port, name="wedge") as twin:
        reader = WedgeCardReader(twin.path, TEN_DIGITS, SITE, name="wedge")
        reader.start(reports)
        assert "type into the screen's page" in reports.wait_for(Health.FAULTY).detail
        twin.type("3735928559\n")
        reader.stop()
        assert not [seen for seen in reports.drain() if isinstance(seen, CardRead)]


def test_a_name_that_moves_is_refused() -> None:
    with pytest.raises(BadDeviceSetting, match="by-id"):
        WedgeKeypad("/dev/input/event3", name="pad")


UI_SET_EVBIT, UI_SET_KEYBIT, UI_DEV_CREATE, UI_DEV_DESTROY = 0x40045564, 0x40045565, 0x5501, 0x5502
UI_GET_SYSNAME_64 = 0x8040552C


@pytest.fixture
def real_keyboard() -> Iterator[tuple[int, Path]]:
    """A keyboard made through uinput: its writing end, and its node under /dev/input."""
    try:
        descriptor = os.open(UINPUT, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as err:
        pytest.skip(f"{UINPUT}: {err.strerror}; needs the uinput module and the right to use it")
    fcntl.ioctl(descriptor, UI_SET_EVBIT, 1)
    for code in range(1, 120):
        fcntl.ioctl(descriptor, UI_SET_KEYBIT, code)
    os.write(descriptor, struct.pack("80sHHHHi", b"menjin test", 3, 1, 1, 1, 0) + bytes(4 * 64 * 4))
    fcntl.ioctl(descriptor, UI_DEV_CREATE)
    name = bytearray(64)
    fcntl.ioctl(descriptor, UI_GET_SYSNAME_64, name)
    folder = Path("/sys/devices/virtual/input") / name.rstrip(b"\0").decode()
    node = Path("/dev/input") / next(folder.glob("event*")).name
    deadline = time.monotonic() + 60
    while not os.access(node, os.R_OK) and time.monotonic() < deadline:
        time.sleep(0.02)
    yield descriptor, node
    fcntl.ioctl(descriptor, UI_DEV_DESTROY)
    os.close(descriptor)


def test_a_real_input_device_is_read_and_no_other_process_reads_it(
    real_keyboard: tuple[int, Path], port: Path, reports: Reports
) -> None:
    keyboard, node = real_keyboard
    port.parent.mkdir(parents=True)
    port.symlink_to(node)
    other = os.open(node, os.O_RDONLY | os.O_NONBLOCK)
    reader = WedgeCardReader(str(port), TEN_DIGITS, SITE, name="wedge")
    reader.start(reports)
    reports.wait_for(Health.OK)
    os.write(keyboard, typed("3735928559\n"))
    assert reports.next_of(CardRead).number == 0xDEADBEEF
    with pytest.raises(BlockingIOError):
        os.read(other, 24)
    os.close(other)
    reader.stop()
