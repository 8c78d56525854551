"""Reject actions from a phone that is not verified: its holder has not shown the person's card or PIN."""

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import IDENTIFYING_KINDS
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Invitation, Person
from web_admin.compound.usable_credentials import usable_now
from web_admin.core.refusal import ActionRefused

SHOW_FIRST = _(
    "First confirm it's you. Press “I am at a gate” under My ways in. Then show your card or type "
    "your PIN there. Or show it at the desk."
)


def refuse_unverified_phone(act: Action, person: Person) -> None:
    """Raise ActionRefused on a phone whose holder has not yet shown the person's own card or PIN."""
    if act.channel == "phone" and person.phone_unproven is not None:
        raise ActionRefused(None, SHOW_FIRST)


def refuse_phone_from_home(act: Action, person: Person) -> None:
    """Raise ActionRefused on a phone that was opened with a code which an adult of the home read.

    They may have opened it themselves: then one person could give the yes of a minor and of a guardian.
    """
    if act.channel == "phone" and person.person_id == act.actor_id and opened_by_home(act.session, person):
        raise ActionRefused(
            None,
            _(
                "You opened this page with a code from your home, so others may have it too. Say "
                "yes at a gate with your own card, or ask the property office for an invitation."
            ),
        )


def refuse_recovered_phone(act: Action, person: Person) -> None:
    """Raise ActionRefused on a phone that a later invitation opened, while there is a card or PIN to show.

    A person without either could never present one: they get their code without.
    """
    recovered = act.channel == "phone" and person.phone_unproven == INVITED_AGAIN
    if recovered and has_something_to_show(act.session, person.person_id, act.now):
        raise ActionRefused(None, SHOW_FIRST)


def opened_invitation(session: Session, person_id: str) -> Invitation | None:
    """Return the invitation that opened the phone which is signed in now."""
    return session.scalars(
        select(Invitation)
        .where(Invitation.person_id == person_id, Invitation.used_at.is_not(None))
        .order_by(Invitation.created_at.desc(), Invitation.invitation_id)
    ).first()


def is_verified_phone(act: Action, person: Person) -> bool:
    """Return whether this is a phone whose holder has shown the person's own card or PIN."""
    opened = opened_invitation(act.session, person.person_id)
    is_shown = opened is not None and opened.proved_at is not None
    return act.channel == "phone" and person.phone_unproven is None and is_shown


def opened_by_home(session: Session, person: Person) -> bool:
    """Return whether an adult's code opened the phone, and neither card nor PIN was presented since."""
    opened = opened_invitation(session, person.person_id)
    return opened is not None and opened.made_by_home and opened.proved_at is None


INVITED = "invited"
"""A first invitation was opened for a person with a card or PIN: who opened it is not known yet."""
INVITED_AGAIN = "invited_again"
UNVERIFIED = (INVITED, INVITED_AGAIN)


def has_something_to_show(
    session: Session, person_id: str, now: datetime, *, since: datetime | None = None
) -> bool:
    """Return whether a card or PIN of the person's own works, so that they can show who they are.

    A PIN that their home gave out is known to others and shows nothing. With `since` it has to be as old, and
    seen by no one else.
    """
    old_enough = [] if since is None else [CredentialRow.created_at <= since, CredentialRow.seen_by.is_(None)]
    return (
        session.scalars(
            select(CredentialRow.credential_id).where(
                CredentialRow.person_id == person_id,
                CredentialRow.kind.in_(IDENTIFYING_KINDS),
                CredentialRow.duress.is_(False),
                CredentialRow.known_to_home.is_(False),
                usable_now(now),
                *old_enough,
            )
        ).first()
        is not None
    )
