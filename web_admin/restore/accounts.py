"""Revoke or suspend sign-in that a backup restores: accounts, sessions, links, keys of other systems.

No gate knows whose account was closed, whose password was changed or which key was ended after the backup.
So none of it is valid before staff have decided: every account of the staff is reset, residents sign in
again and show a card or PIN before their phone may do more than it should, and other systems wait.
"""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from web_admin.accounts.models import ApiKey, Passkey, StaffInvitation, StaffProfile, User
from web_admin.accounts.open_sessions import end_all_sessions
from web_admin.accounts.staff import lock_out
from web_admin.action.phone_verification import INVITED_AGAIN
from web_admin.calls.ends import forget_call_proofs
from web_admin.compound.models import Gate, Invitation, Person
from web_admin.core.orm import Fact
from web_admin.desk.models import DeskVisitRow
from web_admin.gates.models import PairAttempt
from web_admin.journal.ledger import append_audit
from web_admin.messages.models import Webhook
from web_admin.restore.changes import held

ENDED_WHY = "signed_out"


def end_restored_accounts(session: Session, site_id: str, now: datetime) -> None:
    """End every session, link and passkey, lock the staff's accounts, suspend keys and webhooks."""
    staff = session.scalars(select(User).where(User.person_id.is_(None))).all()
    for account in staff:
        if account.active:
            lock_out(account)
            _note_closed(session, site_id, account, now)
    residents = session.scalars(select(User).where(User.person_id.is_not(None))).all()
    for account in residents:
        end_all_sessions(account)
        person = session.get_one(Person, account.person_id)
        if person.ended_at is None:
            person.phone_unproven = INVITED_AGAIN
    session.execute(delete(Passkey))
    forget_call_proofs(session, site_id)
    _end_links(session, site_id, now)
    for key in session.scalars(select(ApiKey).where(ApiKey.ended_at.is_(None), ApiKey.valid_until > now)):
        held(session, site_id, "api_key", key.key_id, {"held_at": now}, now)
    for hook in session.scalars(select(Webhook).where(Webhook.ended_at.is_(None))):
        held(session, site_id, "webhook", hook.webhook_id, {"held_at": now}, now)
    counts: dict[str, Fact] = {"staff": len(staff), "residents": len(residents)}
    append_audit(session, site_id, "restore_ended_sessions", counts, {}, now)
    session.flush()


def _note_closed(session: Session, site_id: str, account: User, now: datetime) -> None:
    profile = session.get(StaffProfile, account.id)
    if profile is None:
        profile = StaffProfile(account_id=account.id, added_at=now, added_by="restore")
        session.add(profile)
    profile.closed_at = now
    held(session, site_id, "staff", str(account.id), {}, now)


def _end_links(session: Session, site_id: str, now: datetime) -> None:
    """Revoke what waits to be used once: invitations, links of the staff, codes to pair a gate, visits."""
    session.execute(delete(StaffInvitation).where(StaffInvitation.used_at.is_(None)))
    people = select(Person.person_id).where(Person.site_id == site_id)
    session.execute(
        update(Invitation)
        .where(Invitation.person_id.in_(people), Invitation.used_at.is_(None), Invitation.expires_at > now)
        .values(expires_at=now)
    )
    gates = select(Gate.gate_id).where(Gate.site_id == site_id)
    session.execute(
        update(PairAttempt)
        .where(PairAttempt.gate_id.in_(gates), PairAttempt.state.in_(("code", "waiting")))
        .values(state="refused", expires_at=now)
    )
    session.execute(
        update(DeskVisitRow)
        .where(DeskVisitRow.site_id == site_id, DeskVisitRow.ended_at.is_(None))
        .values(ended_at=now, ended_why=ENDED_WHY)
    )
