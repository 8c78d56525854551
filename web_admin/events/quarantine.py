"""Quarantine entries of a gate's journal that are not trusted, and raise the alarms among them.

One bad entry must not hold up a duress alarm behind it, and what a cloned or stolen gate writes proves
nothing. Such entries are kept apart, with their place in the chain, and the ledger says which.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, defer

from gate_controller.contract.event_kinds import EventKind, is_alarm
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Lane
from web_admin.events.entry_reading import CHANGED, NOT_TRUSTED, ReadEntry
from web_admin.events.texts import EVENTS
from web_admin.journal.ledger import append_audit
from web_admin.journal.models import GateEvent, QuarantinedEntry

LEDGER_KIND = "journal_entries_set_aside"
MAX_KEPT_BYTES = 16 * 1024
"""Of one entry; a longer one keeps its place and not its content, as does one that is no entry at all."""
MAX_OF_A_GATE = 50_000
"""Maximum kept of one gate; an attacker with its key could otherwise fill the disk."""
MAX_SHOWN = 20
MAX_RINGING = 20
"""Open alarms of one kind and gate from quarantined entries."""
AHEAD = timedelta(hours=1)

_log = logging.getLogger(__name__)


def quarantine(session: Session, gate: Gate, entries: Sequence[ReadEntry], now: datetime) -> None:
    """Store entries apart, record it in the ledger and in one alarm with a count, raise alarms among them.

    The gate's row must be locked.
    """
    if not entries:
        return
    reasons = ", ".join(sorted({read.why for read in entries}))
    _log.warning(
        "gate %s: entries %d to %d: %d set aside: %s",
        gate.gate_id,
        entries[0].seq,
        entries[-1].seq,
        len(entries),
        reasons,
    )
    ledger_seq = _record(session, gate, entries, reasons, now)
    rows = [
        {
            "gate_id": gate.gate_id,
            "journal_id": gate.journal_id or "",
            "seq": read.seq,
            "digest": read.digest,
            "previous": read.previous,
            "is_whole": read.is_whole,
            "why": read.why,
            "body": _kept_of(read),
            "received_at": now,
            "ledger_seq": ledger_seq,
        }
        for read in entries
    ]
    session.connection().execute(insert(QuarantinedEntry), rows)
    if gate.is_trusted:
        _say_how_many(session, gate, entries, now)
    raise_quarantined_alarms(session, gate, entries, now)


def _record(session: Session, gate: Gate, entries: Sequence[ReadEntry], reasons: str, now: datetime) -> int:
    """Record in the ledger which entries were set aside; return the number of that entry."""
    written = append_audit(
        session,
        gate.site_id,
        LEDGER_KIND,
        {
            "gate_id": gate.gate_id,
            "journal_id": gate.journal_id or "",
            "first_seq": entries[0].seq,
            "last_seq": entries[-1].seq,
            "count": len(entries),
            "reasons": reasons,
            "digests": hashlib.sha256(b"".join(sorted(read.digest for read in entries))).hexdigest(),
        },
        {},
        now,
    )
    return written.seq


def _kept_of(read: ReadEntry) -> bytes | None:
    """Return an entry in the contract's own fields, None for what has others: it could carry a face."""
    if read.entry is None:
        return None
    body = msgspec.json.encode(read.entry)
    return body if len(body) <= MAX_KEPT_BYTES else None


def _say_how_many(session: Session, gate: Gate, entries: Sequence[ReadEntry], now: datetime) -> None:
    changed = any(read.why == CHANGED for read in entries)
    kind = EventKind.ALARM_JOURNAL_BROKEN if changed else EventKind.ALARM_ENTRIES_SET_ASIDE
    raise_alarm(session, gate.site_id, kind, now, gate_id=gate.gate_id, once=True)
    session.flush()
    alarm = session.scalars(
        select(Alarm)
        .where(
            Alarm.site_id == gate.site_id,
            Alarm.gate_id == gate.gate_id,
            Alarm.kind == kind,
            Alarm.acknowledged_at.is_(None),
        )
        .order_by(Alarm.raised_at)
    ).first()
    if alarm is None:
        return
    count = session.scalar(
        select(func.count())
        .select_from(QuarantinedEntry)
        .where(QuarantinedEntry.gate_id == gate.gate_id, QuarantinedEntry.received_at >= alarm.raised_at)
    )
    alarm.detail = f"entries set aside: {count}; the last is {entries[-1].seq} ({entries[-1].why})"


