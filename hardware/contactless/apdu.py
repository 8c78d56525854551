"""Commands to a card and its answers (ISO 7816-4)."""

from typing import Protocol

from hardware.errors import DeviceRefused

DONE = b"\x90\x00"
NOT_FOUND = frozenset({b"\x6a\x82", b"\x6d\x00", b"\x6e\x00", b"\x6a\x86"})
"""Words by which a card without the application answers a SELECT."""


class CardRefused(DeviceRefused):
    """The card answered what no card of its kind answers; the message is for the installer."""


class ApplicationMissing(CardRefused):
    """The card is of another kind."""


class Card(Protocol):
    """A card in the field of a reader."""

    def exchange(self, command: bytes) -> bytes:
        """Send a command and return the answer with its status; raise DeviceUnavailable once it is gone."""
        ...


def select_application(application: bytes) -> bytes:
    return b"\x00\xa4\x04\x00" + bytes([len(application)]) + application + b"\x00"


def data_of(answer: bytes) -> bytes:
    """Return the data of a whole answer.

    Refused are 61xx and 6Cxx too: contactless cards chain below APDUs, so these come from no honest one.
    """
    if len(answer) < 2:
        raise CardRefused(f"a torn answer of {len(answer)} bytes")
    if answer[-2:] in NOT_FOUND:
        raise ApplicationMissing(f"not on this card ({answer[-2:].hex()})")
    if answer[-2:] != DONE:
        raise CardRefused(f"the card refuses ({answer[-2:].hex()})")
    return answer[:-2]


def tags_of(data: bytes) -> dict[int, bytes]:
    """Return values by tag; refuse a length that does not fit, a tag twice, and any byte beside them.

    Tags and lengths have one byte here: no message of these cards needs more.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1] if at + 1 < len(data) else 0x80
        value = data[at + 2 : at + 2 + length]
        if length > 0x7F or len(value) != length or tag in found:
            raise CardRefused("tags and lengths of the answer do not fit")
        found[tag] = value
        at += 2 + length
    return found
