"""Sound and picture of a call: the few facts by which two browsers find each other and encrypt.

Sound and picture go from page to page and never through a message. A browser's own description of itself is
free text of thousands of characters; no such text travels. Both pages build the same description from
these fields (`call_media.js`): one sound each way, one picture from the gate. All that a side can hold
together is shorter than half a face template.
"""

import ipaddress
from typing import Annotated, Literal

import msgspec

from gate_controller.contract.inner_addresses import inner_addresses
from gate_controller.contract.messages import Message

MAX_CANDIDATES = 8
MAX_RELAYS = 4

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


RelayAddress = Annotated[
    str,
    msgspec.Meta(
        max_length=140,
        pattern=r"^turns?:([A-Za-z0-9.-]{1,100}|\[[0-9a-f:]{2,39}\])(:[0-9]{1,5})?(\?transport=(udp|tcp))?\Z",
    ),
]
"""Where a relay (TURN) listens, as browsers write it."""


class MediaRelays(Message, frozen=True, kw_only=True):
    """The relays of one call, and what opens them while the call may last.

    Both ends get the same (draft-uberti-behave-turn-rest-00): the second at which it ends with the call's id,
    and a digest of that by a secret which server and relay share.
    """

    urls: Annotated[tuple[RelayAddress, ...], msgspec.Meta(min_length=1, max_length=MAX_RELAYS)]
    username: Annotated[str, msgspec.Meta(max_length=80, pattern=r"^[0-9]{1,12}:[A-Za-z0-9_-]{1,64}\Z")]
    credential: Annotated[str, msgspec.Meta(max_length=28, pattern=r"^[A-Za-z0-9+/]{27}=\Z")]

    def __repr__(self) -> str:
        """Name nothing: it opens a relay."""
        return "MediaRelays(...)"


class MediaCandidate(Message, frozen=True, kw_only=True):
    """An address at which a side can perhaps be reached, over UDP; a browser knocks there.

    So it is never this machine, a group of machines or a service of the system: no browser has one to offer.
    """

    kind: Literal["host", "srflx", "relay"]
    address: Address
    port: Annotated[int, msgspec.Meta(ge=1024, le=65535)]

    def __post_init__(self) -> None:
        """Refuse an address at which no browser of another machine can be."""
        if not self.address.endswith(".local") and not _is_of_one_machine(self.address):
            raise ValueError("this is no address of one other machine")


class MediaSide(Message, frozen=True, kw_only=True):
    """One side of the sound and picture of a call."""

    ufrag: Ufrag
    pwd: IcePassword
    fingerprint: Fingerprint
    candidates: Annotated[tuple[MediaCandidate, ...], msgspec.Meta(max_length=MAX_CANDIDATES)]

    def __repr__(self) -> str:
        """Name nothing: it holds a password and addresses of a phone."""
        return "MediaSide(...)"


def _is_of_one_machine(text: str) -> bool:
    address = ipaddress.ip_address(text)
    # Global unicast and unique local; all else is a loopback, a group, a link's or a way to write another.
    if address.version == 6 and address.packed[0] >> 5 != 1 and address.packed[0] >> 1 != 0xFC >> 1:
        return False
    return all(
        not (real.is_loopback or real.is_link_local or real.is_multicast or real.is_reserved)
        and real.packed[0] != 0
        for real in inner_addresses(address)
    )
