"""Encode and decode the QR formats: bytes in, verified claim parts out. Text is base45 (RFC 9285), all
big-endian.

    1  resident's renewing code   id:8  second:4                                       P-256:64
    2  server's online code       id:8  second:4                                       Ed25519:64
    3  visitor's pass             id:8  issuer:8  n:1 gate:2×n  from:4 until:4 uses:1  Ed25519:64
    4  printed code               id:8                                                 Ed25519:64

    COURIER 31203   what a courier typed at the gate's sign, in plain letters: it is as good as pressing
                    *Courier* there and typing the number, and so no secret

`second` is the unix second the code was made at. A printed code has none: it stays the same until it is
ended, and a copy works too. The signature covers a domain, the site and all
bytes before it. ECDSA is the raw 64-byte form (IEEE P1363) that WebCrypto makes.
"""

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

import base45
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gate_controller.contract.signing import SignatureRefused, sign, verify

RESIDENT_DOMAIN = "menjin/resident-qr/1"
ONLINE_DOMAIN = "menjin/online-qr/1"
PRINTED_DOMAIN = "menjin/printed-qr/1"
PASS_DOMAIN = "menjin/visitor-pass/1"  # noqa: S105 - a domain of signatures, not a password

RESIDENT_CODE, ONLINE_CODE, VISITOR_PASS, PRINTED_CODE = 1, 2, 3, 4
SIGNATURE_BYTES = 64
POINT_BYTES = 65
MAX_TEXT_CHARS = 400
MAX_PASS_GATES = 32
PLACE_NUMBERS = range(32768, 65534)
"""Stand in a pass for all gates of a building, unit or another place; no gate has one of them."""
OUTER_GATES, ALL_GATES = 65534, 65535
"""Stand for the outer gates, and for every gate."""
SITE_ITSELF = "0" * 16
"""The issuer of passes that the property manager, not a resident, gives out."""

COURIER_CODE = re.compile(r"COURIER ([0-9]{1,20})[\r\n]*")

MAX_AGE_SECONDS = 30
MAX_AHEAD_SECONDS = 15


class CodeUnreadable(Exception):
    """This text is not one of Menjin's codes."""


class CodeForged(Exception):
    """The text has the right shape and the wrong signature."""


@dataclass(frozen=True, slots=True)
class PersonalCode:
    """A code of one person, made by their phone or, for old phones and for paper, by the server."""

    kind: int
    credential_id: str
    second: int | None
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class VisitorPass:
    """Permission of a visitor; `uses` 0 allows any number of uses."""

    pass_id: str
    issuer_id: str
    gate_numbers: tuple[int, ...]
    valid_from: datetime
    valid_until: datetime
    uses: int


@dataclass(frozen=True, slots=True)
class SignedPass:
    """A pass as read, not yet checked."""

    visitor_pass: VisitorPass
    signed: bytes
    signature: bytes


def parse_code(text: str) -> PersonalCode | SignedPass:
    """Split a code's text into its parts; raise CodeUnreadable with what is wrong."""
    if len(text) > MAX_TEXT_CHARS:
        raise CodeUnreadable(f"{len(text)} characters are more than any code of ours has")
    try:
        # Scanners add line ends; a blank is a letter of base45 and may begin a code.
        data = base45.b45decode(text.strip("\r\n"))
    except (ValueError, UnicodeError) as err:
        raise CodeUnreadable("not base45 text") from err
    signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    if len(signed) == 13 and signed[0] in (RESIDENT_CODE, ONLINE_CODE):
        kind, credential_id, second = struct.unpack(">B8sI", signed)
        return PersonalCode(kind, credential_id.hex(), second, signed, signature)
    if len(signed) == 9 and signed[0] == PRINTED_CODE:
        return PersonalCode(PRINTED_CODE, signed[1:].hex(), None, signed, signature)
    if len(signed) >= 27 and signed[0] == VISITOR_PASS:
        return SignedPass(_parse_pass(signed), signed, signature)
    raise CodeUnreadable(f"{len(data)} bytes of a kind we do not know")


