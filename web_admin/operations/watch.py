"""Notify people of what Health finds: once as an alarm, by mail and webhook, and again when it is over.

`health` decides what is trouble; this module notifies managers of it. `menjin web run` calls `watch` every
minute in one process.
"""

import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.accounts.models import Role, StaffProfile, User
from web_admin.alarms.actions import end_alarm, raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig
from web_admin.core.database import Menjin
from web_admin.core.single_process import alone
from web_admin.core.texts import word
from web_admin.events.texts import EVENTS
from web_admin.messages.outbox import mail_is_set_up, put_message
from web_admin.operations.health import Finding, server_findings
from web_admin.operations.health_facts import gates_health, server_facts

EVERY_SECONDS = 60.0
WATCHED = (
    EventKind.ALARM_GATE_SILENT, EventKind.ALARM_GATE_BEHIND, EventKind.ALARM_GATE_CLOCK,
    EventKind.ALARM_SERVER_CLOCK, EventKind.ALARM_SERVER_DISK, EventKind.ALARM_SERVER_TASKS,
    EventKind.ALARM_CERTIFICATE, EventKind.ALARM_BACKUP_OLD, EventKind.ALARM_MAIL_FAILING,
)
MAIL_KIND = "operations"
READS_MAIL = "manager"
"""The role whose accounts get a mail; guards see the page."""

_log = logging.getLogger(__name__)
_stopped = threading.Event()


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that lasts, at a gate or of the server."""

    kind: EventKind
    gate_id: str | None
    gate_name: str
    finding: Finding


def watch(menjin: Menjin, now: datetime) -> int:
    """Raise an alarm for each trouble that began and end those that are over; return how many changed."""
    with menjin.database.session() as session:
        sites = session.scalars(select(Site)).all()
        return sum(_watch_site(session, menjin.config, site, now) for site in sites)


def _watch_site(session: Session, config: WebConfig, site: Site, now: datetime) -> int:
    troubles = {(one.kind, one.gate_id): one for one in _troubles(session, config, site, now)}
    lasting = {
        (EventKind(alarm.kind), alarm.gate_id): alarm
        for alarm in session.scalars(
            select(Alarm).where(
                Alarm.site_id == site.site_id, Alarm.kind.in_(WATCHED), Alarm.over_at.is_(None)
            )
        )
    }
    began = [one for key, one in troubles.items() if key not in lasting]
    ended = [alarm for key, alarm in lasting.items() if key not in troubles]
    for one in began:
        raise_alarm(session, site.site_id, one.kind, now, gate_id=one.gate_id)
    for alarm in ended:
        end_alarm(session, alarm, now)
    if (began or ended) and mail_is_set_up(session, site.site_id):
        _mail(session, config, site, began, ended, now)
    return len(began) + len(ended)


def _troubles(session: Session, config: WebConfig, site: Site, now: datetime) -> Iterator[Trouble]:
    for finding in server_findings(server_facts(session, config, site, now), now):
        if finding.alarm is not None:
            yield Trouble(finding.alarm, None, "", finding)
    for health in gates_health(session, site, now):
        for finding in health.findings:
            if finding.alarm is not None:
                yield Trouble(finding.alarm, health.gate.gate_id, health.gate.name, finding)


# -- mail ------------------------------------------------------------------------------------------


def _mail(
    session: Session, config: WebConfig, site: Site, began: Iterable[Trouble], ended: Iterable[Alarm],
    now: datetime,
) -> None:
    """Write to each manager, in their language, one mail about all that began and ended in this minute."""
    for address, language in _readers(session, site):
        with force_locale(language):
            parts = [_begun(one) for one in began]
            parts += [_("It is over: %(what)s.", what=str(word(EVENTS, alarm.kind))) for alarm in ended]
            parts.append(f"{config.public_url}/manage/health")
            subject = (
                _("%(site)s: the gates need a look", site=site.name)
                if began
                else _("%(site)s: what needed a look is over", site=site.name)
            )
        put_message(
            session, site.site_id, channel="mail", target=address, kind=MAIL_KIND,
            body={"subject": subject, "text": "\n\n".join(parts)}, now=now,
        )  # fmt: skip


def _begun(one: Trouble) -> str:
    title = str(word(EVENTS, one.kind))
    finding = one.finding
    lines = [f"{title}: {one.gate_name}" if one.gate_name else title, f"{finding.name}: {finding.says}"]
    return "\n".join([*lines, str(finding.todo)] if finding.todo is not None else lines)


def _readers(session: Session, site: Site) -> list[tuple[str, str]]:
    accounts = session.execute(
        select(User.email, StaffProfile.language)
        .join(User.roles)
        .outerjoin(StaffProfile, StaffProfile.account_id == User.id)
        .where(User.active.is_(True), User.email.is_not(None), Role.name == READS_MAIL)
        .order_by(User.id)
    )
    return [(str(email), language or site.language) for email, language in accounts]


def start_timer(app: Flask, menjin: Menjin) -> threading.Thread:
    """Watch now and every minute, in one process at a time, until this process ends."""

    def work() -> None:
        while True:
            try:
                with alone(menjin.config.data_dir, "watch") as is_alone, app.app_context():
                    if is_alone:
                        watch(menjin, menjin.clock())
            except Exception:  # noqa: BLE001 - a database that is away is back some minute, and it is logged
                _log.exception("what Health finds could not be looked at; the next minute tries again")
            _stopped.wait(EVERY_SECONDS)

    thread = threading.Thread(target=work, name="watch", daemon=True)
    thread.start()
    return thread
