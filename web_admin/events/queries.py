"""Filter the list of events, and read its rows page by page with a cursor."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.rules.decision import Reason
from web_admin.alarms.actions import SILENT_KINDS
from web_admin.compound.models import Gate
from web_admin.core.parameters import day_of, wall_clock_of
from web_admin.journal.models import GateEvent

OPENING = (Reason.GRANTED, Reason.OVERRIDE)
KINDS = {
    "access": (_l("Passages"), (EventKind.ACCESS,)),
    "alarms": (_l("Alarms"), ()),
    "held": (
        _l("Held open, emergency access"),
        (
            EventKind.HELD_OPEN,
            EventKind.HOLD_ENDED,
            EventKind.HOLD_REFUSED,
            EventKind.ALARM_HOLD_NOT_OPEN,
            EventKind.HOLD_NOT_OPEN_CLEAR,
            EventKind.ALARM_OVERRIDE,
            EventKind.ANTIPASSBACK_VIOLATED,
        ),
    ),
    "buttons": (
        _l("Buttons and intercom"),
        (EventKind.EXIT_REQUEST, EventKind.GUARD_BUTTON, EventKind.INTERCOM_OPENING),
    ),
    "doors": (
        _l("Doors"),
        (
            EventKind.DOOR_OPENED,
            EventKind.DOOR_CLOSED,
            EventKind.DOOR_FOUND_OPEN,
            EventKind.DOOR_HELD_CLEAR,
            EventKind.NO_ENTRY,
            EventKind.ALARM_DOOR_FORCED,
            EventKind.ALARM_DOOR_HELD,
        ),
    ),
    "power": (
        _l("Power and devices"),
        (
            EventKind.ALARM_ON_BATTERY,
            EventKind.ON_BATTERY_CLEAR,
            EventKind.ALARM_BATTERY_LOW,
            EventKind.BATTERY_LOW_CLEAR,
            EventKind.ALARM_OBSTACLE,
            EventKind.OBSTACLE_CLEAR,
            EventKind.ALARM_CAMERA,
            EventKind.CAMERA_CLEAR,
            EventKind.ALARM_DEVICE_LOST,
            EventKind.DEVICE_BACK,
            EventKind.ALARM_LAST_READER_LOST,
            EventKind.LAST_READER_CLEAR,
            EventKind.STARTED,
        ),
    ),
}
"""Kinds of events by choice of the list's filter; alarms are known by how their word begins."""

QUIET = (
    EventKind.DOOR_OPENED,
    EventKind.DOOR_CLOSED,
    EventKind.EXIT_REQUEST,
    EventKind.NO_ENTRY,
    EventKind.POLICY_TAKEN,
    EventKind.STARTED,
)
"""Kinds that follow from a passage or say that a gate is well: folded where no filter asks for them."""

RESULTS = {"opened": _l("Opened"), "refused": _l("Refused")}
EXPORTED_AT_A_TIME = 1000
NEAR = timedelta(minutes=30)
"""How far a time that someone remembers may be from the entry of the gate."""

SETTLED_AFTER = timedelta(seconds=10)
"""An entry is given out so long after it came in, so that no slower transaction slips in before it."""
ABOUT_FACES = "face_"

Arrival = tuple[datetime, str, str, int]
"""When an entry came in, its gate, journal and number: the place of the last one given out."""

EventQuery = Select[GateEvent]
Place = tuple[datetime, str, int]
"""Time, gate and number of the event after which a page begins."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Filters as they were typed; "" is everything."""

    place: str = ""
    """Words of the name of a gate, its building or a lane."""
    gate: str = ""
    lane: str = ""
    kind: str = ""
    method: str = ""
    reason: str = ""
    result: str = ""
    day: str = ""
    after: str = ""
    until: str = ""

    def chosen(self) -> dict[str, str]:
        """Return the filter, for addresses and for the ledger."""
        every = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in every.items() if value}


def filter_of(typed: Mapping[str, str]) -> EventFilter:
    """Return the filter of an address or form; what cannot be read there is left out."""
    texts = {field.name: typed.get(field.name, "")[:60] for field in fields(EventFilter)}
    for name in ("after", "until"):
        texts[name] = texts[name] if wall_clock_of(texts[name]) is not None else ""
    texts["day"] = texts["day"] if day_of(texts["day"]) is not None else ""
    texts["kind"] = texts["kind"] if texts["kind"] in KINDS else ""
    return EventFilter(**texts)


def events(
    wanted: EventFilter,
    gate_ids: Sequence[str],
    zone: ZoneInfo,
    *,
    with_silent: bool,
    lane_ids: Sequence[str] | None = None,
) -> Select[GateEvent]:
    """Return the events of these gates that the filter lets through, newest first; of these lanes alone."""
    chosen = [wanted.gate] if wanted.gate in gate_ids else list(gate_ids)
    found = select(GateEvent).where(GateEvent.gate_id.in_(chosen), *_times(wanted, zone))
    if not with_silent:
        found = found.where(GateEvent.kind.not_in(SILENT_KINDS))
    if lane_ids is not None:
        found = found.where(GateEvent.lane_id.in_(lane_ids))
    if wanted.lane:
        found = found.where(GateEvent.lane_id == wanted.lane)
    if wanted.kind == "alarms":
        found = found.where(GateEvent.kind.like("alarm%"))
    elif wanted.kind:
        found = found.where(GateEvent.kind.in_(KINDS[wanted.kind][1]))
    if wanted.method:
        found = found.where(GateEvent.method == wanted.method)
    if wanted.reason:
        found = found.where(GateEvent.reason == wanted.reason)
    if wanted.result == "opened":
        found = found.where(GateEvent.reason.in_(OPENING))
    elif wanted.result == "refused":
        found = found.where(GateEvent.kind == EventKind.ACCESS, GateEvent.reason.not_in(OPENING))
    return found.order_by(GateEvent.at.desc(), GateEvent.gate_id.desc(), GateEvent.seq.desc())


