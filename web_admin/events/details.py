"""Read the details of an event besides its kind: who held a lane open, until when, why it ended.

No names here: staff are "a staff card" until someone asks with a reason, and an emergency code is the
service it was made for, which is no person.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.models import Alarm
from web_admin.credentials.models import EmergencyCode
from web_admin.journal.models import GateEvent

HOLDS = (EventKind.HELD_OPEN, EventKind.HOLD_ENDED, EventKind.HOLD_REFUSED)
RECENT_HOLDS = 200
"""How far back the beginnings and ends of holds are looked through; of an older one no end is shown."""

HoldKey = tuple[datetime, int, str, str]
"""Time, number, gate and journal of an entry."""

NAMED_KINDS = frozenset(
    {*HOLDS, EventKind.ALARM_OVERRIDE, EventKind.ALARM_CARD_LEFT, EventKind.ANTIPASSBACK_VIOLATED}
)
"""Kinds whose person is shown to staff who give a reason."""
ENDED_BY = {
    "time": _l("its time was over"),
    "staff_card": _l("ended with a staff card"),
    "policy": _l("ended by the office or the schedule"),
    "stop": _l("the controller stopped"),
    "credential": _l("its card or code is no longer valid"),
    "not_watched": _l("the gate no longer watches this wire"),
}
BY_STAFF_CARD = _l("by a staff card")
BY_OFFICE = _l("by the office")
BY_SCHEDULE = _l("by schedule")
BY_EMERGENCY_CODE = _l("by an emergency code")
BY = {
    "staff_card": BY_STAFF_CARD,
    "emergency_code": BY_EMERGENCY_CODE,
    "card_and_pin": _l("by the card or code, then the PIN"),
    "new_pin": _l("by a new PIN"),
}


def emergency_labels(session: Session, events: Iterable[GateEvent]) -> dict[str, str]:
    """Return by credential the services whose codes these events are about."""
    ids = {str((event.personal or {}).get("credential_id") or "") for event in events} - {""}
    if not ids:
        return {}
    rows = session.execute(
        select(EmergencyCode.credential_id, EmergencyCode.label).where(
            EmergencyCode.credential_id.in_(sorted(ids))
        )
    )
    return {str(credential_id): str(label) for credential_id, label in rows}


def by_whom(event: GateEvent, labels: dict[str, str]) -> LazyString | str | None:
    """Return the cause that opened or held a lane, without naming anyone; None for other events."""
    label = labels.get(str((event.personal or {}).get("credential_id") or ""))
    if label is not None:
        return label
    by = event.facts.get("by")
    if by is not None:
        return BY.get(str(by), str(by))
    if event.kind in HOLDS and "author_id" in event.facts:
        return BY_OFFICE if str(event.facts["author_id"]).startswith("staff-") else BY_SCHEDULE
    return None


def until(event: GateEvent) -> datetime | None:
    """Return the end that a hold was begun with."""
    try:
        end = datetime.fromisoformat(str(event.facts.get("until")))
    except ValueError:
        return None
    return end if end.tzinfo is not None else None


def ended_by(event: GateEvent) -> LazyString | str | None:
    """Return why a hold ended."""
    why = event.facts.get("ended_by")
    return ENDED_BY.get(str(why), str(why)) if why is not None else None


def uncounted(event: GateEvent) -> int:
    """Return how many changes of a contact that fluttered were counted and not written down."""
    count = event.facts.get("count")
    return count if event.kind == EventKind.CONTACT_FLAPPING_CLEAR and isinstance(count, int) else 0


def can_be_named(event: GateEvent) -> bool:
    """Return whether an event has a person whom someone may ask for, with a reason."""
    return event.kind in NAMED_KINDS and event.person_id is not None


def events_of_alarms(session: Session, alarms: Iterable[Alarm]) -> dict[str, GateEvent]:
    """Return by alarm the gate's entries that raised those about a staff card or emergency code."""
    about = {
        (alarm.gate_id, alarm.raised_at): alarm for alarm in alarms if alarm.kind == EventKind.ALARM_OVERRIDE
    }
    if not about:
        return {}
    places = [and_(GateEvent.gate_id == gate_id, GateEvent.at == at) for gate_id, at in about]
    rows = session.scalars(select(GateEvent).where(GateEvent.kind == EventKind.ALARM_OVERRIDE, or_(*places)))
    return {about[(row.gate_id, row.at)].alarm_id: row for row in rows}


def holds_now(session: Session, lane_ids: Collection[str], now: datetime) -> dict[str, GateEvent]:
    """Return by lane the entries with which these began to be held open, without those that are over."""
    if not lane_ids:
        return {}
    newest = _newest(session, EventKind.HOLD_ENDED, lane_ids)
    begun = {
        lane_id: key
        for lane_id, key in _newest(session, EventKind.HELD_OPEN, lane_ids).items()
        if lane_id not in newest or key > newest[lane_id]
    }
    entries = tuple_(GateEvent.gate_id, GateEvent.journal_id, GateEvent.seq)
    keys = [(gate_id, journal_id, seq) for _at, seq, gate_id, journal_id in begun.values()]
    rows = session.scalars(select(GateEvent).where(entries.in_(keys)))
    return {row.lane_id or "": row for row in rows if _lasts(row, now)}


def _newest(session: Session, kind: str, lane_ids: Collection[str]) -> dict[str, HoldKey]:
    """Return by lane the newest entry of a kind.

    Lanes are sorted out here, so that the database takes its index of kinds: the one of lanes would lead it
    through hundreds of thousands of passages.
    """
    rows = session.execute(
        select(GateEvent.lane_id, GateEvent.at, GateEvent.seq, GateEvent.gate_id, GateEvent.journal_id)
        .where(GateEvent.kind == kind)
        .order_by(GateEvent.at.desc(), GateEvent.gate_id.desc(), GateEvent.seq.desc())
        .limit(RECENT_HOLDS)
    )
    newest: dict[str, HoldKey] = {}
    for lane_id, at, seq, gate_id, journal_id in rows:
        if lane_id in lane_ids:
            newest.setdefault(str(lane_id), (at, seq, gate_id, journal_id))
    return newest


def _lasts(hold: GateEvent, now: datetime) -> bool:
    end = until(hold)
    return end is None or end > now
