"""Take a gate's journal in: verified as a chain, stored once, countersigned.

An entry that is odd is quarantined and holds up no other. A batch that is no piece of the journal is refused
whole. What a cloned or stolen gate writes is quarantined unread: it proves nothing, and clears nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind, is_alarm
from gate_controller.contract.journal_chain import (
    COUNTERSIGN_DOMAIN,
    GENESIS,
    HEAD_DOMAIN,
    Head,
    JournalEntry,
    SignedHead,
)
from gate_controller.contract.messages import AskRequest, EventsReply
from gate_controller.contract.signing import SignatureRefused, sign, verify
from web_admin.action.base import Action
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.keys import private_key
from web_admin.compound.models import Gate
from web_admin.core.lock_order import SiteFirst
from web_admin.core.sealing import Sealer
from web_admin.events.entry_reading import NOT_STORED, NOT_TRUSTED, ReadBatch, ReadEntry
from web_admin.events.quarantine import (
    MAX_OF_A_GATE,
    has_room,
    knows,
    quarantine,
    quarantined_before,
    raise_quarantined_alarms,
)
from web_admin.events.storing import store_entries, word
from web_admin.face.gate_answers import note_openings, take_answers
from web_admin.face.looks import note_looks
from web_admin.journal.models import GateEvent, QuarantinedEntry
from web_admin.people.gate_verification import verify_by_gate_events
from web_admin.policy.emergency_records import note_uses
from web_admin.visitors.uses import note_visitor_uses

_log = logging.getLogger(__name__)


class EventsRefused(Exception):
    """A batch does not continue the journal that this server has; says where it parts."""


def take_events(act: Action, gate: Gate, batch: ReadBatch) -> EventsReply:
    """Store what is new of a batch and return the countersigned head; the action is the gate's.

    The gate's row must be locked. Raises EventsRefused, with nothing written, when the head is not
    signed by the gate or the entries do not follow each other and what is stored; SiteFirst where an entry
    leads to more than rows of this gate and the site is not locked.
    """
    session, now = act.session, act.now
    head = _checked_head(gate, batch)
    if not gate.is_trusted:
        _take_unread(session, gate, batch.entries, now)
        return EventsReply(acknowledged_seq=head.seq)
    fresh = _new_entries(session, gate, batch.entries)
    if fresh:
        gate.acknowledged_seq = fresh[-1].seq
        gate.head_digest = fresh[-1].digest
        session.flush()
        unread = quarantined_before(session, gate, fresh)
        taken = [read for read in fresh if not read.why and read.digest not in unread]
        failed = _take_each(act, gate, taken)
        bad = [
            replace(read, why=read.why or NOT_STORED)
            for read in fresh
            if (read.why or read.seq in failed) and read.digest not in unread
        ]
        quarantine(session, gate, bad, now)
    return EventsReply(
        acknowledged_seq=gate.acknowledged_seq,
        countersigned=_countersigned(session, act.sealer, gate, head.journal_id),
    )


def _take_unread(session: Session, gate: Gate, entries: Sequence[ReadEntry], now: datetime) -> None:
    """Quarantine the entries of a distrusted gate; two machines with one key may send two journals."""
    fresh = [
        replace(read, why=NOT_TRUSTED) for read in entries if not knows(session, gate, read.seq, read.digest)
    ]
    if has_room(session, gate, len(fresh)):
        quarantine(session, gate, fresh, now)
        return
    # A copied key may have filled the room: the alarms behind that ring all the same.
    _log.warning("gate %s: %d entries dropped beyond %d", gate.gate_id, len(fresh), MAX_OF_A_GATE)
    raise_quarantined_alarms(session, gate, fresh, now)


def _take_each(act: Action, gate: Gate, taken: Sequence[ReadEntry]) -> frozenset[int]:
    """Store entries with all that follows from them; return the numbers of those with which that fails.

    All at once, and one by one only when that fails: the failure of one entry does not stop the others.
    """
    try:
        with act.session.begin_nested():
            _take(act, gate, taken)
        return frozenset()
    except (OperationalError, SiteFirst):
        raise  # the database is in trouble, not an entry: the gate sends them once more; or it begins again
    except Exception:  # noqa: BLE001 - the entries that cause it are found below
        _log.exception("gate %s: entries %s are taken one by one", gate.gate_id, [r.seq for r in taken])
    failed = set()
    for read in taken:
        try:
            with act.session.begin_nested():
                _take(act, gate, [read])
        except (OperationalError, SiteFirst):
            raise
        except Exception as err:  # noqa: BLE001 - no entry may block the others
            _log.error("gate %s: entry %d cannot be taken: %s", gate.gate_id, read.seq, type(err).__name__)
            failed.add(read.seq)
    return frozenset(failed)


def _take(act: Action, gate: Gate, taken: Sequence[ReadEntry]) -> None:
    session, now = act.session, act.now
    fresh = [read.entry for read in taken if read.entry is not None]
    if not fresh:
        return
    unknown = _insert(session, gate, fresh, now)
    session.flush()
    verify_by_gate_events(act, fresh)
    note_uses(session, gate, fresh)
    note_visitor_uses(session, gate, unknown, now)
    take_answers(act, gate, unknown)
    note_openings(session, gate.site_id, unknown, now)
    note_looks(act, gate, unknown)
    session.flush()


def _checked_head(gate: Gate, batch: ReadBatch) -> Head:
    """Return the batch's head: signed by the gate, and the end of these very entries."""
    try:
        verify(gate.public_key or b"", HEAD_DOMAIN, batch.signed.head, batch.signed.signature)
    except SignatureRefused as err:
        raise EventsRefused(f"the signed head: {err}") from err
    if batch.broken or batch.head is None:
        raise EventsRefused(batch.broken)
    if batch.head.site_id != gate.site_id:
        raise EventsRefused(f"the head is of site {batch.head.site_id!r}")
    return batch.head


