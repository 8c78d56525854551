"""Record which visitor's pass or code opened which gate, from the gates' journals."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import JournalEntry
from gate_controller.contract.records import CredentialKind, Method
from web_admin.compound.models import CredentialRow, Gate
from web_admin.core.database import among
from web_admin.messages.subscriptions import notify
from web_admin.visitors.models import VisitorPassRow, VisitorUse
from web_admin.visitors.pass_states import pass_state


@dataclass(frozen=True, slots=True)
class Use:
    """A gate opened for a visitor."""

    at: datetime
    gate_name: str


def note_visitor_uses(session: Session, gate: Gate, entries: Iterable[JournalEntry], now: datetime) -> None:
    """Note the new entries in which a gate opened to a visitor's pass or code; notify subscribers."""
    opened = [
        (entry, str(shown_id))
        for entry in entries
        if entry.kind == EventKind.ACCESS
        and entry.facts.get("opens") is True
        and entry.facts.get("method") in (Method.QR, Method.PIN)
        and (shown_id := (entry.personal or {}).get("credential_id"))
    ]
    if not opened:
        return
    of_visitors = _of_visitors(session, {shown_id for _entry, shown_id in opened})
    rows = [
        {
            "gate_id": gate.gate_id,
            "journal_id": gate.journal_id or "",
            "seq": entry.seq,
            "shown_id": shown_id,
            "lane_id": entry.facts.get("lane_id"),
            "at": entry.at,
        }
        for entry, shown_id in opened
        if shown_id in of_visitors
    ]
    if rows:
        session.connection().execute(insert(VisitorUse), rows)
        notify_hosts(session, of_visitors, now)


def uses_of(session: Session, shown_ids: Collection[str]) -> Mapping[str, list[Use]]:
    """Return by pass or code the gates that it opened, newest first."""
    found: dict[str, list[Use]] = defaultdict(list)
    rows = session.execute(
        select(VisitorUse.shown_id, VisitorUse.at, Gate.name)
        .join(Gate, Gate.gate_id == VisitorUse.gate_id)
        .where(VisitorUse.shown_id.in_(shown_ids))
        .order_by(VisitorUse.at.desc(), VisitorUse.seq.desc())
    )
    for shown_id, at, gate_name in rows:
        found[shown_id].append(Use(at, gate_name))
    return found


def is_used_up(row: VisitorPassRow, uses: Collection[Use]) -> bool:
    """Return whether a pass that counts has opened as often as it may."""
    return bool(row.uses) and len(uses) >= row.uses


def state_with_uses(row: VisitorPassRow, uses: Collection[Use], now: datetime) -> str:
    """Return the state of a pass, "used" for a live one that has opened as often as it may."""
    state = pass_state(row, now)
    return "used" if state == "live" and is_used_up(row, uses) else state


def _of_visitors(session: Session, shown_ids: set[str]) -> set[str]:
    passes = select(VisitorPassRow.pass_id).where(among(session, VisitorPassRow.pass_id, sorted(shown_ids)))
    codes = select(CredentialRow.credential_id).where(
        among(session, CredentialRow.credential_id, sorted(shown_ids)),
        CredentialRow.kind == CredentialKind.VISITOR_CODE,
    )
    return {*session.scalars(passes), *session.scalars(codes)}


def notify_hosts(session: Session, shown_ids: Collection[str], now: datetime) -> None:
    """Notify subscribed hosts that these visitors' passes or codes opened a gate."""
    hosts = {
        *session.scalars(
            select(VisitorPassRow.issuer_person_id).where(VisitorPassRow.pass_id.in_(shown_ids))
        ),
        *session.scalars(
            select(CredentialRow.person_id).where(
                CredentialRow.credential_id.in_(shown_ids), CredentialRow.kind == CredentialKind.VISITOR_CODE
            )
        ),
    }
    for person_id in sorted(host for host in hosts if host is not None):
        notify(session, person_id, "visitor_came", now)
