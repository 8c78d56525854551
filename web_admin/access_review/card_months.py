"""Note the month in which each card last opened a gate, before passages lose their names."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import CredentialKind, Method
from web_admin.access_review.models import CardMonth
from web_admin.access_review.rules import month_of
from web_admin.compound.models import CredentialRow, Gate, Person, Site
from web_admin.core.database import Menjin
from web_admin.core.health_models import ServerMark
from web_admin.journal.models import GateEvent

MARK = "card_months"
MANY = 500
AGAIN = timedelta(minutes=10)
"""So much is read twice: what was stored while the last time read is in neither otherwise."""


def note_card_months(menjin: Menjin, now: datetime) -> int:
    """Note what gates have sent since the last time; return for how many cards that is news.

    A card that is new here begins with the current month. The mark says until when entries were read, and
    its note since when months are noted.
    """
    with menjin.database.session() as session:
        mark = session.get(ServerMark, MARK)
        if mark is None:
            mark = ServerMark(name=MARK, at=now, note=now.isoformat())
            session.add(mark)
            read_from = None
        else:
            read_from, mark.at = mark.at - AGAIN, now
        zones = {site.site_id: ZoneInfo(site.timezone) for site in session.scalars(select(Site))}
        used = _months_used(session, read_from, zones)
        return _raise_months(session, used) + _begin_with_new_cards(session, now, zones)


def noted_since(session: Session) -> datetime | None:
    """Return since when months are noted, None before the first time."""
    mark = session.get(ServerMark, MARK)
    return datetime.fromisoformat(mark.note) if mark is not None else None


def _months_used(
    session: Session, read_from: datetime | None, zones: Mapping[str, ZoneInfo]
) -> dict[str, date]:
    """Return the newest month of each card that opened a gate, of entries that arrived since a moment."""
    query = select(GateEvent.personal["credential_id"].as_string(), GateEvent.at, Gate.site_id).join(
        Gate, Gate.gate_id == GateEvent.gate_id
    )
    query = query.where(
        GateEvent.kind == EventKind.ACCESS,
        GateEvent.method == Method.CARD,
        GateEvent.facts["opens"].as_boolean().is_(True),
        GateEvent.person_id.is_not(None),
    )
    if read_from is not None:
        query = query.where(GateEvent.received_at >= read_from)
    used: dict[str, date] = {}
    for credential_id, at, site_id in session.execute(query):
        if credential_id:
            month = month_of(at.astimezone(zones[site_id]).date())
            used[credential_id] = max(month, used.get(credential_id, month))
    return used


def _raise_months(session: Session, used: Mapping[str, date]) -> int:
    news = 0
    for ids in _parts(list(used)):
        for row in session.scalars(select(CardMonth).where(CardMonth.credential_id.in_(ids))):
            if row.month < used[row.credential_id]:
                row.month = used[row.credential_id]
                news += 1
    return news


def _begin_with_new_cards(session: Session, now: datetime, zones: Mapping[str, ZoneInfo]) -> int:
    known = select(CardMonth.credential_id)
    fresh = session.execute(
        select(CredentialRow.credential_id, Person.site_id)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .where(
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.state != "ended",
            CredentialRow.credential_id.not_in(known),
        )
    ).all()
    session.add_all(
        CardMonth(credential_id=credential_id, month=month_of(now.astimezone(zones[site_id]).date()))
        for credential_id, site_id in fresh
    )
    return len(fresh)


def _parts(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + MANY] for start in range(0, len(ids), MANY))
