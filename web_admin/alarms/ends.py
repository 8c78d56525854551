"""Find out which alarms are over: an alarm stays until staff acknowledge it, its cause may end before."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.models import Alarm
from web_admin.journal.models import GateEvent

CLEARED_BY = {
    EventKind.ALARM_DOOR_HELD: EventKind.DOOR_HELD_CLEAR,
    EventKind.ALARM_DOOR_FORCED: EventKind.DOOR_CLOSED,
    EventKind.ALARM_FIRE: EventKind.FIRE_CLEAR,
    EventKind.ALARM_TAMPER: EventKind.TAMPER_CLEAR,
    EventKind.ALARM_OBSTACLE: EventKind.OBSTACLE_CLEAR,
    EventKind.ALARM_BUTTON_STUCK: EventKind.BUTTON_STUCK_CLEAR,
    EventKind.ALARM_CONTACT_FLAPPING: EventKind.CONTACT_FLAPPING_CLEAR,
    EventKind.ALARM_HOLD_NOT_OPEN: EventKind.HOLD_NOT_OPEN_CLEAR,
    EventKind.ALARM_ON_BATTERY: EventKind.ON_BATTERY_CLEAR,
    EventKind.ALARM_BATTERY_LOW: EventKind.BATTERY_LOW_CLEAR,
    EventKind.ALARM_CAMERA: EventKind.CAMERA_CLEAR,
    EventKind.ALARM_DEVICE_LOST: EventKind.DEVICE_BACK,
    EventKind.ALARM_LAST_READER_LOST: EventKind.LAST_READER_CLEAR,
    EventKind.ALARM_PIN_STOPPED: EventKind.PIN_RESUMED,
    EventKind.ALARM_POLICY_REFUSED: EventKind.POLICY_TAKEN,
}
"""The event that ends the cause of an alarm; the alarm itself waits until staff acknowledge it."""
LOOKED_THROUGH = 500


def ends(
    session: Session, alarms: Sequence[Alarm], devices: Mapping[str, str] | None = None
) -> dict[str, datetime]:
    """Return by alarm when its cause ended, of those whose cause did; `devices` where they are known."""
    devices = devices_of(session, alarms) if devices is None else devices
    entries = _entries_that_end(session, alarms)
    found = {alarm.alarm_id: _over_at(alarm, devices.get(alarm.alarm_id), entries) for alarm in alarms}
    return {alarm_id: at for alarm_id, at in found.items() if at is not None}


def devices_of(session: Session, alarms: Sequence[Alarm]) -> dict[str, str]:
    """Return by alarm the device that a gate lost."""
    lost = [alarm for alarm in alarms if alarm.kind == EventKind.ALARM_DEVICE_LOST]
    if not lost:
        return {}
    places = [and_(GateEvent.gate_id == alarm.gate_id, GateEvent.at == alarm.raised_at) for alarm in lost]
    rows = session.scalars(
        select(GateEvent).where(GateEvent.kind == EventKind.ALARM_DEVICE_LOST, or_(*places))
    )
    device_at = {(row.gate_id, row.at): str(row.facts.get("device") or "") for row in rows}
    return {alarm.alarm_id: device_at.get((alarm.gate_id or "", alarm.raised_at), "") for alarm in lost}


def _entries_that_end(session: Session, alarms: Sequence[Alarm]) -> Sequence[GateEvent]:
    """Return the entries, oldest first, that may say that the cause of one of these alarms is over."""
    ending = [alarm for alarm in alarms if alarm.kind in CLEARED_BY]
    if not ending:
        return []
    newest_first = (
        select(GateEvent)
        .where(
            GateEvent.kind.in_({CLEARED_BY[EventKind(alarm.kind)] for alarm in ending}),
            GateEvent.gate_id.in_({alarm.gate_id for alarm in ending if alarm.gate_id is not None}),
            GateEvent.at > min(alarm.raised_at for alarm in ending),
        )
        .order_by(GateEvent.at.desc())
        .limit(LOOKED_THROUGH)
    )
    return session.scalars(newest_first).all()[::-1]


def _over_at(alarm: Alarm, device: str | None, entries: Sequence[GateEvent]) -> datetime | None:
    if alarm.kind not in CLEARED_BY:
        return alarm.over_at
    clear = CLEARED_BY[EventKind(alarm.kind)]
    for entry in entries:
        is_its = entry.kind == clear and entry.gate_id == alarm.gate_id and entry.at > alarm.raised_at
        is_there = alarm.lane_id is None or entry.lane_id in (None, alarm.lane_id)
        if is_its and is_there and device in (None, str(entry.facts.get("device") or "")):
            return entry.at
    return None
