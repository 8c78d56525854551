"""QR codes: what is made is read back, and everything else is unreadable or forged."""

import struct
from datetime import UTC, datetime

import base45
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.passes import (
    MAX_PASS_GATES,
    ONLINE_CODE,
    PRINTED_CODE,
    RESIDENT_CODE,
    RESIDENT_DOMAIN,
    CodeForged,
    CodeUnreadable,
    PersonalCode,
    SignedPass,
    VisitorPass,
    check_resident_code,
    check_site_code,
    code_text,
    make_online_code,
    make_printed_code,
    make_visitor_pass,
    parse_code,
    signed_message,
    verify_p256,
)
from gate_controller.contract.signing import public_bytes
from tests.support.compounds.people import Phone
from tests.support.examples import examples

SITE = "site-1"
PASS_KEY = Ed25519PrivateKey.generate()
PHONE = Phone()
IDS = st.binary(min_size=8, max_size=8).map(bytes.hex)
INSTANTS = st.integers(0, 2**32 - 1).map(lambda second: datetime.fromtimestamp(second, UTC))
PASSES = st.builds(
    VisitorPass,
    IDS,
    IDS,
    st.lists(st.integers(0, 65535), min_size=1, max_size=MAX_PASS_GATES).map(tuple),
    INSTANTS,
    INSTANTS,
    st.integers(0, 255),
)


@given(PASSES)
def test_a_pass_is_read_back_as_it_was_made(visitor_pass: VisitorPass) -> None:
    code = parse_code(make_visitor_pass(PASS_KEY, SITE, visitor_pass))
    assert isinstance(code, SignedPass)
    assert code.visitor_pass == visitor_pass
    check_site_code(code, SITE, public_bytes(PASS_KEY))


@given(IDS, st.integers(0, 2**32 - 1))
def test_an_online_code_is_read_back_as_it_was_made(credential_id: str, second: int) -> None:
    code = parse_code(make_online_code(PASS_KEY, SITE, credential_id, second))
    assert isinstance(code, PersonalCode)
    assert (code.credential_id, code.second) == (credential_id, second)
    check_site_code(code, SITE, public_bytes(PASS_KEY))


@pytest.mark.wide
@settings(max_examples=examples(400))
@given(st.one_of(st.text(max_size=500), st.binary(max_size=250).map(lambda b: base45.b45encode(b).decode())))
def test_whatever_is_shown_is_read_or_unreadable_and_nothing_else(text: str) -> None:
    try:
        code = parse_code(text)
    except CodeUnreadable:
        return
    with pytest.raises(CodeForged):
        check_site_code(code, SITE, public_bytes(PASS_KEY))


@given(st.integers(0, 76 * 8 + 7))
def test_no_bit_of_a_code_can_be_changed(bit: int) -> None:
    data = bytearray(base45.b45decode(PHONE.code(1_800_000_000)))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    with pytest.raises((CodeForged, CodeUnreadable)):
        code = parse_code(base45.b45encode(bytes(data)).decode())
        assert isinstance(code, PersonalCode)
        check_resident_code(code, SITE, PHONE.public_key)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x01",
        struct.pack(">B8sI", 0, b"i" * 8, 5),
        struct.pack(">B8sI", 4, b"i" * 8, 5),
        struct.pack(">B8sI", 1, b"i" * 8, 5) + b"\0",
        struct.pack(">B8s8sB", 3, b"i" * 8, b"j" * 8, 0) + b"\0" * 9,
        struct.pack(">B8s8sB", 3, b"i" * 8, b"j" * 8, 1) + b"\0" * 9,
        struct.pack(">B8s8sB", 3, b"i" * 8, b"j" * 8, 2) + b"\0" * 14,
        struct.pack(">B8s8sB", 3, b"i" * 8, b"j" * 8, 33) + b"\0" * 75,
    ],
)
def test_bodies_of_the_wrong_shape_are_unreadable(body: bytes) -> None:
    with pytest.raises(CodeUnreadable):
        parse_code(code_text(body, b"s" * 64))


@pytest.mark.parametrize(
    "text", ["", " ", "A", "ÄÖÜ", "abc", "门禁", "\0", "%69 VD92EX0" * 50, ":::", "\ud800"]
)
def test_text_that_is_no_code_of_ours_is_unreadable(text: str) -> None:
    with pytest.raises(CodeUnreadable):
        parse_code(text)


