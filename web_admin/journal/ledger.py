"""Append to and verify the server's own journal: edits show, and lawful erasure works."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.orm import Session

from gate_controller.contract.journal_chain import (
    GENESIS,
    ChainBroken,
    Facts,
    JournalEntry,
    chain_entry,
    fitting_facts,
    verify_chain,
)
from web_admin.compound.models import Site
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.journal.models import AuditEntry, LedgerEnd

LEDGER = "ledger"
"""The `journal_id` of the server's own journal in heads and certificates."""
_ROWS_A_READ = 1000


def append_audit(
    session: Session,
    site_id: str,
    kind: str,
    facts: Facts,
    personal: Facts,
    now: datetime,
    person_id: str | None = None,
) -> AuditEntry:
    """Chain one entry to the site's journal, in the caller's transaction.

    `facts` may be counted by anyone; `personal` is what erasure removes. The site's row is locked,
    so two writers cannot follow the same entry.
    """
    session.flush()
    seq, previous = _last(session, site_id)
    fitting = fitting_facts(facts), fitting_facts(personal)
    entry = chain_entry(previous, seq + 1, now.astimezone(UTC), kind, *fitting)
    row = AuditEntry(
        site_id=site_id,
        seq=entry.seq,
        at=entry.at,
        kind=kind,
        person_id=person_id,
        facts=entry.facts,
        personal=entry.personal,
        salt=entry.salt,
        personal_digest=entry.personal_digest,
        previous=entry.previous,
        digest=entry.digest,
    )
    session.add(row)
    _ends_with(session, site_id, entry.seq, entry.digest)
    session.flush()
    return row


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Contents of an entry of the journal, before it has its place in the chain."""

    kind: str
    facts: Facts
    person_id: str | None = None
    personal: Facts = field(default_factory=dict)


def append_audits(session: Session, site_id: str, entries: Iterable[NewEntry], now: datetime) -> int:
    """Chain many entries in their order as `append_audit` chains one, in one go; return the last seq."""
    session.flush()
    seq, previous = _last(session, site_id)
    at = now.astimezone(UTC)
    rows = []
    for new in entries:
        fitting = fitting_facts(new.facts), fitting_facts(new.personal)
        entry = chain_entry(previous, seq + 1, at, new.kind, *fitting)
        seq, previous = entry.seq, entry.digest
        rows.append(
            {
                "site_id": site_id,
                "seq": seq,
                "at": at,
                "kind": new.kind,
                "person_id": new.person_id,
                "facts": entry.facts,
                "personal": entry.personal,
                "salt": entry.salt,
                "personal_digest": entry.personal_digest,
                "previous": entry.previous,
                "digest": entry.digest,
            }
        )
    if rows:
        session.execute(insert(AuditEntry), rows)
        _ends_with(session, site_id, seq, previous)
        session.flush()
    return seq


def _ends_with(session: Session, site_id: str, seq: int, digest: bytes) -> None:
    session.flush()
    kept = update(LedgerEnd).where(LedgerEnd.site_id == site_id).values(seq=seq, digest=digest)
    if cast(CursorResult[Any], session.execute(kept)).rowcount == 0:
        session.add(LedgerEnd(site_id=site_id, seq=seq, digest=digest))


def _last(session: Session, site_id: str) -> tuple[int, bytes]:
    """Return the last (seq, digest) with the site locked, so that two writers cannot follow one entry.

    It is the end that is kept apart: an entry that followed what is left of a ledger cut off at its end would
    hide that.
    """
    if GATE_ALONE in session.info:
        raise SiteFirst
    session.execute(select(Site.site_id).where(Site.site_id == site_id).with_for_update(key_share=True))
    kept = select(LedgerEnd.seq, LedgerEnd.digest).where(LedgerEnd.site_id == site_id)
    end = session.execute(kept).one_or_none()
    if end is not None:
        return end.seq, end.digest
    last = session.execute(
        select(AuditEntry.seq, AuditEntry.digest)
        .where(AuditEntry.site_id == site_id)
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    ).one_or_none()
    return (last.seq, last.digest) if last is not None else (0, GENESIS)


def verify_audit(session: Session, site_id: str) -> tuple[int, bytes]:
    """Return the last (seq, digest) of the site's journal; raise ChainBroken at the first bad entry.

    Missing entries at its end show against the head, which is kept apart. An attacker who changed that as
    well is found out only by an older (seq, digest) kept elsewhere.
    """
    last = verify_chain(ledger_entries(session, site_id), GENESIS)
    end = session.get(LedgerEnd, site_id)
    if end is not None and (end.seq, end.digest) != last:
        if last[0] < end.seq:
            raise ChainBroken(f"entries {last[0] + 1} to {end.seq} of the ledger are missing at its end")
        raise ChainBroken(f"the ledger ends at entry {last[0]}, and was last written at entry {end.seq}")
    return last


def ledger_entries(session: Session, site_id: str) -> Iterator[JournalEntry]:
    """Give the entries of the site's journal in order, as a chain is checked."""
    rows = session.scalars(
        select(AuditEntry).where(AuditEntry.site_id == site_id).order_by(AuditEntry.seq)
    ).yield_per(_ROWS_A_READ)
    for row in rows:
        yield JournalEntry(
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
