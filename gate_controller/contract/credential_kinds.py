"""Define each kind of credential, and decide when one can be used; the same for gates and server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gate_controller.contract.records import CredentialKind, CredentialState, Method


class Holder(StrEnum):
    """Holder of a credential: the credential ends with its holder."""

    PERSON = "person"
    HOST = "host"
    """A visitor's, given out by this person; it is no method of their own."""
    SITE = "site"


@dataclass(frozen=True, slots=True)
class KindFacts:
    """Facts that the rules ask about one kind of credential."""

    method: Method
    holder: Holder
    is_typed: bool = False
    """Digits after a home's number, so no two of one home may be equal."""
    identifies: bool = False
    """Showing it proves who is there: it confirms a phone, opens a visit at the desk and says yes to face."""
    needs_sure_clock: bool = False
    """A gate that is not sure of the time refuses it, with or without an end."""


KINDS: Mapping[CredentialKind, KindFacts] = {
    CredentialKind.CARD: KindFacts(Method.CARD, Holder.PERSON, identifies=True),
    CredentialKind.PIN: KindFacts(Method.PIN, Holder.PERSON, is_typed=True, identifies=True),
    CredentialKind.QR: KindFacts(Method.QR, Holder.PERSON, needs_sure_clock=True),
    CredentialKind.VISITOR_CODE: KindFacts(Method.PIN, Holder.HOST, is_typed=True),
    CredentialKind.EMERGENCY_CODE: KindFacts(Method.PIN, Holder.SITE, is_typed=True),
}
OWN_KINDS = tuple(kind for kind, facts in KINDS.items() if facts.holder is Holder.PERSON)
"""Kinds with which a person lets themselves in."""
KINDS_OF_PERSONS = tuple(kind for kind, facts in KINDS.items() if facts.holder is not Holder.SITE)
"""Kinds that a person has or gives out, so that they end when the person moves out."""
TYPED_KINDS = tuple(kind for kind in KINDS_OF_PERSONS if KINDS[kind].is_typed)
"""Kinds that are typed after the number of the person's home."""
IDENTIFYING_KINDS = tuple(kind for kind, facts in KINDS.items() if facts.identifies)


class Ending(Protocol):
    """Fields that decide whether the time of a credential or of a grant is over."""

    @property
    def valid_until(self) -> datetime | None:
        """Return until when it can be used; None for one without an end."""


class UsableCredential(Ending, Protocol):
    """Fields that decide whether a credential can be used now, in a policy as in the server's table."""

    @property
    def state(self) -> str:
        """Return a value of `CredentialState`."""

    @property
    def valid_from(self) -> datetime | None:
        """Return from when it can be used."""


class HeldCredential(UsableCredential, Protocol):
    """Fields that decide whether a credential is a method of its person."""

    @property
    def kind(self) -> str:
        """Return a value of `CredentialKind`."""

    @property
    def duress(self) -> bool:
        """Return whether it calls for help, so that it is no method of its own."""

    @property
    def works_without_server(self) -> bool:
        """Return whether its holder can show it while the server is away."""


def is_usable(credential: UsableCredential, now: datetime) -> bool:
    """Return whether a credential is active and within its time."""
    return credential.state == CredentialState.ACTIVE and is_in_time(credential, now)


def is_in_time(credential: UsableCredential, now: datetime) -> bool:
    """Return whether a credential has begun and has not ended, in any state."""
    begun = credential.valid_from is None or credential.valid_from <= now
    return begun and not has_ended_by_time(credential, now)


def has_ended_by_time(one: Ending, now: datetime) -> bool:
    """Return whether the time of a credential or of a grant is over, in any state."""
    return one.valid_until is not None and one.valid_until <= now


def own_method(credential: HeldCredential) -> Method | None:
    """Return the method for which its person holds this; None for a code of others and a duress PIN."""
    facts = KINDS[CredentialKind(credential.kind)]
    return facts.method if facts.holder is Holder.PERSON and not credential.duress else None


def usable_methods(credentials: Iterable[HeldCredential], now: datetime) -> frozenset[Method]:
    """Return the methods for which one person holds a credential that can be used now, besides face."""
    return frozenset(
        method
        for credential in credentials
        if is_usable(credential, now) and (method := own_method(credential)) is not None
    )


def methods_beside_face(credentials: Iterable[HeldCredential], now: datetime) -> frozenset[Method]:
    """Return those of the usable methods that a face may stand beside: no server is needed to show them."""
    return usable_methods((one for one in credentials if one.works_without_server), now)
