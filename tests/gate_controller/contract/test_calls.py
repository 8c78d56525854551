"""The contents of a call's messages open for one gate and one call, and for nothing else."""

from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

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
