"""Take a gate's journal in: checked as a chain, stored once however often it is sent, countersigned.

Everything is checked before anything is written, so a batch is stored whole or not at all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from gate_controller.journal_chain import (
    COUNTERSIGN_DOMAIN,
    GENESIS,
    HEAD_DOMAIN,
    ChainBroken,
    Head,
    JournalEntry,
    SignedHead,
    verify_chain,
)
from gate_controller.signing import SignatureRefused, sign, verify
from gate_controller.sync_contract import EventBatch, EventsReply
from web_admin.alarms import JOURNAL_RESTARTED, raise_alarm
from web_admin.emergency_records import note_uses
from web_admin.face_answers import note_openings, take_answers
from web_admin.journal_models import GateEvent
from web_admin.models import Gate
from web_admin.sealing import Sealer
from web_admin.shown_at_gates import confirm_shown
from web_admin.site_keys import private_key
from web_admin.visitor_uses import note_visitor_uses


class EventsRefused(Exception):
    """A batch does not continue the journal that this server has; says where it parts."""


def take_events(
    session: Session, sealer: Sealer, gate: Gate, batch: EventBatch, now: datetime
) -> EventsReply:
    """Store what is new of a batch and return the countersigned head.

    The gate's row must be locked. Raises EventsRefused, with nothing written, when the head is not
    signed by the gate or the entries do not follow each other and what is stored.
    """
    head = _checked_head(gate, batch)
    fresh = _new_entries(session, gate, batch.entries)
    if fresh:
        unknown = _insert(session, gate, fresh, now)
        gate.acknowledged_seq = fresh[-1].seq
        gate.head_digest = fresh[-1].digest
        session.flush()
        confirm_shown(session, sealer, gate, fresh, now)
        note_uses(session, gate, fresh)
        note_visitor_uses(session, gate, unknown, now)
        take_answers(session, sealer, gate, unknown, now)
        note_openings(session, unknown, now)
    return EventsReply(
        acknowledged_seq=gate.acknowledged_seq,
        countersigned=_countersigned(session, sealer, gate, head.journal_id),
    )


def _checked_head(gate: Gate, batch: EventBatch) -> Head:
    """Return the batch's head: signed by the gate, and the end of these very entries."""
    try:
        verify(gate.public_key or b"", HEAD_DOMAIN, batch.head.head, batch.head.signature)
        head = msgspec.json.decode(batch.head.head, type=Head)
    except (SignatureRefused, msgspec.MsgspecError, ValueError) as err:
        raise EventsRefused(f"the signed head: {err}") from err
    if head.site_id != gate.site_id:
        raise EventsRefused(f"the head is of site {head.site_id!r}")
    try:
        end = verify_chain(batch.entries)
    except ChainBroken as err:
        raise EventsRefused(str(err)) from err
    if batch.entries and (head.seq, head.digest) != end:
        raise EventsRefused(f"the signed head is at entry {head.seq}, the last entry sent is {end[0]}")
    for entry in batch.entries:
        # The digest covers the time as text, and the database keeps UTC.
        if entry.at.utcoffset() != timedelta(0):
            raise EventsRefused(f"entry {entry.seq}: its time is not in UTC")
    return head


def _new_entries(session: Session, gate: Gate, entries: Sequence[JournalEntry]) -> Sequence[JournalEntry]:
    """Return the entries that are not stored yet; raise EventsRefused unless they join without a seam."""
    if not entries:
        return ()
    have, stored_digest = gate.acknowledged_seq, gate.head_digest or GENESIS
    first, last = entries[0], entries[-1]
    if have == 0 and first.seq > 1 and _goes_on_from_an_older_journal(session, gate, first):
        # A gate that lost its newest entries may have dropped its oldest long ago, acknowledged.
        return entries
    if first.seq > have + 1:
        raise EventsRefused(f"entries {have + 1} to {first.seq - 1} are missing")
    if last.seq <= have:
        known = session.scalar(
            select(GateEvent.digest).where(
                GateEvent.gate_id == gate.gate_id,
                GateEvent.journal_id == (gate.journal_id or ""),
                GateEvent.seq == last.seq,
            )
        )
        if known is not None and known != last.digest:
            raise EventsRefused(f"entry {last.seq} is not the one that was sent before")
        return ()
    fresh = entries[have + 1 - first.seq :]
    if fresh[0].previous != stored_digest:
        raise EventsRefused(f"entry {fresh[0].seq} does not follow entry {have}, which this server has")
    return fresh


