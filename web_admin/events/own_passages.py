"""Read a person's own journal entries: when they passed or were refused, where and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import CredentialKind
from web_admin.compound.models import CredentialRow, Gate, Lane
from web_admin.journal.models import GateEvent
from web_admin.visitors.models import VisitorPassRow

RECENT = 400
"""How many of a person's newest entries are searched for the last use of each way in."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One entry for the person it is about; `visitor` names the pass when a visitor came with it."""

    at: datetime
    gate_name: str
    lane_name: str
    method: str
    reason: str
    opened: bool
    visitor: str | None
    seq: int = 0


def passages_of(
    session: Session, person_id: str, limit: int, before: tuple[datetime, int] | None = None
) -> list[Passage]:
    """Return the newest entries of a person and their visitors, newest first.

    `before` is the (at, seq) of the last entry of the page before.
    """
    query = (
        select(GateEvent, Gate.name, Lane.name)
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .outerjoin(Lane, Lane.lane_id == GateEvent.lane_id)
        .where(GateEvent.person_id == person_id, GateEvent.kind == EventKind.ACCESS)
    )
    if before is not None:
        at, seq = before
        query = query.where(or_(GateEvent.at < at, and_(GateEvent.at == at, GateEvent.seq < seq)))
    rows = session.execute(query.order_by(GateEvent.at.desc(), GateEvent.seq.desc()).limit(limit)).all()
    visitors = _visitors_of(session, person_id, {_shown_id(event) for event, _gate, _lane in rows})
    return [
        Passage(
            at=event.at,
            gate_name=gate_name,
            lane_name=lane_name or "",
            method=str(event.facts.get("method") or ""),
            reason=str(event.facts.get("reason") or ""),
            opened=event.facts.get("opens") is True,
            visitor=visitors.get(_shown_id(event)),
            seq=event.seq,
        )
        for event, gate_name, lane_name in rows
    ]


def last_use_by_method(session: Session, person_id: str) -> Mapping[str, datetime]:
    """Return when each way in last opened a gate for this person; the database leaves visitors out."""
    recent = (
        select(
            GateEvent.at,
            GateEvent.method,
            GateEvent.facts["opens"].as_boolean().label("opens"),
            func.coalesce(GateEvent.personal["credential_id"].as_string(), "").label("shown_id"),
        )
        .where(GateEvent.person_id == person_id, GateEvent.kind == EventKind.ACCESS)
        .order_by(GateEvent.at.desc(), GateEvent.seq.desc())
        .limit(RECENT)
        .subquery()
    )
    passes = select(VisitorPassRow.pass_id).where(VisitorPassRow.issuer_person_id == person_id)
    rows = session.execute(
        select(recent.c.method, func.max(recent.c.at))
        .where(
            recent.c.opens.is_(True),
            recent.c.shown_id.not_in(passes),
            recent.c.shown_id.not_in(_codes_of(person_id)),
        )
        .group_by(recent.c.method)
    )
    return {method: at for method, at in rows if method is not None}


def _visitors_of(session: Session, person_id: str, shown_ids: set[str]) -> dict[str, str]:
    """Return the labels of a person's passes and visitor codes among these ids; a code has none."""
    passes = select(VisitorPassRow.pass_id, VisitorPassRow.label).where(
        VisitorPassRow.issuer_person_id == person_id, VisitorPassRow.pass_id.in_(shown_ids)
    )
    codes = _codes_of(person_id).where(CredentialRow.credential_id.in_(shown_ids))
    labels = {row.pass_id: row.label for row in session.execute(passes)}
    return labels | dict.fromkeys(session.scalars(codes), "")


def _codes_of(person_id: str) -> Select[str]:
    return select(CredentialRow.credential_id).where(
        CredentialRow.person_id == person_id, CredentialRow.kind == CredentialKind.VISITOR_CODE
    )


def _shown_id(event: GateEvent) -> str:
    return str((event.personal or {}).get("credential_id"))
