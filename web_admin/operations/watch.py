"""Notify people of what Health finds and of gates that need a repair: once, and again when it is over.

`health` decides what is trouble; gates raise their own alarms. `menjin web run` calls `watch` every minute in
one process of each machine. It reads in a snapshot, which hinders no writer, and writes what has changed;
of two machines that find the same change, the database takes the first one's.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.actions import claim_mails, end_alarm, raise_lasting
from web_admin.alarms.ends import ends
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Site
from web_admin.core.config import WebConfig
from web_admin.core.database import Menjin
from web_admin.messages.outbox import mail_is_set_up
from web_admin.operations.alarm_mails import AlarmText, mail_managers
from web_admin.operations.disk_reserve import keep_reserve
from web_admin.operations.health import Finding, server_findings
from web_admin.operations.health_facts import gates_health, server_facts

EVERY_SECONDS = 60.0
WATCHED = (
    EventKind.ALARM_GATE_SILENT,
    EventKind.ALARM_GATE_BEHIND,
    EventKind.ALARM_GATE_CLOCK,
    EventKind.ALARM_GATE_DISK,
    EventKind.ALARM_SERVER_CLOCK,
    EventKind.ALARM_SERVER_DISK,
    EventKind.ALARM_SERVER_TASKS,
    EventKind.ALARM_CERTIFICATE,
    EventKind.ALARM_BACKUP_OLD,
    EventKind.ALARM_MAIL_FAILING,
)
"""Alarms that Health raises."""
REPAIRS = (
    EventKind.ALARM_POLICY_REFUSED,
    EventKind.ALARM_POLICY_DAMAGED,
    EventKind.ALARM_JOURNAL_DAMAGED,
    EventKind.ALARM_LANE_MEMORY_DAMAGED,
    EventKind.ALARM_GATE_FAILED,
    EventKind.ALARM_UPDATE_ROLLED_BACK,
    EventKind.ALARM_UPDATE_REFUSED,
    EventKind.ALARM_GATE_FORKED,
    EventKind.ALARM_JOURNAL_BROKEN,
    EventKind.ALARM_JOURNAL_RESTARTED,
    EventKind.ALARM_ENTRIES_SET_ASIDE,
    EventKind.ALARM_CALL_NUMBERS,
    EventKind.ALARM_DEVICE_LOST,
    EventKind.ALARM_LAST_READER_LOST,
    EventKind.ALARM_CAMERA,
    EventKind.ALARM_FACE_UNAVAILABLE,
    EventKind.ALARM_GRANTED_NOT_OPENED,
    EventKind.ALARM_HOLD_NOT_OPEN,
    EventKind.ALARM_CONTACT_FLAPPING,
    EventKind.ALARM_BUTTON_STUCK,
    EventKind.ALARM_OBSTACLE,
    EventKind.ALARM_ON_BATTERY,
    EventKind.ALARM_BATTERY_LOW,
    EventKind.ALARM_TAMPER,
    EventKind.ALARM_ACT_HELD,
)
"""Of a gate, its journal or a planned act: a mail goes out as well. The others are for the guard, at once."""
MAILED_WITHIN = timedelta(hours=1)
"""After this an alarm is no news, and an equal one is."""
ENDS_WITHIN = timedelta(days=30)
"""For so long the end of an alarm of a gate is waited for."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that lasts, at a gate or of the server."""

    kind: EventKind
    gate_id: str | None
    gate_name: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm that was raised before; `over_at`: when its cause ended, where its gate said so."""

    alarm_id: str
    kind: str
    gate_name: str
    over_at: datetime | None
    is_mailed: bool


@dataclass(frozen=True, slots=True)
class News:
    """Changes at one site since the last look."""

    site: Site
    began: Sequence[Trouble]
    fresh: Sequence[RaisedAlarm]
    """Alarms of gates about which managers get a mail."""
    ended: Sequence[RaisedAlarm]


def watch(menjin: Menjin, now: datetime) -> int:
    """Raise an alarm for each trouble that began, end those that are over, mail; return how many changed."""
    keep_reserve(menjin)
    return sum(notify(menjin, news, now) for news in look(menjin, now))


def look(menjin: Menjin, now: datetime) -> list[News]:
    """Return what has changed at each site where something has; write nothing."""
    with menjin.database.snapshot() as session:
        sites = session.scalars(select(Site)).all()
        found = [_news(session, menjin.config, site, now) for site in sites]
    return [news for news in found if news.began or news.fresh or news.ended]


def notify(menjin: Menjin, news: News, now: datetime) -> int:
    """Write what `look` found, but for what another machine has written since; return how many changed."""
    site = news.site
    with menjin.database.session() as session:
        # Each in one order, so that two machines wait for each other in that order too.
        began = [
            one
            for one in sorted(news.began, key=lambda one: (one.kind, one.gate_id or ""))
            if raise_lasting(session, site.site_id, one.kind, now, gate_id=one.gate_id)
        ]
        ended = [one for one in news.ended if end_alarm(session, one.alarm_id, one.over_at or now, now)]
        fresh = [one for one in news.fresh if claim_mails(session, one.alarm_id, now)]
        if mail_is_set_up(session, site.site_id):
            mail_managers(
                session,
                menjin.config,
                site,
                [AlarmText(one.kind, one.gate_name, one.finding) for one in began]
                + [AlarmText(one.kind, one.gate_name) for one in fresh],
                [AlarmText(one.kind, one.gate_name) for one in ended if one.is_mailed],
                now,
            )
    return len(began) + len(ended) + len(fresh)


def _news(session: Session, config: WebConfig, site: Site, now: datetime) -> News:
    troubles = {(one.kind, one.gate_id): one for one in _troubles(session, config, site, now)}
    rows = session.execute(select(Gate.gate_id, Gate.name).where(Gate.site_id == site.site_id))
    names = {str(gate_id): str(name) for gate_id, name in rows}
    open_ones = session.scalars(
        select(Alarm)
        .where(
            Alarm.site_id == site.site_id,
            Alarm.over_at.is_(None),
            or_(
                Alarm.kind.in_(WATCHED),
                and_(Alarm.kind.in_(REPAIRS), Alarm.raised_at > now - ENDS_WITHIN),
            ),
        )
        .order_by(Alarm.alarm_id)
    ).all()
    lasting = {(alarm.kind, alarm.gate_id): alarm for alarm in open_ones if alarm.kind in WATCHED}
    of_gates = [alarm for alarm in open_ones if alarm.kind in REPAIRS]
    over = ends(session, of_gates)

    def known(alarm: Alarm) -> RaisedAlarm:
        is_mailed = alarm.kind in WATCHED or alarm.mailed_at is not None
        return RaisedAlarm(
            alarm.alarm_id,
            alarm.kind,
            names.get(alarm.gate_id or "", ""),
            over.get(alarm.alarm_id),
            is_mailed,
        )

    return News(
        site,
        began=[one for key, one in troubles.items() if key not in lasting],
        fresh=[known(alarm) for alarm in _to_mail(of_gates, over.keys(), now)],
        ended=[known(alarm) for key, alarm in lasting.items() if key not in troubles]
        + [known(alarm) for alarm in of_gates if alarm.alarm_id in over],
    )


def _to_mail(of_gates: Sequence[Alarm], over: Collection[str], now: datetime) -> Iterator[Alarm]:
    """Give the alarms to be mailed: new, lasting, and none like it was mailed within the hour."""
    mailed = {
        (alarm.kind, alarm.gate_id, alarm.lane_id)
        for alarm in of_gates
        if alarm.mailed_at is not None and alarm.mailed_at > now - MAILED_WITHIN
    }
    for alarm in of_gates:
        key = (alarm.kind, alarm.gate_id, alarm.lane_id)
        is_news = alarm.mailed_at is None and alarm.raised_at > now - MAILED_WITHIN
        if is_news and alarm.alarm_id not in over and key not in mailed:
            mailed.add(key)
            yield alarm


def _troubles(session: Session, config: WebConfig, site: Site, now: datetime) -> Iterator[Trouble]:
    for finding in server_findings(server_facts(session, config, site, now), now):
        if finding.alarm is not None:
            yield Trouble(finding.alarm, None, "", finding)
    for health in gates_health(session, site, now):
        for finding in health.findings:
            if finding.alarm is not None:
                yield Trouble(finding.alarm, health.gate.gate_id, health.gate.name, finding)