def refusals_near(
    session: Session, gate_ids: Collection[str], around: datetime | None, limit: int
) -> Sequence[GateEvent]:
    """Return refusals at these gates within half an hour of a time, or the newest ones; newest first."""
    refused = select(GateEvent).where(
        GateEvent.gate_id.in_(gate_ids), GateEvent.kind == EventKind.ACCESS, GateEvent.reason.not_in(OPENING)
    )
    if around is not None:
        refused = refused.where(GateEvent.at >= around - NEAR, GateEvent.at <= around + NEAR)
    newest = refused.order_by(GateEvent.at.desc(), GateEvent.gate_id.desc(), GateEvent.seq.desc())
    return session.scalars(newest.limit(limit)).all()


def after_place(query: Select[GateEvent], place: Place | None) -> Select[GateEvent]:
    """Return the part of the list that comes after an event."""
    if place is None:
        return query
    at, gate_id, seq = place
    return query.where(
        # The first is implied by the second: it lets the database begin in the middle of its index.
        GateEvent.at <= at,
        or_(
            GateEvent.at < at,
            and_(GateEvent.at == at, GateEvent.gate_id < gate_id),
            and_(GateEvent.at == at, GateEvent.gate_id == gate_id, GateEvent.seq < seq),
        ),
    )


def place_of(event: GateEvent) -> Place:
    """Return the place of an event."""
    return event.at, event.gate_id, event.seq


def each(session: Session, query: Select[GateEvent]) -> Iterator[GateEvent]:
    """Yield every event of a list, a thousand in memory at a time."""
    place: Place | None = None
    while rows := session.scalars(after_place(query, place).limit(EXPORTED_AT_A_TIME)).all():
        yield from rows
        place = place_of(rows[-1])
        session.expunge_all()


def events_page(
    session: Session, query: Select[GateEvent], place: Place | None, limit: int
) -> Sequence[GateEvent]:
    """Return the part of a list that comes after an event."""
    return session.scalars(after_place(query, place).limit(limit)).all()


def event_at(session: Session, gate_id: str, journal_id: str, seq: int) -> GateEvent | None:
    return session.get(GateEvent, (gate_id, journal_id, seq))


def last_passages(session: Session, gate_ids: Collection[str], limit: int) -> Sequence[GateEvent]:
    """Return who passed or was refused last at these gates, newest first."""
    return session.scalars(
        select(GateEvent)
        .where(GateEvent.kind == EventKind.ACCESS, GateEvent.gate_id.in_(gate_ids))
        .order_by(GateEvent.at.desc())
        .limit(limit)
    ).all()


def named_passages(session: Session, site_id: str, person_id: str, limit: int) -> Sequence[GateEvent]:
    """Return a person's last passages at a site; the caller has recorded who looks and why."""
    return session.scalars(
        select(GateEvent)
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .where(GateEvent.person_id == person_id, GateEvent.kind == EventKind.ACCESS, Gate.site_id == site_id)
        .order_by(GateEvent.at.desc())
        .limit(limit)
    ).all()


def settled_events(
    session: Session, site_id: str, after: Arrival, now: datetime, *, gate_id: str, kind: str, limit: int
) -> Sequence[GateEvent]:
    """Return a site's entries in the order in which they arrived, without faces and silent alarms.

    Passages that were refused are left out: a system that suspends a card, or ends a person, would read
    in the next refusal where its holder just was.
    """
    wanted = (
        select(GateEvent)
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .where(
            Gate.site_id == site_id,
            GateEvent.received_at <= now - SETTLED_AFTER,
            GateEvent.kind.not_in(SILENT_KINDS),
            GateEvent.kind.not_like(f"{ABOUT_FACES}%"),
            or_(GateEvent.kind != EventKind.ACCESS, GateEvent.reason.in_(OPENING)),
            tuple_(GateEvent.received_at, GateEvent.gate_id, GateEvent.journal_id, GateEvent.seq) > after,
        )
    )
    if gate_id:
        wanted = wanted.where(GateEvent.gate_id == gate_id)
    if kind:
        wanted = wanted.where(GateEvent.kind == kind)
    in_order = wanted.order_by(
        GateEvent.received_at, GateEvent.gate_id, GateEvent.journal_id, GateEvent.seq
    ).limit(limit)
    return session.scalars(in_order).all()


def _times(wanted: EventFilter, zone: ZoneInfo) -> Iterator[ColumnElement[bool]]:
    day, after, until = day_of(wanted.day), wall_clock_of(wanted.after), wall_clock_of(wanted.until)
    if day is not None:
        start = datetime.combine(day, time(), zone)
        yield GateEvent.at >= start
        yield GateEvent.at < start + timedelta(days=1)
    if after is not None:
        yield GateEvent.at >= after.replace(tzinfo=zone)
    if until is not None:
        yield GateEvent.at < until.replace(tzinfo=zone)
