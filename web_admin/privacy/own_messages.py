"""Derive the messages to a person from what is stored already: nothing new is kept, nothing new to erase.

Entries of the ledger about the person, uses of their visitors' passes, invitations that opened their page,
sessions that are open on other phones, and what a running access review asks. Each goes when its own term
ends (`retention`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.records import CredentialKind
from web_admin.access_review.queries import asked_of_person, open_round, rows_for_home
from web_admin.accounts.models import User
from web_admin.accounts.open_sessions import mark_of
from web_admin.accounts.session_models import AccountSession
from web_admin.compound.gate_names import full_name, gate_and_lane
from web_admin.compound.models import CredentialRow, Gate, Invitation, Lane, Person
from web_admin.gates.lost_readers import SAID_AFTER, OwnLoss
from web_admin.journal.models import AuditEntry
from web_admin.messages.subscriptions import is_sent
from web_admin.privacy.own_message_texts import ENTRIES
from web_admin.visitors.models import VisitorPassRow, VisitorUse

SHOWN = 50
BY_INVITATION = timedelta(seconds=10)
"""A session that begins so soon after an invitation was used is the one that it opened."""
NOT_OF_OWN_ACTS = frozenset({"grants_set", "pass_withdrawn", "weekly_pass_withdrawn"})
"""Entries that are news only where another person made them."""
FACT_THAT_TELLS: Mapping[str, str] = {
    "named_lookup": "what",
    "card_looked_up": "role",
    "access_review_decided": "decision",
    "request_closed": "outcome",
}
"""The fact of an entry that chooses between its sentences."""


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """One message: when, its kind (a word of `own_message_texts`), and what its sentence and link name."""

    at: datetime
    kind: str
    filled: Mapping[str, str] = field(default_factory=dict)
    leads_to: str = ""
    """The id of the request or consent that it is about."""


def own_messages(
    session: Session,
    person: Person,
    losses: Sequence[OwnLoss],
    since: datetime | None = None,
    *,
    now: datetime,
    this_session: str = "",
) -> list[OwnMessage]:
    """Return the newest messages to a person, newest first; `losses` are their lanes without a reader.

    `this_session` is the mark of the session in which they read: their own sign-in here is no news.
    """
    invited = _used_invitations(session, person.person_id)
    found = [
        *_of_ledger(session, person, since),
        *_of_visitors(session, person.person_id, since),
        *(OwnMessage(at, "signed_in") for at in invited),
        *_of_sign_ins(session, person.person_id, set(invited), this_session, now),
        *_of_review(session, person),
        *_of_losses(losses),
    ]
    found = [one for one in found if since is None or one.at > since]
    return sorted(found, key=lambda one: one.at, reverse=True)[:SHOWN]


def _of_ledger(session: Session, person: Person, since: datetime | None) -> list[OwnMessage]:
    entries = select(AuditEntry).where(
        AuditEntry.person_id == person.person_id, AuditEntry.kind.in_({kind for kind, _more in ENTRIES})
    )
    if since is not None:
        entries = entries.where(AuditEntry.at > since)
    rows = session.scalars(entries.order_by(AuditEntry.seq.desc()).limit(2 * SHOWN)).all()
    shown = [(row, kind) for row in rows if (kind := _kind_of(row)) is not None]
    gates = {str(row.facts.get("gate_id")) for row, _kind in shown if "gate_id" in row.facts}
    named = select(Gate.gate_id, Gate.name).where(Gate.gate_id.in_(gates))
    names = dict(session.execute(named).tuples().all()) if gates else {}
    return [
        OwnMessage(
            row.at,
            kind,
            {"gate": names.get(str(row.facts.get("gate_id")), "")},
            str(row.facts.get("request_id") or row.facts.get("consent_id") or ""),
        )
        for row, kind in shown
    ]


def _kind_of(entry: AuditEntry) -> str | None:
    """Return the word of a message for an entry, None for one that is no message."""
    facts = entry.facts
    is_own_act = entry.kind in NOT_OF_OWN_ACTS and facts.get("actor_id") == entry.person_id
    if is_own_act or not is_sent(entry.kind, facts):
        return None
    fact = facts.get(FACT_THAT_TELLS[entry.kind]) if entry.kind in FACT_THAT_TELLS else None
    more = fact if isinstance(fact, str) else ""
    return next((ENTRIES[key] for key in ((entry.kind, more), (entry.kind, "")) if key in ENTRIES), None)


def _of_visitors(session: Session, person_id: str, since: datetime | None) -> list[OwnMessage]:
    own_passes = select(VisitorPassRow.pass_id).where(VisitorPassRow.issuer_person_id == person_id)
    own_codes = select(CredentialRow.credential_id).where(
        CredentialRow.person_id == person_id, CredentialRow.kind == CredentialKind.VISITOR_CODE
    )
    uses = (
        select(VisitorUse.at, VisitorPassRow.label, Gate.name, Lane.name)
        .join(Gate, Gate.gate_id == VisitorUse.gate_id)
        .outerjoin(Lane, and_(Lane.lane_id == VisitorUse.lane_id, Lane.gate_id == VisitorUse.gate_id))
        .outerjoin(VisitorPassRow, VisitorPassRow.pass_id == VisitorUse.shown_id)
        .where(or_(VisitorUse.shown_id.in_(own_passes), VisitorUse.shown_id.in_(own_codes)))
    )
    if since is not None:
        uses = uses.where(VisitorUse.at > since)
    return [
        OwnMessage(
            at,
            "visitor_named" if label else "visitor",
            {"label": label or "", "place": gate_and_lane(gate, lane or "")},
        )
        for at, label, gate, lane in session.execute(uses.order_by(VisitorUse.at.desc()).limit(SHOWN))
    ]


def _used_invitations(session: Session, person_id: str) -> list[datetime]:
    opened = select(Invitation.used_at).where(
        Invitation.person_id == person_id, Invitation.used_at.is_not(None)
    )
    newest = session.scalars(opened.order_by(Invitation.used_at.desc()).limit(SHOWN))
    return [at for at in newest if at is not None]


def _of_sign_ins(
    session: Session, person_id: str, invited: Collection[datetime], this_session: str, now: datetime
) -> list[OwnMessage]:
    """Return the sign-ins on other phones that are still open, without those by an invitation."""
    begun = (
        select(AccountSession.session_sha256, AccountSession.begun_at)
        .join(User, User.id == AccountSession.account_id)
        .where(User.person_id == person_id, AccountSession.ends_at > now)
    )
    newest = session.execute(begun.order_by(AccountSession.begun_at.desc()).limit(SHOWN)).all()
    return [
        OwnMessage(at, "signed_in_elsewhere")
        for digest, at in newest
        if mark_of(digest) != this_session and not any(abs(at - used) <= BY_INVITATION for used in invited)
    ]


def _of_review(session: Session, person: Person) -> list[OwnMessage]:
    running = open_round(session, person.site_id)
    if running is None:
        return []
    rows = [
        *asked_of_person(session, person.site_id, person.person_id),
        *rows_for_home(session, person.site_id, person),
    ]
    asked = [row.asked_at or running.began_at for row in rows if row.decision is None and row.answer is None]
    return [OwnMessage(max(asked), "review_asks")] if asked else []


def _of_losses(losses: Sequence[OwnLoss]) -> list[OwnMessage]:
    return [
        OwnMessage(
            loss.since if any(way.is_paused for way in loss.lost) else loss.since + SAID_AFTER,
            "reader_lost",
            {"place": full_name(loss.lane)},
        )
        for loss in losses
        if loss.since is not None
    ]
