"""Read a batch of a gate's journal entry by entry, so that no invalid one blocks the ones after it.

The signed head gives every entry its place, and the entry that follows gives it its digest. So the chain
goes on past an entry that cannot be read, was changed, or cannot be stored: that one is quarantined.
Nothing here asks the database.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec

from gate_controller.contract.journal_chain import ChainBroken, Head, JournalEntry, SignedHead, verify_chain
from gate_controller.contract.messages import RawEventBatch
from gate_controller.contract.records import Digest

UNREADABLE, CHANGED, ODD_TIME, ODD_TEXT, ODD_VALUE = "unreadable", "changed", "time", "text", "value"
NOT_STORED, NOT_TRUSTED = "not_stored", "gate_not_trusted"

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Between them every time zone can show a time; a clock that lost its battery begins in the first."""
MAX_ENTRIES = 2**31 - 1
"""The highest number of an entry that the database keeps."""
MAX_IN_A_BATCH = 2000
# Possessive, and a text may be without its end: otherwise a body of quotes is read again from each of them.
_SIGN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
_ENTRIES = re.compile(rb'"entries"\s*:\s*\[')
_OF_TYPE: Mapping[str, tuple[type, ...]] = {
    "opens": (bool,),
    "lane_id": (str,),
    "method": (str,),
    "reason": (str,),
    "detail": (str,),
    "person_id": (str,),
    "credential_id": (str,),
}
"""Types of these facts that queries and columns take; None is always one of the values."""


class _Links(msgspec.Struct, frozen=True):
    """The fields of an entry that link it in the chain; other fields are ignored."""

    digest: Digest


_BATCH, _HEAD = msgspec.json.Decoder(RawEventBatch), msgspec.json.Decoder(Head)
_ENTRY, _LINKS = msgspec.json.Decoder(JournalEntry), msgspec.json.Decoder(_Links)


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry in its place. `why` is empty for one that is taken; `is_whole`: the digest is its own."""

    seq: int
    previous: bytes
    digest: bytes
    body: bytes
    entry: JournalEntry | None
    why: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """A batch as far as it shows without the database; `broken` says why it is no piece of a chain."""

    signed: SignedHead
    head: Head | None
    entries: tuple[ReadEntry, ...]
    broken: str = ""


def read_batch(body: bytes) -> ReadBatch:
    """Return a batch read entry by entry; raise msgspec.MsgspecError or ValueError when it is no batch."""
    try:
        batch = _BATCH.decode(body)
        bodies = tuple(bytes(raw) for raw in batch.entries)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # An entry may be so odd that it spoils the reading of the whole.
        rest, bodies = _cut_apart(body)
        batch = _BATCH.decode(rest)
    try:
        head = _HEAD.decode(batch.head.head)
    except (msgspec.MsgspecError, ValueError) as err:
        return ReadBatch(batch.head, None, _alone(bodies), f"the signed head: {err}")
    if not len(bodies) <= head.seq <= MAX_ENTRIES:
        broken = f"the head is at entry {head.seq}, with {len(bodies)} entries before it"
        return ReadBatch(batch.head, head, _alone(bodies), broken)
    try:
        return ReadBatch(batch.head, head, _in_their_places(bodies, head))
    except ChainBroken as err:
        return ReadBatch(batch.head, head, _alone(bodies), str(err))


def _cut_apart(body: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Return a batch without its entries, and these, found by brackets and quotes alone."""
    depth, start, begin, pieces = 0, -1, -1, []
    for sign in _SIGN.finditer(body):
        token = sign.group()
        if start < 0 and depth == 1 and _ENTRIES.match(body, sign.start()):
            start = -2  # the next bracket opens the entries
        elif token in b"[{":
            depth += 1
            if start == -2:
                start = begin = sign.end()
        elif token in b"]}," and start >= 0 and depth == 2:
            if body[begin : sign.start()].strip():
                pieces.append(body[begin : sign.start()].strip())
            begin = sign.end()
            if token != b",":
                return body[:start] + body[sign.start() :], tuple(pieces[:MAX_IN_A_BATCH])
        elif token in b"]}":
            depth -= 1
    raise ValueError("the entries do not end")


def _in_their_places(bodies: Sequence[bytes], head: Head) -> tuple[ReadEntry, ...]:
    """Return the entries that end at `head`; raise ChainBroken when whole ones are not where they belong."""
    first_seq = head.seq - len(bodies) + 1
    entries = [_decoded(body) for body in bodies]
    whole = [entry is not None and _is_whole(entry) for entry in entries]
    for place, entry in enumerate(entries):
        if entry is not None and whole[place] and entry.seq != first_seq + place:
            raise ChainBroken(f"entry {entry.seq} is in the place of entry {first_seq + place}")
    last = entries[-1] if entries else None
    if last is not None and whole[-1] and last.digest != head.digest:
        raise ChainBroken(f"the signed head is not the digest of entry {head.seq}")
    read: list[ReadEntry] = []
    follows: bytes | None = head.digest
    for place in reversed(range(len(bodies))):
        entry, body = entries[place], bodies[place]
        says = entry.digest if entry is not None and whole[place] else None
        digest = follows or says or _said_digest(body)
        why = _why_quarantined(entry) if says == digest else UNREADABLE if entry is None else CHANGED
        previous = entry.previous if entry is not None and says is not None else b""
        read.append(ReadEntry(first_seq + place, previous, digest, body, entry, why, says == digest))
        follows = previous or None
    return _joined(read[::-1])


def _joined(read: list[ReadEntry]) -> tuple[ReadEntry, ...]:
    """Return the entries with the digest before them, which one that was changed may not say itself."""
    for place in range(1, len(read)):
        if not read[place].is_whole:
            read[place] = replace(read[place], previous=read[place - 1].digest)
    return tuple(read)


def _alone(bodies: Sequence[bytes]) -> tuple[ReadEntry, ...]:
    """Return the readable parts of entries without a place."""
    entries = (_decoded(body) for body in bodies)
    return tuple(
        ReadEntry(entry.seq, entry.previous, entry.digest, body, entry, "", is_whole=False)
        for entry, body in zip(entries, bodies, strict=True)
        if entry is not None and not _why_quarantined(entry)
    )


def _decoded(body: bytes) -> JournalEntry | None:
    try:
        return _ENTRY.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _is_whole(entry: JournalEntry) -> bool:
    try:
        verify_chain([entry])
    except (ChainBroken, ValueError, OverflowError):
        return False
    return True


def _said_digest(body: bytes) -> bytes:
    """Return the digest that an entry says it has, or one of its bytes, so that it has a place."""
    try:
        return _LINKS.decode(body).digest
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return hashlib.sha256(body).digest()


def _why_quarantined(entry: JournalEntry | None) -> str:
    """Return why the database or a page could not take an entry, or nothing."""
    if entry is None:
        return UNREADABLE
    if entry.at.utcoffset() != timedelta(0) or not FIRST_YEAR <= entry.at.year <= LAST_YEAR:
        # The digest covers the time as text, and the database keeps UTC.
        return ODD_TIME
    for name, fact in (*entry.facts.items(), *(entry.personal or {}).items()):
        if "\0" in name or (isinstance(fact, str) and "\0" in fact):
            return ODD_TEXT
        if isinstance(fact, int) and abs(fact) >= 2**63:
            return ODD_VALUE
        if isinstance(fact, float) and not math.isfinite(fact):
            return ODD_VALUE
        if fact is not None and not isinstance(fact, _OF_TYPE.get(name, (object,))):
            return ODD_VALUE
    return ""
