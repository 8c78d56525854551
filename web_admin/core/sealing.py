"""Encrypt secrets in the database: AES-256-GCM (NIST SP 800-38D) under keys outside it.

The purpose of a secret is bound into its seal, so a sealed gate key can never be passed off as a
PIN. A look-up value is an HMAC: it finds an equal secret and reveals nothing else. Face shares are
sealed under keys of their own, which no backup holds and which are changed after each forgetting:

    share_sealed = key id:8 ‖ nonce:12 ‖ AES-256-GCM(share)
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gate_controller.contract.pins import argon2_tag
from web_admin.core.wrapping_keys import WrapKeys

KEY_BYTES = 32
NONCE_BYTES = 12
FACE_SHARE_PURPOSE = "face-share"
KEY_ID_BYTES = 8
CODE_SALT_BYTES = 16
CODE_CHARS_READ = 64
SHARE_WITHOUT_ID_BYTES = NONCE_BYTES + 32 + 16


class SealBroken(Exception):
    """A sealed secret cannot be opened: changed, or sealed under another key or for another purpose."""


class Sealer:
    """Seals and opens secrets, each for one purpose."""

    def __init__(self, seal_key: bytes, lookup_key: bytes, face: bytes | WrapKeys | None = None) -> None:
        """Take keys of 32 bytes or more; without `face` no share of a face can be sealed or opened."""
        first = face if isinstance(face, bytes) else None
        for name, key in (("seal", seal_key), ("lookup", lookup_key), ("face", first)):
            if key is not None and len(key) < KEY_BYTES:
                raise ValueError(f"the {name} key has {len(key)} bytes, it needs {KEY_BYTES}")
        self._cipher = AESGCM(_derive(seal_key, b"seal"))
        self.wrap_keys = face if isinstance(face, WrapKeys) else WrapKeys(first)
        self._lookup_key = _derive(lookup_key, b"lookup")

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return a random nonce and the sealed bytes; a face share goes under the key in use."""
        if purpose == FACE_SHARE_PURPOSE:
            key_id = self.wrap_keys.current_id
            if key_id is None:
                raise SealBroken("no key for face shares was given")
            return self.seal_share(plain, key_id)
        return seal_with(self._cipher, plain, purpose)

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Decrypt a value of this purpose; raise SealBroken otherwise."""
        if purpose == FACE_SHARE_PURPOSE:
            key_id = share_key_id(sealed)
            cipher = self._share_cipher(key_id or self.wrap_keys.current_id or "")
            return open_sealed(cipher, sealed[KEY_ID_BYTES if key_id else 0 :], purpose)
        return open_sealed(self._cipher, sealed, purpose)

    def seal_share(self, share: bytes, key_id: str) -> bytes:
        """Return a share sealed under one wrapping key; raise SealBroken when it is not here."""
        return bytes.fromhex(key_id) + seal_with(self._share_cipher(key_id), share, FACE_SHARE_PURPOSE)

    def _share_cipher(self, key_id: str) -> AESGCM:
        key = self.wrap_keys.key(key_id)
        if key is None:
            raise SealBroken("the key of a face share is not here: it was destroyed, or never was")
        return AESGCM(_derive(key, b"face"))

    def lookup(self, kind: str, value: bytes) -> bytes:
        """Return the 32 bytes under which an equal value of this kind is found."""
        return hmac.digest(self._lookup_key, kind.encode() + b"\0" + value, "sha256")


def share_key_id(sealed: bytes) -> str:
    """Return the id of the wrapping key that a share is sealed under; "" from before keys had ids."""
    return "" if len(sealed) == SHARE_WITHOUT_ID_BYTES else sealed[:KEY_ID_BYTES].hex()


def seal_with(cipher: AESGCM, plain: bytes, purpose: str) -> bytes:
    """Return a random nonce of 12 bytes, the ciphertext and its tag of 16, with the purpose bound in."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, purpose.encode())


def open_sealed(cipher: AESGCM, sealed: bytes, purpose: str) -> bytes:
    """Decrypt a value that `seal_with` sealed for this purpose; raise SealBroken otherwise."""
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError) as err:
        raise SealBroken(f"a sealed {purpose} cannot be opened with the keys of this server") from err


def _derive(key: bytes, use: bytes) -> bytes:
    return hmac.digest(key, b"menjin/key/1\0" + use, "sha256")


def seal_card_number(sealer: Sealer, number: int) -> bytes:
    """Return a canonical card number sealed for `CredentialRow.secret_sealed`."""
    return sealer.seal(number.to_bytes(8, "big"), purpose="card-number")


def open_card_number(sealer: Sealer, sealed: bytes) -> int:
    """Return the canonical card number; raise SealBroken."""
    return int.from_bytes(sealer.open(sealed, purpose="card-number"), "big")


def card_lookup(sealer: Sealer, number: int) -> bytes:
    """Return the value of `CredentialRow.lookup` for a card number."""
    return sealer.lookup("card-number", number.to_bytes(8, "big"))


def seal_pin_tag(sealer: Sealer, tag: bytes) -> bytes:
    """Return the Argon2id tag of a PIN or visitor code, sealed for `CredentialRow.secret_sealed`."""
    return sealer.seal(tag, purpose="pin-tag")


def open_pin_tag(sealer: Sealer, sealed: bytes) -> bytes:
    """Return the Argon2id tag of a PIN or visitor code; raise SealBroken."""
    return sealer.open(sealed, purpose="pin-tag")


def code_digest(sealer: Sealer, code: str) -> bytes:
    """Return the stored form of a one-time code, however typed: slow, and salted outside the database.

    The code alone has to find its row, so all have one salt: of 128 bits, from a key in a file. The database
    alone gives no code away, and with the key each try costs 19 MiB and two passes.
    """
    plain = "".join(c for c in code.upper() if c.isalnum())[:CODE_CHARS_READ]
    return argon2_tag(plain, sealer.lookup("one-time-code", b"")[:CODE_SALT_BYTES])
