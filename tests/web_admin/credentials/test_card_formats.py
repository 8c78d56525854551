"""How old systems write card numbers: only tapped cards prove it, and the page shows what they leave open."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web_admin.core.refusal import ActionRefused
from web_admin.credentials.card_formats import FORMS, Tap, prove, read_card


@dataclass
class Site:
    """As much of a compound as reading a card needs."""

    card_bits: int = 32


CARD = 0x6CB26E  # 7123566, printed as 108,45678
WRITTEN = {
    "decimal": "0007123566",
    "facility": "10845678",
    "hex": "006CB26E",
    "decimal_reversed_4": str(int.from_bytes(CARD.to_bytes(4, "big"), "little")),
    "decimal_reversed_3": str(int.from_bytes(CARD.to_bytes(3, "big"), "little")),
    "hex_reversed": "6EB26C00",
}


@pytest.mark.parametrize(("form", "text"), WRITTEN.items())
def test_each_form_reads_the_same_card(form: str, text: str) -> None:
    assert read_card(text, form, Site()) == CARD


def written(number: int, form: str) -> str:
    wide = number.to_bytes(4, "big")
    return {
        "decimal": f"{number:010d}",
        "facility": f"{number >> 16:03d}{number & 0xFFFF:05d}",
        "hex": wide.hex(),
        "decimal_reversed_4": f"{int.from_bytes(wide, 'little'):010d}",
        "decimal_reversed_3": f"{int.from_bytes(wide[1:], 'little'):010d}",
        "hex_reversed": wide[::-1].hex(),
    }[form]


@given(
    st.sampled_from(sorted(WRITTEN)),
    st.lists(st.integers(1, 2**24 - 1), min_size=3, max_size=8, unique=True),
)
def test_what_is_proven_reads_every_tapped_card_rightly(form: str, numbers: list[int]) -> None:
    column = [written(number, form) for number in numbers]
    taps = [Tap(row, column[row], numbers[row]) for row in range(3)]
    proof = prove(taps, column, Site())
    assert proof.misfits == ()
    assert form in proof.forms or [read_card(cell, proof.forms[0], Site()) for cell in column] == numbers
    for name in proof.forms:
        assert [read_card(tap.cell, name, Site()) for tap in taps] == numbers[:3]


def test_two_cards_prove_turned_bytes() -> None:
    numbers = [CARD, 0x0102F3]
    column = [written(number, "hex_reversed") for number in numbers]
    proof = prove([Tap(i, column[i], numbers[i]) for i in range(2)], column, Site())
    assert proof.form == "hex_reversed"


def test_cards_that_read_alike_in_two_ways_prove_nothing_while_another_row_separates_them() -> None:
    same = [0x112211, 0x334433]  # the same when three bytes are turned round
    column = [written(number, "decimal") for number in [*same, 0x112233]]
    proof = prove([Tap(i, column[i], same[i]) for i in range(2)], column, Site())
    assert proof.form is None
    assert set(proof.forms) == {"printed", "decimal_reversed_3"}
    assert prove([Tap(i, column[i], same[i]) for i in range(2)], column[:2], Site()).form is not None


def test_a_card_that_is_not_the_rows_fits_no_form_and_is_named() -> None:
    column = [written(CARD, "hex"), written(0x0102F3, "hex")]
    proof = prove([Tap(0, column[0], CARD), Tap(1, column[1], 999)], column, Site())
    assert (proof.form, proof.misfits) == (None, (1,))


def test_a_24_bit_site_reads_the_lower_bytes_of_a_longer_number() -> None:
    assert read_card("AA6CB26E", "hex", Site(card_bits=24)) == CARD


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", ["", "zebra", "-1", "99999999999", "1,2,3", "١٢٣" * 9])
def test_what_is_no_number_of_a_form_is_refused(form: str, text: str) -> None:
    with pytest.raises(ActionRefused):
        read_card(text, form, Site())
