"""One tap: ask a card for its key, and a card without one for its message."""

from collections.abc import Callable

from hardware.contactless.apdu import ApplicationMissing, Card
from hardware.contactless.ndef import read_sun_message
from hardware.contactless.pkoc import Challenge, read_card_key
from hardware.contactless.presented import Presented


def read_tap(card: Card, challenge: Challenge, now_ns: Callable[[], int]) -> Presented:
    """Return what the card showed; raise CardRefused or, as it went away, DeviceUnavailable.

    A card that has a key and fails with it is asked nothing else: no weaker way follows a refused one.
    """
    try:
        return read_card_key(card, challenge, now_ns)
    except ApplicationMissing:
        return read_sun_message(card)
