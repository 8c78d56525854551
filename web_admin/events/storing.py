"""Store entries of a gate's journal: one statement on PostgreSQL, however many they are."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from gate_controller.contract.journal_chain import JournalEntry
from web_admin.compound.models import Gate
from web_admin.journal.models import GateEvent

_MANY = text(
    "INSERT INTO gate_event (gate_id, journal_id, received_at, seq, at, kind, lane_id, person_id, method,"
    " reason, facts, personal, salt, personal_digest, previous, digest)"
    " SELECT :gate_id, :journal_id, CAST(:received_at AS timestamptz), seq, at, kind, facts->>'lane_id',"
    " personal->>'person_id', CASE kind WHEN 'access' THEN facts->>'method' END,"
    " CASE kind WHEN 'access' THEN facts->>'reason' END, facts, personal, decode(salt, 'base64'),"
    " decode(personal_digest, 'base64'), decode(previous, 'base64'), decode(digest, 'base64')"
    " FROM json_to_recordset(CAST(:entries AS json)) AS entry (seq integer, at timestamptz, kind text,"
    " facts json, personal json, salt text, personal_digest text, previous text, digest text)"
)
"""Takes entries as they travel: one text to encode and send, which costs less than thirteen arrays."""


def store_entries(session: Session, gate: Gate, entries: Sequence[JournalEntry], now: datetime) -> None:
    """Store entries that are not stored yet; raise what the database raises on one that is.

    `entry_reading` has seen that what columns repeat of their facts is text or None.
    """
    if not entries:
        return
    connection = session.connection()
    common = {"gate_id": gate.gate_id, "journal_id": gate.journal_id or "", "received_at": now}
    if connection.dialect.name == "postgresql":
        connection.execute(_MANY, {**common, "entries": msgspec.json.encode(entries).decode()})
    else:
        connection.execute(insert(GateEvent), [{**common, **_columns(entry)} for entry in entries])


def _columns(entry: JournalEntry) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(entry),
        "lane_id": word(entry.facts.get("lane_id")),
        "person_id": word((entry.personal or {}).get("person_id")),
    }


def word(fact: object) -> str | None:
    """Return a fact that is text, None for any other."""
    return fact if isinstance(fact, str) else None
