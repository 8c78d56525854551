"""A machine of the network that takes no part in a call and sends key events into it (RFC 3550, RFC 4733)."""

import socket
import struct
from collections.abc import Iterable

ADDRESS = "127.0.0.9"
TELEPHONE_EVENT = 101
"""Payload type that telephones give to key events."""
EVENTS = "0123456789*#"
SAMPLES_A_PACKET = 160
PACKETS_A_KEY = 24
VERSIONS = (2, 0, 1, 3)
"""Version 2 is the one in use. A receiver that decrypts may let the others by."""


def packets_of(key: str, version: int = 2) -> list[bytes]:
    """Return a key that is held and let go, as RTP packets of one source."""
    source, began = 0x57A6E4, 8000
    packets = []
    for count in range(PACKETS_A_KEY):
        ended = 0x80 if count >= PACKETS_A_KEY - 3 else 0
        first = version << 6
        header = struct.pack("!BBHII", first, TELEPHONE_EVENT, 1000 + count, began, source)
        event = struct.pack("!BBH", EVENTS.index(key), ended | 10, SAMPLES_A_PACKET * (count + 1))
        packets.append(header + event)
    return packets


def press(key: str, ports: Iterable[int], *, to: str = "127.0.0.1") -> int:
    """Send a key to each port, by every version; return how many packets went out."""
    sent = 0
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.bind((ADDRESS, 0))
        for port in ports:
            for version in VERSIONS:
                for packet in packets_of(key, version):
                    stranger.sendto(packet, (to, port))
                    sent += 1
    return sent
