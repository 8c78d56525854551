"""Sound and picture of a call: the few facts by which two browsers find each other and encrypt.

Sound and picture go from page to page and never through a message. A browser's own description of itself is
free text of thousands of characters; no such text travels. Both pages build the same description from
these fields (`call_media.js`): one sound each way, one picture from the gate. All that a side can hold
together is shorter than half a face template.
"""

from typing import Annotated, Literal

import msgspec

from gate_controller.contract.messages import Message

MAX_CANDIDATES = 8

Ufrag = Annotated[str, msgspec.Meta(min_length=4, max_length=16, pattern=r"^[A-Za-z0-9+/]+\Z")]
IcePassword = Annotated[str, msgspec.Meta(min_length=22, max_length=40, pattern=r"^[A-Za-z0-9+/]+\Z")]
Fingerprint = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
"""SHA-256 of the certificate with which this side encrypts; with another one the other side breaks off."""
Address = Annotated[
    str,
    msgspec.Meta(
        max_length=42,
        pattern=r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f:]{2,39}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local)\Z",
    ),
]
"""IPv4, IPv6, or the random name by which a browser hides its address on the local network."""


class MediaCandidate(Message, frozen=True, kw_only=True):
    """An address at which a side can perhaps be reached, over UDP."""

    kind: Literal["host", "srflx", "relay"]
    address: Address
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]


class MediaSide(Message, frozen=True, kw_only=True):
    """One side of the sound and picture of a call."""

    ufrag: Ufrag
    pwd: IcePassword
    fingerprint: Fingerprint
    candidates: Annotated[tuple[MediaCandidate, ...], msgspec.Meta(max_length=MAX_CANDIDATES)]

    def __repr__(self) -> str:
        """Name nothing: it holds a password and addresses of a phone."""
        return "MediaSide(...)"
