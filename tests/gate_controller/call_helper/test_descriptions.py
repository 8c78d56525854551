"""Descriptions of a session: those that the pages write, and those of the library's own."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from gate_controller.call_helper.descriptions import answer_of, side_of
from gate_controller.contract.call_media import MediaCandidate, MediaSide

SIDE = MediaSide(
    ufrag="Ab1+",
    pwd="0123456789012345678901",
    fingerprint=bytes(range(32)),
    candidates=(
        MediaCandidate(kind="host", address="192.0.2.7", port=50000),
        MediaCandidate(kind="host", address="0a1b2c3d-0000-4000-8000-0123456789ab.local", port=50001),
        MediaCandidate(kind="relay", address="2001:db8::1", port=50003),
    ),
)


def run(work: Coroutine[object, object, str]) -> str:
    """Run it on a loop of its own thread: a browser of other tests may have one in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def offered() -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("audio", direction="sendrecv")
    connection.addTransceiver("video", direction="sendonly")
    await connection.setLocalDescription(await connection.createOffer())
    text = connection.localDescription.sdp
    await connection.close()
    return text


async def taken(answer: str) -> str:
    """Offer an end of the library's, and return in which way each part goes once it took an answer."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    sound = connection.addTransceiver("audio", direction="sendrecv")
    picture = connection.addTransceiver("video", direction="sendonly")
    await connection.setLocalDescription(await connection.createOffer())
    await connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
    way = f"{sound.currentDirection} {picture.currentDirection}"
    await connection.close()
    return way


def test_the_librarys_own_offer_has_every_field_of_a_side_and_as_many_addresses_as_may_travel() -> None:
    text = run(offered())
    side = side_of(text)
    assert f"a=ice-pwd:{side.pwd}\r\n" in text
    assert side.fingerprint.hex(":").upper() in text
    assert 0 < len(side.candidates) <= 8
    assert msgspec.json.decode(msgspec.json.encode(side), type=MediaSide) == side


def test_an_offer_without_a_digest_is_refused() -> None:
    with pytest.raises(ValueError, match="names no SHA-256 digest"):
        side_of("v=0\r\na=ice-ufrag:abcd\r\n")


def test_the_library_takes_the_answer_that_is_written_for_it() -> None:
    assert run(taken(answer_of(SIDE))) == "sendrecv sendonly"


def test_no_text_of_the_other_end_is_in_the_answer_but_its_fields() -> None:
    lines = answer_of(SIDE).split("\r\n")
    assert lines.count("a=ice-ufrag:Ab1+") == 2
    assert [line.split()[4:6] for line in lines if line.startswith("a=candidate")] == [
        [one.address, str(one.port)] for one in SIDE.candidates
    ]


def test_addresses_of_this_machine_alone_do_not_travel_and_relays_are_not_what_is_cut_off() -> None:
    hosts = [f"a=candidate:1 1 udp 1 192.0.2.{number} 50000 typ host" for number in range(1, 12)]
    here = ["a=candidate:1 1 udp 1 127.0.0.1 50000 typ host", "a=candidate:1 1 udp 1 fe80::1 50000 typ host"]
    relays = [
        f"a=candidate:1 1 udp 1 198.51.100.{number} 50000 typ relay raddr 0.0.0.0 rport 0"
        for number in (1, 2, 3)
    ]
    keys = [
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0123456789012345678901",
        f"a=fingerprint:sha-256 {bytes(32).hex(':')}",
    ]
    side = side_of("\r\n".join([*keys, *here, *hosts, *relays]))
    assert [one.address for one in side.candidates] == [
        *(f"192.0.2.{number}" for number in range(1, 7)),
        "198.51.100.1",
        "198.51.100.2",
    ]
