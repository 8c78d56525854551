"""Seal keys for one gate alone, independent of who terminates the TLS between it and the server.

HPKE, base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; a sealed key is 32 bytes of
encapsulated key, the ciphertext and 16 bytes of tag. What it is for, which site and which gate are bound in
as `info`, so that no sealed key can be passed off as another.

The gate's half lives for one pairing or one question and in memory only: what was recorded on the wire stays
shut when the gate is stolen later. Base mode says who can read, not who wrote; who wrote is the server's TLS
and, for everything that opens, its signatures.

    parts of an answer: one fresh key, sealed to the gate; each part under it by AES-256-GCM, its place in the
    answer as nonce, the data that it belongs to bound in (a share: its person and consent)
"""

import secrets
from collections.abc import Iterable, Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from gate_controller.contract.messages import FaceLease, SealedLease, SealedLeases

KEY_BYTES = 32
CARD_KEY_USE, PIN_KEY_USE, LEASES_USE = "card-key", "pin-key", "face-leases"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class KeyNotOpened(Exception):
    """The bytes are not sealed to this gate for this use, or were changed; says which use."""


class KeyUnusable(Exception):
    """The public key that a gate sent is none that anything can be sealed to."""


def seal_key(public_key: bytes, plain: bytes, use: str, site_id: str, gate_id: str) -> bytes:
    """Return a key sealed to a gate's 32-byte X25519 key; raise KeyUnusable when that is none."""
    info = _info(use, site_id, gate_id)
    try:
        return SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public_key), info)
    except ValueError as err:
        raise KeyUnusable("the gate's sealing key cannot be used") from err


def open_key(private_key: X25519PrivateKey, sealed: bytes, use: str, site_id: str, gate_id: str) -> bytes:
    """Return the 32 bytes that were sealed to this key for this use; raise KeyNotOpened."""
    try:
        plain = SUITE.decrypt(sealed, private_key, _info(use, site_id, gate_id))
    except (InvalidTag, ValueError) as err:
        raise KeyNotOpened(f"the {use} that came is not sealed to this gate") from err
    if len(plain) != KEY_BYTES:
        raise KeyNotOpened(f"the {use} that came has {len(plain)} bytes, not {KEY_BYTES}")
    return plain


def _info(use: str, site_id: str, gate_id: str) -> bytes:
    return b"\0".join((b"menjin/sealed-key/1", use.encode(), site_id.encode(), gate_id.encode()))


# -- parts of an answer ----------------------------------------------------------------------------


def seal_parts(
    public_key: bytes, parts: Iterable[tuple[bytes, bytes]], use: str, site_id: str, gate_id: str
) -> tuple[bytes, list[bytes]]:
    """Return a fresh key sealed to a gate, and each part (plain, bound data) under it; raise KeyUnusable."""
    key = secrets.token_bytes(KEY_BYTES)
    cipher = AESGCM(key)
    key_sealed = seal_key(public_key, key, use, site_id, gate_id)
    return key_sealed, [
        cipher.encrypt(_nonce(place), plain, bound) for place, (plain, bound) in enumerate(parts)
    ]


def open_parts(
    private_key: X25519PrivateKey,
    key_sealed: bytes,
    parts: Iterable[tuple[bytes, bytes]],
    use: str,
    site_id: str,
    gate_id: str,
) -> list[bytes]:
    """Return the plain parts of (sealed, bound data); raise KeyNotOpened when one is not as it was sealed."""
    cipher = AESGCM(open_key(private_key, key_sealed, use, site_id, gate_id))
    try:
        return [cipher.decrypt(_nonce(place), sealed, bound) for place, (sealed, bound) in enumerate(parts)]
    except InvalidTag as err:
        raise part_not_opened(use) from err


def part_not_opened(use: str) -> KeyNotOpened:
    """Return the error of a part that is not as the server sealed it."""
    return KeyNotOpened(f"one of the {use} that came is not as the server sealed it")


def _nonce(place: int) -> bytes:
    # The key is fresh for each answer, so counting never uses one twice (NIST SP 800-38D, 8.2.1).
    return place.to_bytes(12, "big")


# -- leases ----------------------------------------------------------------------------------------


def seal_leases(public_key: bytes, leases: Sequence[FaceLease], site_id: str, gate_id: str) -> SealedLeases:
    """Return leases for one answer, sealed to the key that the gate asked with; raise KeyUnusable."""
    parts = [(lease.share, _whose(lease)) for lease in leases]
    key_sealed, shares = seal_parts(public_key, parts, LEASES_USE, site_id, gate_id)
    return SealedLeases(
        key_sealed=key_sealed,
        leases=tuple(
            SealedLease(
                person_id=lease.person_id,
                consent_id=lease.consent_id,
                share_sealed=share,
                seconds=lease.seconds,
            )
            for lease, share in zip(leases, shares, strict=True)
        ),
    )


def open_leases(
    private_key: X25519PrivateKey, sealed: SealedLeases, site_id: str, gate_id: str
) -> tuple[FaceLease, ...]:
    """Return the leases of an answer; raise KeyNotOpened when one of them is not as the server sealed it."""
    parts = [(lease.share_sealed, _whose(lease)) for lease in sealed.leases]
    shares = open_parts(private_key, sealed.key_sealed, parts, LEASES_USE, site_id, gate_id)
    return tuple(
        FaceLease(person_id=lease.person_id, consent_id=lease.consent_id, share=share, seconds=lease.seconds)
        for lease, share in zip(sealed.leases, shares, strict=True)
    )


def _whose(lease: FaceLease | SealedLease) -> bytes:
    return msgspec.json.encode((lease.person_id, lease.consent_id))
