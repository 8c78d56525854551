"""Card modules, whole-frame converters and framed keypads: golden bytes, noise, and the next good frame."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.interfaces import CardRead, Health, KeyPress
from hardware.readers.cards import LONGEST_LINE_BYTES, ParsedCard, SiteCardForm
from hardware.readers.framed import FrameLineParser, RawFrameReader, TagParser, TagReader, parse_tag
from hardware.readers.matrix_keypads import FramedKeypad, KeyFrameParser
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated import framed_readers as twins
from tests.hardware.conftest import Reports

SITE = SiteCardForm(32)
SECOND = 1_000_000_000
RAW = RawFrameFormat(34, "hex")
CARD = 0xE3086CED


class Parser(Protocol):
    @property
    def held_bytes(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    def feed(self, data: bytes, now_ns: int, /) -> list[int] | str: ...


def tag_parser() -> Parser:
    return TagParser(SITE)


def raw_parser() -> Parser:
    return FrameLineParser(RAW, SITE)


def stx_parser() -> Parser:
    return KeyFrameParser("stx")


def sum_parser() -> Parser:
    return KeyFrameParser("stx_sum")


PARSERS: list[tuple[Callable[[], Parser], bytes, list[int] | str]] = [
    (tag_parser, twins.tag_frame(CARD), [CARD]),
    (raw_parser, twins.printed_frame(CARD, RAW), [CARD]),
    (stx_parser, b"\x027\x03", "7"),
    (sum_parser, b"\x02\x37\xc8\x03", "7"),
]
each_parser = pytest.mark.parametrize(("make", "good", "meaning"), PARSERS)


def test_the_frame_of_the_rdm6300_sheet_is_read() -> None:
    frame = b"\x0262E3086CED08\x03"
    assert parse_tag(frame[1:-1]) == ParsedCard(0xE3086CED, 32)
    assert TagParser(SITE).feed(frame, SECOND) == [0xE3086CED]


def test_a_tag_with_a_wrong_checksum_is_no_card() -> None:
    parser = TagParser(SITE)
    assert parser.feed(b"\x0262E3086CED09\x03", SECOND) == []
    assert parser.dropped == 1


def test_a_card_that_lies_on_the_module_is_one_tap_and_another_tap_is_another() -> None:
    parser = TagParser(SITE)
    frame = twins.tag_frame(CARD)
    heard = [parser.feed(frame, SECOND + beat * 65_000_000) for beat in range(40)]
    assert heard == [[CARD]] + [[]] * 39
    assert parser.feed(frame, 10 * SECOND) == [CARD]


def test_two_cards_in_turn_are_both_read() -> None:
    parser = TagParser(SITE)
    assert parser.feed(twins.tag_frame(1) + twins.tag_frame(2), SECOND) == [1, 2]


def test_a_key_with_a_wrong_complement_is_no_key() -> None:
    parser = KeyFrameParser("stx_sum")
    assert parser.feed(b"\x02\x37\xc9\x03", SECOND) == ""
    assert parser.dropped == 1


@each_parser
@given(noise=st.lists(st.binary(max_size=200), max_size=8))
def test_after_any_noise_and_a_silence_the_next_good_frame_is_read(
    make: Callable[[], Parser], good: bytes, meaning: list[int] | str, noise: list[bytes]
) -> None:
    parser = make()
    for at, data in enumerate(noise):
        parser.feed(data, SECOND + at)
        assert parser.held_bytes <= LONGEST_LINE_BYTES + 2
    assert parser.feed(good, 20 * SECOND) == meaning


@each_parser
@given(cut=st.integers(1, 60))
def test_half_a_frame_and_a_silence_count_once_and_change_nothing(
    make: Callable[[], Parser], good: bytes, meaning: list[int] | str, cut: int
) -> None:
    parser = make()
    half = good[: cut % len(good)]
    before = parser.feed(half, SECOND)
    assert len(before) == 0 or half + b"\n" == good or half + b"\x03" == good
    parser.feed(b"", 3 * SECOND)
    assert parser.held_bytes == 0
    assert parser.feed(good, 20 * SECOND) == meaning


@each_parser
def test_a_flood_is_counted_and_holds_no_memory(
    make: Callable[[], Parser], good: bytes, meaning: list[int] | str
) -> None:
    parser = make()
    for at in range(200):
        parser.feed(b"\xff\x0055" * 250, SECOND + at)
        assert parser.held_bytes <= LONGEST_LINE_BYTES + 2
    assert parser.dropped > 0
    assert parser.feed(good, 20 * SECOND) == meaning


@pytest.mark.first_set
@each_parser
@given(st.lists(st.booleans(), min_size=40, max_size=80))
def test_two_readers_talking_at_once_make_no_card_that_neither_sent(
    make: Callable[[], Parser], good: bytes, meaning: list[int] | str, order: list[bool]
) -> None:
    parser = make()
    one, other = list(good), list(good)
    mixed = bytes((one if first else other).pop(0) for first in order if (one if first else other))
    heard = parser.feed(mixed, SECOND)
    # A checksum or parity lets some mixtures through that are the very frame; no other card comes out
    # of two equal frames than by luck of the checksum, and without one at most more of the same key.
    assert len(heard) <= 2
    assert parser.feed(good, 20 * SECOND) == meaning


@each_parser
def test_bits_at_a_wrong_baud_rate_are_no_card(
    make: Callable[[], Parser], good: bytes, meaning: list[int] | str
) -> None:
    parser = make()
    slow = b"".join(bytes((byte & 0xF0 | 0x80, byte << 4 & 0xFF | 0x08)) for byte in good)
    assert len(parser.feed(slow, SECOND)) == 0
    assert parser.feed(good, 20 * SECOND) == meaning


def test_a_module_hands_up_cards_over_a_pty_and_comes_back(port: Path, reports: Reports) -> None:
    with twins.TagReader(port, name="tag") as twin:
        reader = TagReader(twin.path, SITE, name="tag")
        reader.start(reports)
        reports.wait_for(Health.OK)
        at_ns = twin.tap(CARD, times=3, with_line_end=True)
        read = reports.next_of(CardRead)
        assert (read.device, read.number, read.bits) == ("tag", CARD, 32)
        assert read.read_at_ns >= at_ns
        twin.unplug()
        reports.wait_for(Health.LOST)
        twin.replug()
        reports.wait_for(Health.OK)
        twin.tap(77)
        assert reports.next_of(CardRead).number == 77
        reader.stop()


def test_a_37_bit_card_is_read_over_a_pty(port: Path, reports: Reports) -> None:
    fmt = RawFrameFormat(37, "bin", "last_bit_first")
    with twins.RawFrameReader(port, fmt, name="raw") as twin:
        reader = RawFrameReader(twin.path, fmt, SITE, name="raw")
        reader.start(reports)
        reports.wait_for(Health.OK)
        twin.tap(0x1_2345_6789)
        assert reports.next_of(CardRead).number == 0x2345_6789
        reader.stop()


@pytest.mark.parametrize("frame", ["stx", "stx_sum"])
def test_a_framed_keypad_is_read_over_a_pty(frame: str, port: Path, reports: Reports) -> None:
    with twins.FramedKeypad(port, frame, name="pad") as twin:  # type: ignore[arg-type]  # one of both
        keypad = FramedKeypad(twin.path, frame, name="pad")  # type: ignore[arg-type]  # one of both
        keypad.start(reports)
        reports.wait_for(Health.OK)
        twin.type("12E0C*#")
        keys = "".join(reports.next_of(KeyPress).key for _ in range(7))
        assert keys == "12#0**#"
        keypad.stop()


def test_a_26_bit_reader_cannot_fill_a_32_bit_site(port: Path) -> None:
    with pytest.raises(BadDeviceSetting, match="24 bits"):
        RawFrameReader(str(port), RawFrameFormat(26), SITE, name="raw")
