"""Read open and past alarms for pages and shifts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.actions import SILENT_KINDS
from web_admin.alarms.ends import ends
from web_admin.alarms.models import Alarm, HandoverRow

OVERDUE_AFTER = timedelta(minutes=10)
"""How long an alarm may wait before it is highlighted."""
SHOWN_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class AlarmPlace:
    """Where a page of past alarms begins: after this one."""

    raised_at: datetime
    alarm_id: str


def open_alarms(session: Session, site_id: str, *, with_silent: bool) -> Sequence[Alarm]:
    """Return what waits to be acknowledged, newest first; silent ones only for those who answer them."""
    return session.scalars(
        select(Alarm)
        .where(*waiting_where(site_id, with_silent=with_silent))
        .order_by(Alarm.raised_at.desc(), Alarm.alarm_id.desc())
        .limit(SHOWN_AT_MOST)
    ).all()


def open_count(session: Session, site_id: str, *, with_silent: bool) -> int:
    """Return how many alarms wait to be acknowledged."""
    counted = select(func.count(Alarm.alarm_id)).where(*waiting_where(site_id, with_silent=with_silent))
    return session.scalar(counted) or 0


@dataclass(frozen=True, slots=True)
class WaitingAlarms:
    """Alarm summary for every page of staff: how many are still so, when the newest came, calls for help.

    `newest` and `ringing` are instants as text that can be compared, "" for none; `ringing` leaves out
    those that make no sound. `visitors` is how many visitors' calls ring at the guard.
    """

    count: int
    newest: str
    ringing: str
    calls: int
    visitors: int = 0


def waiting_alarms(session: Session, site_id: str, *, with_silent: bool) -> WaitingAlarms:
    """Return the waiting alarms; silent ones are counted for those who answer them alone.

    One whose cause is over waits to be acknowledged and is not counted.
    """
    rings = Alarm.kind.not_in(SILENT_KINDS)
    ended = len(ends(session, open_alarms(session, site_id, with_silent=with_silent)))
    row = session.execute(
        select(
            func.count(Alarm.alarm_id),
            func.max(Alarm.raised_at),
            func.max(case((rings, Alarm.raised_at))),
            func.sum(case((Alarm.kind == EventKind.ALARM_HELP, 1), else_=0)),
        ).where(*waiting_where(site_id, with_silent=with_silent))
    ).one()
    return WaitingAlarms(row[0] - ended, _comparable(row[1]), _comparable(row[2]), int(row[3] or 0))


def waiting_ids(session: Session, *, are_silent: bool) -> tuple[list[str], int]:
    """Return the ids of the newest alarms that wait, and how many wait: of silent kinds or of the others."""
    of_kind = Alarm.kind.in_(SILENT_KINDS) if are_silent else Alarm.kind.not_in(SILENT_KINDS)
    waiting = (Alarm.acknowledged_at.is_(None), of_kind)
    newest = select(Alarm.alarm_id).where(*waiting).order_by(Alarm.raised_at.desc()).limit(SHOWN_AT_MOST)
    count = session.scalar(select(func.count(Alarm.alarm_id)).where(*waiting))
    return sorted(session.scalars(newest)), count or 0


def _comparable(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at is not None else ""


def waiting_where(site_id: str, *, with_silent: bool) -> list[ColumnElement[bool]]:
    """Return the conditions of alarms that wait to be acknowledged."""
    found = [Alarm.site_id == site_id, Alarm.acknowledged_at.is_(None)]
    return found if with_silent else [*found, Alarm.kind.not_in(SILENT_KINDS)]


def newest_alarms(session: Session, site_id: str, *, only_open: bool, limit: int) -> Sequence[Alarm]:
    """Return the newest alarms of a site without the silent ones: those that wait, or all."""
    wanted = select(Alarm).where(Alarm.site_id == site_id, Alarm.kind.not_in(SILENT_KINDS))
    if only_open:
        wanted = wanted.where(Alarm.acknowledged_at.is_(None))
    return session.scalars(wanted.order_by(Alarm.raised_at.desc(), Alarm.alarm_id).limit(limit)).all()


def open_alarms_by_kind(session: Session, site_id: str) -> dict[str, int]:
    """Count a site's alarms that wait for staff, by kind, without the silent ones."""
    counted = (
        select(Alarm.kind, func.count())
        .where(Alarm.site_id == site_id, Alarm.kind.not_in(SILENT_KINDS), Alarm.acknowledged_at.is_(None))
        .group_by(Alarm.kind)
    )
    return {str(kind): int(count) for kind, count in session.execute(counted)}


def open_alarms_since(session: Session, site_id: str) -> dict[str, tuple[int, datetime]]:
    """Count a site's alarms that wait, by kind, with when the oldest was raised; without the silent ones."""
    counted = (
        select(Alarm.kind, func.count(), func.min(Alarm.raised_at))
        .where(*waiting_where(site_id, with_silent=False))
        .group_by(Alarm.kind)
    )
    return {str(kind): (int(count), oldest) for kind, count, oldest in session.execute(counted)}


def past_alarms(session: Session, site_id: str, after: AlarmPlace | None) -> Sequence[Alarm]:
    """Return one alarm more than a page of those that were acknowledged, newest first."""
    query = select(Alarm).where(Alarm.site_id == site_id, Alarm.acknowledged_at.is_not(None))
    if after is not None:
        same = and_(Alarm.raised_at == after.raised_at, Alarm.alarm_id < after.alarm_id)
        query = query.where(or_(Alarm.raised_at < after.raised_at, same))
    ordered = query.order_by(Alarm.raised_at.desc(), Alarm.alarm_id.desc())
    return session.scalars(ordered.limit(SHOWN_AT_MOST + 1)).all()


def is_overdue(alarm: Alarm, now: datetime) -> bool:
    """Return whether an alarm has waited longer than it may."""
    return alarm.acknowledged_at is None and now - alarm.raised_at > OVERDUE_AFTER


def last_handovers(session: Session, site_id: str, count: int) -> Sequence[HandoverRow]:
    """Return the newest hand-overs, newest first."""
    rows = select(HandoverRow).where(HandoverRow.site_id == site_id)
    return session.scalars(rows.order_by(HandoverRow.at.desc()).limit(count)).all()


def alarms_of(session: Session, handovers: Iterable[HandoverRow]) -> dict[str, Alarm]:
    """Return by id the alarms that were open when these shifts ended, in their current state."""
    ids = {alarm_id for row in handovers for alarm_id in row.open_alarm_ids[:SHOWN_AT_MOST]}
    if not ids:
        return {}
    rows = session.scalars(select(Alarm).where(Alarm.alarm_id.in_(sorted(ids))))
    return {alarm.alarm_id: alarm for alarm in rows}
