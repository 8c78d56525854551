"""Cards and phones with a key of their own: PKOC over NFC (PSIA, card 1.0 and 1.1).

The card signs the reader's transaction id and nothing else: not the reader's own id, not the time. A new
id for each tap stops every replay. A relay of the radio itself is stopped by `LIMIT_NS` alone, so one that
is quick enough is not; `docs/threat_model.md` says so.

The signature may have the high or the low s, as cards make either. No card is known by its signature: the
second spelling of one belongs to the same challenge and the same key, and opens nothing more.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from hardware.contactless.apdu import Card, CardRefused, data_of, select_application, tags_of
from hardware.contactless.presented import CardKey

APPLICATION = bytes.fromhex("a000000898000001")
LIMIT_NS = 300_000_000
"""A card answers the challenge within 300 ms; a longer way is one over a network."""
TRANSACTION_BYTES, READER_BYTES, POINT_BYTES, SIGNATURE_BYTES = 16, 32, 65, 64
VERSION, TRANSACTION, READER, PUBLIC_KEY, SIGNATURE = 0x5C, 0x4C, 0x4D, 0x5A, 0x9E


@dataclass(frozen=True, slots=True)
class Challenge:
    """Question to one card, asked once."""

    transaction_id: bytes
    """16 bytes by chance, for this tap alone."""
    reader_id: bytes
    """16 bytes of the site and 16 of the reader; always the same."""

    def __post_init__(self) -> None:
        """Raise ValueError on ids of another length."""
        if len(self.transaction_id) != TRANSACTION_BYTES or len(self.reader_id) != READER_BYTES:
            raise ValueError("a transaction id has 16 bytes and a reader's id 32")


def version_of(data: bytes) -> bytes:
    """Return the version to speak, the first 1.x that the card names; refuse a card without one."""
    named = tags_of(data).get(VERSION, b"")
    versions = [named[at : at + 2] for at in range(0, len(named), 2)]
    for version in versions:
        if len(version) == 2 and version[0] == 1:
            return version
    raise CardRefused(f"the card speaks no version 1 of PKOC, but {named.hex() or 'names none'}")


def request_of(challenge: Challenge, version: bytes) -> bytes:
    """Return the tags that a card is asked with."""
    parts = ((VERSION, version), (TRANSACTION, challenge.transaction_id), (READER, challenge.reader_id))
    return b"".join(bytes([tag, len(value)]) + value for tag, value in parts)


def authenticate(challenge: Challenge, version: bytes) -> bytes:
    request = request_of(challenge, version)
    return b"\x80\x80\x00\x01" + bytes([len(request)]) + request + b"\x00"


def proven_key(answer: bytes, challenge: Challenge, took_ns: int) -> CardKey:
    """Return the key of the tags of an answer; raise CardRefused unless it signed this challenge in time."""
    if not 0 <= took_ns <= LIMIT_NS:
        raise CardRefused(f"the card answered after {took_ns / 1e6:.0f} ms, as over a longer way")
    tags = tags_of(answer)
    public_key = tags.get(PUBLIC_KEY, b"")
    check_signature(public_key, challenge.transaction_id, tags.get(SIGNATURE, b""))
    return CardKey(public_key)


def check_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raise CardRefused unless this key signed this message: 64 raw bytes, r ‖ s, ECDSA with SHA-256."""
    if len(public_key) != POINT_BYTES or len(signature) != SIGNATURE_BYTES:
        raise CardRefused("the card sent no key or no signature of the right length")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public_key)
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as err:
        raise CardRefused("the card's signature does not fit this challenge and its key") from err


def read_card_key(card: Card, challenge: Challenge, now_ns: Callable[[], int]) -> CardKey:
    """Ask a card once; raise ApplicationMissing for a card of another kind, CardRefused for a bad one."""
    version = version_of(data_of(card.exchange(select_application(APPLICATION))))
    began_ns = now_ns()
    answer = card.exchange(authenticate(challenge, version))
    took_ns = now_ns() - began_ns
    return proven_key(data_of(answer), challenge, took_ns)
