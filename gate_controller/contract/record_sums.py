"""The digest over a set of records that costs what changed in it: LtHash with 1,024 sums of 16 bits.

Each record's key and digest are drawn out by SHAKE128 to 1,024 numbers of 16 bits. The sums of a set are
these numbers added up, each modulo 2**16: a record that comes is added, one that goes is subtracted, and the
order does not matter. What is signed is the SHA-256 of the sums. To find another set with the same sums is a
problem over lattices, for which at least 200 bits of work are known (Bellare and Micciancio 1997; Lewi, Kim,
Maykov and Weis 2019); two records that SHAKE128 draws out alike cost 2**128, as two alike under SHA-256 do.
A record counts once in a set: 2**16 copies of one would add up to nothing.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

RECORD_DOMAIN = b"menjin/record-sums/1\0"
SUMS_DOMAIN = b"menjin/policy-sums/1\0"
SUMS_BYTES = 2048
NO_RECORDS = bytes(SUMS_BYTES)
"""The sums of the empty set."""

_EVERY_OTHER = int.from_bytes(b"\xff\xff\0\0" * (SUMS_BYTES // 4), "little")
"""Takes every other number, with room for a carry above each."""
_CARRIES = int.from_bytes(b"\0\0\1\0" * (SUMS_BYTES // 4), "little")
"""2**16 for each of them."""
_WITHOUT_OVERFLOW = 2**16
"""So many numbers of 16 bits fit into 32 when they are added up, with one that was there before."""

KeyAndDigest = tuple[str, bytes]
"""A record's key, and the 32 bytes of its digest."""


def changed_sums(sums: bytes, added: Iterable[KeyAndDigest], removed: Iterable[KeyAndDigest] = ()) -> bytes:
    """Return the sums of a set after records came and went; a changed record is one of each."""
    had, came, went = int.from_bytes(sums, "little"), _added_up(added), _added_up(removed)
    even, odd = (
        (
            (had >> shift & _EVERY_OTHER)
            + (came >> shift & _EVERY_OTHER)
            + _CARRIES
            - (went >> shift & _EVERY_OTHER)
        )
        & _EVERY_OTHER
        for shift in (0, 16)
    )
    return (even | odd << 16).to_bytes(SUMS_BYTES, "little")


def digest_of_sums(sums: bytes) -> bytes:
    """Return the 32 bytes that stand for a set."""
    return hashlib.sha256(SUMS_DOMAIN + sums).digest()


def _added_up(records: Iterable[KeyAndDigest]) -> int:
    whole = even = 0
    for count, (key, digest) in enumerate(records, 1):
        drawn = _drawn_out(key, digest)
        whole += drawn
        even += drawn & _EVERY_OTHER
        if count % _WITHOUT_OVERFLOW == 0:
            whole, even = _reduced(whole, even)
    return _reduced(whole, even)[0]


def _reduced(whole: int, even: int) -> tuple[int, int]:
    """Return all sums and every other, each modulo 2**16; in `whole` they have carried into one another."""
    odd = whole - even >> 16 & _EVERY_OTHER
    even &= _EVERY_OTHER
    return even | odd << 16, even


@lru_cache(maxsize=64)
def _drawn_out(key: str, digest: bytes) -> int:
    """Return 1,024 numbers as one; the last are remembered, since many gates get the same record."""
    drawn = hashlib.shake_128(RECORD_DOMAIN + key.encode() + digest).digest(SUMS_BYTES)
    return int.from_bytes(drawn, "little")
