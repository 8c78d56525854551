"""Descriptions of a session (SDP, RFC 8866): read this end's own, and write that of the end that answered.

A description of the other end's own making never travels. Both ends build it from the fields of `MediaSide`,
as the pages do (`sdpOf` in contract/call_media.js; a test compares both).
"""

import contextlib
import re

import msgspec

from gate_controller.contract.call_media import MAX_CANDIDATES, MediaCandidate, MediaSide

OPUS, VP8 = 111, 96
"""Payload types that both ends take for granted."""
EXTENSIONS = (
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
)
PREFERENCE = {"host": 126, "srflx": 100, "relay": 0}
"""Preference of each kind of address (RFC 8445, section 5.1.2.2)."""
MAX_OWN_RELAYS = 2
OWN_CANDIDATE = re.compile(r"^a=candidate:\S+ 1 udp [0-9]+ (\S+) ([0-9]+) typ (host|srflx|relay)\b", re.I)


def side_of(description: str) -> MediaSide:
    """Return the fields of this end's own description; raise ValueError where one is missing."""
    lines = description.splitlines()
    digests = [line.split()[-1] for line in lines if line.lower().startswith("a=fingerprint:sha-256 ")]
    if not digests:
        raise ValueError("this end names no SHA-256 digest of its key")
    return MediaSide(
        ufrag=_value(lines, "ice-ufrag"),
        pwd=_value(lines, "ice-pwd"),
        fingerprint=bytes.fromhex(digests[0].replace(":", "")),
        candidates=_own_candidates(lines),
    )


def _own_candidates(lines: list[str]) -> tuple[MediaCandidate, ...]:
    """Return the addresses that may travel; relays, the only way out of some networks, are not cut off."""
    found: list[MediaCandidate] = []
    for address, port, kind in (match.groups() for line in lines if (match := OWN_CANDIDATE.match(line))):
        named = {"kind": kind.lower(), "address": address.lower(), "port": int(port)}
        with contextlib.suppress(msgspec.ValidationError):  # of this machine alone, or of its link
            found.append(msgspec.convert(named, MediaCandidate))
    relays = [one for one in found if one.kind == "relay"][:MAX_OWN_RELAYS]
    others = [one for one in found if one.kind != "relay"][: MAX_CANDIDATES - len(relays)]
    return (*others, *relays)


def _value(lines: list[str], name: str) -> str:
    return next((line.partition(":")[2] for line in lines if line.startswith(f"a={name}:")), "")


def answer_of(side: MediaSide) -> str:
    """Return the description of the end that answered: one sound each way, one picture that it receives.

    It does not say that these are all addresses: a phone often names none that this machine can read (mDNS),
    and the library would give up before the phone's own first packet shows one.
    """
    way = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp-mux",
        f"a=ice-ufrag:{side.ufrag}",
        f"a=ice-pwd:{side.pwd}",
        f"a=fingerprint:sha-256 {side.fingerprint.hex(':').upper()}",
        "a=setup:active",
        *EXTENSIONS,
    ]
    lines = [
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"),
        *(f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}", *way, "a=mid:0", "a=sendrecv"),
        *(f"a=rtpmap:{OPUS} opus/48000/2", f"a=fmtp:{OPUS} minptime=10;useinbandfec=1"),
        *(_candidate(one, place) for place, one in enumerate(side.candidates)),
        *(f"m=video 9 UDP/TLS/RTP/SAVPF {VP8}", *way, "a=mid:1", "a=recvonly"),
        f"a=rtpmap:{VP8} VP8/90000",
        *(f"a=rtcp-fb:{VP8} {feedback}" for feedback in ("transport-cc", "nack", "nack pli")),
        "",
    ]
    return "\r\n".join(lines)


def _candidate(one: MediaCandidate, place: int) -> str:
    priority = PREFERENCE[one.kind] * 2**24 + (65535 - place) * 256 + 255
    seen_from = "" if one.kind == "host" else " raddr 0.0.0.0 rport 0"
    return f"a=candidate:{place + 1} 1 udp {priority} {one.address} {one.port} typ {one.kind}{seen_from}"
