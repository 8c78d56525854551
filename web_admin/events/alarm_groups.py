"""Put open alarms in order and together: people first, then doors, then devices; what is over says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.actions import ABOUT_STAFF
from web_admin.alarms.ends import devices_of, ends
from web_admin.alarms.models import Alarm

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
OWN_DETAIL = (*ABOUT_STAFF, EventKind.ALARM_PIN_STOPPED)
"""Their detail names an account or a home: those of two are two."""


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
    def gate_ids(self) -> list[str]:
        """Return the gates that the alarms are about, each once."""
        return list(dict.fromkeys(alarm.gate_id for alarm in self.alarms if alarm.gate_id is not None))

    @property
    def is_of_people(self) -> bool:
        """Return whether someone may need help now."""
        return self.newest.kind in PEOPLE


def grouped(session: Session, alarms: Sequence[Alarm]) -> list[AlarmGroup]:
    """Return open alarms, newest first as they come, in groups: people, doors, devices."""
    devices = devices_of(session, alarms)
    over = ends(session, alarms, devices)
    together: dict[tuple[object, ...], list[Alarm]] = {}
    for alarm in alarms:
        together.setdefault(_key(alarm, devices, alarm.alarm_id in over), []).append(alarm)
    groups = [AlarmGroup(same, over.get(same[0].alarm_id)) for same in together.values()]
    return sorted(groups, key=lambda group: _rank(group.newest.kind))


def _rank(kind: str) -> int:
    return 0 if kind in PEOPLE else 1 if kind in DOORS else 2


def _key(alarm: Alarm, devices: Mapping[str, str], is_over: bool) -> tuple[object, ...]:
    if alarm.kind == EventKind.ALARM_GATE_SILENT:
        return (alarm.kind, is_over)  # a switch that fails silences many gates: that is one line
    if alarm.kind in PEOPLE or alarm.kind == EventKind.ALARM_OVERRIDE:
        return (alarm.alarm_id,)
    own = alarm.detail if alarm.kind in OWN_DETAIL else devices.get(alarm.alarm_id)
    return (alarm.kind, alarm.gate_id, alarm.lane_id, own)
