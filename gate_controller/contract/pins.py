"""Make, validate and hash PINs, and compute the delays after wrong ones.

A typed number is always a home's number and six digits (or eight for a visitor's code). One
Argon2id hash under the home's salt is compared with all tags of that home, so a home of eight costs
what a home of one costs; an unknown home is hashed too. The server keeps the hash; a gate keeps only
an HMAC of it under a key of its own (RFC 9106 for Argon2id; 19 MiB, t=2, p=1 after OWASP).
"""

import hashlib
import hmac
import itertools
import secrets

from argon2.low_level import Type, hash_secret_raw

PIN_DIGITS = 6
VISITOR_CODE_DIGITS = 8
ARGON2_MEMORY_KIB = 19 * 1024
ARGON2_PASSES = 2
UNKNOWN_HOME_SALT = hashlib.sha256(b"menjin/unknown-home/1").digest()[:16]


def argon2_tag(digits: str, pin_salt: bytes) -> bytes:
    """Return the 32-byte Argon2id hash of typed digits under a home's 16-byte salt."""
    return hash_secret_raw(
        digits.encode(),
        pin_salt,
        time_cost=ARGON2_PASSES,
        memory_cost=ARGON2_MEMORY_KIB,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )


def gate_pin_tag(tag: bytes, pin_key: bytes) -> bytes:
    """Return what one gate stores of an Argon2id tag: HMAC-SHA-256 under that gate's PIN key."""
    return hmac.digest(pin_key, b"menjin/pin/1\0" + tag, "sha256")


def card_tag(number: int, card_key: bytes) -> bytes:
    """Return what one gate stores of a canonical card number: HMAC-SHA-256 under its card key."""
    return hmac.digest(card_key, b"menjin/card/1\0" + number.to_bytes(8, "big"), "sha256")


def is_weak_pin(pin: str, home_number: str = "") -> bool:
    """Return whether a PIN is on the block-list: repeats, runs, dates' shapes, the home's number."""
    digits = [int(d) for d in pin]
    steps = {(b - a) % 10 for a, b in itertools.pairwise(digits)}
    home_digits = "".join(c for c in home_number if c.isdigit())
    return (
        len(set(pin)) <= 2
        or steps in ({1}, {9})
        or pin[:3] == pin[3:]
        or pin[:2] * 3 == pin
        or pin == pin[::-1]
        or (len(home_digits) >= 3 and home_digits in pin)
        or pin[:2] in ("19", "20")
    )


def make_visitor_code() -> str:
    """Return eight random digits."""
    return "".join(secrets.choice("0123456789") for _ in range(VISITOR_CODE_DIGITS))
