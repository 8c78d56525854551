"""A suspended person: each way of theirs is refused, and each that they gave to someone else."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from msgspec.structs import replace

from gate_controller.contract.passes import (
    SITE_ITSELF,
    VisitorPass,
    make_online_code,
    make_printed_code,
    make_visitor_pass,
)
from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.contract.records import FaceRecord, PersonRecord, Posture, Record
from gate_controller.contract.signing import public_bytes
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, Decision, GateMemory, Reason
from gate_controller.rules.identify import (
    GateKeys,
    hash_typed,
    identify_card,
    identify_code,
    identify_face,
    identify_typed,
)
from tests.support.compounds.people import (
    HOME_OF_EMERGENCY,
    SITE,
    Phone,
    card,
    emergency_code,
    lane,
    person,
    pin,
    qr,
    records,
    visitor_code,
)
from tests.support.examples import examples
from tests.support.gates.site_keys import encoded
from tests.support.gates.worlds import WORLDS, World, model_opens, played

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SECOND = int(NOON.timestamp())
PASS_KEY = Ed25519PrivateKey.generate()
KEYS = GateKeys(b"c" * 32, b"p" * 32, public_bytes(PASS_KEY))
WHO = person()
PHONE, PAPER, ONLINE = Phone(), Phone("00000000000000bb"), Phone("00000000000000cc")
HELD = (
    card(7, KEYS.card_key),
    pin("482915", KEYS.pin_key),
    pin("739146", KEYS.pin_key, credential_id="pin-2", duress=True),
    visitor_code("48291573", KEYS.pin_key),
    qr(PHONE),
    qr(PAPER),
    qr(ONLINE),
    FaceRecord(WHO.person_id, "consent-1", "engine"),
)

Shown = Callable[[Policy], Claim]


def typed(digits: str, home: str = "3-1203") -> Shown:
    return lambda policy: identify_typed(home, hash_typed(home, digits, policy, KEYS), policy)


def code(text: str) -> Shown:
    return lambda policy: identify_code(text, policy, KEYS, NOON)


def visit(pass_id: str, *, uses: int, issuer_id: str = WHO.person_id) -> Shown:
    """Show a visitor's pass of a day; the visit of a weekly invitation is one without a number of uses."""
    until = NOON + timedelta(hours=12)
    given = VisitorPass(pass_id, issuer_id, (1,), NOON - timedelta(hours=1), until, uses)
    return code(make_visitor_pass(PASS_KEY, SITE.site_id, given))


WAYS: dict[str, Shown] = {
    "card": lambda policy: identify_card(7, policy, KEYS),
    "pin": typed("482915"),
    "duress pin": typed("739146"),
    "code of the phone": code(PHONE.code(SECOND)),
    "code from the server": code(make_online_code(PASS_KEY, SITE.site_id, ONLINE.credential_id, SECOND)),
    "printed code": code(make_printed_code(PASS_KEY, SITE.site_id, PAPER.credential_id)),
    "face": lambda _policy: identify_face(WHO.person_id),
    "visitor's code": typed("48291573"),
    "pass for one visit": visit("00000000000000b1", uses=1),
    "visit of a weekly pass": visit("00000000000000b2", uses=0),
}


def policy_of(who: PersonRecord, *more: Record) -> Policy:
    return compile_policy(encoded(records(who, *HELD, *more)), epoch=1, version=1, issued_at=NOON).policy


def shown(way: str, who: PersonRecord, *more: Record) -> Decision:
    policy = policy_of(who, *more)
    return decide(WAYS[way](policy), "north-in", policy, GateMemory(), NOON)


@pytest.mark.parametrize("may_override", [False, True], ids=["resident", "staff"])
@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_a_suspended_person_opens_and_the_reason_says_so(way: str, may_override: bool) -> None:
    who = replace(WHO, may_override=may_override)
    assert shown(way, who).reason is Reason.GRANTED
    refused = shown(way, replace(who, suspended=True))
    assert (refused.opens, refused.reason) == (False, Reason.PERSON_SUSPENDED)
    assert refused.duress is (way == "duress pin"), "a call for help in silence is heard all the same"


@settings(max_examples=examples(150), deadline=None)
@given(WORLDS)
def test_in_every_world_a_suspended_person_opens_what_a_naive_model_says(world: World) -> None:
    """Of the worlds that chance makes up for `test_access.py`, one in 200 is shut by this alone."""
    world = dataclasses.replace(world, suspended=True)
    claim, policy, memory = played(world)
    assert decide(claim, "north-in", policy, memory, world.now).opens == model_opens(world)


def test_a_suspended_persons_staff_card_opens_no_lane_that_is_shut() -> None:
    who, shut = replace(WHO, may_override=True), lane(posture=Posture.LOCKDOWN)
    assert shown("card", who, shut).reason is Reason.OVERRIDE
    assert shown("card", replace(who, suspended=True), shut).reason is Reason.PERSON_SUSPENDED


def test_what_belongs_to_no_person_is_suspended_with_no_one() -> None:
    """The property office's own passes and the emergency code open as before."""
    code_of_all = emergency_code("57219384", KEYS.pin_key)
    policy = policy_of(replace(WHO, suspended=True), HOME_OF_EMERGENCY, code_of_all)
    for way in (visit("00000000000000b3", uses=1, issuer_id=SITE_ITSELF), typed("57219384", home="0")):
        assert decide(way(policy), "north-in", policy, GateMemory(), NOON).opens
