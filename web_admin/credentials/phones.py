"""Phones: public keys, codes for phones without one, and codes on paper for people without a phone."""

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.passes import make_online_code, make_printed_code
from gate_controller.contract.records import CredentialKind, Method
from web_admin.action.base import Action, begin, checked_label, new_id, own_person_id
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import is_verified_phone, refuse_recovered_phone
from web_admin.compound.keys import private_key
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.lifecycle import add_credential, live_credentials

MAX_PHONES = 5
MAX_PRINTED = 2


def register_phone_key(act: Action, person_id: str, public_key: bytes, label: str) -> CredentialRow:
    """Take a phone's P-256 public key (65 bytes, uncompressed); raise ActionRefused on any other bytes.

    The key that this person registered already is answered as the first time: a phone that was left before
    the answer came sends it again, and must not come to count as two.
    """
    begin(act)
    person = person_of(act, person_id)
    refuse_recovered_phone(act, person)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public_key)
    except ValueError as err:
        raise ActionRefused(
            "public_key", _("Your phone sent a key we cannot use. Please try again.")
        ) from err
    if len(public_key) != 65:
        raise ActionRefused("public_key", _("Your phone sent a key we cannot use. Please try again."))
    live = live_credentials(act, person_id, CredentialKind.QR)
    phones = [row for row in live if row.public_key is not None]
    for row in phones:
        if row.public_key == public_key:
            return row
    if len(phones) >= MAX_PHONES:
        raise ActionRefused(
            "public_key", _("You have five phones with a code. Remove one that you no longer use first.")
        )
    taken = select(CredentialRow.credential_id).where(
        CredentialRow.public_key == public_key, CredentialRow.state != "ended"
    )
    if act.session.scalars(taken).first() is not None:
        raise ActionRefused("public_key", _("This phone has its key registered already."))
    key = CredentialRow(
        credential_id=new_id(),
        person_id=person_id,
        kind=CredentialKind.QR,
        label=checked_label(label),
        public_key=public_key,
        created_at=act.now,
        in_hand=is_verified_phone(act, person),
    )
    return add_credential(act, person, key, "phone_key_registered")


def ensure_online_qr(act: Action, person_id: str) -> CredentialRow:
    """Return the credential behind a person's online codes, made when there is none."""
    begin(act)
    person = person_of(act, person_id)
    refuse_recovered_phone(act, person)
    online = _online(act, person_id)
    if online:
        return online[0]
    return add_credential(act, person, online_qr(act, person), "online_code_allowed")


def online_code(act: Action, person_id: str) -> str:
    """Return a code for the next 30 seconds, signed by the site; raise ActionRefused when QR is off."""
    person = person_of(act, person_id)
    refuse_recovered_phone(act, person)
    online = _online(act, person_id)
    if Method.QR not in person.methods or person.suspended or not online or online[0].state != "active":
        raise ActionRefused(None, _("The QR code is turned off. Turn it on under your ways in."))
    key = private_key(act.session, act.sealer, act.site_id, "pass")
    return make_online_code(key, act.site_id, online[0].credential_id, int(act.now.timestamp()))


def issue_printed_code(act: Action, person_id: str) -> CredentialRow:
    """Give a person a code on paper, at the desk: it never changes, so a copy opens too until it is ended."""
    begin(act)
    person = person_of(act, person_id)
    if act.channel not in ("desk", "manager"):
        raise ActionRefused(None, _("This is given out at the desk only."))
    live = live_credentials(act, person_id, CredentialKind.QR)
    if len([row for row in live if row.printed]) >= MAX_PRINTED:
        raise ActionRefused(None, _("You have two printed codes. End one of them first."))
    code = CredentialRow(
        credential_id=new_id(),
        person_id=person_id,
        kind=CredentialKind.QR,
        printed=True,
        created_at=act.now,
        in_hand=own_person_id(act) == person_id,
    )
    return add_credential(act, person, code, "printed_code_issued")


def printed_code(act: Action, row: CredentialRow) -> str:
    """Return the text of a person's printed code, the same each time."""
    key = private_key(act.session, act.sealer, act.site_id, "pass")
    return make_printed_code(key, act.site_id, row.credential_id)


def _online(act: Action, person_id: str) -> list[CredentialRow]:
    rows = live_credentials(act, person_id, CredentialKind.QR)
    return [row for row in rows if row.public_key is None and not row.printed]


def online_qr(act: Action, person: Person) -> CredentialRow:
    return CredentialRow(
        credential_id=new_id(),
        person_id=person.person_id,
        kind=CredentialKind.QR,
        created_at=act.now,
        in_hand=is_verified_phone(act, person),
    )
