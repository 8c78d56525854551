"""Cards with a key: the specification's own exchange, an honest card, and attacks, each refused."""

from collections.abc import Callable

import pytest

from hardware.contactless.apdu import ApplicationMissing, CardRefused, data_of, tags_of
from hardware.contactless.pkoc import (
    LIMIT_NS,
    Challenge,
    authenticate,
    proven_key,
    read_card_key,
    request_of,
    version_of,
)
from hardware.contactless.presented import CardKey
from hardware.simulated.contactless_cards import CardThat, KeyCard, NumberCard, SunTag
from tests.hardware.contactless.near_reader import READER, Field, challenge

# PKOC 1.0, test values; typed from openpkoc (include/ob-pkoc-testvectors.h), which has them from there.
KEY = bytes.fromhex(
    "040ec5d87dc39d14a2c5480686da860c82b16be0b6903b525f84848b79fd463e32"
    "bbda1f0252c33503c5287035e6eac55d138d0650dcfb5281d59a9cf4124d2831"
)
SIGNED = bytes.fromhex(
    "b98613070c78010b04ed306d143f94ee6dc4eca2585b621405731fb3a53cd877"
    "a21685de18435da7cbcc38f1d926300a454efee3594cec5effe28c7feac03d7d"
)
PUBLISHED = Challenge(
    bytes.fromhex("6fcf5012b224043b09350a4fc5e56a8f"),
    bytes.fromhex("7a25432a462d4a404e635266556a586edfee8022966311eda1eb0242ac120002"),
)
COMMAND = bytes.fromhex(
    "80800001385c0201004c106fcf5012b224043b09350a4fc5e56a8f4d20"
    "7a25432a462d4a404e635266556a586edfee8022966311eda1eb0242ac12000200"
)
ANSWER = b"\x5a\x41" + KEY + b"\x9e\x40" + SIGNED
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_the_published_exchange() -> None:
    assert authenticate(PUBLISHED, b"\x01\x00") == COMMAND
    assert proven_key(data_of(ANSWER + b"\x90\x00"), PUBLISHED, took_ns=0) == CardKey(KEY)
    assert len(request_of(PUBLISHED, b"\x01\x00")) == 56


@pytest.mark.parametrize("at", range(16))
def test_the_published_signature_fits_no_other_challenge(at: int) -> None:
    other = bytearray(PUBLISHED.transaction_id)
    other[at] ^= 1
    with pytest.raises(CardRefused, match="signature"):
        proven_key(ANSWER, Challenge(bytes(other), PUBLISHED.reader_id), took_ns=0)


def test_an_honest_card_proves_its_whole_key() -> None:
    card = KeyCard()
    near = Field(card)
    assert read_card_key(near, challenge(7), near.clock) == CardKey(card.public_key)
    assert card.asked == [(7).to_bytes(16, "big")]
    assert near.commands[0].hex() == "00a4040008a00000089800000100"


@pytest.mark.parametrize(
    ("said", "spoken"),
    [("5c020100", "0100"), ("5c020101", "0101"), ("5c0402000100", "0100"), ("5c020100de0101", "0100")],
)
def test_the_first_version_one_that_the_card_names_is_spoken(said: str, spoken: str) -> None:
    assert version_of(bytes.fromhex(said)).hex() == spoken


@pytest.mark.parametrize(
    "said", ["", "5c00", "5c0101", "5c020200", "5c0302000100"[:10], "5d020100", "5c0201"]
)
def test_a_card_that_names_no_version_one_is_refused(said: str) -> None:
    with pytest.raises(CardRefused):
        version_of(bytes.fromhex(said))


@pytest.mark.parametrize("torn", ["5a", "5a41", "5a02ff", "5a01ff5a01ff", "5a8101ff", "00", "5a01ff9e"])
def test_tags_that_do_not_fit_are_refused(torn: str) -> None:
    with pytest.raises(CardRefused):
        tags_of(bytes.fromhex(torn))


@pytest.mark.parametrize("card", [NumberCard(), SunTag(b"\x04" + bytes(6), bytes(16), bytes(16))])
def test_a_card_of_another_kind_is_no_bad_card(card: NumberCard | SunTag) -> None:
    near = Field(card)
    with pytest.raises(ApplicationMissing):
        read_card_key(near, challenge(), near.clock)


def test_the_limit_is_that_of_the_signature_alone_and_counts_to_the_nanosecond() -> None:
    assert proven_key(ANSWER, PUBLISHED, LIMIT_NS) == CardKey(KEY)
    for took_ns in (LIMIT_NS + 1, -1):
        with pytest.raises(CardRefused, match="longer way"):
            proven_key(ANSWER, PUBLISHED, took_ns)


def test_ids_of_a_wrong_length_are_a_fault_of_ours() -> None:
    for transaction_id, reader_id in ((b"x" * 15, READER), (b"x" * 16, READER[1:])):
        with pytest.raises(ValueError, match="16 bytes"):
            Challenge(transaction_id, reader_id)


