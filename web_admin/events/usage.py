"""Count what gates recorded for pictures: ways in, passages by hour, a gate's last day. No person is read.

Each count is one that an index answers: a month of a large compound has some 300,000 passages.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from web_admin.compound.models import Gate
from web_admin.core.suppression import SMALLEST_GROUP, Figure, count_in_tens
from web_admin.events.queries import OPENING
from web_admin.journal.models import GateEvent

SHOWN_DAYS = 30
TRIED_AGAIN = timedelta(minutes=2)
"""A refusal and an opening of the same lane so close together count as one person's next try."""
REFUSALS_LOOKED_AT = 20_000
AS_GOOD_POINTS = 5
"""Up to so many points of a hundred below the face, a way in counts as as good."""
REFUSED = tuple(reason for reason in Reason if reason not in OPENING)
LATE = timedelta(minutes=5)
"""An entry that arrives so long after it was written came from a gate without contact."""
HALF_HOUR = timedelta(minutes=30)
HALF_HOURS = 48


@dataclass(frozen=True, slots=True)
class WayUse:
    """One way in: tries in tens, openings in a hundred tries, openings on a later try, seconds until those.

    None where fewer than ten tries would be behind a figure.
    """

    method: Method
    tries: Figure
    opened_percent: int | None
    opened_later: Figure
    seconds_later: int | None


def ways_in_use(session: Session, site_id: str, until: datetime, *, with_later: bool = True) -> list[WayUse]:
    """Return the four ways in with how well they opened in the thirty days before, in their usual order.

    Without `with_later` what was opened on a later try is left out: it is the dear half of the question.
    """
    gate_ids = session.scalars(select(Gate.gate_id).where(Gate.site_id == site_id)).all()
    since = until - timedelta(days=SHOWN_DAYS)
    span = (GateEvent.at >= since, GateEvent.at < until)
    counted = select(GateEvent.method, func.count()).where(
        *span, GateEvent.method.in_(tuple(Method)), GateEvent.gate_id.in_(gate_ids)
    )
    tries = {str(method): count for method, count in session.execute(counted.group_by(GateEvent.method))}
    # Gates are sorted out here, and ways in grouped: asked for either, SQLite would read every passage by
    # its gate or way in instead of the few refusals by their reason.
    refusals = select(GateEvent.method, GateEvent.gate_id).where(*span, GateEvent.reason.in_(REFUSED))
    refused = Counter(method for method, gate_id in session.execute(refusals) if gate_id in gate_ids)
    seconds = _seconds_until_opened(session, gate_ids, since, until) if with_later else {}
    return [_way(method, tries.get(method, 0), refused[method], seconds.get(method, ())) for method in Method]


def _way(method: Method, tries: int, refused: int, seconds: Sequence[float]) -> WayUse:
    enough = tries >= SMALLEST_GROUP
    return WayUse(
        method,
        count_in_tens(tries),
        round(100 * (tries - refused) / tries) if enough else None,
        count_in_tens(len(seconds)),
        round(median(seconds)) if len(seconds) >= SMALLEST_GROUP else None,
    )


def _seconds_until_opened(
    session: Session, gate_ids: Collection[str], since: datetime, until: datetime
) -> dict[str, list[float]]:
    """Return per way in the seconds from each refusal to the opening that soon followed at the same lane."""
    next_try = aliased(GateEvent)
    opened_at = (
        select(next_try.at)
        .where(
            next_try.lane_id == GateEvent.lane_id,
            next_try.at > GateEvent.at,
            next_try.reason.in_(OPENING),
        )
        .order_by(next_try.at)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(GateEvent.method, GateEvent.gate_id, GateEvent.at, opened_at)
        .where(GateEvent.reason.in_(REFUSED), GateEvent.at >= since, GateEvent.at < until)
        .limit(REFUSALS_LOOKED_AT)
    )
    found: dict[str, list[float]] = {}
    for method, gate_id, at, opened in rows:
        if gate_id in gate_ids and opened is not None and opened - at <= TRIED_AGAIN:
            found.setdefault(str(method), []).append((opened - at).total_seconds())
    return found


def worse_than_face(ways: Sequence[WayUse]) -> list[Method] | None:
    """Return the ways in that open clearly less often than the face; None where the face is hardly tried."""
    face = next((way.opened_percent for way in ways if way.method is Method.FACE), None)
    if face is None:
        return None
    return [
        way.method
        for way in ways
        if way.opened_percent is not None and way.opened_percent < face - AS_GOOD_POINTS
    ]


# -- by hour and day -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayOfHours:
    """Openings on one day of the site, hour by hour in tens; `shades` says from 0 to 4 how dark each is."""

    day: date
    counts: Sequence[Figure]
    shades: Sequence[int]


