"""One seeded source for all that is random: what the product draws, and what the world decides.

Ids, salts and keys come from it, so that equal seeds make equal histories. What a library draws for
itself (the nonces of seals, signatures of phones) stays random: nothing in a history depends on it.
"""

import os
import random  # noqa: TID251 - a history replays
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract import pins


class Dice(random.Random):
    """What decides in the world; equal seeds decide alike."""


@contextmanager
def seeded(seed: str) -> Iterator[None]:
    """Let everything that the product draws come from this seed until the end of the block."""
    source = Dice(seed)

    def drawn(count: int) -> bytes:
        return source.randbytes(count)

    with ExitStack() as patches:
        for place, name, made in (
            (os, "urandom", drawn),
            (random, "_urandom", drawn),  # by which `secrets` draws
            (Ed25519PrivateKey, "generate", lambda: Ed25519PrivateKey.from_private_bytes(drawn(32))),
            (X25519PrivateKey, "generate", lambda: X25519PrivateKey.from_private_bytes(drawn(32))),
            # A PIN's hash is meant to take its time, and histories type many.
            (pins, "ARGON2_MEMORY_KIB", 64),
            (pins, "ARGON2_PASSES", 1),
        ):
            patches.enter_context(patch.object(place, name, made))
        yield


def phone_key(number: int) -> EllipticCurvePrivateKey:
    """Return the key that the phone of a person holds."""
    return derive_private_key(7_000_003 + number, SECP256R1())
