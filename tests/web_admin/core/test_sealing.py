"""Seals: each for its purpose and server alone, and codes stored by a slow hash."""

import os

import pytest
from argon2.low_level import Type, hash_secret_raw

from tests.support.quick_hashes import set_cost
from web_admin.core.sealing import (
    SealBroken,
    Sealer,
    card_lookup,
    code_digest,
    open_card_number,
    open_pin_tag,
    seal_card_number,
    seal_pin_tag,
)

pytestmark = pytest.mark.both_databases

# -- seals -------------------------------------------------------------------------------------------


def test_a_seal_opens_for_its_purpose_alone(sealer):
    sealed = seal_card_number(sealer, 4711)
    assert open_card_number(sealer, sealed) == 4711
    assert sealed != seal_card_number(sealer, 4711)
    with pytest.raises(SealBroken, match="pin-tag"):
        open_pin_tag(sealer, sealed)


@pytest.mark.parametrize("damage", [lambda s: s[:-1], lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda _s: b""])
def test_a_changed_seal_does_not_open(sealer, damage):
    with pytest.raises(SealBroken):
        open_pin_tag(sealer, damage(seal_pin_tag(sealer, bytes(32))))


def test_a_seal_of_another_server_does_not_open(sealer):
    other = Sealer(os.urandom(32), os.urandom(32))
    with pytest.raises(SealBroken):
        open_card_number(other, seal_card_number(sealer, 1))


def test_equal_cards_have_equal_look_ups_and_only_here(sealer):
    other = Sealer(os.urandom(32), os.urandom(32))
    assert card_lookup(sealer, 1) == card_lookup(sealer, 1) != card_lookup(sealer, 2)
    assert card_lookup(sealer, 1) != card_lookup(other, 1)


def test_face_shares_have_a_key_of_their_own():
    seal_key, lookup_key = os.urandom(32), os.urandom(32)
    sealed = Sealer(seal_key, lookup_key, os.urandom(32)).seal(b"share", purpose="face-share")
    with pytest.raises(SealBroken):
        Sealer(seal_key, lookup_key, os.urandom(32)).open(sealed, purpose="face-share")
    with pytest.raises(SealBroken, match="key of a face share is not here"):
        Sealer(seal_key, lookup_key).open(sealed, purpose="face-share")


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="lookup key has 3 bytes"):
        Sealer(bytes(32), b"abc")


def test_a_code_counts_however_it_is_typed():
    sealer = Sealer(bytes(32), bytes(32))
    stored = code_digest(sealer, "ABCD-2345")
    assert stored == code_digest(sealer, " abcd2345 ") != code_digest(sealer, "ABCD-2346")


def test_a_code_is_stored_by_a_slow_hash_under_a_salt_that_is_not_in_the_database(real_code_cost):
    set_cost(real_code_cost)
    code, sealers = "ABCD-2345", [Sealer(bytes(32), bytes([number]) * 32) for number in (1, 2)]
    first, second = (code_digest(sealer, code) for sealer in sealers)
    assert first != second, "the key in the file is its salt"
    salt = sealers[0].lookup("one-time-code", b"")[:16]
    assert first == hash_secret_raw(b"ABCD2345", salt, 2, 19 * 1024, 1, 32, Type.ID)