def _new_entries(session: Session, gate: Gate, entries: Sequence[ReadEntry]) -> list[ReadEntry]:
    """Return the entries that are not stored yet; raise EventsRefused unless they join without a seam."""
    if not entries:
        return []
    have, stored_digest = gate.acknowledged_seq, gate.head_digest or GENESIS
    first, last = entries[0], entries[-1]
    if have == 0 and first.seq > 1 and _goes_on_from_an_older_journal(session, gate, first):
        # A gate that lost its newest entries may have dropped its oldest long ago, acknowledged.
        return list(entries)
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
        if known is not None and last.is_whole and known != last.digest:
            raise EventsRefused(f"entry {last.seq} is not the one that was sent before")
        return []
    fresh = list(entries[have + 1 - first.seq :])
    if not fresh[0].is_whole:
        fresh[0] = replace(fresh[0], previous=stored_digest)
    elif fresh[0].previous != stored_digest and not _follows_a_changed_one(session, gate):
        raise EventsRefused(f"entry {fresh[0].seq} does not follow entry {have}, which this server has")
    return fresh


def _follows_a_changed_one(session: Session, gate: Gate) -> bool:
    """Return whether the last entry was quarantined as changed: its digest is unknown then."""
    last = select(QuarantinedEntry.is_whole).where(
        QuarantinedEntry.gate_id == gate.gate_id,
        QuarantinedEntry.journal_id == (gate.journal_id or ""),
        QuarantinedEntry.seq == gate.acknowledged_seq,
        QuarantinedEntry.digest == gate.head_digest,
    )
    return session.scalar(last) is False


def _goes_on_from_an_older_journal(session: Session, gate: Gate, first: ReadEntry) -> bool:
    """Return whether this entry, or the one before it, is stored from before the gate's journal was reset."""
    if not first.is_whole:
        return knows(session, gate, first.seq, first.digest)
    return knows(session, gate, first.seq - 1, first.previous)


def _insert(
    session: Session, gate: Gate, entries: Sequence[JournalEntry], now: datetime
) -> Sequence[JournalEntry]:
    """Store the entries that are not stored yet and return them."""
    known = _stored_in_an_older_journal(session, gate, entries)
    unknown = [entry for entry in entries if entry.digest not in known]
    store_entries(session, gate, unknown, now)
    for entry in unknown:
        if is_alarm(entry.kind):
            raise_alarm(
                session,
                gate.site_id,
                entry.kind,
                now,
                raised_at=entry.at,
                gate_id=gate.gate_id,
                lane_id=word(entry.facts.get("lane_id")),
                detail=word(entry.facts.get("detail")) or _stopped_home(entry),
            )
    return unknown


def _stopped_home(entry: JournalEntry) -> str:
    """Return the number of the home whose PINs stopped: staff have to know whom to ask."""
    return word((entry.personal or {}).get("home_number")) or ""


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


def acknowledged(session: Session, gate: Gate, question: AskRequest) -> int:
    """Return up to where the server has everything of the machine that asks.

    Two machines with the key of one gate have two journals; each knows by its own entries which it sent.
    """
    last = question.handed_over
    if gate.is_trusted or last is msgspec.UNSET or not knows(session, gate, last.seq, last.digest):
        return gate.acknowledged_seq
    return last.seq


def notice_restarted_journal(session: Session, gate: Gate, journal_seq: int, now: datetime) -> None:
    """Begin a new journal for a gate whose own is shorter than what it sent before, with an alarm.

    That is what a damaged disk looks like, and also what a rolled-back copy of a gate looks like.
    """
    if journal_seq >= gate.acknowledged_seq or not gate.is_trusted:
        return
    raise_alarm(
        session,
        gate.site_id,
        EventKind.ALARM_JOURNAL_RESTARTED,
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
