"""Read who looked at a person's records and when they said no to face: what they are shown of the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from web_admin.accounts.names import shown_names
from web_admin.action.base import Action, record
from web_admin.credentials.look_ups import CARD_LOOKED_UP, reason_text
from web_admin.journal.models import AuditEntry
from web_admin.journal.queries import entries_about

SHOWN_REFUSALS = 20
LOOKED_AT = "named_lookup"
Looked = Literal["passages", "access"]
"""Looks of staff at a person: where a person passed, or where and when they may."""


def record_lookup(act: Action, person_id: str, role: str, reason: str, what: Looked = "passages") -> None:
    """Record that staff look at a named person, and why, where that person reads it."""
    facts = {"role": role} if what == "passages" else {"role": role, "what": what}
    record(act, LOOKED_AT, facts, personal={"reason": reason}, person_id=person_id)


def lookups_of(
    session: Session, person_id: str, limit: int, before: int | None = None
) -> Sequence[AuditEntry]:
    """Return who looked at a person's records or card, newest first; `before` ends the page before."""
    kinds = (LOOKED_AT, CARD_LOOKED_UP)
    return entries_about(session, person_id, kinds, limit, before)


def lookup_facts(entry: AuditEntry, names: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return what was read, the reader's role, the name they show to residents, and why."""
    known = {**entry.facts, **(entry.personal or {})}
    return {
        "role": str(known.get("role") or ""),
        "name": (names or {}).get(str(known.get("actor_id") or ""), ""),
        "what": "card" if entry.kind == CARD_LOOKED_UP else str(known.get("what") or "passages"),
        "reason": reason_text(str(known.get("why") or ""), str(known.get("reason") or "")),
    }


def shown_lookups(
    session: Session, entries: Sequence[AuditEntry]
) -> list[tuple[datetime, Mapping[str, str]]]:
    """Return looks as pages show them: when, and what is known of each."""
    names = shown_names(session, [str(entry.facts.get("actor_id")) for entry in entries])
    return [(entry.at, lookup_facts(entry, names)) for entry in entries]


def refusals_of(session: Session, person_id: str) -> Sequence[datetime]:
    """Return when a person said no to face, newest first."""
    refused = entries_about(session, person_id, ("face_refused",), SHOWN_REFUSALS)
    return [entry.at for entry in refused]
