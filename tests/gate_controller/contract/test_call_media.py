"""A side of sound and picture holds what two browsers need to meet, and no room for a face."""

import base64
import re
import typing

import msgspec
import pytest

from gate_controller.contract.call_media import MAX_CANDIDATES, MediaCandidate, MediaSide
from gate_controller.contract.calls import CallReport, CallState
from tests.support.media_side import SIDE

TEMPLATE_BYTES = 512


def as_json() -> dict[str, typing.Any]:
    made: dict[str, typing.Any] = msgspec.to_builtins(SIDE)
    return made


def test_a_side_is_read_as_it_was_written() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SIDE), type=MediaSide) == SIDE
    assert base64.b64decode(as_json()["fingerprint"]) == SIDE.fingerprint
    assert SIDE.pwd not in repr(SIDE)


@pytest.mark.parametrize(
    "change",
    [
        {"sdp": "v=0"},
        {"ufrag": "abc"},
        {"ufrag": "a" * 17},
        {"ufrag": "abcd\r\na=x"},
        {"ufrag": "abcd\n"},
        {"pwd": "a" * 21},
        {"pwd": "a" * 41},
        {"pwd": "a" * 22 + " "},
        {"fingerprint": base64.b64encode(bytes(31)).decode()},
        {"fingerprint": base64.b64encode(bytes(33)).decode()},
        {"candidates": [as_json()["candidates"][0]] * (MAX_CANDIDATES + 1)},
    ],
)
def test_what_two_browsers_would_not_need_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(as_json() | change, MediaSide)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "prflx"},
        {"kind": "tcp"},
        {"address": ""},
        {"address": "gate.example.org"},
        {"address": "192.0.2.7 1"},
        {"address": "192.0.2.7\n"},
        {"address": "859da2c3.local"},
        {"address": "f" * 40},
        {"address": "127.0.0.1"},
        {"address": "0.1.2.3"},
        {"address": "169.254.169.254"},
        {"address": "224.0.0.251"},
        {"address": "255.255.255.255"},
        {"address": "010.0.0.1"},
        {"address": "::1"},
        {"address": "::ffff:7f00:1"},
        {"address": "64:ff9b::7f00:1"},
        {"address": "2002:7f00:1::1"},
        {"address": "2002:a9fe:a9fe::"},
        {"address": "2001:0:c000:207::80ff:fffe"},
        {"address": "2001:0:7f00:1::3fff:fdf8"},
        {"address": "fe80::1"},
        {"address": "ff02::fb"},
        {"port": 0},
        {"port": 1023},
        {"port": 65536},
        {"port": "5060"},
        {"raddr": "192.0.2.7"},
    ],
)
def test_a_candidate_is_an_address_and_a_port_and_nothing_else(change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(as_json()["candidates"][0] | change, MediaCandidate)


def test_all_that_a_side_can_hold_is_shorter_than_a_face_template() -> None:
    """A letter holds 6 bits, an address 16 bytes, a port 2."""
    longest = {
        "ufrag": 16 * 6 / 8,
        "pwd": 40 * 6 / 8,
        "fingerprint": 32,
        "candidates": MAX_CANDIDATES * (16 + 2 + 1),
    }
    assert longest.keys() == set(MediaSide.__struct_fields__)
    assert sum(longest.values()) < TEMPLATE_BYTES / 2


def test_a_call_without_sound_and_picture_says_nothing_of_them() -> None:
    report = CallReport(call_id="c", lane_id="l", home="31203", sealing_public_key=bytes(32))
    assert not re.search("media|picture", msgspec.json.encode(report).decode())
    state = CallState(call_id="c", stage="answered", media_answer=SIDE)
    assert msgspec.json.decode(msgspec.json.encode(state), type=CallState).media_answer == SIDE
