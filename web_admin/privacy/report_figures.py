"""Compute the figures of a public report from the records of one closed period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Integer, Select, case, cast, distinct, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import Method
from web_admin.action.suspension_reasons import SuspensionReason
from web_admin.compound.models import Gate, Lane, Person, Site
from web_admin.compound.suspension_models import LockOut
from web_admin.core.config import WebConfig
from web_admin.core.suppression import (
    count_in_tens,
    rounded_count,
    rounded_family,
    rounded_median,
    rounded_share,
)
from web_admin.custody.models import Consent, ForgettingRow, IncidentDrill, ReceiptRow
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.assessment_status import assessment_status
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.journal.models import GateEvent
from web_admin.privacy.models import Disclosure, Incident, RightsRequest
from web_admin.privacy.requests import KINDS

LOST_AND_BACK = {
    EventKind.ALARM_DEVICE_LOST: True,
    EventKind.DEVICE_BACK: False,
    EventKind.ALARM_CAMERA: True,
    EventKind.CAMERA_CLEAR: False,
}

Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Span:
    """The period as instants: from `start` up to, not including, `end`; the days are the site's."""

    first_day: date
    last_day: date
    start: datetime
    end: datetime

    def holds(
        self, column: "InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]"
    ) -> ColumnElement[bool]:
        """Return the condition that a moment lies in the period."""
        return (column >= self.start) & (column < self.end)


def all_figures(session: Session, site: Site, span: Span, config: WebConfig) -> Figures:
    """Return every figure of the report; numbers of people are suppressed as in `suppression`."""
    return {
        "ways_in": _ways_in(session, site),
        "people": _people(session, site, span),
        "forgetting": _forgetting(session, site, span),
        "methods": _methods(session, site, span),
        "outage_minutes": _outages(session, site, span),
        "requests": _requests(session, site, span),
        "lock_outs": _lock_outs(session, site, span),
        "disclosures": _disclosures(session, site, span),
        "incidents_and_drills": _drills(session, site, span),
        "assessment": _assessment(session, site, span),
        "retention_days": {
            "passages_with_names": config.passage_days,
            "log": config.log_days,
            "evidence": config.evidence_days,
            "moved_out": config.moved_out_days,
            "unused_face": config.face_inactive_days,
            "backups": config.backup_days,
        },
    }


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0


def _ways_in(session: Session, site: Site) -> list[Figures]:
    rows = session.execute(
        select(Gate.name, Lane.name, Lane.methods)
        .join(Lane, Lane.gate_id == Gate.gate_id)
        .where(Gate.site_id == site.site_id, Gate.state != "retired")
        .order_by(Gate.number, Lane.lane_id)
    )
    return [
        {
            "gate": gate,
            "lane": lane,
            "ways": [m for m in Method if m in methods and (m != Method.FACE or site.face_enabled)],
        }
        for gate, lane, methods in rows
    ]


def _people(session: Session, site: Site, span: Span) -> Figures:
    here = (Person.site_id == site.site_id) & (Person.created_at < span.end)
    stays = Person.ended_at.is_(None) | (Person.ended_at >= span.end)
    everyone = _count(session, select(func.count(Person.person_id)).where(here, stays))
    consented = (
        select(func.count(distinct(Consent.person_id)))
        .join(Person, Person.person_id == Consent.person_id)
        .where(Person.site_id == site.site_id, Consent.purpose == FACE_PURPOSE)
    )
    live = consented.where(
        Consent.given_at < span.end, Consent.withdrawn_at.is_(None) | (Consent.withdrawn_at >= span.end)
    )
    with_face = _count(session, live)
    return {
        "people": count_in_tens(everyone),
        "people_with_face": count_in_tens(with_face),
        "share_with_face": rounded_share(with_face, everyone),
        "minors_with_face": rounded_count(_count(session, live.where(Person.age_band != "adult"))),
        "withdrawals": rounded_count(_count(session, consented.where(span.holds(Consent.withdrawn_at)))),
    }


def _forgetting(session: Session, site: Site, span: Span) -> Figures:
    rows = session.execute(
        select(ForgettingRow.begun_at, ReceiptRow.received_at)
        .join(Gate, Gate.gate_id == ForgettingRow.gate_id)
        .outerjoin(
            ReceiptRow,
            (ReceiptRow.consent_id == ForgettingRow.consent_id)
            & (ReceiptRow.gate_id == ForgettingRow.gate_id)
            & (ReceiptRow.received_at >= ForgettingRow.begun_at),
        )
        .where(Gate.site_id == site.site_id, span.holds(ForgettingRow.begun_at))
    ).all()
    hours = [(received - begun).total_seconds() / 3600 for begun, received in rows if received is not None]
    [counts] = rounded_family({"receipts_signed": len(hours), "without_receipt": len(rows) - len(hours)})
    return {**counts, "median_hours": rounded_median(hours)}


def _methods(session: Session, site: Site, span: Span) -> list[Figures]:
    """Return per way in how often it was tried, and in how many of a hundred tries it opened."""
    method = GateEvent.facts["method"].as_string()
    opened = case((GateEvent.facts["opens"].as_boolean().is_(True), 1), else_=0)
    rows = session.execute(
        select(method, func.count(), cast(func.sum(opened), Integer))
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .where(Gate.site_id == site.site_id, GateEvent.kind == EventKind.ACCESS, span.holds(GateEvent.at))
        .group_by(method)
    )
    found = {str(name): (int(tries), int(opens)) for name, tries, opens in rows}
    return [_method(name, *found.get(name, (0, 0))) for name in Method]


