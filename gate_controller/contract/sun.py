"""Check the message of an NTAG 424 DNA tag and derive its keys (NXP AN12196, AN10922).

Each tag has a key of its own, derived at the server from a master that no gate has. The key under which a
tag hides its number is one for the site: it keeps strangers from following a tag, and opens nothing.
"""

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC

KEY_BYTES, UID_BYTES, PICC_BYTES, MAC_BYTES = 16, 7, 16, 8
UID_AND_COUNTER = 0xC7
"""The first byte of a tag that sends its number, of seven bytes, and its counter."""
SESSION_MAC = bytes.fromhex("3cc300010080")
DERIVED_AES128 = b"\x01"
SYSTEM_BYTES = range(9, 25)
"""AN10922 pads its input to 32 bytes; with 9 to 24 behind the number that is the CMAC of the standard."""


class SunForged(Exception):
    """The message is of no tag of this site."""


@dataclass(frozen=True, slots=True)
class CardSun:
    """A tag's number, and how often it was read; proven once `check_sun` has returned."""

    uid: bytes
    counter: int


def open_picc_data(picc_data: bytes, meta_key: bytes) -> CardSun:
    """Return the tag that a message says it is from; raise SunForged for one under another key."""
    if len(picc_data) != PICC_BYTES:
        raise SunForged("the tag's data have a wrong length")
    # AN12196 fixes the IV of this one block; the counter in it makes no two alike.
    decryptor = Cipher(AES128(meta_key), CBC(bytes(16))).decryptor()
    plain = decryptor.update(picc_data) + decryptor.finalize()
    if plain[0] != UID_AND_COUNTER:
        raise SunForged("the tag's data are under another key")
    return CardSun(plain[1:8], int.from_bytes(plain[8:11], "little"))


def check_sun(card: CardSun, cmac: bytes, file_key: bytes, mirrored: bytes = b"") -> None:
    """Raise SunForged unless the holder of this tag's key said its number and counter.

    `mirrored` is what the tag repeats before its code, if it is set up to repeat anything.
    """
    session_key = aes_cmac(file_key, SESSION_MAC + card.uid + card.counter.to_bytes(3, "little"))
    if not hmac.compare_digest(aes_cmac(session_key, mirrored)[1::2], cmac):
        raise SunForged("the tag's code does not fit its key")


def derive_key(master: bytes, uid: bytes, system: bytes) -> bytes:
    """Return a tag's own key by AN10922; `system` tells compounds and uses of a key apart."""
    if len(uid) != UID_BYTES or len(system) not in SYSTEM_BYTES:
        raise ValueError("a tag's number has 7 bytes, and a system's name 9 to 24")
    return aes_cmac(master, DERIVED_AES128 + uid + system)


def aes_cmac(key: bytes, message: bytes) -> bytes:
    cmac = CMAC(AES128(key))
    cmac.update(message)
    return cmac.finalize()
