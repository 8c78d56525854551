"""One tap: the key before the message, and a tag's address in every form that is none."""

import pytest

from gate_controller.contract.sun import CardSun, check_sun, open_picc_data
from hardware.contactless.apdu import ApplicationMissing, CardRefused
from hardware.contactless.ndef import LONGEST_BYTES, address_of, message_of
from hardware.contactless.presented import CardKey, SunMessage
from hardware.contactless.tap import read_tap
from hardware.simulated.contactless_cards import CardThat, KeyCard, NumberCard, SunTag, VirtualCard
from tests.hardware.contactless.near_reader import Field, challenge

UID, META, FILE = bytes.fromhex("04de5f1eacc040"), b"m" * 16, b"f" * 16


def tap(card: VirtualCard) -> CardKey | SunMessage:
    near = Field(card)
    return read_tap(near, challenge(), near.clock)


def test_a_tag_is_read_once_for_each_tap_and_its_message_is_one_that_the_gate_can_check() -> None:
    tag = SunTag(UID, META, FILE)
    for count in (1, 2, 3):
        shown = tap(tag)
        assert isinstance(shown, SunMessage)
        card = open_picc_data(shown.picc_data, META)
        check_sun(card, shown.cmac, FILE)
        assert card == CardSun(UID, count)


def test_a_card_with_a_key_is_asked_for_nothing_else_even_when_it_fails() -> None:
    bad = CardThat(KeyCard(), lambda sent, true: true[:-3] + b"\x00\x90\x00" if sent[0] == 0x80 else true)
    near = Field(bad)
    with pytest.raises(CardRefused, match="signature"):
        read_tap(near, challenge(), near.clock)
    assert [command[:2].hex() for command in near.commands] == ["00a4", "8080"]
    assert isinstance(tap(KeyCard()), CardKey)


def test_a_card_that_has_neither_is_of_another_kind() -> None:
    with pytest.raises(ApplicationMissing):
        tap(NumberCard())


@pytest.mark.parametrize(
    "address",
    [
        "gate.example/f",
        "gate.example/f?picc_data={}",
        "gate.example/f?picc_data={}&cmac={}&cmac=0011223344556677",
        "gate.example/f?picc_data={}00&cmac={}",
        "gate.example/f?picc_data={}&cmac=zz11223344556677",
        "gate.example/f?picc_data={}&cmac=0011 22334455667",
        "gate.example/f?picc_data=&cmac={}",
        "gate.example/f?" + "&".join(f"x{n}=1" for n in range(9)) + "&picc_data={}&cmac={}",
        "//[f?picc_data={}&cmac={}",
        "x" * 181 + "?picc_data={}&cmac={}",
    ],
)
def test_an_address_without_one_whole_message_is_refused(address: str) -> None:
    with pytest.raises(CardRefused):
        tap(SunTag(UID, META, FILE, address=address))


def test_a_message_is_found_among_other_fields_and_in_small_letters() -> None:
    found = message_of("/f?lang=zh&cmac=94eed9ee65337086&picc_data=ef963ff7828658a599f3041510671e88")
    assert found == SunMessage(
        bytes.fromhex("ef963ff7828658a599f3041510671e88"), bytes.fromhex("94eed9ee65337086")
    )


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\xd1\x01\x02U",
        b"\xd1\x01\x02U\x04",
        b"\xd1\x01\x01T\x04",
        b"\x91\x01\x01U\x04",
        b"\xd1\x01\x02U\x04\xff",
    ],
)
def test_a_file_that_is_no_single_address_is_refused(record: bytes) -> None:
    with pytest.raises(CardRefused):
        address_of(record)


@pytest.mark.parametrize("length", [0, LONGEST_BYTES + 1, 0xFFFF])
def test_a_file_that_says_an_impossible_length_is_not_read(length: int) -> None:
    lying = CardThat(
        SunTag(UID, META, FILE),
        lambda sent, true: length.to_bytes(2, "big") + b"\x90\x00" if sent.hex() == "00b0000002" else true,
    )
    near = Field(lying)
    with pytest.raises(CardRefused, match="file has"):
        read_tap(near, challenge(), near.clock)
    assert len(near.commands) == 4


@pytest.mark.parametrize("cut", [1, 10])
def test_a_tag_that_sends_less_than_it_was_asked_for_is_refused(cut: int) -> None:
    torn = CardThat(
        SunTag(UID, META, FILE),
        lambda sent, true: (
            true[: -2 - cut] + true[-2:] if sent[:2] == b"\x00\xb0" and len(true) > 4 else true
        ),
    )
    with pytest.raises(CardRefused, match="instead of"):
        tap(torn)
