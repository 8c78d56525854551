"""Changes of a restore that staff may undo: values of rows as JSON, set and compared.

Each kind says what its subject is: a row with some of its fields, or a set of rows (grants, a two-method
request, the calendar) that is replaced whole.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web_admin.accounts.models import ApiKey
from web_admin.action.base import new_id
from web_admin.compound.models import CalendarDay, CredentialRow, Gate, GrantRow, Hours, Lane, Person, Site
from web_admin.compound.restore_models import RestoreReview
from web_admin.core.orm import Base, UtcDateTime
from web_admin.credentials.models import EmergencyCode, TwoMethodRequest
from web_admin.messages.models import Webhook

TABLES: Mapping[str, type[Base]] = {
    "credential": CredentialRow,
    "person": Person,
    "methods": Person,
    "override": Person,
    "lane": Lane,
    "lane_withheld": Lane,
    "hours": Hours,
    "site": Site,
    "api_key": ApiKey,
    "webhook": Webhook,
    "gate": Gate,
    "gate_here": Gate,
    "emergency_code": EmergencyCode,
}
"""The kinds that are fields of one row."""

Values = dict[str, Any]


def held(
    session: Session,
    site_id: str,
    kind: str,
    subject_id: str,
    after: Values,
    now: datetime,
    gate_id: str | None = None,
) -> None:
    """Set the values that are valid until staff decide, and store the old ones."""
    before = current_values(session, kind, subject_id, after)
    set_values(session, kind, subject_id, after)
    session.add(
        RestoreReview(
            review_id=new_id(),
            site_id=site_id,
            kind=kind,
            subject_id=subject_id,
            gate_id=gate_id,
            before=before,
            after=as_json(after),
            found_at=now,
        )
    )
    session.flush()


def current_values(session: Session, kind: str, subject_id: str, names: Mapping[str, Any]) -> Values:
    """Return the current values of these fields, as JSON."""
    if kind in TABLES:
        row = session.get_one(TABLES[kind], subject_id)
        return as_json({name: getattr(row, name) for name in names})
    if kind == "grants":
        return as_json(
            {
                "grants": [
                    {
                        "lanes": grant.lanes,
                        "hours_id": grant.hours_id,
                        "valid_from": grant.valid_from,
                        "valid_until": grant.valid_until,
                    }
                    for grant in session.scalars(
                        select(GrantRow).where(GrantRow.person_id == subject_id).order_by(GrantRow.grant_id)
                    )
                ]
            }
        )
    if kind == "wish":
        requested = session.get(TwoMethodRequest, subject_id)
        return {"minutes": [requested.from_minute, requested.until_minute] if requested is not None else None}
    if kind == "calendar":
        days = session.scalars(select(CalendarDay).where(CalendarDay.site_id == subject_id))
        return {"days": {day.day.isoformat(): [day.kind, day.name] for day in days}}
    return {}


def set_values(session: Session, kind: str, subject_id: str, values: Values) -> None:
    if kind in TABLES:
        row = session.get_one(TABLES[kind], subject_id)
        for name, value in values.items():
            setattr(row, name, _as_column(TABLES[kind], name, value))
    elif kind == "grants":
        _set_grants(session, subject_id, values["grants"])
    elif kind == "wish":
        session.execute(delete(TwoMethodRequest).where(TwoMethodRequest.person_id == subject_id))
        if values["minutes"] is not None:
            session.add(
                TwoMethodRequest(
                    person_id=subject_id, from_minute=values["minutes"][0], until_minute=values["minutes"][1]
                )
            )
    elif kind == "calendar":
        session.execute(delete(CalendarDay).where(CalendarDay.site_id == subject_id))
        for day, (kind_of_day, name) in values["days"].items():
            session.add(
                CalendarDay(site_id=subject_id, day=date.fromisoformat(day), kind=kind_of_day, name=name)
            )
    session.flush()


def _set_grants(session: Session, person_id: str, grants: list[Values]) -> None:
    known = set(session.scalars(select(Hours.hours_id)))
    person = session.get_one(Person, person_id)
    person.grants = [
        GrantRow(
            grant_id=new_id(),
            person_id=person_id,
            lanes=list(grant["lanes"]),
            hours_id=grant["hours_id"],
            valid_from=_instant(grant["valid_from"]),
            valid_until=_instant(grant["valid_until"]),
        )
        for grant in grants
        if grant["hours_id"] is None or grant["hours_id"] in known  # hours that ended allow nothing
    ]


def _as_column(table: type[Base], name: str, value: Any) -> Any:
    is_instant = isinstance(table.__table__.columns[name].type, UtcDateTime)
    return _instant(value) if is_instant else value


def _instant(value: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def as_json(values: Values) -> Values:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    return value
