"""From what is shown to a claim, and PINs on the way."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from gate_controller.contract import pins
from gate_controller.contract.passes import (
    MAX_AGE_SECONDS,
    MAX_AHEAD_SECONDS,
    SITE_ITSELF,
    VisitorPass,
    make_online_code,
    make_printed_code,
    make_visitor_pass,
)
from gate_controller.contract.pins import (
    UNKNOWN_HOME_SALT,
    argon2_tag,
    is_weak_pin,
    make_visitor_code,
)
from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.contract.records import CredentialState, Method, PinCredential
from gate_controller.contract.signing import public_bytes
from gate_controller.rules import identify
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
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
    SALT,
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
from tests.support.gates.site_keys import encoded

CARD_KEY, PIN_KEY = b"c" * 32, b"p" * 32
PASS_KEY = Ed25519PrivateKey.generate()
KEYS = GateKeys(CARD_KEY, PIN_KEY, public_bytes(PASS_KEY))
NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())
PHONE = Phone()
ONLINE = Phone(credential_id="00000000000000bb")
LIVE_PIN = pin("482915", PIN_KEY, credential_id="pin-b")


def policy_of(*parts):
    return compile_policy(encoded(records(person(), *parts)), epoch=1, version=1, issued_at=NOW).policy


POLICY = policy_of(card(7, CARD_KEY), LIVE_PIN, qr(PHONE), visitor_code("48291573", PIN_KEY))


def test_a_card_is_found_by_its_tag_under_this_gates_key_alone() -> None:
    assert identify_card(7, POLICY, KEYS).credential_id == "card-1"
    for number, keys in ((8, KEYS), (7, GateKeys(b"x" * 32, PIN_KEY, b""))):
        assert identify_card(number, POLICY, keys).refusal is Reason.CREDENTIAL_UNKNOWN


@pytest.mark.parametrize(
    ("home", "digits", "found"),
    [
        ("31203", "482915", "pin-b"),
        ("3-1203", "482915", "pin-b"),
        ("31203", "48291573", "visit-1"),
        ("31203", "482916", None),
        ("31203", "", None),
        ("31204", "482915", None),
        ("", "482915", None),
    ],
)
def test_a_typed_number_is_looked_up_in_its_home_alone(home: str, digits: str, found: str | None) -> None:
    claim = identify_typed(home, hash_typed(home, digits, POLICY, KEYS), POLICY)
    assert claim.credential_id == found
    assert claim.refusal is (None if found else Reason.PIN_WRONG)


def test_the_emergency_code_is_typed_after_home_zero_and_belongs_to_no_person() -> None:
    code, visit = emergency_code("48291573", PIN_KEY), visitor_code("93715264", PIN_KEY)
    policy = policy_of(code, HOME_OF_EMERGENCY, visit)
    claim = identify_typed("0", hash_typed("0", "48291573", policy, KEYS), policy)
    assert (claim.credential_id, claim.person_id, claim.method) == ("emergency-1", None, Method.PIN)
    for home, digits in (("31203", "48291573"), ("0", "93715264")):
        elsewhere = identify_typed(home, hash_typed(home, digits, policy, KEYS), policy)
        assert elsewhere.refusal is Reason.PIN_WRONG


def test_an_unknown_home_costs_exactly_one_hash_as_a_known_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is not measured; what takes the time is counted, with what it was given."""
    salts = []

    def counted(digits: str, salt: bytes) -> bytes:
        salts.append(salt)
        return argon2_tag(digits, salt)

    monkeypatch.setattr(identify, "argon2_tag", counted)
    for home in ("31203", "99999", ""):
        identify_typed(home, hash_typed(home, "111999", POLICY, KEYS), POLICY)
    assert salts == [SALT, UNKNOWN_HOME_SALT, UNKNOWN_HOME_SALT]


@pytest.mark.parametrize("live_id", ["pin-a", "pin-z"])
def test_an_ended_pin_does_not_hide_the_live_one_with_the_same_digits(live_id: str) -> None:
    ended = PinCredential(
        "pin-m", "00000000000000a1", CredentialState.ENDED, home_id="home-1", tag=LIVE_PIN.tag
    )
    policy = policy_of(ended, pin("482915", PIN_KEY, credential_id=live_id))
    claim = identify_typed("31203", hash_typed("31203", "482915", policy, KEYS), policy)
    assert decide(claim, "north-in", policy, GateMemory(), NOW).opens


