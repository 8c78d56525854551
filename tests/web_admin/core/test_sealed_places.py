"""The place in a list that an address holds: read back by its own server alone, and of one length."""

import os

import pytest

from web_admin.core.sealed_places import opened_place, sealed_place
from web_admin.core.sealing import Sealer


def test_a_place_is_read_back_as_it_was(sealer: Sealer) -> None:
    place = ("north.1", 1234)
    assert opened_place(sealer, sealed_place(sealer, place), tuple[str, int]) == place


def test_its_length_says_nothing_of_the_number(sealer: Sealer) -> None:
    lengths = {len(sealed_place(sealer, ("north.1", seq))) for seq in (1, 10, 123_456_789)}
    assert len(lengths) == 1


def test_what_this_server_did_not_seal_is_no_place(sealer: Sealer) -> None:
    another = Sealer(os.urandom(32), os.urandom(32), os.urandom(32))
    text = sealed_place(sealer, 7)
    for wrong in (sealed_place(another, 7), text[:-1], text[1:], "", "?", "ä", "A" * 200):
        assert opened_place(sealer, wrong, int) is None


@pytest.mark.parametrize("kind", [str, tuple[str, int]])
def test_a_place_of_another_list_is_none_here(sealer: Sealer, kind: type) -> None:
    assert opened_place(sealer, sealed_place(sealer, 7), kind) is None
