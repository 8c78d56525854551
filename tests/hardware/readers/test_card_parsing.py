import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.readers.cards import (
    LONGEST_LINE_BYTES,
    CardFormat,
    CardLineParser,
    ParsedCard,
    SiteCardForm,
    parse_line,
)
from hardware.simulated.readers import printed_line

SECOND_NS = 1_000_000_000
NUMBERS = st.integers(0, 2**32 - 1)
FORMATS = [
    CardFormat(bits, radix, byte_order, checksum, zero_padded)  # type: ignore[arg-type]
    for bits in (26, 34)
    for radix in ("dec", "hex", "facility")
    for byte_order in ("msb", "lsb")
    for checksum in ("none", "xor", "sum")
    for zero_padded in (True, False)
    # combinations that CardFormat itself refuses
    if not (radix == "facility" and bits == 34) and (zero_padded or radix == "dec")
]
PADDED = [fmt for fmt in FORMATS if fmt.zero_padded]


@pytest.mark.parametrize(
    ("line", "fmt", "number"),
    [
        (b"0011259375", CardFormat(34, "dec"), 0x00ABCDEF),
        (b"12ABCDEF", CardFormat(34, "hex"), 0x12ABCDEF),
        (b"12abcdef", CardFormat(34, "hex"), 0x12ABCDEF),
        (b"EFCDAB12", CardFormat(34, "hex", "lsb"), 0x12ABCDEF),
        (b"11259375", CardFormat(26, "dec"), 0xABCDEF),
        (b"171,52719", CardFormat(26, "facility"), 0xABCDEF),
        (b"EFCDAB", CardFormat(26, "hex", "lsb"), 0xABCDEF),
        (b"12ABCDEF9B", CardFormat(34, "hex", "msb", "xor"), 0x12ABCDEF),
        (b"12ABCDEF79", CardFormat(34, "hex", "msb", "sum"), 0x12ABCDEF),
        (b"291", CardFormat(34, "dec", zero_padded=False), 0x123),
        (b" 12ABCDEF ", CardFormat(34, "hex"), 0x12ABCDEF),
    ],
)
def test_printed_lines_give_the_number(line: bytes, fmt: CardFormat, number: int) -> None:
    assert parse_line(line, fmt) == ParsedCard(number, fmt.payload_bits)


@pytest.mark.parametrize(
    ("line", "fmt"),
    [
        (b"", CardFormat(34)),
        (b"011259375", CardFormat(34)),
        (b"00011259375", CardFormat(34)),
        (b"4294967296", CardFormat(34)),
        (b"16777216", CardFormat(26)),
        (b"0x12ABCD", CardFormat(34, "hex")),
        (b"+011259375", CardFormat(34)),
        (b"0_11259375", CardFormat(34)),
        (b"12ABCDEF9C", CardFormat(34, "hex", "msb", "xor")),
        (b"12ABCDEF", CardFormat(34, "hex", "msb", "sum")),
        (b"9B", CardFormat(34, "hex", "msb", "xor")),
        (b"256,00001", CardFormat(26, "facility")),
        (b"001,65536", CardFormat(26, "facility")),
        (b"00100001", CardFormat(26, "facility")),
        (b"", CardFormat(34, zero_padded=False)),
    ],
)
def test_lines_of_another_format_are_no_card(line: bytes, fmt: CardFormat) -> None:
    assert parse_line(line, fmt) is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"bits": 37}, "bits"),
        ({"bits": 26, "radix": "oct"}, "radix"),
        ({"bits": 26, "byte_order": "middle"}, "byte_order"),
        ({"bits": 26, "checksum": "crc"}, "checksum"),
        ({"bits": 34, "radix": "facility"}, "facility"),
        ({"bits": 34, "radix": "hex", "zero_padded": False}, "zero_padded"),
    ],
)
def test_a_format_no_converter_prints_is_refused(arguments: dict[str, object], word: str) -> None:
    with pytest.raises(BadDeviceSetting, match=word):
        CardFormat(**arguments)  # type: ignore[arg-type]


@given(NUMBERS, st.sampled_from(FORMATS))
def test_what_a_converter_prints_is_what_is_read(number: int, fmt: CardFormat) -> None:
    line = printed_line(number, fmt).rstrip(b"\r\n")

    assert parse_line(line, fmt) == ParsedCard(number % 2**fmt.payload_bits, fmt.payload_bits)


@given(NUMBERS)
def test_a_card_is_the_same_number_at_every_reader_of_a_24_bit_site(number: int) -> None:
    site = SiteCardForm(24)
    read = {
        canonical
        for fmt in FORMATS
        for canonical in CardLineParser(fmt, site).feed(printed_line(number, fmt), 0)
    }

    assert read == {number % 2**24}


