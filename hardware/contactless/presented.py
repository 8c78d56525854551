"""Results of a tap; the gate says whose the card is and whether it opens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CardKey:
    """A card has just proven that it holds the private half of this key."""

    public_key: bytes
    """The whole point, uncompressed, 65 bytes: a part of it, as other systems store, can be imitated."""


@dataclass(frozen=True, slots=True)
class SunMessage:
    """A tag's message, not yet checked: the gate has the keys (`gate_controller.contract.sun`)."""

    picc_data: bytes
    cmac: bytes


Presented = CardKey | SunMessage
