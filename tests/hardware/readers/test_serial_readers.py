import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.interfaces import CardRead, CodeRead, DeviceReport, DeviceState, Health, KeyPress
from hardware.lines.framing import LineFramer
from hardware.lines.serial_reader import SerialReader
from hardware.readers.cards import CardFormat, LineCardReader, SiteCardForm
from hardware.readers.keypads import KEYS, SerialKeypad, parse_keys
from hardware.readers.qr_scanners import LONGEST_CODE_BYTES, SerialCodeScanner
from hardware.simulated.readers import Keypad, QrScanner, printed_line
from hardware.simulated.readers import LineCardReader as CardTwin

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
FORMAT = CardFormat(34, "hex", "lsb", "xor")


@pytest.fixture
def metal(port: Path) -> Iterator[CardTwin]:
    with CardTwin(port, FORMAT, name="metal") as twin:
        yield twin


@pytest.fixture
def reader(metal: CardTwin, reports) -> Iterator[LineCardReader]:
    reader = LineCardReader(metal.path, FORMAT, SiteCardForm(24), name="north reader")
    reader.start(reports)
    yield reader
    reader.stop()


def test_a_tapped_card_comes_up_in_the_sites_form(metal, reader, reports) -> None:
    reports.wait_for(Health.OK)
    last_byte_ns = metal.tap(0x12345678)
    read = reports.next_of(CardRead)

    assert (read.device, read.number, read.bits) == ("north reader", 0x345678, 24)
    assert read.read_at_ns >= last_byte_ns - 1_000_000


def test_torn_and_noisy_frames_are_counted_and_the_next_card_is_read(metal, reader, reports) -> None:
    reports.wait_for(Health.OK)
    metal.wire.write(printed_line(1, FORMAT)[:5] + b"\r\n")
    metal.wire.write(b"\xff\x00\xfe")
    metal.wire.write(b"9" * 5000 + b"\r\n")
    metal.tap(7)
    assert reports.next_of(CardRead).number == 7
    # "9" * 5000 is one overlong frame, unless the pty lost its end, which the silence then drops.
    assert reader.dropped_frames >= 2


def test_a_reader_that_vanishes_is_reported_lost_once_and_ok_once_when_back(metal, reader, reports) -> None:
    reports.wait_for(Health.OK)
    metal.unplug()
    reports.wait_for(Health.LOST)
    time.sleep(0.6)
    metal.replug()
    reports.wait_for(Health.OK)
    metal.tap(9)
    assert reports.next_of(CardRead).number == 9

    states = [report.health for report in reports.drain() if isinstance(report, DeviceState)]
    assert states == [Health.OK, Health.LOST, Health.OK]


def test_half_a_card_from_before_the_unplugging_is_not_joined_to_the_next(metal, reader, reports) -> None:
    reports.wait_for(Health.OK)
    line = printed_line(0x01020304, FORMAT)
    metal.wire.write(line[:6])
    metal.unplug()
    reports.wait_for(Health.LOST)
    metal.replug()
    reports.wait_for(Health.OK)
    metal.wire.write(line[6:])
    metal.tap(11)

    assert reports.next_of(CardRead).number == 11


def test_a_card_tapped_while_the_driver_does_not_listen_is_never_read_later(metal, reports) -> None:
    metal.tap(1)
    reader = LineCardReader(metal.path, FORMAT, SiteCardForm(24), name="north reader")
    reader.start(reports)
    reports.wait_for(Health.OK)
    metal.tap(2)
    assert reports.next_of(CardRead).number == 2
    reader.stop()


def test_an_absent_reader_starts_at_once_and_is_reported_lost(port: Path, reports) -> None:
    reader = LineCardReader(str(port), FORMAT, SiteCardForm(24), name="north reader")
    reader.start(reports)
    assert str(port) in reports.wait_for(Health.LOST).detail
    reader.stop()


def test_a_reader_starts_again_after_a_stop(metal, reader, reports) -> None:
    reports.wait_for(Health.OK)
    reader.stop()
    reader.stop()
    reader.start(reports)
    reader.start(reports)
    reports.wait_for(Health.OK)
    metal.tap(3)
    assert reports.next_of(CardRead).number == 3


