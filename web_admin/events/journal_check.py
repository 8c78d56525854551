"""Verify the gates' journals as far as the server stores them: each entry, each place, and their ends.

A quarantined entry keeps its place, and the ledger says which ones were. What a gate that was not
trusted has sent is of no chain: of that, only the ledger shows whether any was removed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter

import msgspec
from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from gate_controller.contract.journal_chain import ChainBroken, JournalEntry, verify_chain
from web_admin.compound.models import Gate
from web_admin.events.entry_reading import NOT_TRUSTED
from web_admin.events.quarantine import LEDGER_KIND, knows
from web_admin.journal.models import AuditEntry, GateEvent, QuarantinedEntry

_ROWS_A_READ = 1000


@dataclass(frozen=True, slots=True)
class _Place:
    """An entry in its place; None for a quarantined one, whose content may be gone."""

    seq: int
    previous: bytes
    digest: bytes
    is_whole: bool
    entry: JournalEntry | None


def check_gates(session: Session, site_id: str) -> tuple[int, int]:
    """Return how many entries of gates hold, and how many are quarantined; raise ChainBroken."""
    count = 0
    gates = session.scalars(select(Gate).where(Gate.site_id == site_id).order_by(Gate.gate_id)).all()
    for gate in gates:
        events = select(GateEvent.journal_id).where(GateEvent.gate_id == gate.gate_id)
        aside = select(QuarantinedEntry.journal_id).where(QuarantinedEntry.gate_id == gate.gate_id)
        journals = set(session.scalars(union(events, aside)))
        if gate.acknowledged_seq:
            journals.add(gate.journal_id or "")
        for journal_id in sorted(journals):
            try:
                count += _check_journal(session, gate, journal_id)
            except ChainBroken as err:
                raise ChainBroken(f"gate {gate.gate_id}, journal {journal_id}: {err}") from err
    return count, _check_quarantine(session, site_id)


def _check_journal(session: Session, gate: Gate, journal_id: str) -> int:
    """A journal that was reset may bring entries that an older one has; those are not stored twice."""
    count = 0
    last: _Place | None = None
    is_first = journal_id.endswith(".1")
    for place in _places(session, gate.gate_id, journal_id):
        follows = last is not None and place.seq == last.seq + 1
        if (is_first and not follows and place.seq != 1) or (last is not None and not follows):
            _missing(session, gate, journal_id, last.seq + 1 if last is not None else 1, place.seq - 1)
        joined = last.digest if last is not None and follows and last.is_whole else None
        if place.entry is not None:
            verify_chain([place.entry], joined)
        elif place.is_whole and joined is not None and place.previous != joined:
            raise ChainBroken(f"entry {place.seq}, which was set aside, does not follow the entry before it")
        count, last = count + (place.entry is not None), place
    if journal_id == (gate.journal_id or ""):
        _check_end(session, gate, journal_id, last)
    return count


def _check_end(session: Session, gate: Gate, journal_id: str, last: _Place | None) -> None:
    """Compare a gate's newest journal with the server's last acknowledgement."""
    have = gate.acknowledged_seq
    if have and (last is None or last.seq < have):
        if not (last is None and not journal_id.endswith(".1") and knows(session, gate, have, _end(gate))):
            _missing(session, gate, journal_id, last.seq + 1 if last is not None else 1, have)
    elif last is not None and last.seq > have:
        raise ChainBroken(f"entry {last.seq} is stored, and entry {have} was the last that came")
    elif last is not None and last.digest != _end(gate):
        raise ChainBroken(f"entry {have} is not the last one that the server countersigned")


def _end(gate: Gate) -> bytes:
    return gate.head_digest or b""


def _missing(session: Session, gate: Gate, journal_id: str, first: int, last: int) -> None:
    """Raise ChainBroken unless an older journal of the gate, or the quarantine, has all of these."""
    if not journal_id.endswith(".1"):
        elsewhere = union(
            select(GateEvent.seq).where(
                GateEvent.gate_id == gate.gate_id,
                GateEvent.journal_id != journal_id,
                GateEvent.seq.between(first, last),
            ),
            select(QuarantinedEntry.seq).where(
                QuarantinedEntry.gate_id == gate.gate_id, QuarantinedEntry.seq.between(first, last)
            ),
        ).subquery()
        if session.scalar(select(func.count()).select_from(elsewhere)) == last - first + 1:
            return
    raise ChainBroken(f"entries {first} to {last} are missing")


def _places(session: Session, gate_id: str, journal_id: str) -> Iterator[_Place]:
    events = session.scalars(
        select(GateEvent)
        .where(GateEvent.gate_id == gate_id, GateEvent.journal_id == journal_id)
        .order_by(GateEvent.seq)
    ).yield_per(_ROWS_A_READ)
    aside = session.scalars(
        select(QuarantinedEntry)
        .where(
            QuarantinedEntry.gate_id == gate_id,
            QuarantinedEntry.journal_id == journal_id,
            QuarantinedEntry.why != NOT_TRUSTED,
        )
        .order_by(QuarantinedEntry.seq)
    ).all()
    return merge(map(_of_event, events), map(_of_quarantined, aside), key=attrgetter("seq"))


def _of_event(row: GateEvent) -> _Place:
    entry = JournalEntry(
        row.seq,
        row.at,
        row.kind,
        row.facts,
        row.personal_digest,
        row.previous,
        row.digest,
        row.personal,
        row.salt,
    )
    return _Place(row.seq, row.previous, row.digest, is_whole=True, entry=entry)


def _of_quarantined(row: QuarantinedEntry) -> _Place:
    if row.body is not None and row.is_whole:
        try:
            entry = msgspec.json.decode(row.body, type=JournalEntry)
            verify_chain([entry])
        except (msgspec.MsgspecError, ValueError, ChainBroken) as err:
            raise ChainBroken(f"entry {row.seq}, which was set aside, was changed") from err
        if entry.digest != row.digest:
            raise ChainBroken(f"entry {row.seq}, which was set aside, was changed")
    return _Place(row.seq, row.previous, row.digest, row.is_whole, None)


def _check_quarantine(session: Session, site_id: str) -> int:
    """Compare the quarantined entries with the ledger; return how many entries."""
    found: dict[int, list[bytes]] = {}
    rows = session.execute(
        select(QuarantinedEntry.ledger_seq, QuarantinedEntry.digest)
        .join(Gate, Gate.gate_id == QuarantinedEntry.gate_id)
        .where(Gate.site_id == site_id)
    )
    for ledger_seq, digest in rows:
        found.setdefault(ledger_seq, []).append(digest)
    written = session.scalars(
        select(AuditEntry).where(AuditEntry.site_id == site_id, AuditEntry.kind == LEDGER_KIND)
    ).all()
    for entry in written:
        digests = hashlib.sha256(b"".join(sorted(found.get(entry.seq, [])))).hexdigest()
        if digests != entry.facts.get("digests"):
            raise ChainBroken(
                f"entry {entry.seq} of the ledger: {entry.facts.get('count')} entries of gate "
                f"{entry.facts.get('gate_id')} were set aside, and they are not the ones that are here"
            )
    unwritten = set(found) - {entry.seq for entry in written}
    if unwritten:
        raise ChainBroken(f"entries are set aside of which entry {min(unwritten)} of the ledger says nothing")
    return sum(len(digests) for digests in found.values())
