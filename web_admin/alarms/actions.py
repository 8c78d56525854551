"""Raise alarms, which stay until staff acknowledge them."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.action.base import Action, record
from web_admin.alarms.models import Alarm
from web_admin.core.orm import Fact
from web_admin.messages.outbox import EVERY_WEBHOOK, put_message

FOR_THE_MANAGER = (EventKind.ALARM_DESK_GUESSING,)
"""About staff: the account in question must not acknowledge it."""
ABOUT_STAFF = (EventKind.ALARM_SIGN_IN_GUESSING, EventKind.ALARM_DESK_GUESSING)
"""Their detail names a member of staff: one about a second waits beside one about a first."""
SILENT_KINDS = (EventKind.ALARM_DURESS, EventKind.ALARM_DURESS_AT_DESK)
"""Shown to those who answer alarms, never rung and sent to no other system: the attacker may be near."""


def raise_alarm(
    session: Session,
    site_id: str,
    kind: str,
    now: datetime,
    *,
    gate_id: str | None = None,
    lane_id: str | None = None,
    detail: str = "",
    once: bool = False,
) -> None:
    """Add an alarm and report it to other systems; with `once` only if no equal one waits to be acknowledged.

    Those about a member of staff are equal only where they name the same one.
    """
    if once:
        waiting = select(Alarm.alarm_id).where(
            Alarm.site_id == site_id,
            Alarm.kind == kind,
            Alarm.gate_id == gate_id,
            Alarm.lane_id == lane_id,
            Alarm.acknowledged_at.is_(None),
        )
        if kind in ABOUT_STAFF:
            waiting = waiting.where(Alarm.detail == detail[:200])
        if session.scalar(waiting.limit(1)) is not None:
            return
    alarm_id = secrets.token_hex(8)
    session.add(
        Alarm(
            alarm_id=alarm_id,
            site_id=site_id,
            gate_id=gate_id,
            lane_id=lane_id,
            kind=kind,
            detail=detail[:200],
            raised_at=now,
        )
    )
    facts: dict[str, Fact] = {"alarm": kind, "gate_id": gate_id, "lane_id": lane_id}
    _tell(session, site_id, "alarm_raised", alarm_id, {**facts, "raised_at": now.isoformat()}, now)


def end_alarm(session: Session, alarm: Alarm, now: datetime) -> None:
    """Record that the cause of an alarm ended, and report it; staff still acknowledge the alarm."""
    alarm.over_at = now
    facts: dict[str, Fact] = {"alarm": alarm.kind, "gate_id": alarm.gate_id, "over_at": now.isoformat()}
    _tell(session, alarm.site_id, "alarm_over", alarm.alarm_id, facts, now)


def acknowledge_alarm(act: Action, alarm: Alarm, note: str) -> bool:
    """Record who acknowledged an alarm; return False when it was acknowledged before, and keep that."""
    if alarm.acknowledged_at is not None:
        return False
    alarm.acknowledged_at, alarm.acknowledged_by, alarm.note = act.now, act.actor_id, note or None
    # Other systems learn that it was acknowledged, not by whom.
    _tell(
        act.session, alarm.site_id, "alarm_acknowledged", alarm.alarm_id, {"alarm": alarm.kind}, act.now
    )
    record(act, "alarm_acknowledged", {"alarm_id": alarm.alarm_id, "kind": alarm.kind})
    return True


def _tell(
    session: Session, site_id: str, kind: str, alarm_id: str, facts: Mapping[str, Fact], now: datetime
) -> None:
    if facts["alarm"] in SILENT_KINDS:
        return  # the attacker must not read of it on the guard's desk
    put_message(
        session, site_id, channel="webhook", target=EVERY_WEBHOOK, kind=kind,
        body={"alarm_id": alarm_id, **facts}, now=now,
    )  # fmt: skip
