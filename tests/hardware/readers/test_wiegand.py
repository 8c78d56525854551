"""Wiegand frames: parity, orders, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.readers.cards import ParsedCard
from hardware.readers.wiegand import FRAME_BITS, RawFrameFormat, card_of_frame
from hardware.simulated.framed_readers import printed_frame
from hardware.simulated.osdp_reader import wiegand_frame

FORMATS = [
    RawFrameFormat(bits, printed, bit_order, byte_order)
    for bits in FRAME_BITS
    for printed in ("bin", "hex", "dec")
    for bit_order in ("first_bit_first", "last_bit_first")
    for byte_order in ("msb", "lsb")
    if (bits, byte_order) != (37, "lsb")
]


def test_a_26_bit_frame_written_out_by_hand_is_read() -> None:
    # H10301: facility 123, card 45678; 12 bits after the leading parity bit hold 8 ones, the rest 6.
    frame = int("00111101110110010011011100", 2)
    assert card_of_frame(frame, 26) is None
    frame = int("10111101110110010011011101", 2)
    assert card_of_frame(frame, 26) == ParsedCard(123 << 16 | 45678, 24)


def test_a_37_bit_frame_written_out_by_hand_is_read() -> None:
    # H10302: the middle bit of the number (its 18th) belongs to both halves.
    number = 1 << 17 | 1
    frame = int("1" + f"{number:035b}" + "1", 2)
    assert card_of_frame(frame, 37) == ParsedCard(number, 35)


@given(st.sampled_from(FRAME_BITS), st.integers(0, 2**35 - 1), st.data())
def test_any_single_wrong_bit_is_refused(bits: int, number: int, data: st.DataObject) -> None:
    frame = wiegand_frame(number, bits)
    assert card_of_frame(frame, bits) == ParsedCard(number % (1 << (bits - 2)), bits - 2)
    bit = data.draw(st.integers(0, bits - 1))
    assert card_of_frame(frame ^ (1 << bit), bits) is None


@given(st.sampled_from(FORMATS), st.integers(0, 2**32 - 1))
def test_every_printed_form_gives_the_cards_own_number(fmt: RawFrameFormat, number: int) -> None:
    card = fmt.card_of_line(printed_frame(number, fmt).strip())
    assert card is not None
    assert card.number == number % (1 << fmt.payload_bits)


@given(st.sampled_from(FORMATS), st.binary(max_size=60))
def test_no_bytes_raise(fmt: RawFrameFormat, line: bytes) -> None:
    card = fmt.card_of_line(line)
    assert card is None or 0 <= card.number < 1 << card.bits


@given(st.sampled_from(FORMATS), st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_a_torn_frame_is_no_other_card(fmt: RawFrameFormat, number: int, lost: int) -> None:
    line = printed_frame(number, fmt).strip()
    assert fmt.card_of_line(line[lost:]) is None
    assert fmt.card_of_line(line[:-lost]) is None


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ({"bits": 35}, "bits"),
        ({"bits": 26, "printed": "oct"}, "printed"),
        ({"bits": 26, "bit_order": "middle"}, "bit_order"),
        ({"bits": 26, "byte_order": "pdp"}, "byte_order"),
        ({"bits": 37, "byte_order": "lsb"}, "byte_order"),
    ],
)
def test_a_format_no_converter_prints_is_refused_by_name(setting: dict[str, object], key: str) -> None:
    with pytest.raises(BadDeviceSetting, match=key):
        RawFrameFormat(**setting)  # type: ignore[arg-type]  # wrong on purpose