def _goes_on_from_an_older_journal(session: Session, gate: Gate, first: JournalEntry) -> bool:
    """Tell whether the entry before this one is stored, from before the gate's journal began anew."""
    before = select(GateEvent.digest).where(
        GateEvent.gate_id == gate.gate_id,
        GateEvent.journal_id != gate.journal_id,
        GateEvent.seq == first.seq - 1,
        GateEvent.digest == first.previous,
    )
    return session.scalar(before) is not None


def _insert(
    session: Session, gate: Gate, entries: Sequence[JournalEntry], now: datetime
) -> Sequence[JournalEntry]:
    """Store the entries that are not stored yet and return them."""
    journal_id = gate.journal_id or ""
    known = _stored_in_an_older_journal(session, gate, entries)
    unknown = [entry for entry in entries if entry.digest not in known]
    rows = [
        {
            "gate_id": gate.gate_id,
            "journal_id": journal_id,
            "seq": entry.seq,
            "at": entry.at,
            "kind": entry.kind,
            "lane_id": _text(entry.facts.get("lane_id")),
            "person_id": _text((entry.personal or {}).get("person_id")),
            "facts": entry.facts,
            "personal": entry.personal,
            "salt": entry.salt,
            "personal_digest": entry.personal_digest,
            "previous": entry.previous,
            "digest": entry.digest,
            "received_at": now,
        }
        for entry in unknown
    ]
    if rows:
        session.connection().execute(insert(GateEvent), rows)
    for entry in unknown:
        if entry.kind.startswith("alarm_"):
            raise_alarm(
                session,
                gate.site_id,
                entry.kind,
                entry.at,
                gate_id=gate.gate_id,
                lane_id=_text(entry.facts.get("lane_id")),
                detail=_text(entry.facts.get("detail")) or _stopped_home(entry),
            )
    return unknown


def _stopped_home(entry: JournalEntry) -> str:
    """Return the number of the home whose PINs stopped: staff have to know whom to ask."""
    return _text((entry.personal or {}).get("home_number")) or ""


def _text(fact: object) -> str | None:
    return fact if isinstance(fact, str) else None


def _stored_in_an_older_journal(
    session: Session, gate: Gate, entries: Sequence[JournalEntry]
) -> frozenset[bytes]:
    """Return digests of entries that a salvaged journal brings a second time."""
    if (gate.journal_id or ".1").endswith(".1"):
        return frozenset()
    stored = select(GateEvent.digest).where(
        GateEvent.gate_id == gate.gate_id,
        GateEvent.journal_id != gate.journal_id,
        GateEvent.seq.between(entries[0].seq, entries[-1].seq),
    )
    return frozenset(session.scalars(stored))


def notice_restarted_journal(session: Session, gate: Gate, journal_seq: int, now: datetime) -> None:
    """Begin a new journal for a gate whose own is shorter than what it sent before, with an alarm.

    That is what a damaged disk looks like, and also what a rolled-back copy of a gate looks like.
    """
    if journal_seq >= gate.acknowledged_seq:
        return
    raise_alarm(
        session,
        gate.site_id,
        JOURNAL_RESTARTED,
        now,
        gate_id=gate.gate_id,
        detail=f"had {gate.acknowledged_seq} entries, has {journal_seq}",
    )
    name, _, count = (gate.journal_id or ".1").rpartition(".")
    gate.journal_id = f"{name}.{int(count) + 1}"
    gate.acknowledged_seq = 0
    gate.head_digest = None
    session.flush()


def _countersigned(session: Session, sealer: Sealer, gate: Gate, journal_id: str) -> SignedHead | None:
    if gate.head_digest is None:
        return None
    head = msgspec.json.encode(Head(gate.site_id, journal_id, gate.acknowledged_seq, gate.head_digest))
    key = private_key(session, sealer, gate.site_id, "anchor")
    return SignedHead(head, sign(key, COUNTERSIGN_DOMAIN, head))
