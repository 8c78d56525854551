"""Seal the cursor of a list and the entry of a link, so that a journal's numbers stay secret.

A duress PIN writes one entry more than the other PIN. A reader of the numbers of two entries around it
could infer which was typed, also where the silent alarm itself is not shown.
"""

import base64
from binascii import Error as NotBase64
from typing import TypeVar

import msgspec

from web_admin.core.sealing import SealBroken, Sealer

PURPOSE = "sealed-place"
PLACE_BYTES = 120
"""Every place is filled up to so many bytes, so that its length reveals nothing either."""

T = TypeVar("T")


def sealed_place(sealer: Sealer, place: object) -> str:
    plain = msgspec.json.encode(place).ljust(PLACE_BYTES)
    return base64.urlsafe_b64encode(sealer.seal(plain, purpose=PURPOSE)).decode().rstrip("=")


def opened_place(sealer: Sealer, text: str, kind: type[T]) -> T | None:
    """Return the place that an address holds, None for anything this server did not seal."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(sealer.open(sealed, purpose=PURPOSE), type=kind)
    except (msgspec.MsgspecError, NotBase64, ValueError, SealBroken):
        return None
