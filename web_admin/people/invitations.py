"""Invite a person to their phone, accept and revoke invitations."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gate_controller.contract.records import CredentialKind
from web_admin.accounts.residents import end_resident_sign_in
from web_admin.action.base import (
    Action,
    begin,
    finish,
    make_code,
    new_id,
)
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import person_of, refuse_unassigned
from web_admin.action.phone_verification import (
    INVITED,
    INVITED_AGAIN,
    UNVERIFIED,
    has_something_to_show,
    opened_invitation,
)
from web_admin.action.suspension_reasons import OF_NEW_ONES
from web_admin.calls.ends import distrust_telephones_of
from web_admin.compound.models import Invitation, Person
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer, code_digest
from web_admin.credentials.lifecycle import end_live, live_credentials
from web_admin.face.guardians import lapse_requests
from web_admin.face.ways_in import settle_face
from web_admin.journal.ledger import append_audit

INVITATION_HOURS = 72
"""How long the code lasts that staff give out."""
MAX_INVITATION_HOURS = 14 * 24


# -- invitations -----------------------------------------------------------------------------------


def invite(act: Action, person_id: str, valid_hours: int = INVITATION_HOURS) -> str:
    """Return a one-time code that opens the person's phone page, to be shown once.

    A person invited again may be another one with a stolen name: phone keys end, face pauses, and
    both stay so until the person has shown their card or PIN (`confirm_identity`). Or their phone was
    stolen: what is signed in there ends too, with password and passkeys that may have been made there, and
    no telephone of theirs is called before it was proved again.
    A first invitation needs the same verification where there is a card or PIN to show (`accept_invitation`).
    """
    begin(act)
    person = person_of(act, person_id)
    if act.channel not in ("manager", "desk", "home", "system"):
        raise ActionRefused(None, _("Invitations are given out at the desk."))
    refuse_unassigned(person)
    if not 1 <= valid_hours <= MAX_INVITATION_HOURS:
        raise ActionRefused("valid_hours", _("An invitation is valid for 1 to 336 hours."))
    again = act.session.scalars(
        select(Invitation.invitation_id).where(
            Invitation.person_id == person_id, Invitation.used_at.is_not(None)
        )
    ).first()
    with kept_in(act, "person_invited", () if again is None else [person_id], OF_NEW_ONES):
        revoke_invitations(act, person_id)
        if again is not None:
            end_live(act, person_id, CredentialKind.QR, "invited_again")
            end_resident_sign_in(act.session, person_id)
            distrust_telephones_of(act.session, person_id, act.now)
            lapse_requests(act, person_id)  # a yes from the phone that is gone must not complete a consent
            person.phone_unproven = person.face_paused_reason = INVITED_AGAIN
        invitation_id, code = add_invitation(act, person_id, valid_hours)
        finish(
            act,
            "person_invited",
            {"invitation_id": invitation_id, "again": again is not None},
            person_id=person_id,
        )
    return code


def add_invitation(act: Action, person_id: str, valid_hours: int) -> tuple[str, str]:
    """Store an invitation, neither recorded nor published here; return its id and its one-time code."""
    code = make_code(3)
    invitation = Invitation(
        invitation_id=new_id(),
        person_id=person_id,
        code_digest=code_digest(act.sealer, code),
        created_at=act.now,
        made_by_home=act.channel == "home",
        expires_at=act.now + timedelta(hours=valid_hours),
    )
    act.session.add(invitation)
    return invitation.invitation_id, code


def accept_invitation(session: Session, sealer: Sealer, code: str, now: datetime) -> Person:
    """Use up an invitation and return its person; raise ActionRefused when it is wrong, old or used."""
    invitation = session.scalars(
        select(Invitation).where(Invitation.code_digest == code_digest(sealer, code)).with_for_update()
    ).first()
    person = session.get(Person, invitation.person_id) if invitation is not None else None
    if (
        invitation is None
        or person is None
        or person.ended_at is not None
        or invitation.used_at is not None
        or invitation.expires_at <= now
    ):
        raise ActionRefused(
            "code",
            _("This code is wrong, has been used or is too old. Ask the property office for a new one."),
        )
    invitation.used_at = now
    if person.phone_unproven != INVITED_AGAIN and has_something_to_show(session, person.person_id, now):
        # A person who made, carried or read the invitation may have opened it.
        person.phone_unproven = person.face_paused_reason = INVITED
    append_audit(
        session,
        person.site_id,
        "invitation_accepted",
        {"invitation_id": invitation.invitation_id, "actor_id": person.person_id, "channel": "phone"},
        {},
        now,
        person_id=person.person_id,
    )
    return person


def confirm_identity(act: Action, person_id: str, *, by_own: bool = True) -> None:
    """Note that an invited person showed their card or PIN at a gate or the desk.

    `by_own` is False for what a guardian has had in hand: it verifies a phone, and no yes of a minor.
    """
    begin(act)
    person = person_of(act, person_id)
    if act.channel not in ("desk", "manager", "gate"):
        raise ActionRefused(None, _("Show your card or PIN once at a gate or at the desk."))
    person.phone_unproven = None
    opened = opened_invitation(act.session, person_id)
    if by_own and opened is not None:
        opened.proved_at, opened.proofs_asked = act.now, 0
    if person.face_paused_reason in UNVERIFIED:
        person.face_paused_reason = None
    for code in live_credentials(act, person_id, CredentialKind.QR):
        code.in_hand = code.in_hand or not code.printed
    settle_face(act.session, person, act.now)
    finish(act, "identity_confirmed", {}, person_id=person_id)


def revoke_invitations(act: Action, person_id: str) -> None:
    act.session.execute(
        update(Invitation)
        .where(
            Invitation.person_id == person_id, Invitation.used_at.is_(None), Invitation.expires_at > act.now
        )
        .values(expires_at=act.now)
    )
