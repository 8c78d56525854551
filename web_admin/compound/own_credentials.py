"""Decide which cards and PINs are a person's own, so that presenting one is their own yes. Pure.

What another knows or has seen is no consent: an adult of the home who gave the PIN, staff on whose screen it
stood, a guardian who was there when a child got its card. It opens gates as ever. A duress PIN counts like
the usual one: a bystander must not learn which it was.
"""

from typing import Protocol

from gate_controller.contract.credential_kinds import IDENTIFYING_KINDS

STAFF, GUARDIAN = "staff", "guardian"
"""Values of `CredentialRow.seen_by`."""


class ShownCredential(Protocol):
    """Facts of a card or PIN that is shown, and the persons who have seen it."""

    kind: str
    known_to_home: bool
    seen_by: str | None


def is_own_yes(shown: ShownCredential, *, of_minor: bool) -> bool:
    """Return whether showing this is its person's own yes; a minor's own is what no guardian set or saw."""
    if shown.kind not in IDENTIFYING_KINDS or shown.known_to_home or shown.seen_by == STAFF:
        return False
    return not (of_minor and shown.seen_by == GUARDIAN)
