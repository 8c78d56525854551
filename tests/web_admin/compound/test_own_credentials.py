"""Showing a card or PIN is its person's own yes, unless another set it or has seen it."""

from dataclasses import dataclass

import pytest

from gate_controller.contract.records import CredentialKind
from web_admin.compound.own_credentials import GUARDIAN, STAFF, is_own_yes


@dataclass(frozen=True)
class Shown:
    """A card or PIN, and who has seen it."""

    kind: str
    known_to_home: bool = False
    seen_by: str | None = None


@pytest.mark.parametrize("kind", [CredentialKind.CARD, CredentialKind.PIN])
@pytest.mark.parametrize("of_minor", [False, True])
def test_what_no_other_person_has_seen_is_an_own_yes(kind: str, of_minor: bool) -> None:
    assert is_own_yes(Shown(kind), of_minor=of_minor)


@pytest.mark.parametrize("of_minor", [False, True])
def test_what_the_home_gave_or_staff_have_seen_is_no_ones_yes(of_minor: bool) -> None:
    assert not is_own_yes(Shown(CredentialKind.PIN, known_to_home=True), of_minor=of_minor)
    assert not is_own_yes(Shown(CredentialKind.PIN, seen_by=STAFF), of_minor=of_minor)


def test_what_a_guardian_has_seen_is_an_adults_yes_and_no_minors() -> None:
    seen = Shown(CredentialKind.CARD, seen_by=GUARDIAN)
    assert is_own_yes(seen, of_minor=False)
    assert not is_own_yes(seen, of_minor=True)


def test_a_visitors_code_is_its_hosts_yes_at_no_gate() -> None:
    assert not is_own_yes(Shown(CredentialKind.VISITOR_CODE), of_minor=False)