def test_a_26_bit_reader_cannot_serve_a_32_bit_site() -> None:
    with pytest.raises(BadDeviceSetting, match=r"east reader.*24 bits"):
        SiteCardForm(32).check_reader("east reader", CardFormat(26).payload_bits)
    with pytest.raises(BadDeviceSetting):
        SiteCardForm(32).canonical(ParsedCard(1, 24))
    with pytest.raises(BadDeviceSetting, match="24, 32"):
        SiteCardForm(26)


@given(st.lists(st.binary(max_size=80), max_size=30), st.sampled_from(FORMATS), NUMBERS)
def test_after_any_noise_and_a_silence_the_next_good_card_is_read(
    chunks: list[bytes], fmt: CardFormat, number: int
) -> None:
    parser = CardLineParser(fmt, SiteCardForm(24))
    for chunk in chunks:
        parser.feed(chunk, 0)
        assert parser.held_bytes <= LONGEST_LINE_BYTES

    assert parser.feed(printed_line(number, fmt), SECOND_NS) == [number % 2**24]


@given(st.binary(max_size=80), st.sampled_from(FORMATS), NUMBERS)
def test_after_any_noise_and_a_line_end_the_next_good_card_is_read(
    noise: bytes, fmt: CardFormat, number: int
) -> None:
    parser = CardLineParser(fmt, SiteCardForm(24))
    parser.feed(noise + b"\r\n", 0)

    assert parser.feed(printed_line(number, fmt), 1) == [number % 2**24]


@given(st.binary(max_size=40), st.sampled_from(PADDED), NUMBERS)
def test_noise_right_before_a_card_of_fixed_length_does_not_cost_the_card(
    noise: bytes, fmt: CardFormat, number: int
) -> None:
    parser = CardLineParser(fmt, SiteCardForm(24))
    parser.feed(noise + b"\xff", 0)

    assert parser.feed(printed_line(number, fmt), 1) == [number % 2**24]


@given(st.sampled_from(PADDED), NUMBERS, st.data())
def test_a_torn_card_is_counted_and_is_never_another_card(
    fmt: CardFormat, number: int, data: st.DataObject
) -> None:
    line = printed_line(number, fmt)
    start = data.draw(st.integers(0, len(line) - 3))
    end = data.draw(st.integers(start + 1, len(line) - 2))
    torn = line[:start] + line[end:]
    parser = CardLineParser(fmt, SiteCardForm(24))
    read = parser.feed(torn, 0)
    assume(torn != b"\r\n")

    assert (read, parser.dropped) == ([], 1)


@given(st.sampled_from(PADDED), NUMBERS, st.integers(1, 6))
def test_half_a_card_then_silence_then_a_card_is_one_dropped_and_one_read(
    fmt: CardFormat, number: int, kept: int
) -> None:
    parser = CardLineParser(fmt, SiteCardForm(24))
    parser.feed(printed_line(number, fmt)[:kept], 0)
    parser.feed(b"", 250_000_001)

    assert (parser.dropped, parser.held_bytes) == (1, 0)
    assert parser.feed(printed_line(number, fmt), 300_000_000) == [number % 2**24]


@given(st.sampled_from(FORMATS), st.lists(NUMBERS, max_size=5), st.integers(1, 7))
def test_cards_are_read_however_the_bytes_are_cut(fmt: CardFormat, numbers: list[int], size: int) -> None:
    stream = b"".join(printed_line(number, fmt) for number in numbers)
    parser = CardLineParser(fmt, SiteCardForm(24))
    read = [
        card
        for at, start in enumerate(range(0, len(stream), size))
        for card in parser.feed(stream[start : start + size], at)
    ]

    assert (read, parser.dropped) == ([number % 2**24 for number in numbers], 0)


@given(st.sampled_from(PADDED), NUMBERS, st.sampled_from([b"\x02%s\x03", b"\x02%s\x03\r\n", b"%s\r"]))
def test_the_usual_frame_marks_are_understood(fmt: CardFormat, number: int, marks: bytes) -> None:
    body = printed_line(number, fmt).rstrip(b"\r\n")
    parser = CardLineParser(fmt, SiteCardForm(24))

    assert (parser.feed(marks % body, 0), parser.dropped) == ([number % 2**24], 0)


def test_an_endless_line_is_dropped_once_and_takes_no_memory() -> None:
    parser = CardLineParser(CardFormat(34), SiteCardForm(24))
    for _ in range(1000):
        parser.feed(b"1" * 500, 0)
        assert parser.held_bytes <= LONGEST_LINE_BYTES

    assert parser.dropped == 1
    assert parser.feed(b"\r\n" + printed_line(7, CardFormat(34)), 1) == [7]


def test_a_flipped_digit_is_caught_by_either_checksum() -> None:
    for checksum in ("xor", "sum"):
        fmt = CardFormat(34, "hex", "msb", checksum)  # type: ignore[arg-type]
        line = printed_line(0x12345678, fmt)
        parser = CardLineParser(fmt, SiteCardForm(24))
        assert parser.feed(line.replace(b"5", b"6", 1), 0) == []
        assert parser.dropped == 1