def raise_quarantined_alarms(
    session: Session, gate: Gate, entries: Sequence[ReadEntry], now: datetime
) -> None:
    """Raise the alarms among entries that are not taken: a false one costs a walk, a missed one a person.

    An alarm rings once however often its entry comes, and nothing at all rings for a stolen gate. An
    open one of its kind does not silence the next, for a copied key may have raised it; MAX_RINGING do.
    """
    if gate.state != "paired":
        return
    lanes = set(session.scalars(select(Lane.lane_id).where(Lane.gate_id == gate.gate_id)))
    for read in entries:
        entry = read.entry
        if entry is None or not is_alarm(entry.kind) or entry.kind not in EVENTS:
            continue
        said_lane = entry.facts.get("lane_id")
        lane_id = said_lane if isinstance(said_lane, str) and said_lane in lanes else None
        at = entry.at if entry.at <= now + AHEAD else now
        rang = select(Alarm.alarm_id).where(
            Alarm.site_id == gate.site_id,
            Alarm.gate_id == gate.gate_id,
            Alarm.kind == entry.kind,
            Alarm.raised_at == at,
        )
        if session.scalar(rang.limit(1)) is None:
            many_ring = _ringing(session, gate, entry.kind) >= MAX_RINGING
            raise_alarm(
                session,
                gate.site_id,
                entry.kind,
                now,
                gate_id=gate.gate_id,
                lane_id=lane_id,
                detail="from an entry that was set aside",
                once=many_ring,
                raised_at=at,
            )
            session.flush()


def _ringing(session: Session, gate: Gate, kind: str) -> int:
    """Return how many alarms of this kind and gate wait to be acknowledged."""
    waiting = (
        select(func.count())
        .select_from(Alarm)
        .where(Alarm.gate_id == gate.gate_id, Alarm.kind == kind, Alarm.acknowledged_at.is_(None))
    )
    return session.scalar(waiting) or 0


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Quarantined entries of a gate's journal, for its page."""

    count: int
    newest: Sequence[QuarantinedEntry]


def shown_quarantine(session: Session, gate_id: str) -> Quarantine:
    """Return how many entries of a gate are quarantined, and the newest of them without their content."""
    of_gate = QuarantinedEntry.gate_id == gate_id
    count = session.scalar(select(func.count()).select_from(QuarantinedEntry).where(of_gate)) or 0
    newest = (
        select(QuarantinedEntry)
        .where(of_gate)
        .options(defer(QuarantinedEntry.body))
        .order_by(QuarantinedEntry.received_at.desc(), QuarantinedEntry.seq.desc())
        .limit(MAX_SHOWN)
    )
    return Quarantine(count, session.scalars(newest).all())


def has_room(session: Session, gate: Gate, more: int) -> bool:
    """Return whether so many more entries of a gate may be quarantined."""
    kept = select(func.count()).select_from(QuarantinedEntry).where(QuarantinedEntry.gate_id == gate.gate_id)
    return (session.scalar(kept) or 0) + more <= MAX_OF_A_GATE


def quarantined_before(session: Session, gate: Gate, entries: Sequence[ReadEntry]) -> frozenset[bytes]:
    """Return the digests among these of entries that a distrusted gate has sent before."""
    if not entries:
        return frozenset()
    known = select(QuarantinedEntry.digest).where(
        QuarantinedEntry.gate_id == gate.gate_id,
        QuarantinedEntry.why == NOT_TRUSTED,
        QuarantinedEntry.seq.between(entries[0].seq, entries[-1].seq),
    )
    return frozenset(session.scalars(known))


def knows(session: Session, gate: Gate, seq: int, digest: bytes) -> bool:
    """Return whether an entry of this gate is stored, accepted or quarantined."""
    event = select(GateEvent.seq).where(
        GateEvent.gate_id == gate.gate_id, GateEvent.seq == seq, GateEvent.digest == digest
    )
    aside = select(QuarantinedEntry.seq).where(
        QuarantinedEntry.gate_id == gate.gate_id,
        QuarantinedEntry.seq == seq,
        QuarantinedEntry.digest == digest,
    )
    return session.scalar(event.limit(1)) is not None or session.scalar(aside.limit(1)) is not None
