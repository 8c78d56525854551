"""Decide by the ledger which links that restore messages still work.

An old address can undo a change once: so the owner of a phone that another person found gets messages again.
A change that the resident confirms after that is final: so another person who reads an old mailbox does not
get messages again and again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.journal.models import AuditEntry

ADDRESS_NAMED = "messages_address_named"
ADDRESS_PROVED = "messages_address_proved"
ADDRESS_TAKEN_BACK = "messages_address_taken_back"
_KINDS = (ADDRESS_NAMED, ADDRESS_PROVED, ADDRESS_TAKEN_BACK, "messages_chosen", "messages_stopped")


@dataclass(frozen=True, slots=True)
class Link:
    """A link that restores: the person's newest entry before the change, and the address's digest."""

    seq: int
    to: str


def address_entries(session: Session, person_id: str) -> Sequence[AuditEntry]:
    """Return the ledger's entries on a person's messages, oldest first."""
    query = select(AuditEntry).where(AuditEntry.person_id == person_id, AuditEntry.kind.in_(_KINDS))
    return session.scalars(query.order_by(AuditEntry.seq)).all()


def is_restored(entries: Sequence[AuditEntry], to: str) -> bool:
    """Return whether a link restored this address, and no code proved an address since."""
    restored = False
    for entry in entries:
        if entry.kind == ADDRESS_PROVED:
            restored = False
        elif entry.kind == ADDRESS_TAKEN_BACK and (entry.personal or {}).get("to") == to:
            restored = True
    return restored


def is_ended(entries: Sequence[AuditEntry], link: Link) -> bool:
    """Return whether a link was used, goes back less far than a used one, or was overruled by its owner."""
    restored = is_restored([entry for entry in entries if entry.seq <= link.seq], link.to)
    for entry in entries:
        if entry.seq <= link.seq:
            continue
        if entry.kind == ADDRESS_TAKEN_BACK:
            since = entry.facts.get("since")
            if isinstance(since, int) and since <= link.seq:
                return True
            restored = restored or (entry.personal or {}).get("to") == link.to
        elif restored and entry.facts.get("confirmed"):
            return True
    return False