def passages_by_hour(
    session: Session, gate_ids: Collection[str], now: datetime, zone: ZoneInfo, days: int = 7
) -> list[DayOfHours]:
    """Return openings at these gates per hour of the last days, on the site's clock, oldest day first."""
    today = now.astimezone(zone).date()
    shown = [today - timedelta(days=back) for back in reversed(range(days))]
    hours = [(day, hour) for day in shown for hour in range(24)]
    counts = _openings(session, gate_ids, [_hour_of(day, hour, zone) for day, hour in hours])
    most = max((count for count in counts if count >= SMALLEST_GROUP), default=SMALLEST_GROUP)
    rows = [counts[at : at + 24] for at in range(0, len(counts), 24)]
    return [
        DayOfHours(day, [count_in_tens(count) for count in row], [_shade(count, most) for count in row])
        for day, row in zip(shown, rows, strict=True)
    ]


def _hour_of(day: date, hour: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(hour), zone)
    # The night of the clock change has an hour twice or never: instants, not wall clocks, are counted.
    end = datetime.combine(day + timedelta(days=(hour + 1) // 24), time((hour + 1) % 24), zone)
    return start, end


def _openings(
    session: Session, gate_ids: Collection[str], spans: Sequence[tuple[datetime, datetime]]
) -> list[int]:
    """Return in one query how often these gates opened in each span."""
    each = [
        select(literal(number), func.count()).where(
            GateEvent.reason.in_(OPENING),
            GateEvent.gate_id.in_(gate_ids),
            GateEvent.at >= start,
            GateEvent.at < end,
        )
        for number, (start, end) in enumerate(spans)
    ]
    counted = {int(number): int(count) for number, count in session.execute(union_all(*each))}
    return [counted.get(number, 0) for number in range(len(spans))]


def _shade(count: int, most: int) -> int:
    """Return 0 for none, 1 for fewer than ten, then 2 to 4 by the busiest hour."""
    if count < SMALLEST_GROUP:
        return int(count > 0)
    return 2 + min(2, 3 * (count - 1) // most)


# -- a gate's last day ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GateDay:
    """A gate's last 24 hours in 48 halves of an hour, oldest first: openings in tens, and bars from 0 to 4.

    `door_open` holds the lanes whose door was open then, `without_contact` whether the gate could not send.
    """

    starts: Sequence[datetime]
    openings: Sequence[Figure]
    shades: Sequence[int]
    door_open: Sequence[Collection[str]]
    without_contact: Sequence[bool]


def _half_begun(now: datetime) -> datetime:
    return now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)


def gate_day(session: Session, gate: Gate, now: datetime) -> GateDay:
    """Return what a gate recorded in the 24 hours before."""
    # Halves of an hour as clocks show them: the last one has begun, the first one is over in 24 hours.
    start = _half_begun(now) - (HALF_HOURS - 1) * HALF_HOUR
    rows = session.execute(
        select(GateEvent.at, GateEvent.received_at, GateEvent.kind, GateEvent.lane_id, GateEvent.reason)
        .where(GateEvent.gate_id == gate.gate_id, GateEvent.at >= start, GateEvent.at <= now)
        .order_by(GateEvent.at, GateEvent.seq)
    ).all()
    opened = [at for at, _received, kind, _lane, why in rows if kind == EventKind.ACCESS and why in OPENING]
    counts = [0] * HALF_HOURS
    for at in opened:
        counts[_slot(at, start)] += 1
    most = max((count for count in counts if count >= SMALLEST_GROUP), default=SMALLEST_GROUP)
    late = [(at, received) for at, received, *_rest in rows if received - at > LATE]
    if gate.last_seen_at is not None and now - gate.last_seen_at > LATE:
        late.append((gate.last_seen_at, now))
    doors = _doors(((at, kind, lane) for at, _received, kind, lane, _why in rows if lane is not None), now)
    return GateDay(
        [start + number * HALF_HOUR for number in range(HALF_HOURS)],
        [count_in_tens(count) for count in counts],
        [_shade(count, most) for count in counts],
        _touched(doors, start),
        [bool(lanes) for lanes in _touched({"": late}, start)],
    )


DOOR_OPENS = (EventKind.DOOR_OPENED, EventKind.DOOR_FOUND_OPEN, EventKind.ALARM_DOOR_FORCED)
DOOR_SHUTS = (EventKind.DOOR_CLOSED, EventKind.DOOR_HELD_CLEAR)
Spans = Mapping[str, Sequence[tuple[datetime, datetime]]]


def _doors(entries: Iterator[tuple[datetime, str, str]], now: datetime) -> Spans:
    """Return per lane from when until when its door was open; one that no entry shut is open until now."""
    open_since: dict[str, datetime] = {}
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for at, kind, lane in entries:
        if kind in DOOR_OPENS:
            open_since.setdefault(lane, at)
        elif kind in DOOR_SHUTS and lane in open_since:
            spans.setdefault(lane, []).append((open_since.pop(lane), at))
    for lane, since in open_since.items():
        spans.setdefault(lane, []).append((since, now))
    return spans


def _touched(spans: Spans, start: datetime) -> list[set[str]]:
    """Return for each half-hour the names whose spans touch it."""
    touched: list[set[str]] = [set() for _half in range(HALF_HOURS)]
    for name, each in spans.items():
        for begun, ended in each:
            for number in range(_slot(max(begun, start), start), _slot(ended, start) + 1):
                touched[number].add(name)
    return touched


def _slot(at: datetime, start: datetime) -> int:
    return min(HALF_HOURS - 1, max(0, (at - start) // HALF_HOUR))
