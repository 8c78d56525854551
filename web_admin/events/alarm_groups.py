"""Put open alarms in order and together: people first, then doors, then devices; what is over says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.actions import ABOUT_STAFF
from web_admin.alarms.models import Alarm
from web_admin.journal.models import GateEvent

PEOPLE = (EventKind.ALARM_DURESS, EventKind.ALARM_DURESS_AT_DESK, EventKind.ALARM_HELP)
"""About someone who may need help now: shown first, each on its own line, acknowledged one by one."""
DOORS = (
    EventKind.ALARM_FIRE,
    EventKind.ALARM_DOOR_FORCED,
    EventKind.ALARM_DOOR_HELD,
    EventKind.ALARM_OVERRIDE,
    EventKind.ALARM_MANY_WRONG,
    EventKind.ALARM_PIN_STOPPED,
    EventKind.ALARM_GRANTED_NOT_OPENED,
    EventKind.ALARM_HOLD_NOT_OPEN,
    EventKind.ALARM_OBSTACLE,
    EventKind.ALARM_CARD_LEFT,
    EventKind.ALARM_LAST_READER_LOST,
)
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
"""What ends the cause of an alarm; the alarm itself waits for someone who has seen it."""
OWN_DETAIL = (*ABOUT_STAFF, EventKind.ALARM_PIN_STOPPED)
"""Their detail names an account or a home: those of two are two."""
LOOKED_THROUGH = 500


@dataclass(frozen=True, slots=True)
class AlarmGroup:
    """Equal open alarms, the newest first; `over_at` is when their cause ended, None while it lasts."""

    alarms: Sequence[Alarm]
    over_at: datetime | None

    @property
    def newest(self) -> Alarm:
        """Return the one that stands for all."""
        return self.alarms[0]

    @property
    def is_of_people(self) -> bool:
        """Return whether someone may need help now."""
        return self.newest.kind in PEOPLE


def grouped(session: Session, alarms: Sequence[Alarm]) -> list[AlarmGroup]:
    """Return open alarms, newest first as they come, in groups: people, doors, devices."""
    devices = _devices(session, alarms)
    together: dict[tuple[object, ...], list[Alarm]] = {}
    for alarm in alarms:
        together.setdefault(_key(alarm, devices), []).append(alarm)
    ends = _ends(session, alarms)
    groups = [
        AlarmGroup(same, _over_at(same[0], devices.get(same[0].alarm_id), ends)) for same in together.values()
    ]
    return sorted(groups, key=lambda group: _rank(group.newest.kind))


def ends(session: Session, alarms: Sequence[Alarm]) -> dict[str, datetime]:
    """Return by alarm when its cause ended, of those whose cause did."""
    devices, entries = _devices(session, alarms), _ends(session, alarms)
    found = {alarm.alarm_id: _over_at(alarm, devices.get(alarm.alarm_id), entries) for alarm in alarms}
    return {alarm_id: at for alarm_id, at in found.items() if at is not None}


def _rank(kind: str) -> int:
    return 0 if kind in PEOPLE else 1 if kind in DOORS else 2


def _key(alarm: Alarm, devices: dict[str, str]) -> tuple[object, ...]:
    if alarm.kind in PEOPLE or alarm.kind == EventKind.ALARM_OVERRIDE:
        return (alarm.alarm_id,)
    own = alarm.detail if alarm.kind in OWN_DETAIL else devices.get(alarm.alarm_id)
    return (alarm.kind, alarm.gate_id, alarm.lane_id, own)


def _devices(session: Session, alarms: Sequence[Alarm]) -> dict[str, str]:
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


def _ends(session: Session, alarms: Sequence[Alarm]) -> Sequence[GateEvent]:
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


def _over_at(alarm: Alarm, device: str | None, ends: Sequence[GateEvent]) -> datetime | None:
    if alarm.kind not in CLEARED_BY:
        return alarm.over_at
    clear = CLEARED_BY[EventKind(alarm.kind)]
    for entry in ends:
        is_its = entry.kind == clear and entry.gate_id == alarm.gate_id and entry.at > alarm.raised_at
        is_there = alarm.lane_id is None or entry.lane_id in (None, alarm.lane_id)
        if is_its and is_there and device in (None, str(entry.facts.get("device") or "")):
            return entry.at
    return None
