"""What is sealed to a gate opens there, for its use and at no other place."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.messages import FaceLease, SealedLeases
from gate_controller.contract.sealed_keys import (
    CARD_KEY_USE,
    LEASES_USE,
    PIN_KEY_USE,
    SUITE,
    KeyNotOpened,
    KeyUnusable,
    open_key,
    open_leases,
    seal_key,
    seal_leases,
)

GATE = X25519PrivateKey.generate()
PUBLIC = GATE.public_key().public_bytes_raw()
KEY = bytes(range(32))
LEASES = tuple(
    FaceLease(person_id=f"p{n}", consent_id=f"c{n}", share=bytes([n]) * 32, seconds=3600) for n in range(3)
)


def test_a_key_opens_at_its_gate_and_is_another_text_each_time() -> None:
    sealed = seal_key(PUBLIC, KEY, CARD_KEY_USE, "s", "north")
    assert open_key(GATE, sealed, CARD_KEY_USE, "s", "north") == KEY
    assert len(sealed) == 80
    assert seal_key(PUBLIC, KEY, CARD_KEY_USE, "s", "north") != sealed


@pytest.mark.parametrize(
    ("gate", "use", "site_id", "gate_id"),
    [
        (X25519PrivateKey.generate(), CARD_KEY_USE, "s", "north"),
        (GATE, PIN_KEY_USE, "s", "north"),
        (GATE, LEASES_USE, "s", "north"),
        (GATE, CARD_KEY_USE, "t", "north"),
        (GATE, CARD_KEY_USE, "s", "south"),
        (GATE, CARD_KEY_USE, "s.north", ""),
    ],
)
def test_it_opens_for_no_other_gate_use_or_site(
    gate: X25519PrivateKey, use: str, site_id: str, gate_id: str
) -> None:
    sealed = seal_key(PUBLIC, KEY, CARD_KEY_USE, "s", "north")
    with pytest.raises(KeyNotOpened, match=use):
        open_key(gate, sealed, use, site_id, gate_id)


@pytest.mark.parametrize("at", range(0, 80, 7))
def test_a_changed_byte_shuts_it(at: int) -> None:
    sealed = bytearray(seal_key(PUBLIC, KEY, PIN_KEY_USE, "s", "north"))
    sealed[at] ^= 1
    with pytest.raises(KeyNotOpened):
        open_key(GATE, bytes(sealed), PIN_KEY_USE, "s", "north")


@pytest.mark.parametrize("length", [0, 16, 31, 32, 79])
def test_a_shortened_one_is_no_key(length: int) -> None:
    with pytest.raises(KeyNotOpened):
        open_key(GATE, seal_key(PUBLIC, KEY, PIN_KEY_USE, "s", "north")[:length], PIN_KEY_USE, "s", "north")


def test_what_is_sealed_and_has_another_size_is_no_key() -> None:
    info = b"menjin/sealed-key/1\0pin-key\0s\0north"
    sealed = SUITE.encrypt(bytes(31), GATE.public_key(), info)
    with pytest.raises(KeyNotOpened, match="has 31 bytes, not 32"):
        open_key(GATE, sealed, PIN_KEY_USE, "s", "north")


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31), b"\x01" * 31, b""])
def test_nothing_is_sealed_to_a_weak_point(point: bytes) -> None:
    with pytest.raises(KeyUnusable):
        seal_key(point, KEY, PIN_KEY_USE, "s", "north")


# -- leases ----------------------------------------------------------------------------------------


def test_leases_open_at_the_gate_that_asked_and_hold_no_share_in_the_clear() -> None:
    sealed = seal_leases(PUBLIC, LEASES, "s", "north")
    assert open_leases(GATE, sealed, "s", "north") == LEASES
    assert not any(lease.share in msgspec.json.encode(sealed) for lease in LEASES)
    assert len({lease.share_sealed for lease in sealed.leases}) == 3


def moved(sealed: SealedLeases) -> SealedLeases:
    """Give one person another's share."""
    first, second, third = sealed.leases
    swapped = (
        msgspec.structs.replace(first, share_sealed=second.share_sealed),
        msgspec.structs.replace(second, share_sealed=first.share_sealed),
        third,
    )
    return msgspec.structs.replace(sealed, leases=swapped)


def renamed(sealed: SealedLeases) -> SealedLeases:
    """Give a share to another person."""
    first, *others = sealed.leases
    return msgspec.structs.replace(sealed, leases=(msgspec.structs.replace(first, person_id="p9"), *others))


def under_another_consent(sealed: SealedLeases) -> SealedLeases:
    first, *others = sealed.leases
    return msgspec.structs.replace(sealed, leases=(msgspec.structs.replace(first, consent_id="c9"), *others))


def left_out(sealed: SealedLeases) -> SealedLeases:
    """Leave the first one out, so that the others move up."""
    return msgspec.structs.replace(sealed, leases=sealed.leases[1:])


def of_another_answer(sealed: SealedLeases) -> SealedLeases:
    """Put an earlier answer's leases under this one's key."""
    return msgspec.structs.replace(seal_leases(PUBLIC, LEASES, "s", "north"), leases=sealed.leases)


@pytest.mark.parametrize("change", [moved, renamed, under_another_consent, left_out, of_another_answer])
def test_leases_that_were_changed_on_the_way_are_none(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(KeyNotOpened, match="face-leases"):
        open_leases(GATE, change(seal_leases(PUBLIC, LEASES, "s", "north")), "s", "north")


def test_leases_of_an_earlier_question_are_none() -> None:
    with pytest.raises(KeyNotOpened):
        open_leases(X25519PrivateKey.generate(), seal_leases(PUBLIC, LEASES, "s", "north"), "s", "north")
