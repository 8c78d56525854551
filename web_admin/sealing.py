"""Keep secrets unreadable in the database: AES-256-GCM (NIST SP 800-38D) under keys outside it.

The purpose of a secret is bound into its seal, so a sealed gate key can never be passed off as a
PIN. A look-up value is an HMAC: it finds an equal secret and tells nothing else. Face shares are
sealed under a key of their own, which no backup holds.
"""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
FACE_SHARE_PURPOSE = "face-share"


class SealBroken(Exception):
    """A sealed secret cannot be opened: changed, or sealed under another key or for another purpose."""


class Sealer:
    """Seals and opens secrets, each for one purpose."""

    def __init__(self, seal_key: bytes, lookup_key: bytes, face_key: bytes | None = None) -> None:
        """Take keys of 32 bytes or more; without `face_key` no face share can be sealed or opened."""
        for name, key in (("seal", seal_key), ("lookup", lookup_key), ("face", face_key)):
            if key is not None and len(key) < KEY_BYTES:
                raise ValueError(f"the {name} key has {len(key)} bytes, it needs {KEY_BYTES}")
        self._cipher = AESGCM(_derive(seal_key, b"seal"))
        self._face_cipher = AESGCM(_derive(face_key, b"face")) if face_key is not None else None
        self._lookup_key = _derive(lookup_key, b"lookup")

    def _cipher_for(self, purpose: str) -> AESGCM:
        if purpose != FACE_SHARE_PURPOSE:
            return self._cipher
        if self._face_cipher is None:
            raise SealBroken("no key for face shares was given")
        return self._face_cipher

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return a random nonce and the sealed bytes."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher_for(purpose).encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed for this purpose; raise SealBroken otherwise."""
        try:
            return self._cipher_for(purpose).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode()
            )
        except (InvalidTag, ValueError) as err:
            raise SealBroken(f"a sealed {purpose} cannot be opened with the keys of this server") from err

    def lookup(self, kind: str, value: bytes) -> bytes:
        """Return the 32 bytes under which an equal value of this kind is found."""
        return hmac.digest(self._lookup_key, kind.encode() + b"\0" + value, "sha256")


def _derive(key: bytes, use: bytes) -> bytes:
    return hmac.digest(key, b"menjin/key/1\0" + use, "sha256")


def seal_card_number(sealer: Sealer, number: int) -> bytes:
    """Return a canonical card number sealed for `CredentialRow.secret_sealed`."""
    return sealer.seal(number.to_bytes(8, "big"), purpose="card-number")


def open_card_number(sealer: Sealer, sealed: bytes) -> int:
    """Return the canonical card number; raise SealBroken."""
    return int.from_bytes(sealer.open(sealed, purpose="card-number"), "big")


def card_lookup(sealer: Sealer, number: int) -> bytes:
    """Return what stands in `CredentialRow.lookup` for a card number."""
    return sealer.lookup("card-number", number.to_bytes(8, "big"))


def seal_pin_tag(sealer: Sealer, tag: bytes) -> bytes:
    """Return the Argon2id tag of a PIN or visitor code, sealed for `CredentialRow.secret_sealed`."""
    return sealer.seal(tag, purpose="pin-tag")


def open_pin_tag(sealer: Sealer, sealed: bytes) -> bytes:
    """Return the Argon2id tag of a PIN or visitor code; raise SealBroken."""
    return sealer.open(sealed, purpose="pin-tag")


def code_digest(code: str) -> bytes:
    """Return what is stored of a one-time code: SHA-256 of its letters and digits, however typed."""
    return hashlib.sha256("".join(c for c in code.upper() if c.isalnum()).encode()).digest()
