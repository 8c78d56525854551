"""Turn a presentation into a claim: who does it say it is?

Everything cryptographic happens here; nothing here says whether the person may pass. Every failure
is a claim with a refusal, so it takes the same road through the rules into the journal.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from gate_controller.contract.passes import (
    MAX_AGE_SECONDS,
    MAX_AHEAD_SECONDS,
    ONLINE_CODE,
    PRINTED_CODE,
    SITE_ITSELF,
    CodeForged,
    CodeUnreadable,
    PersonalCode,
    SignedPass,
    VisitorPass,
    check_resident_code,
    check_site_code,
    parse_code,
)
from gate_controller.contract.pins import UNKNOWN_HOME_SALT, argon2_tag, card_tag, gate_pin_tag
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    CredentialState,
    EmergencyCodeCredential,
    Method,
    QrCredential,
    typed_number,
)
from gate_controller.rules.decision import Claim, Reason


@dataclass(frozen=True, slots=True, repr=False)
class GateKeys:
    """Secrets of one gate, and the site key it checks passes with; never printed."""

    card_key: bytes
    pin_key: bytes
    pass_public_key: bytes


def identify_card(number: int, policy: Policy, keys: GateKeys) -> Claim:
    """Look a canonical card number up by its tag."""
    return identify_tag(card_tag(number, keys.card_key), policy)


def identify_tag(tag: bytes, policy: Policy) -> Claim:
    """Look a card up by the tag under which this gate knows it."""
    card = policy.cards_by_tag.get(tag)
    if card is None:
        return Claim(Method.CARD, refusal=Reason.CREDENTIAL_UNKNOWN)
    return Claim(Method.CARD, card.person_id, card)


def hash_typed(home_number: str, digits: str, policy: Policy, keys: GateKeys) -> bytes:
    """Return the gate tag of typed digits: about 30 ms, the same for a home that does not exist."""
    home = policy.homes.get(policy.home_ids_by_number.get(typed_number(home_number), ""))
    salt = home.pin_salt if home is not None else UNKNOWN_HOME_SALT
    return gate_pin_tag(argon2_tag(digits, salt), keys.pin_key)


def identify_typed(home_number: str, tag: bytes, policy: Policy) -> Claim:
    """Compare a typed tag with every PIN, visitor code and emergency code of the home."""
    home_id = policy.home_ids_by_number.get(typed_number(home_number), "")
    found = None
    for credential in policy.typed_by_home.get(home_id, ()):
        # An ended PIN must not hide a live one with the same digits, as with cards.
        if hmac.compare_digest(credential.tag, tag) and (
            found is None or credential.state is not CredentialState.ENDED
        ):
            found = credential
    if found is None:
        return Claim(Method.PIN, refusal=Reason.PIN_WRONG)
    # An emergency code belongs to no person; ignore its field.
    person_id = None if isinstance(found, EmergencyCodeCredential) else found.person_id
    return Claim(Method.PIN, person_id, found)


def identify_code(text: str, policy: Policy, keys: GateKeys, now: datetime) -> Claim:
    """Check a QR code's signature and age."""
    try:
        code = parse_code(text)
    except CodeUnreadable:
        return Claim(Method.QR, refusal=Reason.CODE_UNREADABLE)
    if isinstance(code, SignedPass):
        return _identify_pass(code, policy, keys)
    return _identify_personal(code, policy, keys, now)


def _identify_pass(code: SignedPass, policy: Policy, keys: GateKeys) -> Claim:
    try:
        check_site_code(code, policy.site.site_id, keys.pass_public_key)
    except CodeForged:
        return Claim(Method.QR, refusal=Reason.CODE_FORGED)
    issuer = code.visitor_pass.issuer_id
    person_id = None if issuer == SITE_ITSELF else issuer
    return Claim(Method.QR, person_id, visitor_pass=as_named_here(code.visitor_pass, policy))


def as_named_here(visitor_pass: VisitorPass, policy: Policy) -> VisitorPass:
    """Return a pass with the numbers of this gate's lanes where it names their place, or all gates."""
    named = visitor_pass.gate_numbers
    here = {lane.gate_number for lane in policy.lanes.values() if lane.is_named_in(named)}
    if here.issubset(named):
        return visitor_pass
    return replace(visitor_pass, gate_numbers=(*named, *sorted(here)))


def _identify_personal(code: PersonalCode, policy: Policy, keys: GateKeys, now: datetime) -> Claim:
    credential = policy.credentials.get(code.credential_id)
    if not isinstance(credential, QrCredential):
        return Claim(Method.QR, refusal=Reason.CREDENTIAL_UNKNOWN)
    claim = Claim(Method.QR, credential.person_id, credential, second=code.second)
    try:
        if code.kind in (ONLINE_CODE, PRINTED_CODE):
            check_site_code(code, policy.site.site_id, keys.pass_public_key)
        elif credential.public_key is None:
            return _refused(claim, Reason.CODE_FORGED)
        else:
            check_resident_code(code, policy.site.site_id, credential.public_key)
    except CodeForged:
        return _refused(claim, Reason.CODE_FORGED)
    if code.second is None:
        return msgspec.structs.replace(claim, printed=True)
    age = now.timestamp() - code.second
    if not -MAX_AHEAD_SECONDS <= age <= MAX_AGE_SECONDS:
        return _refused(claim, Reason.CODE_STALE)
    return claim


def _refused(claim: Claim, reason: Reason) -> Claim:
    return Claim(claim.method, claim.person_id, claim.credential, second=claim.second, refusal=reason)


def identify_face(person_id: str | None, *, only_beside: bool = False) -> Claim:
    """Claim the person whose face matched, or no one; `only_beside` where no other face was searched."""
    if person_id is None:
        return Claim(Method.FACE, refusal=Reason.FACE_NO_MATCH)
    return Claim(Method.FACE, person_id, only_beside=only_beside)


def identify_answer(person_id: str, home_id: str, policy: Policy, *, under_duress: bool = False) -> Claim:
    """Return the claim of a person who opens in a call to a home; refused where they are of another home."""
    person = policy.persons.get(person_id)
    refusal = Reason.NOT_OF_HOME if person is not None and person.home_id != home_id else None
    # QR for its rule of time alone, as for a code that they would have given to the visitor.
    return Claim(Method.QR, person_id, refusal=refusal, by_call=True, under_duress=under_duress)