@pytest.mark.parametrize(
    ("age", "refusal"),
    [
        (MAX_AGE_SECONDS, None),
        (MAX_AGE_SECONDS + 1, Reason.CODE_STALE),
        (-MAX_AHEAD_SECONDS, None),
        (-MAX_AHEAD_SECONDS - 1, Reason.CODE_STALE),
    ],
)
def test_a_phones_code_lives_from_fifteen_seconds_before_to_thirty_after(
    age: int, refusal: Reason | None
) -> None:
    assert identify_code(PHONE.code(SECOND - age), POLICY, KEYS, NOW).refusal is refusal
    online = make_online_code(PASS_KEY, "site-1", PHONE.credential_id, SECOND - age)
    assert identify_code(online, POLICY, KEYS, NOW).refusal is refusal


def test_a_code_names_who_it_claims_to_be_even_when_refused() -> None:
    stranger = Phone(PHONE.credential_id)
    forged = identify_code(stranger.code(SECOND), POLICY, KEYS, NOW)
    assert (forged.refusal, forged.person_id) == (Reason.CODE_FORGED, "00000000000000a1")
    unknown = identify_code(Phone("00000000000000cc").code(SECOND), POLICY, KEYS, NOW)
    assert (unknown.refusal, unknown.person_id) == (Reason.CREDENTIAL_UNKNOWN, None)
    assert identify_code("nonsense", POLICY, KEYS, NOW).refusal is Reason.CODE_UNREADABLE


def test_under_an_unsure_clock_a_stale_code_is_a_matter_of_the_clock() -> None:
    claim = identify_code(PHONE.code(SECOND + 9999), POLICY, KEYS, NOW)
    decision = decide(claim, "north-in", POLICY, GateMemory(clock_sure=False), NOW)
    assert (decision.opens, decision.reason) == (False, Reason.CLOCK_UNSURE)


def test_the_same_second_opens_once() -> None:
    claim = identify_code(PHONE.code(SECOND), POLICY, KEYS, NOW)
    used = GateMemory(last_seconds={PHONE.credential_id: SECOND})
    assert decide(claim, "north-in", POLICY, GateMemory(), NOW).opens
    assert decide(claim, "north-in", POLICY, used, NOW).reason is Reason.CODE_REPLAYED


def test_a_face_is_a_claim_like_any_other() -> None:
    assert identify_face(None).refusal is Reason.FACE_NO_MATCH
    assert identify_face("00000000000000a1").method is Method.FACE


# -- PINs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weak",
    [
        "111111",
        "121212",
        "123456",
        "987654",
        "890123",
        "123123",
        "121121",
        "198407",
        "201231",
        "312034",
        "123321",
    ],
)
def test_weak_pins_are_refused(weak: str) -> None:
    assert is_weak_pin(weak, "3-1203")


def test_a_visitors_code_is_as_long_as_its_digits() -> None:
    assert len(make_visitor_code()) == pins.VISITOR_CODE_DIGITS


def test_an_online_code_of_a_later_hour_is_stale_at_a_gate_whose_clock_is_right() -> None:
    text = make_online_code(PASS_KEY, "site-1", PHONE.credential_id, SECOND)
    later = NOW + timedelta(hours=1)
    assert identify_code(text, POLICY, KEYS, later).refusal is Reason.CODE_STALE


# -- whole claims --------------------------------------------------------------------------------------

WHO, CARD, OF_PHONE = "00000000000000a1", card(7, CARD_KEY), qr(PHONE)
VISIT = visitor_code("48291573", PIN_KEY)
FORGER = Ed25519PrivateKey.generate()


def a_pass(issuer_id: str, key: Ed25519PrivateKey = PASS_KEY) -> tuple[VisitorPass, str]:
    given = VisitorPass("00000000000000b1", issuer_id, (1,), NOW, NOW + timedelta(hours=1), 1)
    return given, make_visitor_pass(key, "site-1", given)