# -- attacks -----------------------------------------------------------------------------------------


def signature(r: int, s: int) -> bytes:
    return b"\x9e\x40" + r.to_bytes(32, "big") + s.to_bytes(32, "big")


R, S = int.from_bytes(SIGNED[:32], "big"), int.from_bytes(SIGNED[32:], "big")
POINT = b"\x5a\x41" + KEY
FORGED = {
    "r of 0": POINT + signature(0, S),
    "s of 0": POINT + signature(R, 0),
    "both 0": POINT + signature(0, 0),
    "r of n": POINT + signature(ORDER, S),
    "s of n": POINT + signature(R, ORDER),
    "r of 2^256 - 1": POINT + signature(2**256 - 1, S),
    "n - r": POINT + signature(ORDER - R, S),
    "r and s exchanged": POINT + signature(S, R),
    "a point off the curve": b"\x5a\x41" + KEY[:-1] + bytes([KEY[-1] ^ 1]) + signature(R, S),
    "the point of all zeros": b"\x5a\x41\x04" + bytes(64) + signature(R, S),
    "the point at infinity": b"\x5a\x01\x00" + signature(R, S),
    "a compressed point": b"\x5a\x21\x03" + KEY[1:33] + signature(R, S),
    "another point with this X": b"\x5a\x41"
    + KEY[:33]
    + (2**256 - 2**224 + 2**192 + 2**96 - 1 - int.from_bytes(KEY[33:], "big")).to_bytes(32, "big")
    + signature(R, S),
    "a hybrid point": b"\x5a\x41\x07" + KEY[1:] + signature(R, S),
    "no key": signature(R, S),
    "no signature": POINT,
    "a short signature": POINT + b"\x9e\x3f" + SIGNED[:63],
    "a signature as DER": POINT + b"\x9e\x46\x30\x44\x02\x20" + SIGNED[:32] + b"\x02\x20" + SIGNED[32:],
    "two keys": POINT + POINT + signature(R, S),
    "a byte beside the tags": ANSWER + b"\x00",
    "a torn answer": ANSWER[:-1],
    "nothing": b"",
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_answer_is_refused(forged: str) -> None:
    with pytest.raises(CardRefused):
        proven_key(FORGED[forged], PUBLISHED, took_ns=0)


def test_the_other_spelling_of_a_signature_proves_the_same_key_and_no_other_challenge() -> None:
    other = POINT + signature(R, ORDER - S)
    assert proven_key(other, PUBLISHED, took_ns=0) == CardKey(KEY)
    with pytest.raises(CardRefused):
        proven_key(other, challenge(), took_ns=0)


def replaying(card: KeyCard) -> Callable[[bytes, bytes], bytes]:
    """Return what gives the card's first answer again for each later challenge."""
    first: list[bytes] = []

    def change(command: bytes, answer: bytes) -> bytes:
        if command[:2] != b"\x80\x80":
            return answer
        first.append(answer)
        return first[0]

    return change


def test_ten_thousand_replays_open_nothing() -> None:
    card = KeyCard()
    near = Field(CardThat(card, replaying(card)))
    assert read_card_key(near, challenge(0), near.clock) == CardKey(card.public_key)
    opened = 0
    for number in range(1, 10_001):
        try:
            read_card_key(near, challenge(number), near.clock)
        except CardRefused:
            continue
        opened += 1
    assert opened == 0


def test_a_copy_of_the_public_key_signs_as_itself_and_is_refused() -> None:
    true, copy = KeyCard(), KeyCard()

    def imitate(command: bytes, answer: bytes) -> bytes:
        return answer.replace(copy.public_key, true.public_key)

    near = Field(CardThat(copy, imitate))
    with pytest.raises(CardRefused, match="signature"):
        read_card_key(near, challenge(), near.clock)


def test_a_relay_over_a_slow_way_is_refused() -> None:
    near = Field(KeyCard(), answer_ns=LIMIT_NS + 1)
    with pytest.raises(CardRefused, match="longer way"):
        read_card_key(near, challenge(), near.clock)


@pytest.mark.parametrize("ending", ["6110", "6c85", "6985", "6f00", "9000", "90", "", "9001", "6282"])
@pytest.mark.parametrize("command", ["select", "authenticate"])
def test_odd_and_torn_answers_are_refused(command: str, ending: str) -> None:
    first = b"\x00\xa4" if command == "select" else b"\x80\x80"
    odd = CardThat(KeyCard(), lambda sent, true: bytes.fromhex(ending) if sent[:2] == first else true)
    near = Field(odd)
    with pytest.raises(CardRefused):
        read_card_key(near, challenge(), near.clock)


@pytest.mark.parametrize("kept", range(135))
def test_an_answer_torn_at_any_byte_is_refused(kept: int) -> None:
    torn = CardThat(KeyCard(), lambda sent, true: true[:kept] if sent[:2] == b"\x80\x80" else true)
    near = Field(torn)
    with pytest.raises(CardRefused):
        read_card_key(near, challenge(), near.clock)
