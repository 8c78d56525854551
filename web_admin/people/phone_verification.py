"""Verify a phone: the resident announces "I am at a gate" and presents a card or PIN there within minutes.

Another person may have read the invitation, at the office, at home or in the letter box. That the
person opens a gate some day says nothing about who holds the phone; that they do so in the very minutes in
the announcement proves more. One who can watch the person at the gate and press in time is not stopped:
`docs/face.md` says so.
"""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, finish
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import has_something_to_show, opened_invitation
from web_admin.compound.models import Invitation
from web_admin.core.refusal import ActionRefused

VERIFICATION_MINUTES = timedelta(minutes=5)
CLOCKS_APART = timedelta(seconds=30)
"""How far a gate's clock may be from the server's without a passage falling out of its minutes."""

OWN_SINCE = timedelta(days=1)
"""How old a card or PIN is that confirms a person on a phone which is verified already: a PIN that a found
phone just made must not confirm its finder."""

MAX_VERIFICATIONS_ASKED = 10
"""For one invitation, until one was answered; then only the desk helps.

An attacker who guesses has at most fifty minutes in all."""


def request_verification(act: Action, person_id: str) -> datetime:
    """Begin the minutes in which the person's card or PIN at a gate verifies this phone; return their end."""
    begin(act)
    person = person_of(act, person_id)
    opened = opened_invitation(act.session, person_id)
    if act.channel != "phone" or opened is None:
        raise ActionRefused(None, _("This phone needs no proof."))
    since = None if person.phone_unproven is not None else act.now - OWN_SINCE
    if not has_something_to_show(act.session, person_id, act.now, since=since):
        raise ActionRefused(None, _("Ask the property office for a card first."))
    if opened.proofs_asked >= MAX_VERIFICATIONS_ASKED:
        raise ActionRefused(None, _("This was tried ten times. Show your card or PIN at the desk."))
    opened.proof_asked_at, opened.proofs_asked = act.now, opened.proofs_asked + 1
    finish(act, "proof_asked", {"invitation_id": opened.invitation_id}, person_id=person_id, touches=())
    return act.now + VERIFICATION_MINUTES


def can_confirm_at_gate(session: Session, person_id: str, now: datetime) -> bool:
    """Return whether a person has a card or PIN with which a gate confirms who they are."""
    opened = opened_invitation(session, person_id)
    return opened is not None and has_something_to_show(session, person_id, now, since=now - OWN_SINCE)


def verification_until(session: Session, person_id: str, now: datetime) -> datetime | None:
    """Return until when a card or PIN shown at a gate verifies the phone, None outside those minutes."""
    opened = opened_invitation(session, person_id)
    if opened is None or opened.proof_asked_at is None or now >= opened.proof_asked_at + VERIFICATION_MINUTES:
        return None
    return opened.proof_asked_at + VERIFICATION_MINUTES


def is_in_time(opened: Invitation | None, shown_at: datetime) -> bool:
    """Return whether something was shown in the minutes that the phone asked for last."""
    return (
        opened is not None
        and opened.proof_asked_at is not None
        and -CLOCKS_APART <= shown_at - opened.proof_asked_at <= VERIFICATION_MINUTES
    )
