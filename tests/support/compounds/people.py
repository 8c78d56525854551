"""An invented household at an invented gate, as policy records."""

from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate_controller.contract import pins
from gate_controller.contract.passes import RESIDENT_DOMAIN, code_text, resident_code_body, signed_message
from gate_controller.contract.pins import argon2_tag, card_tag, gate_pin_tag
from gate_controller.contract.records import (
    EMERGENCY_HOME_NUMBER,
    CardCredential,
    EmergencyCodeCredential,
    Grant,
    HomeRecord,
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    QrCredential,
    Record,
    SiteRecord,
    VisitorCodeCredential,
)

SALT = b"s" * 16
HOME = HomeRecord(home_id="home-1", number="3-1203", pin_salt=SALT)
HOME_OF_EMERGENCY = HomeRecord(home_id="home-0", number=EMERGENCY_HOME_NUMBER, pin_salt=SALT)
SITE = SiteRecord(site_id="site-1", name="Test court", timezone="Asia/Shanghai")
ALL_METHODS = (Method.CARD, Method.PIN, Method.QR, Method.FACE)


def _hashed(digits: str) -> bytes:
    return _hashed_once(digits, pins.ARGON2_PASSES, pins.ARGON2_MEMORY_KIB)


@cache
def _hashed_once(digits: str, *_cost: int) -> bytes:
    """Hash typed digits once: it is slow on purpose."""
    return argon2_tag(digits, SALT)


def lane(lane_id: str = "north-in", **changes: object) -> LaneRecord:
    """Return a lane that offers every method, with changes."""
    fields: dict[str, object] = {
        "lane_id": lane_id,
        "gate_id": "north",
        "gate_number": 1,
        "name": "North gate, in",
        "direction": "in",
        "methods": ALL_METHODS,
        "pulse_seconds": 0.2,
    }
    return LaneRecord(**{**fields, **changes})  # type: ignore[arg-type]  # a table of field values


@dataclass
class Phone:
    """A resident's phone: a P-256 key and the code it shows."""

    credential_id: str = "00000000000000aa"
    site_id: str = "site-1"
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    @property
    def public_key(self) -> bytes:
        """Return the uncompressed point that the server stores."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def code(self, second: int) -> str:
        """Return the code's text for a unix second, as the page makes it."""
        body = resident_code_body(self.credential_id, second)
        der = self.key.sign(signed_message(RESIDENT_DOMAIN, self.site_id, body), ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        return code_text(body, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def person(person_id: str = "00000000000000a1", **changes: object) -> PersonRecord:
    """Return a resident who chose every method and may pass at any time, with changes."""
    fields: dict[str, object] = {
        "person_id": person_id,
        "methods": ALL_METHODS,
        "grants": (Grant(lanes=("north-in",)),),
        "home_id": "home-1",
    }
    return PersonRecord(**{**fields, **changes})  # type: ignore[arg-type]  # a table of field values


def card(
    number: int, card_key: bytes, person_id: str = "00000000000000a1", credential_id: str = "card-1"
) -> CardCredential:
    return CardCredential(credential_id=credential_id, person_id=person_id, tag=card_tag(number, card_key))


def pin(
    digits: str,
    pin_key: bytes,
    person_id: str = "00000000000000a1",
    credential_id: str = "pin-1",
    *,
    duress: bool = False,
) -> PinCredential:
    """Return a live PIN of the home."""
    tag = gate_pin_tag(_hashed(digits), pin_key)
    return PinCredential(
        credential_id=credential_id, person_id=person_id, home_id="home-1", tag=tag, duress=duress
    )


def visitor_code(digits: str, pin_key: bytes, **changes: object) -> VisitorCodeCredential:
    """Return a live visitor's code of the home."""
    fields: dict[str, object] = {
        "credential_id": "visit-1",
        "person_id": "00000000000000a1",
        "home_id": "home-1",
        "tag": gate_pin_tag(_hashed(digits), pin_key),
        "lanes": ("north-in",),
    }
    return VisitorCodeCredential(**{**fields, **changes})  # type: ignore[arg-type]  # a table of field values


def emergency_code(digits: str, pin_key: bytes, **changes: object) -> EmergencyCodeCredential:
    """Return the live emergency code, to be typed after home number 0."""
    fields: dict[str, object] = {
        "credential_id": "emergency-1",
        "person_id": "emergency",
        "home_id": HOME_OF_EMERGENCY.home_id,
        "tag": gate_pin_tag(_hashed(digits), pin_key),
        "lanes": ("north-in",),
    }
    return EmergencyCodeCredential(**{**fields, **changes})  # type: ignore[arg-type]  # a table of field values


def records(*parts: Record) -> dict[str, Record]:
    """Key records as a policy does, with site, home and lane added where missing."""
    keyed: dict[str, Record] = {"site": SITE, "home:home-1": HOME, "lane:north-in": lane()}
    for part in parts:
        keyed[_key(part)] = part
    return keyed


def _key(record: Record) -> str:
    for kind, attribute in (
        ("lane", "lane_id"),
        ("credential", "credential_id"),
        ("face", "consent_id"),
        ("hours", "hours_id"),
        ("ended_pass", "pass_id"),
        ("person", "person_id"),
        ("home", "home_id"),
    ):
        if hasattr(record, attribute):
            return f"{kind}:{getattr(record, 'person_id' if kind == 'face' else attribute)}"
    return "site" if isinstance(record, SiteRecord) else "calendar"


def qr(phone: Phone, person_id: str = "00000000000000a1") -> QrCredential:
    return QrCredential(credential_id=phone.credential_id, person_id=person_id, public_key=phone.public_key)
