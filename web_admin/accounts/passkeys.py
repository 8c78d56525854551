"""Register and verify residents' passkeys (WebAuthn).

The library checks origin, challenge and signature; this module checks whose key it is, that each challenge
counts once, and that a key which counts backwards (a copy) opens nothing. How the phone knows its
owner (its PIN, a fingerprint) stays on the phone: no part of it reaches the server.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import webauthn
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from web_admin.accounts.models import Passkey
from web_admin.action.base import Action, begin, checked_label, new_id, record
from web_admin.action.lookups import person_of
from web_admin.compound.models import Person, Site
from web_admin.core.once import claimed_before
from web_admin.core.refusal import ActionRefused

CHALLENGE_BYTES = 32
ANSWER_WITHIN = timedelta(minutes=5)
MAX_PASSKEYS = 10
MAX_KEY_BYTES = 2_000

Answer = Mapping[str, object]
"""Credential that the browser sent, as JSON."""


@dataclass(frozen=True, slots=True)
class Question:
    """A challenge that waits for its answer, kept in the browser's signed session."""

    challenge: bytes
    asked_at: datetime

    def as_text(self) -> str:
        return f"{base64.urlsafe_b64encode(self.challenge).decode()} {self.asked_at.isoformat()}"

    @staticmethod
    def from_text(text: str) -> "Question":
        """Read it back from the session."""
        challenge, _blank, asked_at = text.partition(" ")
        return Question(base64.urlsafe_b64decode(challenge), datetime.fromisoformat(asked_at))


@dataclass(frozen=True, slots=True)
class Place:
    """Where passkeys are made and asked for: the host they are bound to, and the page's origin."""

    host: str
    origin: str


def place_of(public_url: str) -> Place | None:
    """Return where passkeys work, None where browsers refuse them: a bare address, or no TLS."""
    address = urlsplit(public_url)
    host = address.hostname or ""
    if not host or (address.scheme != "https" and host != "localhost"):
        return None
    try:
        ip_address(host)
    except ValueError:
        return Place(host, f"{address.scheme}://{address.netloc.lower()}")
    return None


def new_question(now: datetime) -> Question:
    return Question(secrets.token_bytes(CHALLENGE_BYTES), now)


def passkeys_of(session: Session, person_id: str) -> Sequence[Passkey]:
    """Return a person's passkeys, oldest first."""
    query = select(Passkey).where(Passkey.person_id == person_id)
    return session.scalars(query.order_by(Passkey.created_at, Passkey.passkey_id)).all()


def options_to_make(act: Action, person: Person, place: Place, question: Question) -> str:
    """Return what a browser needs to make a passkey, as JSON; the phone shows home and name."""
    site = act.session.get_one(Site, act.site_id)
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=site.name,
        user_name=person.display_name,
        user_id=act.sealer.lookup("passkey_owner", person.person_id.encode()),
        challenge=question.challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=row.credential_id)
            for row in passkeys_of(act.session, person.person_id)
        ],
    )
    return webauthn.options_to_json(options)


def add_passkey(
    act: Action, person_id: str, place: Place, question: Question | None, answer: Answer, label: str
) -> Passkey:
    """Keep the public key that a phone just made; raise ActionRefused on any answer but a right one."""
    begin(act)
    person = person_of(act, person_id)
    if len(passkeys_of(act.session, person_id)) >= MAX_PASSKEYS:
        raise ActionRefused("passkey", _("You have ten passkeys. Remove one that you no longer use first."))
    challenge = _still_open(act.session, question, act.now)
    try:
        made = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as err:
        raise ActionRefused("passkey", _WRONG) from err
    known = select(Passkey.passkey_id).where(Passkey.credential_id == made.credential_id)
    too_long = max(len(made.credential_id), len(made.credential_public_key)) > MAX_KEY_BYTES
    if too_long or act.session.scalar(known) is not None:
        raise ActionRefused("passkey", _WRONG)
    passkey = Passkey(
        passkey_id=new_id(),
        person_id=person.person_id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        label=checked_label(label),
        created_at=act.now,
    )
    act.session.add(passkey)
    record(act, "passkey_added", {"passkey_id": passkey.passkey_id}, person_id=person_id)
    return passkey


def options_to_sign_in(place: Place, question: Question) -> str:
    """Return what a browser needs to sign in, as JSON; it names no one, the phone offers what it has."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=question.challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def checked_passkey(
    session: Session, place: Place, question: Question | None, answer: Answer, now: datetime
) -> Passkey:
    """Return the passkey that made this answer; raise ActionRefused, in one sentence for every mistake."""
    challenge = _still_open(session, question, now)
    try:
        credential_id = webauthn.base64url_to_bytes(str(answer.get("id", "")))
    except ValueError as err:
        raise ActionRefused("passkey", _WRONG) from err
    passkey = session.scalars(
        select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    ).first()
    if passkey is None:
        raise ActionRefused("passkey", _WRONG)
    try:
        shown = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as err:
        raise ActionRefused("passkey", _WRONG) from err
    passkey.sign_count, passkey.last_used_at = shown.new_sign_count, now
    return passkey


def remove_passkey(act: Action, person_id: str, passkey_id: str) -> None:
    """Forget one passkey of a person; raise ActionRefused when it is not theirs."""
    begin(act)
    person_of(act, person_id)
    passkey = act.session.get(Passkey, passkey_id)
    if passkey is None or passkey.person_id != person_id:
        raise ActionRefused("passkey", _("There is no such passkey here."))
    act.session.delete(passkey)
    record(act, "passkey_removed", {"passkey_id": passkey_id}, person_id=person_id)


def remove_other_passkeys(act: Action, person_id: str, kept_id: str | None) -> None:
    """Forget all passkeys of a person but the one that signed in here: for a lost phone."""
    begin(act)
    person_of(act, person_id)
    act.session.execute(
        delete(Passkey).where(Passkey.person_id == person_id, Passkey.passkey_id != (kept_id or ""))
    )
    record(act, "passkeys_removed", {}, person_id=person_id)


_WRONG = _("This passkey does not fit. Try again, or sign in with name and password.")


def _still_open(session: Session, question: Question | None, now: datetime) -> bytes:
    """Return the challenge, used up; raise ActionRefused when it is missing, old or was answered before."""
    fresh = question is not None and now - ANSWER_WITHIN < question.asked_at <= now
    if question is None or not fresh:
        raise ActionRefused("passkey", _("That took too long. Please try again."))
    token = base64.urlsafe_b64encode(question.challenge).decode()
    if claimed_before(session, token, now):
        raise ActionRefused("passkey", _("That took too long. Please try again."))
    return question.challenge