def test_a_code_of_another_site_domain_or_key_is_forged() -> None:
    visitor_pass = VisitorPass("ab" * 8, "cd" * 8, (1,), datetime.now(UTC), datetime.now(UTC), 1)
    code = parse_code(make_visitor_pass(PASS_KEY, "site-2", visitor_pass))
    with pytest.raises(CodeForged):
        check_site_code(code, SITE, public_bytes(PASS_KEY))
    online = parse_code(make_online_code(PASS_KEY, SITE, PHONE.credential_id, 5))
    with pytest.raises(CodeForged):
        check_site_code(online, SITE, public_bytes(Ed25519PrivateKey.generate()))
    phone_code = parse_code(PHONE.code(5))
    assert isinstance(phone_code, PersonalCode)
    with pytest.raises(CodeForged):
        check_resident_code(phone_code, "site-2", PHONE.public_key)
    with pytest.raises(CodeForged):
        check_resident_code(phone_code, SITE, Phone().public_key)


@pytest.mark.parametrize("key", [b"", b"\x04" + b"\0" * 64, b"\xff" * 65])
def test_a_key_that_is_no_point_makes_every_code_forged(key: bytes) -> None:
    code = parse_code(PHONE.code(5))
    assert isinstance(code, PersonalCode)
    with pytest.raises(CodeForged):
        check_resident_code(code, SITE, key)


@pytest.mark.parametrize("signature", [b"\0" * 64, b"\xff" * 64, b"\0" * 63 + b"\1"])
def test_signatures_out_of_range_are_forged_and_raise_nothing_else(signature: bytes) -> None:
    body = struct.pack(">B8sI", 1, bytes.fromhex(PHONE.credential_id), 5)
    code = parse_code(code_text(body, signature))
    assert isinstance(code, PersonalCode)
    with pytest.raises(CodeForged):
        check_resident_code(code, SITE, PHONE.public_key)


def test_each_kind_of_personal_code_is_read_back_with_its_kind_and_its_own_key_fits() -> None:
    shown = parse_code(PHONE.code(5))
    assert isinstance(shown, PersonalCode)
    assert (shown.kind, shown.credential_id, shown.second) == (RESIDENT_CODE, PHONE.credential_id, 5)
    check_resident_code(shown, SITE, PHONE.public_key)
    site_codes = {
        ONLINE_CODE: make_online_code(PASS_KEY, SITE, PHONE.credential_id, 5),
        PRINTED_CODE: make_printed_code(PASS_KEY, SITE, PHONE.credential_id),
    }
    for kind, text in site_codes.items():
        code = parse_code(text)
        assert isinstance(code, PersonalCode)
        assert (code.kind, code.credential_id) == (kind, PHONE.credential_id)
        check_site_code(code, SITE, public_bytes(PASS_KEY))


@pytest.mark.parametrize("cut", [slice(0, 63), slice(1, 64), slice(0, 0)])
def test_a_signature_or_key_of_another_length_is_forged(cut: slice) -> None:
    """One that fits is 64 bytes under a key of 65: neither is filled up or cut."""
    code = parse_code(PHONE.code(5))
    assert isinstance(code, PersonalCode)
    message = signed_message(RESIDENT_DOMAIN, SITE, code.signed)
    verify_p256(PHONE.public_key, message, code.signature)
    longer = code.signature + b"\0"
    for key, signature in (
        (PHONE.public_key, code.signature[cut]),
        (PHONE.public_key, longer),
        (PHONE.public_key[cut], code.signature),
        (PHONE.public_key + b"\0", code.signature),
    ):
        with pytest.raises(CodeForged, match="wrong length"):
            verify_p256(key, message, signature)
    own = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), PHONE.public_key)
    point = own.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    with pytest.raises(CodeForged, match="wrong length"):
        verify_p256(point, message, code.signature)


def test_a_blank_at_the_start_belongs_to_the_code_and_a_line_end_does_not() -> None:
    """A blank is one of the 45 letters; scanners add an end of line of their own."""
    ids = (bytes([first]).hex() + "00" * 7 for first in range(256))
    text = next(code for code in (make_online_code(PASS_KEY, SITE, one, 5) for one in ids) if code[0] == " ")
    assert parse_code(text + "\r\n") == parse_code(text)