def _method(name: str, tries: int, opens: int) -> Figures:
    share = round(100 * opens / tries) if tries >= 10 else None
    return {"method": name, "tries": count_in_tens(tries), "opened_percent": share}


def _outages(session: Session, site: Site, span: Span) -> list[Figures]:
    """Return per gate the minutes in which one of its devices or cameras did not answer."""
    rows = session.execute(
        select(Gate.name, GateEvent.at, GateEvent.kind, GateEvent.facts)
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .where(Gate.site_id == site.site_id, GateEvent.kind.in_(LOST_AND_BACK), span.holds(GateEvent.at))
        .order_by(Gate.number, GateEvent.at, GateEvent.seq)
    )
    by_gate: dict[str, list[tuple[datetime, bool, str]]] = {}
    for gate, at, kind, facts in rows:
        is_lost, device = LOST_AND_BACK[EventKind(kind)], str(facts.get("device") or "camera")
        by_gate.setdefault(gate, []).append((at, is_lost, device))
    return [{"gate": gate, "minutes": _minutes_lost(outages, span.end)} for gate, outages in by_gate.items()]


def _minutes_lost(changes: Sequence[tuple[datetime, bool, str]], end: datetime) -> int:
    since: dict[str, datetime] = {}
    seconds = 0.0
    for at, lost, device in changes:
        if lost:
            since.setdefault(device, at)
        elif device in since:
            seconds += (at - since.pop(device)).total_seconds()
    seconds += sum((end - at).total_seconds() for at in since.values())
    return round(seconds / 60)


def _requests(session: Session, site: Site, span: Span) -> Figures:
    rows = session.scalars(
        select(RightsRequest).where(RightsRequest.site_id == site.site_id, span.holds(RightsRequest.filed_at))
    ).all()
    outcomes = {
        "answered": 0,
        "refused": 0,
        "withdrawn": 0,
        "open": 0,
    }
    for row in rows:
        outcomes[_outcome_by(row, span.end)] += 1
    late = sum((row.closed_at or span.end) > row.answer_by for row in rows)
    kinds, came_of, lateness = rounded_family(
        {kind: sum(row.kind == kind for row in rows) for kind in KINDS}, outcomes, {"late": late}
    )
    days = [(row.closed_at - row.filed_at).total_seconds() / 86_400 for row in rows if row.closed_at]
    longest = max(days, default=0.0) if len(days) >= 10 else None
    return {
        "by_kind": kinds,
        "by_outcome": came_of,
        **lateness,
        "median_days": rounded_median(days),
        "longest_days": round(longest) if longest is not None else None,
    }


def _lock_outs(session: Session, site: Site, span: Span) -> Mapping[str, object]:
    """Return by reason how often an act of others kept a resident out of their home."""
    rows = session.execute(
        select(LockOut.reason, func.count())
        .where(LockOut.site_id == site.site_id, span.holds(LockOut.at))
        .group_by(LockOut.reason)
    )
    found = {str(reason): int(count) for reason, count in rows}
    [counts] = rounded_family(
        {"all": sum(found.values()), **{one: found.get(one, 0) for one in SuspensionReason}}
    )
    return dict(counts)


def _outcome_by(row: RightsRequest, end: datetime) -> str:
    closed = row.closed_at is not None and row.closed_at < end
    return row.outcome if closed and row.outcome is not None else "open"


def _disclosures(session: Session, site: Site, span: Span) -> Mapping[str, object]:
    rows = session.execute(
        select(Disclosure.outcome, func.count())
        .where(Disclosure.site_id == site.site_id, span.holds(Disclosure.recorded_at))
        .group_by(Disclosure.outcome)
    )
    found = {str(outcome): int(count) for outcome, count in rows}
    given, refused = found.get("given", 0), found.get("refused", 0)
    [counts] = rounded_family({"asked": given + refused, "given": given, "refused": refused})
    return {**counts, "commercial": 0}


def _drills(session: Session, site: Site, span: Span) -> Figures:
    drills = select(func.count()).where(
        IncidentDrill.site_id == site.site_id, span.holds(IncidentDrill.started_at)
    )
    sheets = session.scalars(
        select(LaneSheetRow)
        .join(Lane, Lane.lane_id == LaneSheetRow.lane_id)
        .join(Gate, Gate.gate_id == Lane.gate_id)
        .where(Gate.site_id == site.site_id, Gate.state != "retired")
    ).all()
    days = [str((row.live or {}).get("last_drill") or "") for row in sheets]
    first, last = span.first_day.isoformat(), span.last_day.isoformat()
    incidents = select(func.count()).where(Incident.site_id == site.site_id, span.holds(Incident.known_at))
    return {
        "incidents": _count(session, incidents),
        "all_faces_ended": _count(session, drills.where(IncidentDrill.for_real.is_(True))),
        "drills_of_ending_all_faces": _count(session, drills.where(IncidentDrill.for_real.is_(False))),
        "lanes_with_release_drill": sum(first <= day <= last for day in days),
        "lanes_with_sheet": len(sheets),
    }


def _assessment(session: Session, site: Site, span: Span) -> Figures:
    status = assessment_status(session, site.site_id, span.end)
    approved = status.row.approved_at if status.row is not None else None
    return {
        "standing": status.word,
        "approved": approved.date().isoformat() if approved is not None else None,
        "conclusion": status.row.conclusion if status.row is not None else None,
    }