def test_only_unreadable_frames_make_a_reader_faulty_until_a_good_one(metal, reader, reports) -> None:
    reports.wait_for(Health.OK)
    metal.wire.write(b"wrong baud\r\n" * 3)
    faulty = reports.wait_for(Health.FAULTY)
    assert (faulty.dropped_frames, reader.dropped_frames) == (3, 3)
    assert not faulty.is_lost, "three foreign cards"
    metal.wire.write(b"wrong baud\r\n" * 27)
    assert reports.wait_for(Health.FAULTY).is_lost, "thirty in a row are a wrong setting"
    metal.tap(4)
    assert not reports.wait_for(Health.OK).is_lost
    assert CardRead in {type(report) for report in reports.seen}


def test_bad_frames_with_good_ones_between_them_do_not_make_a_reader_faulty(metal, reader, reports) -> None:
    reports.wait_for(Health.OK)
    for number in (5, 6, 7, 8):
        metal.wire.write(b"a torn one\r\n")
        give_up = time.monotonic() + 60
        while reader.dropped_frames < number - 4:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        metal.tap(number)
        assert reports.next_of(CardRead).number == number
    assert reader.dropped_frames == 4
    assert {seen.health for seen in reports.drain() if isinstance(seen, DeviceState)} == {Health.OK}


def test_a_reader_short_of_bits_is_refused_before_it_starts(port: Path) -> None:
    with pytest.raises(BadDeviceSetting, match="north reader"):
        LineCardReader(str(port), CardFormat(26), SiteCardForm(32), name="north reader")


def test_a_fault_in_a_driver_is_reported_and_does_not_end_the_reading(metal, reports) -> None:
    class Stumbling(SerialReader):
        def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
            return [KeyPress(self.name, {b"": "", b"5": "5"}[data], at_ns)] if data else []

    reader = Stumbling(metal.path, 9600, name="stumbling")
    reader.start(reports)
    reports.wait_for(Health.OK)
    metal.wire.write(b"x")
    fault = reports.wait_for(Health.FAULTY)
    assert "KeyError" in fault.detail
    assert fault.is_lost
    reports.wait_for(Health.OK)
    metal.wire.write(b"5")
    assert reports.next_of(KeyPress).key == "5"
    reader.stop()


def test_keys_come_up_one_by_one_in_order(port: Path, reports) -> None:
    with Keypad(port, name="metal") as metal:
        keypad = SerialKeypad(metal.path, name="pad")
        keypad.start(reports)
        reports.wait_for(Health.OK)
        metal.type("31203#*0")
        assert "".join(reports.next_of(KeyPress).key for _ in range(8)) == "31203#*0"
        metal.wire.write(b"\x00A")
        metal.type("7")
        assert reports.next_of(KeyPress).key == "7"
        assert keypad.dropped_frames == 2
        keypad.stop()


@given(st.binary(max_size=300))
def test_any_bytes_from_a_keypad_are_keys_or_counted(data: bytes) -> None:
    keys, dropped = parse_keys(data)

    assert set(keys) <= KEYS
    assert len(keys) + dropped == len(data)


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
def test_a_scanned_code_comes_up_whatever_ends_it(port: Path, reports, end: bytes) -> None:
    text = "MJ1:" + "AB0$%*+-./: " * 8
    with QrScanner(port, name="metal") as metal:
        scanner = SerialCodeScanner(metal.path, name="scanner")
        scanner.start(reports)
        reports.wait_for(Health.OK)
        metal.wire.write(text.encode("ascii") + end)
        assert reports.next_of(CodeRead).text == text
        metal.scan("second")
        assert reports.next_of(CodeRead).text == "second"
        assert scanner.dropped_frames == 0
        scanner.stop()


@given(
    st.lists(st.binary(max_size=2000), max_size=10),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=200),
)
def test_after_any_noise_and_a_line_end_the_next_code_is_read(noise: list[bytes], text: str) -> None:
    framer = LineFramer(LONGEST_CODE_BYTES)
    for chunk in noise:
        framer.feed(chunk, 0)
        assert framer.held_bytes <= LONGEST_CODE_BYTES
    framer.feed(b"\r", 0)

    assert framer.feed(text.encode("ascii") + b"\r", 1) == [text.encode("ascii")]


@given(st.binary(max_size=3000))
def test_a_code_with_a_byte_that_is_no_text_is_dropped_whole(data: bytes) -> None:
    for line in LineFramer(LONGEST_CODE_BYTES).feed(data + b"\r\n", 0):
        assert line.decode("ascii").isprintable()


def test_a_code_too_long_is_counted_once() -> None:
    framer = LineFramer(10)

    assert framer.feed(b"12345678901" * 9 + b"\rgood\r", 0) == [b"good"]
    assert framer.dropped == 1
