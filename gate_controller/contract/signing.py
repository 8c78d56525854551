"""Signatures with a purpose: Ed25519 (RFC 8032) over a domain, a NUL and the bytes.

An offline root key certifies separate keys for policies, passes, orders and anchors; a gate pins
the root when it is paired. A stolen web server can be given new keys without touching a gate: once a
gate has seen a newer certificate of a role, it refuses the older ones (`PolicyStore.trust`). A gate
that has not heard from the server since then still trusts the old keys.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate_controller.contract.records import Digest, Id, Instant

KeyRole = Literal["policy", "pass", "order", "anchor"]
KEY_ROLES: tuple[KeyRole, ...] = ("policy", "pass", "order", "anchor")

CERTIFICATE_DOMAIN = "menjin/certificate/1"
REQUEST_DOMAIN = "menjin/request/1"
PhraseChars = Literal[12, 16]
"""How many characters are compared: four by four, where gate and server both know of sixteen."""


class SignatureRefused(Exception):
    """A signature, or the key behind it, is not what it has to be; says which."""


class KeyCertificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The root's statement that a key may sign for one purpose at one site."""

    site_id: Id
    role: KeyRole
    public_key: Digest
    issued_at: Instant


class SignedCertificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `KeyCertificate` in JSON, with the root's signature over those very bytes."""

    certificate: Annotated[bytes, msgspec.Meta(max_length=400)]
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """Return the 32 bytes of a public key."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(key: Ed25519PrivateKey, domain: str, message: bytes) -> bytes:
    """Return the 64-byte signature over domain, NUL and message."""
    return key.sign(domain.encode() + b"\0" + message)


def verify(public_key: bytes, domain: str, message: bytes, signature: bytes) -> None:
    """Raise SignatureRefused unless `signature` is that key's over this domain and message."""
    try:
        verify_message(public_key, domain.encode() + b"\0" + message, signature)
    except SignatureRefused as err:
        raise SignatureRefused(f"the signature for {domain} does not fit") from err


def verify_message(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raise SignatureRefused unless `signature` is that key's over these very bytes (RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as err:
        raise SignatureRefused("the signature does not fit") from err


def certify(root: Ed25519PrivateKey, certificate: KeyCertificate) -> SignedCertificate:
    """Return the certificate signed by the root."""
    body = msgspec.json.encode(certificate)
    return SignedCertificate(body, sign(root, CERTIFICATE_DOMAIN, body))


def certified_key(root_public_key: bytes, signed: SignedCertificate, site_id: str, role: KeyRole) -> bytes:
    """Return the public key that the root certified for this site and role; raise SignatureRefused."""
    return open_certificate(root_public_key, signed, site_id, role).public_key


def open_certificate(
    root_public_key: bytes, signed: SignedCertificate, site_id: str, role: KeyRole
) -> KeyCertificate:
    """Return what the root certified for this site and role; raise SignatureRefused."""
    verify(root_public_key, CERTIFICATE_DOMAIN, signed.certificate, signed.signature)
    try:
        certificate = msgspec.json.decode(signed.certificate, type=KeyCertificate)
    except (msgspec.MsgspecError, ValueError) as err:
        raise SignatureRefused(f"the certificate cannot be read: {err}") from err
    if certificate.site_id != site_id or certificate.role != role:
        raise SignatureRefused(
            f"the certificate is for {certificate.role} at {certificate.site_id}, not for {role} at {site_id}"
        )
    return certificate


def request_message(method: str, path: str, body: bytes, gate_id: str, counter: int) -> bytes:
    """Return the bytes a gate signs for one HTTP request; `path` includes the query, if any."""
    lines = (method.upper(), path, hashlib.sha256(body).hexdigest(), gate_id, str(counter))
    return "\n".join(lines).encode()


# -- pairing: commit before reveal, as ZRTP's hash commitment (RFC 6189, 4.4.1) and numeric comparison of
# Bluetooth (Core 6.0, Vol 3, Part H, 2.3.5.6.2) do


@dataclass(frozen=True, slots=True)
class PairingKeys:
    """Keys that the characters vouch for: those of the gate, 32 bytes each, and the server's root."""

    gate_public_key: bytes
    sealing_public_key: bytes
    root_public_key: bytes


def pairing_commitment(gate_public_key: bytes, sealing_public_key: bytes, gate_nonce: bytes) -> bytes:
    """Return the 32 bytes by which a gate commits to its keys and its 16-byte nonce before it shows them."""
    parts = (gate_public_key, sealing_public_key, gate_nonce)
    return _digest(b"menjin/pairing-commitment/2", (32, 32, 16), *parts)


def open_commitment(
    commitment: bytes, gate_public_key: bytes, sealing_public_key: bytes, gate_nonce: bytes
) -> None:
    """Raise SignatureRefused unless a gate had committed to this very nonce with these very keys."""
    revealed = pairing_commitment(gate_public_key, sealing_public_key, gate_nonce)
    if not hmac.compare_digest(commitment, revealed):
        raise SignatureRefused("the nonce is not the one that this gate had committed to")


def pairing_phrase(
    keys: PairingKeys,
    gate_nonce: bytes,
    server_nonce: bytes,
    characters: PhraseChars,
    site_name: str | None = None,
) -> str:
    """Return the 12 or 16 base32 characters that both screens show while a gate is paired.

    They cover the compound's name where the gate shows it: a changed name gives other characters.

    Each side chose its nonce (16 bytes) without knowing the other's, so an attacker in between cannot search
    for two phrases that agree: one try for each code, and 60 or 80 bits to hit.
    """
    parts = (
        keys.gate_public_key,
        keys.sealing_public_key,
        keys.root_public_key,
        gate_nonce,
        server_nonce,
    )
    if site_name is None:
        digest = _digest(b"menjin/pairing-phrase/2", (32, 32, 32, 16, 16), *parts)
    else:
        named = hashlib.sha256(site_name.encode()).digest()
        digest = _digest(b"menjin/pairing-phrase/3", (32, 32, 32, 16, 16, 32), *parts, named)
    return base64.b32encode(digest)[:characters].decode()


def _digest(domain: bytes, sizes: tuple[int, ...], *parts: bytes) -> bytes:
    """Return the SHA-256 of a domain and parts of fixed sizes, so that no two sets of parts share bytes."""
    if tuple(len(part) for part in parts) != sizes:
        raise ValueError(f"parts of {sizes} bytes are wanted, not of {[len(part) for part in parts]}")
    return hashlib.sha256(domain + b"\0" + b"".join(parts)).digest()