def typed(digits: str, policy: Policy = POLICY) -> Claim:
    return identify_typed("31203", hash_typed("31203", digits, policy, KEYS), policy)


def code(text: str) -> Claim:
    return identify_code(text, POLICY, KEYS, NOW)


def test_what_is_shown_is_a_claim_of_its_owner_by_its_way() -> None:
    of_host, of_office = a_pass(WHO), a_pass(SITE_ITSELF)
    paper = make_printed_code(PASS_KEY, "site-1", PHONE.credential_id)
    assert identify_card(7, POLICY, KEYS) == Claim(Method.CARD, WHO, CARD)
    assert typed("482915") == Claim(Method.PIN, WHO, LIVE_PIN)
    assert typed("48291573") == Claim(Method.PIN, WHO, VISIT)
    assert code(PHONE.code(SECOND)) == Claim(Method.QR, WHO, OF_PHONE, second=SECOND)
    assert code(paper) == Claim(Method.QR, WHO, OF_PHONE, printed=True)
    assert code(of_host[1]) == Claim(Method.QR, WHO, visitor_pass=of_host[0])
    assert code(of_office[1]) == Claim(Method.QR, None, visitor_pass=of_office[0]), "of no person"
    assert identify_face(WHO) == Claim(Method.FACE, WHO)
    assert identify_face(WHO, only_beside=True) == Claim(Method.FACE, WHO, only_beside=True)


def test_a_pass_that_names_this_gates_place_or_all_gates_names_this_gate() -> None:
    here = dataclasses.replace(POLICY, lanes={"north-in": lane(place_numbers=(40000, 65535))})
    given = VisitorPass("00000000000000b1", SITE_ITSELF, (40000, 7), NOW, NOW + timedelta(hours=1), 0)
    for numbers, expected in {
        (40000, 7): (40000, 7, 1),
        (65535,): (65535, 1),
        (40001,): (40001,),
        (1, 40000): (1, 40000),
    }.items():
        text = make_visitor_pass(PASS_KEY, "site-1", dataclasses.replace(given, gate_numbers=numbers))
        claim = identify_code(text, here, KEYS, NOW)
        assert claim.visitor_pass is not None
        assert claim.visitor_pass.gate_numbers == expected


def test_what_is_refused_here_names_its_way_and_its_owner_where_they_are_known() -> None:
    stale, forged = SECOND - MAX_AGE_SECONDS - 1, Phone(PHONE.credential_id)
    assert identify_card(8, POLICY, KEYS) == Claim(Method.CARD, refusal=Reason.CREDENTIAL_UNKNOWN)
    assert typed("482916") == Claim(Method.PIN, refusal=Reason.PIN_WRONG)
    assert identify_face(None) == Claim(Method.FACE, refusal=Reason.FACE_NO_MATCH)
    assert code("HELLO") == Claim(Method.QR, refusal=Reason.CODE_UNREADABLE)
    assert code(ONLINE.code(SECOND)) == Claim(Method.QR, refusal=Reason.CREDENTIAL_UNKNOWN)
    assert code(a_pass(WHO, FORGER)[1]) == Claim(Method.QR, refusal=Reason.CODE_FORGED)
    of_phone = Claim(Method.QR, WHO, OF_PHONE, second=SECOND, refusal=Reason.CODE_FORGED)
    assert code(forged.code(SECOND)) == of_phone
    assert code(make_online_code(FORGER, "site-1", PHONE.credential_id, SECOND)) == of_phone
    too_late = replace(of_phone, second=stale, refusal=Reason.CODE_STALE)
    assert code(PHONE.code(stale)) == too_late


def test_a_phones_code_for_a_person_whose_codes_the_server_makes_is_forged() -> None:
    of_server = replace(OF_PHONE, public_key=None)
    policy = policy_of(of_server)
    refused = Claim(Method.QR, WHO, of_server, second=SECOND, refusal=Reason.CODE_FORGED)
    assert identify_code(PHONE.code(SECOND), policy, KEYS, NOW) == refused


def test_an_ended_pin_alone_is_known_as_ended() -> None:
    ended = replace(LIVE_PIN, state=CredentialState.ENDED)
    assert typed("482915", policy_of(ended)) == Claim(Method.PIN, WHO, ended)
