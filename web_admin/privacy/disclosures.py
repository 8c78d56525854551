"""Record what the police or a court asked for, before anything is handed over (D10)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind
from web_admin.action.base import Action, begin, checked_text, new_id, record
from web_admin.compound.models import Gate, Lane, Person, Site
from web_admin.core.csv_text import csv_for_spreadsheets
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import GateEvent
from web_admin.privacy.models import Disclosure

MAX_SCOPE_CHARS = 1000
OUTCOMES = ("given", "refused")
HEADINGS = ("at", "gate", "lane", "method", "opened", "reason")


@dataclass(frozen=True, slots=True)
class DisclosureRequest:
    """The request of an authority, the paper that it came on, and the decision of the office."""

    authority: str
    document: str
    scope: str
    outcome: str
    reason: str
    person_id: str | None = None
    first_day: date | None = None
    last_day: date | None = None


def record_disclosure(act: Action, asked: DisclosureRequest, role: str) -> Disclosure:
    """Put a request and the decision on record; the person it is about sees it among the look-ups."""
    begin(act)
    if act.channel != "manager":
        raise ActionRefused(None, _("Authorities are answered by the office."))
    if asked.outcome not in OUTCOMES:
        raise ActionRefused("outcome", _("Choose one."))
    scope, reason = _long("scope", asked.scope), _long("reason", asked.reason)
    authority = checked_text("authority", asked.authority)
    document = checked_text("document", asked.document)
    person = act.session.get(Person, asked.person_id) if asked.person_id else None
    if asked.person_id and (person is None or person.site_id != act.site_id):
        raise ActionRefused("person_id", _("There is no such person."))
    has_days = asked.first_day is not None and asked.last_day is not None
    if person is not None and asked.outcome == "given" and not has_days:
        raise ActionRefused("first_day", _("Say from which day to which day the document asks."))
    if asked.first_day is not None and asked.last_day is not None and asked.last_day < asked.first_day:
        raise ActionRefused("last_day", _("The end must come after the start."))
    row = Disclosure(
        disclosure_id=new_id(),
        site_id=act.site_id,
        authority=authority,
        document=document,
        scope=scope,
        outcome=asked.outcome,
        reason=reason,
        person_id=person.person_id if person is not None else None,
        scope_from=asked.first_day,
        scope_until=asked.last_day,
        recorded_at=act.now,
        recorded_by=act.actor_id,
    )
    act.session.add(row)
    record(
        act,
        "disclosure_recorded",
        {"disclosure_id": row.disclosure_id, "outcome": row.outcome},
        personal={"authority": authority, "document": document},
        person_id=row.person_id,
    )
    if row.person_id is not None and row.outcome == "given":
        record(
            act,
            "named_lookup",
            {"role": role, "disclosure_id": row.disclosure_id},
            personal={"reason": f"{authority}, {document}"},
            person_id=row.person_id,
        )
    return row


def passages_for(act: Action, disclosure_id: str) -> bytes:
    """Return as CSV the passages that a recorded disclosure is about; each taking is on record.

    Raises ActionRefused where nothing was to be given or no person is named.
    """
    begin(act)
    row = act.session.get(Disclosure, disclosure_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such disclosure."))
    if row.outcome != "given" or row.person_id is None or row.scope_from is None or row.scope_until is None:
        raise ActionRefused(None, _("This record allows nothing to be handed over."))
    zone = ZoneInfo(act.session.get_one(Site, act.site_id).timezone)
    found = act.session.execute(
        select(GateEvent, Gate.name, Lane.name)
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .outerjoin(Lane, Lane.lane_id == GateEvent.lane_id)
        .where(
            GateEvent.person_id == row.person_id,
            GateEvent.kind == EventKind.ACCESS,
            Gate.site_id == act.site_id,
            GateEvent.at >= datetime.combine(row.scope_from, time(), zone),
            GateEvent.at < datetime.combine(row.scope_until + timedelta(days=1), time(), zone),
        )
        .order_by(GateEvent.at)
    ).all()
    lines = [
        (
            event.at.astimezone(zone).isoformat(timespec="seconds"),
            gate,
            lane or "",
            *(_said(event.facts.get(name)) for name in ("method", "opens", "reason")),
        )
        for event, gate, lane in found
    ]
    record(
        act,
        "disclosure_taken",
        {"disclosure_id": disclosure_id, "entries": len(found)},
        person_id=row.person_id,
    )
    return csv_for_spreadsheets([HEADINGS, *lines])


def _said(fact: object) -> str:
    return "" if fact is None else str(fact)


def _long(field: str, text: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise ActionRefused(field, _("Please fill this in."))
    if len(said) > MAX_SCOPE_CHARS:
        raise ActionRefused(field, _("Please use at most %(count)s characters.", count=MAX_SCOPE_CHARS))
    return said
