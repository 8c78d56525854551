"""What is signed and sealed, byte for byte: phones, gates and servers of other versions have to agree."""

import hashlib
import struct
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gate_controller.contract.messages import FaceLease
from gate_controller.contract.passes import (
    SITE_ITSELF,
    CodeUnreadable,
    PersonalCode,
    SignedPass,
    VisitorPass,
    check_site_code,
    make_online_code,
    make_printed_code,
    make_visitor_pass,
    parse_code,
    resident_code_body,
    signed_message,
)
from gate_controller.contract.sealed_keys import LEASES_USE, open_key, seal_leases
from gate_controller.contract.signing import public_bytes, request_message

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ID = "0011223344556677"
AFTER_2038 = 2**31 + 5


def test_what_a_phone_and_a_gate_sign_is_these_bytes() -> None:
    assert signed_message("domain", "site", b"body") == b"domain\0site\0body"
    digest = hashlib.sha256(b"{}").hexdigest()
    wanted = f"POST\n/x?y=1\n{digest}\nnorth\n7".encode()
    assert request_message("post", "/x?y=1", b"{}", "north", 7) == wanted


def test_a_public_key_is_the_same_32_bytes_from_either_half() -> None:
    assert public_bytes(KEY.public_key()) == public_bytes(KEY) == KEY.public_key().public_bytes_raw()


def test_codes_hold_seconds_after_2038() -> None:
    body = bytes.fromhex(ID) + struct.pack(">I", AFTER_2038)
    assert resident_code_body(ID, AFTER_2038) == b"\1" + body
    code = parse_code(make_online_code(KEY, "site", ID, AFTER_2038))
    assert isinstance(code, PersonalCode)
    assert (code.second, code.signed) == (AFTER_2038, b"\2" + body)
    check_site_code(code, "site", public_bytes(KEY))
    # Said in full, so that the message is held against the standard and not against its maker.
    KEY.public_key().verify(code.signature, b"menjin/online-qr/1\0site\0" + code.signed)


def test_a_printed_code_is_its_id_under_a_domain_of_its_own() -> None:
    code = parse_code(make_printed_code(KEY, "site", ID))
    assert isinstance(code, PersonalCode)
    assert (code.credential_id, code.second, code.signed) == (ID, None, b"\4" + bytes.fromhex(ID))
    KEY.public_key().verify(code.signature, b"menjin/printed-qr/1\0site\0" + code.signed)
    check_site_code(code, "site", public_bytes(KEY))


def a_pass(gates: int) -> str:
    end = datetime.fromtimestamp(AFTER_2038, UTC)
    return make_visitor_pass(
        KEY, "site", VisitorPass(ID, SITE_ITSELF, tuple(range(60_000, 60_000 + gates)), end, end, 200)
    )


def test_a_pass_names_up_to_32_gates_and_holds_the_largest_numbers() -> None:
    read = parse_code(a_pass(32))
    assert isinstance(read, SignedPass)
    assert read.visitor_pass.gate_numbers == tuple(range(60_000, 60_032))
    assert (read.visitor_pass.uses, int(read.visitor_pass.valid_until.timestamp())) == (200, AFTER_2038)
    KEY.public_key().verify(read.signature, b"menjin/visitor-pass/1\0site\0" + read.signed)
    with pytest.raises(CodeUnreadable):
        parse_code(a_pass(33))


def test_a_lease_is_sealed_by_its_place_in_the_answer() -> None:
    gate = X25519PrivateKey.generate()
    shares = [bytes([n]) * 32 for n in range(2)]
    leases = [FaceLease(person_id=f"p{n}", consent_id="c", share=s, seconds=9) for n, s in enumerate(shares)]
    sealed = seal_leases(gate.public_key().public_bytes_raw(), leases, "s", "north")
    cipher = AESGCM(open_key(gate, sealed.key_sealed, LEASES_USE, "s", "north"))
    for n, lease in enumerate(sealed.leases):
        nonce = bytes(11) + bytes([n])
        assert cipher.decrypt(nonce, lease.share_sealed, b'["p%d","c"]' % n) == bytes([n]) * 32
