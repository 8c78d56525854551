"""A hash-chained journal that shows edits and allows erasure.

Each entry's digest covers the one before, the public facts and a salted digest of the personal part:

    digest(n) = SHA-256( domain, digest(n-1), seq, at, kind, facts, SHA-256(salt, personal) )

Erasing an entry removes `personal` and `salt`; the salted digest stays, so the chain still verifies
and the erased part cannot be guessed. A signed head anchors everything before it: the holder of an old
anchor notices later edits. Without an anchor a chain shows only that it is consistent.
"""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Annotated

import msgspec

from gate_controller.contract.records import Digest, Id, Instant

JOURNAL_DOMAIN = b"menjin/journal/1\0"
HEAD_DOMAIN = "menjin/head/1"
COUNTERSIGN_DOMAIN = "menjin/countersigned-head/1"
GENESIS = bytes(32)

MAX_FACT_CHARS = 200
Fact = Annotated[str, msgspec.Meta(max_length=MAX_FACT_CHARS)] | int | float | bool | None
Facts = dict[Annotated[str, msgspec.Meta(max_length=40)], Fact]


class ChainBroken(Exception):
    """An entry does not follow from the ones before it; names the first such entry."""


class JournalEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event: what everyone may count, and apart from it who it was about."""

    seq: int
    at: Instant
    kind: Id
    facts: Facts
    personal_digest: Digest
    previous: Digest
    digest: Digest
    personal: Facts | None = None
    salt: Annotated[bytes, msgspec.Meta(max_length=16)] | None = None


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The position of a journal: the digest after entry `seq`."""

    site_id: Id
    journal_id: Id
    seq: int
    digest: Digest


class SignedHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `Head` in JSON with a signature over those bytes."""

    head: Annotated[bytes, msgspec.Meta(max_length=400)]
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]


_ENCODER = msgspec.json.Encoder(order="sorted")


def _digest(previous: bytes, seq: int, at: str, kind: str, facts: Facts, personal_digest: bytes) -> bytes:
    body = _ENCODER.encode([previous, seq, at, kind, facts, personal_digest])
    return hashlib.sha256(JOURNAL_DOMAIN + body).digest()


def personal_digest(salt: bytes, personal: Facts) -> bytes:
    """Return the digest that replaces the personal part; `salt` is 16 random bytes."""
    return hashlib.sha256(salt + _ENCODER.encode(personal)).digest()


def fitting_facts(facts: Facts) -> Facts:
    """Return facts that can be read back anywhere: long texts cut, half characters and NULs replaced."""
    return {
        name: fact[:MAX_FACT_CHARS].encode(errors="replace").decode().replace("\0", "?")
        if isinstance(fact, str)
        else fact
        for name, fact in facts.items()
    }


def chain_entry(
    previous: bytes,
    seq: int,
    at: Instant,
    kind: str,
    facts: Facts,
    personal: Facts,
    salt: bytes | None = None,
) -> JournalEntry:
    """Return the entry that follows the digest `previous`; every reader takes `fitting_facts` alone."""
    salt = secrets.token_bytes(16) if salt is None else salt
    of_person = personal_digest(salt, personal)
    digest = _digest(previous, seq, at.isoformat(), kind, facts, of_person)
    return JournalEntry(seq, at, kind, facts, of_person, previous, digest, personal, salt)


def verify_chain(entries: Iterable[JournalEntry], previous: bytes | None = None) -> tuple[int, bytes]:
    """Return the last (seq, digest); raise ChainBroken naming the first entry that does not follow.

    `previous` is the digest the first entry must follow; None takes the entry's own word for it.
    """
    seq: int | None = None
    for entry in entries:
        if previous is not None and entry.previous != previous:
            raise ChainBroken(f"entry {entry.seq} does not follow the entry before it")
        if seq is not None and entry.seq != seq + 1:
            raise ChainBroken(f"entry {entry.seq} follows entry {seq}: entries are missing")
        if entry.personal is not None and (
            entry.salt is None or personal_digest(entry.salt, entry.personal) != entry.personal_digest
        ):
            raise ChainBroken(f"entry {entry.seq}: the personal part was changed")
        expected = _digest(
            entry.previous, entry.seq, entry.at.isoformat(), entry.kind, entry.facts, entry.personal_digest
        )
        if expected != entry.digest:
            raise ChainBroken(f"entry {entry.seq} was changed")
        seq, previous = entry.seq, entry.digest
    return (seq or 0), (previous or GENESIS)