def _parse_pass(signed: bytes) -> VisitorPass:
    pass_id, issuer, count = struct.unpack(">8s8sB", signed[1:18])
    if not 0 < count <= MAX_PASS_GATES or len(signed) != 27 + 2 * count:
        raise CodeUnreadable("a pass whose length does not fit its gates")
    gates = struct.unpack(f">{count}H", signed[18 : 18 + 2 * count])
    start, end, uses = struct.unpack(">IIB", signed[18 + 2 * count :])
    return VisitorPass(
        pass_id.hex(),
        issuer.hex(),
        tuple(gates),
        datetime.fromtimestamp(start, UTC),
        datetime.fromtimestamp(end, UTC),
        uses,
    )


def make_courier_code(home: str) -> str:
    """Return the text that calls a home at a gate's reader; `home` as a keypad types it."""
    return f"COURIER {home}"


def home_of_courier_code(text: str) -> str | None:
    code = COURIER_CODE.fullmatch(text)
    return code[1] if code is not None else None


def resident_code_body(credential_id: str, second: int) -> bytes:
    """Return the 13 bytes that open a resident's code; `credential_id` is 16 hex digits."""
    return struct.pack(">B8sI", RESIDENT_CODE, bytes.fromhex(credential_id), second)


def signed_message(domain: str, site_id: str, body: bytes) -> bytes:
    """Return what is signed: domain NUL site NUL body."""
    return domain.encode() + b"\0" + site_id.encode() + b"\0" + body


def code_text(body: bytes, signature: bytes) -> str:
    """Return the text that goes into the QR code."""
    text: bytes = base45.b45encode(body + signature)
    return text.decode()


def make_online_code(pass_key: Ed25519PrivateKey, site_id: str, credential_id: str, second: int) -> str:
    """Return the site-signed code for a phone that cannot hold a key."""
    body = struct.pack(">B8sI", ONLINE_CODE, bytes.fromhex(credential_id), second)
    return code_text(body, sign(pass_key, ONLINE_DOMAIN, site_id.encode() + b"\0" + body))


def make_printed_code(pass_key: Ed25519PrivateKey, site_id: str, credential_id: str) -> str:
    """Return the site-signed code for paper, the same each time."""
    body = struct.pack(">B8s", PRINTED_CODE, bytes.fromhex(credential_id))
    return code_text(body, sign(pass_key, PRINTED_DOMAIN, site_id.encode() + b"\0" + body))


def make_visitor_pass(pass_key: Ed25519PrivateKey, site_id: str, visitor_pass: VisitorPass) -> str:
    """Return the text of a visitor's pass, signed by the site."""
    gates = visitor_pass.gate_numbers
    body = (
        struct.pack(
            ">B8s8sB",
            VISITOR_PASS,
            bytes.fromhex(visitor_pass.pass_id),
            bytes.fromhex(visitor_pass.issuer_id),
            len(gates),
        )
        + struct.pack(f">{len(gates)}H", *gates)
        + struct.pack(
            ">IIB",
            int(visitor_pass.valid_from.timestamp()),
            int(visitor_pass.valid_until.timestamp()),
            visitor_pass.uses,
        )
    )
    return code_text(body, sign(pass_key, PASS_DOMAIN, site_id.encode() + b"\0" + body))


def check_resident_code(code: PersonalCode, site_id: str, public_key: bytes) -> None:
    """Raise CodeForged unless the phone holding `public_key` (65-byte point) made this code."""
    verify_p256(public_key, signed_message(RESIDENT_DOMAIN, site_id, code.signed), code.signature)


def verify_p256(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raise CodeForged unless this is the key's ECDSA with SHA-256 over `message`: 64 raw bytes, r ‖ s."""
    # WebCrypto's form has one length, and a point one form: another spelling of a signature is none.
    if len(signature) != SIGNATURE_BYTES or len(public_key) != POINT_BYTES:
        raise CodeForged("the phone's signature or key has a wrong length")
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    try:
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public_key)
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as err:
        raise CodeForged("the phone's signature does not fit") from err


def check_site_code(code: PersonalCode | SignedPass, site_id: str, pass_public_key: bytes) -> None:
    """Raise CodeForged unless the site's pass key signed this code or pass."""
    if isinstance(code, SignedPass):
        domain = PASS_DOMAIN
    else:
        domain = PRINTED_DOMAIN if code.kind == PRINTED_CODE else ONLINE_DOMAIN
    try:
        verify(pass_public_key, domain, site_id.encode() + b"\0" + code.signed, code.signature)
    except SignatureRefused as err:
        raise CodeForged("the site's signature does not fit") from err
