"""Raise alarms, which stay until staff acknowledge them."""

import logging
import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.action.base import Action, begin, record
from web_admin.alarms.models import Alarm
from web_admin.alarms.staff_phones import push_alarm
from web_admin.compound.queries import names_of_place
from web_admin.core.orm import Fact
from web_admin.messages.outbox import EVERY_WEBHOOK, put_message

_log = logging.getLogger(__name__)

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
    raised_at: datetime | None = None,
) -> None:
    """Add an alarm and report it to other systems; with `once` only if no equal one waits to be acknowledged.

    Those about a member of staff are equal only where they name the same one. A gate that had no contact
    raised it before `now`, at `raised_at`.
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
    alarm = _alarm(site_id, kind, raised_at or now, gate_id=gate_id, lane_id=lane_id, detail=detail)
    session.add(alarm)
    _tell_raised(session, alarm, now)


def raise_lasting(session: Session, site_id: str, kind: str, now: datetime, *, gate_id: str | None) -> bool:
    """Add an alarm about what lasts, and report it; return False where another machine has, and add none."""
    alarm = _alarm(site_id, kind, now, gate_id=gate_id)
    alarm.lasting_key = f"{kind} {gate_id or ''}"
    try:
        with session.begin_nested():
            session.add(alarm)
    except IntegrityError:
        return False
    _tell_raised(session, alarm, now)
    return True


def end_alarm(session: Session, alarm_id: str, over_at: datetime, now: datetime) -> bool:
    """Record when the cause of an alarm ended, and report it; staff still acknowledge the alarm.

    Return False where it was recorded before.
    """
    ended = session.connection().execute(
        update(Alarm)
        .where(Alarm.alarm_id == alarm_id, Alarm.over_at.is_(None))
        .values(over_at=over_at, lasting_key=None)
    )
    if ended.rowcount != 1:
        return False
    alarm = session.get_one(Alarm, alarm_id, populate_existing=True)
    facts: dict[str, Fact] = {
        "alarm": alarm.kind,
        "gate_id": alarm.gate_id,
        **names_of_place(session, alarm.gate_id, alarm.lane_id),
        "over_at": over_at.isoformat(),
    }
    _tell(session, alarm.site_id, "alarm_over", alarm.alarm_id, facts, now)
    said = {"alarm": alarm.kind, **_place(alarm)}
    _log.info("an alarm is over", extra={"event": "alarm_over", "facts": said})
    return True


def claim_mails(session: Session, alarm_id: str, now: datetime) -> bool:
    """Record that mails about an alarm are put down in this transaction; return False where they were."""
    claimed = session.connection().execute(
        update(Alarm).where(Alarm.alarm_id == alarm_id, Alarm.mailed_at.is_(None)).values(mailed_at=now)
    )
    return bool(claimed.rowcount == 1)


def acknowledge_alarm(act: Action, alarm: Alarm, note: str) -> bool:
    """Record who acknowledged an alarm; return False when it was acknowledged before, and keep that.

    The site is locked before the alarm's row, as a gate's entries lock them.
    """
    begin(act)
    if alarm.acknowledged_at is not None:
        return False
    alarm.acknowledged_at, alarm.acknowledged_by, alarm.note = act.now, act.actor_id, note or None
    # Other systems learn that it was acknowledged, not by whom.
    _tell(act.session, alarm.site_id, "alarm_acknowledged", alarm.alarm_id, {"alarm": alarm.kind}, act.now)
    record(act, "alarm_acknowledged", {"alarm_id": alarm.alarm_id, "kind": alarm.kind})
    return True


def _place(alarm: Alarm) -> Mapping[str, Fact]:
    return {"alarm_id": alarm.alarm_id, "gate_id": alarm.gate_id, "lane_id": alarm.lane_id}


def _alarm(
    site_id: str,
    kind: str,
    now: datetime,
    *,
    gate_id: str | None,
    lane_id: str | None = None,
    detail: str = "",
) -> Alarm:
    return Alarm(
        alarm_id=secrets.token_hex(8),
        site_id=site_id,
        gate_id=gate_id,
        lane_id=lane_id,
        kind=kind,
        detail=detail[:200],
        raised_at=now,
    )


def _tell_raised(session: Session, alarm: Alarm, now: datetime) -> None:
    if alarm.kind not in SILENT_KINDS:
        _log.warning("an alarm", extra={"event": alarm.kind, "facts": _place(alarm)})
    facts: dict[str, Fact] = {
        "alarm": alarm.kind,
        "gate_id": alarm.gate_id,
        "lane_id": alarm.lane_id,
        **names_of_place(session, alarm.gate_id, alarm.lane_id),
        "raised_at": alarm.raised_at.isoformat(),
    }
    _tell(session, alarm.site_id, "alarm_raised", alarm.alarm_id, facts, now)
    if alarm.kind not in SILENT_KINDS:
        push_alarm(session, alarm, now, for_manager=alarm.kind in FOR_THE_MANAGER)


def _tell(
    session: Session, site_id: str, kind: str, alarm_id: str, facts: Mapping[str, Fact], now: datetime
) -> None:
    if facts["alarm"] in SILENT_KINDS:
        return  # the attacker must not read of it on the guard's desk
    put_message(
        session,
        site_id,
        channel="webhook",
        target=EVERY_WEBHOOK,
        kind=kind,
        body={"alarm_id": alarm_id, **facts},
        now=now,
    )
