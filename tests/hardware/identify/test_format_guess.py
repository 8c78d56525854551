"""What a device is, from its bytes alone: every format Menjin reads is recognised from its own output."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.identify.format_guess import Finding, Guess, find, fits, that_read
from hardware.readers.cards import CardFormat
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.framed_readers import printed_frame, tag_frame
from hardware.simulated.readers import printed_line

NUMBERS = (0x1234ABCD, 0x0A00B0C1, 0xFE12DC34)
"""Three cards, each with letters in hexadecimal and a different top byte."""


def line_formats() -> list[CardFormat]:
    formats = []
    for bits in (26, 34):
        for radix in ("dec", "hex", "facility"):
            for byte_order in ("msb", "lsb"):
                for checksum in ("none", "xor", "sum"):
                    try:
                        formats.append(CardFormat(bits, radix, byte_order, checksum))
                    except BadDeviceSetting:
                        continue
    return formats


def frame_formats() -> list[RawFrameFormat]:
    formats = []
    for bits in (26, 34, 37):
        for printed in ("bin", "hex", "dec"):
            for bit_order in ("first_bit_first", "last_bit_first"):
                for byte_order in ("msb", "lsb"):
                    try:
                        formats.append(RawFrameFormat(bits, printed, bit_order, byte_order))
                    except BadDeviceSetting:
                        continue
    return formats


def settings_of(fmt: CardFormat | RawFrameFormat) -> dict[str, object]:
    if isinstance(fmt, CardFormat):
        keys = ("bits", "radix", "byte_order", "checksum")
        return {"kind": "serial_card", **{key: getattr(fmt, key) for key in keys}}
    return {key: getattr(fmt, key) for key in ("bits", "printed", "bit_order", "byte_order")}


def all_settings(finding: Finding) -> list[dict[str, object]]:
    return [dict(guess.settings) for guess in finding.guesses]


@pytest.mark.parametrize("fmt", line_formats(), ids=str)
def test_a_line_reader_is_among_the_guesses_and_the_printed_number_leaves_it_alone(fmt: CardFormat) -> None:
    taps = [printed_line(number, fmt) for number in NUMBERS]
    found = find(taps)
    assert settings_of(fmt) in all_settings(found)
    known = that_read(NUMBERS[-1], found.guesses)
    assert [dict(guess.settings) for guess in known] == [settings_of(fmt)]


@pytest.mark.parametrize("fmt", frame_formats(), ids=str)
def test_a_whole_frame_is_reported_with_its_bit_and_byte_order_by_printed_number(fmt: RawFrameFormat) -> None:
    taps = [printed_frame(number, fmt) for number in NUMBERS]
    found = find(taps)
    assert settings_of(fmt) in all_settings(found)
    known = that_read(NUMBERS[-1], found.guesses)
    assert [dict(guess.settings) for guess in known] == [settings_of(fmt)]


def test_without_the_printed_number_both_byte_orders_are_offered_with_the_card_each_would_give() -> None:
    found = find([b"CDAB3412\r\n"])
    assert [(guess.setting("byte_order"), guess.cards[0].number) for guess in found.guesses] == [
        ("msb", 0xCDAB3412),
        ("lsb", 0x1234ABCD),
    ]


def test_digits_that_fit_fewer_bits_are_likelier_decimal_than_hexadecimal() -> None:
    assert {guess.setting("radix") for guess in find([b"00123456\r\n", b"12345678\r\n"]).guesses} == {"dec"}
    assert {guess.setting("radix") for guess in find([b"00123456\r\n", b"1234567A\r\n"]).guesses} == {"hex"}


@pytest.mark.parametrize("line_end", [False, True])
def test_a_card_module_is_recognised_by_its_frame_and_checksum(line_end: bool) -> None:
    found = find([tag_frame(NUMBERS[0], with_line_end=line_end) * 3])
    assert [(guess.table, guess.cards[-1].number) for guess in found.guesses] == [("tag_reader", NUMBERS[0])]


def test_a_card_module_with_a_wrong_checksum_is_none() -> None:
    assert "tag_reader" not in {guess.table for guess in find([b"\x022A1234ABCD00\x03"]).guesses}


@pytest.mark.parametrize(
    ("taps", "kind"),
    [
        ([b"1", b"2", b"#"], "serial_keypad"),
        ([b"\x021\x03", b"\x02E\x03"], "stx_keypad"),
        ([b"\x021\xce\x03", b"\x029\xc6\x03"], "stx_sum_keypad"),
    ],
)
def test_keypads_are_distinguished(taps: list[bytes], kind: str) -> None:
    assert all_settings(find(taps)) == [{"kind": kind}]


def test_a_scanner_is_what_prints_lines_that_are_no_card() -> None:
    (guess,) = find([b"MJ1:8F00-some-long-code-text%+/\r\n"]).guesses
    assert (guess.table, guess.setting("kind")) == ("scanner", "serial_code")


def test_an_input_board_is_reported_with_the_terminal_that_spoke() -> None:
    (guess,) = find([b"I3=1\n", b"I3=0\n"]).guesses
    assert (guess.table, guess.terminals) == ("inputs", ("3",))


@pytest.mark.parametrize(
    ("heard", "words", "is_noise"),
    [
        (b"\x80\xf8\x00\x06\x78", "wrong baud rate", True),
        (b"1234ABCD", "without a line end", False),
        (b"30544174\r\n305441741\r\n1\r\n", "without leading zeros", False),
        (b"", "nothing was heard", False),
    ],
)
def test_what_fits_nothing_says_why(heard: bytes, words: str, is_noise: bool) -> None:
    found = find([heard])
    assert (found.guesses, words in found.trouble, found.is_noise) == ((), True, is_noise)


def test_settings_of_the_site_file_fit_or_do_not() -> None:
    hexadecimal = [("kind", "serial_card"), ("bits", 34), ("radix", "hex"), ("byte_order", "lsb")]
    assert fits([b"CDAB3412\r\n"], "reader", [*hexadecimal, ("checksum", "none")]) is not None
    assert fits([b"CDAB3412\r\n"], "reader", [*hexadecimal, ("checksum", "xor")]) is None


def test_a_26_bit_reader_is_decided_by_the_low_part_of_the_printed_number() -> None:
    found = find([printed_line(0x1234ABCD, CardFormat(26, "hex", "lsb"))])
    for printed in (0x1234ABCD, 0x34ABCD):
        assert [guess.setting("byte_order") for guess in that_read(printed, found.guesses)] == ["lsb"]
    assert that_read(0x34ABCE, found.guesses) == ()


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_no_bytes_raise_and_a_guess_is_never_empty_handed(taps: list[bytes]) -> None:
    found = find(taps)
    assert bool(found.guesses) != bool(found.trouble)
    assert all(isinstance(guess, Guess) and guess.bits >= 0 for guess in found.guesses)
