"""Notify residents of a lane whose last reader beside the camera has been lost for an hour."""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.ends import ends
from web_admin.alarms.models import Alarm
from web_admin.compound.models import GrantRow, Person, Site
from web_admin.core.database import Menjin
from web_admin.gates.lost_readers import SAID_AFTER
from web_admin.messages.subscriptions import notify, subscribed


def notify_of_lost_readers(menjin: Menjin, now: datetime) -> int:
    """Put down one message to each subscriber with a grant at such a lane; return how many lanes."""
    with menjin.database.session() as session:
        # By compound, locked before its alarms as everywhere.
        return sum(_of_site(session, site, now) for site in session.scalars(select(Site).with_for_update()))


def _of_site(session: Session, site: Site, now: datetime) -> int:
    alarms = session.scalars(
        select(Alarm)
        .where(
            Alarm.site_id == site.site_id,
            Alarm.kind == EventKind.ALARM_LAST_READER_LOST,
            Alarm.over_at.is_(None),
            Alarm.residents_notified_at.is_(None),
            Alarm.raised_at <= now - SAID_AFTER,
        )
        .order_by(Alarm.alarm_id)
    ).all()
    over = ends(session, alarms)
    lasting = [alarm for alarm in alarms if alarm.alarm_id not in over]
    lanes = {alarm.lane_id for alarm in lasting if alarm.lane_id is not None}
    if lanes:
        subscribers = session.scalars(
            select(Person)
            .where(subscribed(), Person.site_id == site.site_id)
            .where(Person.ended_at.is_(None), Person.suspended.is_(False))
            .order_by(Person.person_id)
        ).all()
        grants = session.scalars(
            select(GrantRow).where(
                GrantRow.person_id.in_([person.person_id for person in subscribers]),
                or_(GrantRow.valid_until.is_(None), GrantRow.valid_until > now),
            )
        )
        for person_id in sorted({grant.person_id for grant in grants if lanes.intersection(grant.lanes)}):
            notify(session, person_id, "reader_lost", now)
        session.execute(
            update(Alarm)
            .where(Alarm.alarm_id.in_([alarm.alarm_id for alarm in lasting]))
            .values(residents_notified_at=now)
        )
    return len(lanes)
