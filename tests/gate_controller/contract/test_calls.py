"""Calls in the contract of gate and server, with their sound and picture."""

import base64
import re
import typing
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.call_media import MAX_CANDIDATES, MediaCandidate, MediaSide
from gate_controller.contract.calls import (
    CALL_ORDER_DOMAIN,
    CallLeg,
    CallOrder,
    CallReport,
    CallState,
    SealedLegs,
    SignedCallOrder,
    open_call_order,
    open_legs,
    seal_legs,
)
from gate_controller.contract.messages import ORDER_DOMAIN, sign_struct
from gate_controller.contract.sealed_keys import KeyNotOpened
from gate_controller.contract.signing import SignatureRefused, public_bytes
from tests.support.gates.site_keys import SiteKeys
from tests.support.media_side import SIDE

GATE = X25519PrivateKey.generate()
PUBLIC = GATE.public_key().public_bytes_raw()
LEGS = tuple(
    CallLeg(person_id=f"p{n}", number=number, ring_seconds=25)
    for n, number in enumerate(("+8628123456", "sip:" + "a" * 60))
)


def test_legs_open_at_their_gate_for_their_call() -> None:
    sealed = seal_legs(PUBLIC, LEGS, "call-1", "s", "north")
    assert open_legs(GATE, sealed, "call-1", "s", "north") == LEGS
    assert "8628123456" not in str(LEGS)


@pytest.mark.parametrize(("subject", "gate_id"), [("call-2", "north"), ("call-1", "south")])
def test_they_open_for_no_other_call_or_gate(subject: str, gate_id: str) -> None:
    sealed = seal_legs(PUBLIC, LEGS, "call-1", "s", "north")
    with pytest.raises(KeyNotOpened):
        open_legs(GATE, sealed, subject, "s", gate_id)


def test_no_leg_can_be_passed_off_as_another_persons() -> None:
    sealed = seal_legs(PUBLIC, LEGS, "call-1", "s", "north")
    first, second = sealed.legs
    swapped = (msgspec.structs.replace(first, person_id=second.person_id), second)
    with pytest.raises(KeyNotOpened):
        open_legs(GATE, SealedLegs(key_sealed=sealed.key_sealed, legs=swapped), "call-1", "s", "north")


KEYS = SiteKeys.make("s")


def signed_order(domain: str = CALL_ORDER_DOMAIN, keys: SiteKeys = KEYS) -> SignedCallOrder:
    order = CallOrder(
        order_id="o1",
        call_id="call-1",
        site_id="s",
        gate_id="north",
        lane_id="north-in",
        issued_at=datetime(2026, 3, 4, tzinfo=UTC),
        valid_seconds=10,
        person_id="p1",
    )
    body, signature = sign_struct(keys.keys["order"], domain, order)
    return SignedCallOrder(order=body, signature=signature, certificate=keys.certificates["order"])


def opened(signed: SignedCallOrder, gate_id: str = "north") -> CallOrder:
    return open_call_order(signed, public_bytes(KEYS.root), site_id="s", gate_id=gate_id)


def test_an_order_of_a_call_is_obeyed_at_its_gate_alone() -> None:
    assert opened(signed_order()).person_id == "p1"
    with pytest.raises(SignatureRefused, match="north"):
        opened(signed_order(), "south")


def test_no_other_order_and_no_other_key_passes_for_one() -> None:
    with pytest.raises(SignatureRefused):
        opened(signed_order(ORDER_DOMAIN))
    with pytest.raises(SignatureRefused):
        opened(signed_order(keys=SiteKeys.make("s")))


@pytest.mark.parametrize("number", ["", "1", "+", "sip:", "sip:a b", "12;34", "+49 30", "sip:" + "a" * 61])
def test_what_is_no_number_is_refused_before_it_is_dialled(number: str) -> None:
    sealed = seal_legs(PUBLIC, (CallLeg(person_id="p", number=number, ring_seconds=25),), "c", "s", "north")
    with pytest.raises(KeyNotOpened):
        open_legs(GATE, sealed, "c", "s", "north")


def test_a_report_and_a_state_leave_out_what_says_nothing() -> None:
    report = CallReport(call_id="c", lane_id="l", home="31203", sealing_public_key=PUBLIC)
    assert set(msgspec.json.decode(msgspec.json.encode(report))) == {
        "call_id",
        "lane_id",
        "home",
        "sealing_public_key",
    }
    state = b'{"call_id":"c","stage":"ringing"}'
    assert msgspec.json.encode(msgspec.json.decode(state, type=CallState)) == state


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
