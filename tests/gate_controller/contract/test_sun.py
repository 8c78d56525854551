"""The message of an NTAG 424 DNA against NXP's own tables, and what is refused."""

import pytest

from gate_controller.contract.sun import (
    CardSun,
    SunForged,
    aes_cmac,
    check_sun,
    derive_key,
    open_picc_data,
)

ZEROS = bytes(16)
raw = bytes.fromhex

# (key, message, CMAC): RFC 4493, 4; NXP AN12196, tables 1 and 4; a message of AN12196's table 2 by another's
# tag (ntag424-vectors, sdm-valid-picc-counter0 and 1).
RFC_KEY = "2b7e151628aed2a6abf7158809cf4f3c"
RFC_TEXT = (
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
CMACS = [
    (RFC_KEY, "", "bb1d6929e95937287fa37d129b756746"),
    (RFC_KEY, RFC_TEXT[:32], "070a16b46b4d4144f79bdd9dd04a287c"),
    (RFC_KEY, RFC_TEXT[:80], "dfa66747de9ae63030ca32611497c827"),
    (RFC_KEY, RFC_TEXT, "51f0bebf7e3b9d92fc49741779363cfe"),
    (
        "5ace7e50ab65d5d51fd5bf5a16b8205b",
        "c33c0001008004c767f2066180010000",
        "66da61797e23deca5d8eca13bbadf7a9",
    ),
    (
        "5ace7e50ab65d5d51fd5bf5a16b8205b",
        "3cc30001008004c767f2066180010000",
        "3a3e8110e05311f7a3fcf0d969bf2b48",
    ),
    ("0" * 32, "3cc30001008004de5f1eacc0403d0000", "3fb5f6e3a807a03d5e3570ace393776f"),
]


@pytest.mark.parametrize(("key", "message", "cmac"), CMACS)
def test_the_published_codes(key: str, message: str, cmac: str) -> None:
    assert aes_cmac(raw(key), raw(message)).hex() == cmac


# (meta key, file key, data, code, number, counter): NXP AN12196, tables 2 and 4; ntag424-vectors as above.
MESSAGES = [
    ("0" * 32, "0" * 32, "ef963ff7828658a599f3041510671e88", "94eed9ee65337086", "04de5f1eacc040", 61),
    (
        "55da174c9608993dc27bb3f30a4a7314",
        "2ab74abc1273fb43cae97553a36d4d08",
        "e61cb056f52d34f9368f079d1814d2cf",
        "fcc9a22201ea2298",
        "0425607a8f6980",
        0,
    ),
    (
        "55da174c9608993dc27bb3f30a4a7314",
        "2ab74abc1273fb43cae97553a36d4d08",
        "d798d011fa0bf5bd5ece6f42265b02d5",
        "b49d12860da69e54",
        "0425607a8f6980",
        1,
    ),
]


@pytest.mark.parametrize(("meta", "file", "data", "code", "uid", "counter"), MESSAGES)
def test_the_published_messages(meta: str, file: str, data: str, code: str, uid: str, counter: int) -> None:
    card = open_picc_data(raw(data), raw(meta))
    assert card == CardSun(raw(uid), counter)
    check_sun(card, raw(code), raw(file))


@pytest.mark.parametrize(
    "other",
    [
        (CardSun(raw("04de5f1eacc040"), 62), "94eed9ee65337086", ZEROS),
        (CardSun(raw("04de5f1eacc041"), 61), "94eed9ee65337086", ZEROS),
        (CardSun(raw("04de5f1eacc040"), 61), "94eed9ee65337087", ZEROS),
        (CardSun(raw("04de5f1eacc040"), 61), "94eed9ee653370", ZEROS),
        (CardSun(raw("04de5f1eacc040"), 61), "", ZEROS),
        (CardSun(raw("04de5f1eacc040"), 61), "94eed9ee65337086", b"\1" * 16),
    ],
)
def test_a_code_of_another_count_tag_or_key_is_refused(other: tuple[CardSun, str, bytes]) -> None:
    card, code, key = other
    with pytest.raises(SunForged):
        check_sun(card, raw(code), key)


def test_what_a_tag_repeats_before_its_code_is_part_of_it() -> None:
    card = CardSun(raw("04de5f1eacc040"), 61)
    with pytest.raises(SunForged):
        check_sun(card, raw("94eed9ee65337086"), ZEROS, mirrored=b"x")


@pytest.mark.parametrize("data", ["", "ef963ff7828658a599f3041510671e", "ef963ff7828658a599f3041510671e8800"])
def test_data_of_a_wrong_length_are_refused(data: str) -> None:
    with pytest.raises(SunForged, match="length"):
        open_picc_data(raw(data), ZEROS)


def test_data_under_another_key_are_refused() -> None:
    with pytest.raises(SunForged, match="another key"):
        open_picc_data(raw("ef963ff7828658a599f3041510671e88"), b"\1" * 16)


def test_the_published_derivation() -> None:
    """NXP AN10922, 2.2: AES-128, with the application's number and the name of the system."""
    master, uid = raw("00112233445566778899aabbccddeeff"), raw("04782e21801d80")
    assert derive_key(master, uid, raw("3042f5") + b"NXP Abu").hex() == "a8dd63a3b89d54b37ca802473fda9175"


@pytest.mark.parametrize(("uid", "system"), [(6, 10), (8, 10), (7, 8), (7, 25)])
def test_what_the_note_would_pad_otherwise_is_no_input(uid: int, system: int) -> None:
    with pytest.raises(ValueError, match="7 bytes"):
        derive_key(ZEROS, bytes(uid), bytes(system))
