"""Show alarms on the phones of guards and managers who switched that on."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.languages import html_tag
from web_admin.accounts.models import Role, StaffProfile, User
from web_admin.accounts.permissions import may
from web_admin.alarms.models import Alarm
from web_admin.alarms.texts import ALARMS
from web_admin.compound.models import Site
from web_admin.compound.queries import names_of_place
from web_admin.core.in_a_language import texts_in
from web_admin.messages.outbox import put_message
from web_admin.messages.push_delivery import STAFF_ALARM
from web_admin.messages.push_models import PushPhone

NEWS_FOR = timedelta(hours=1)
"""An alarm that a gate without contact raised longer ago is on the page, and on no phone."""
PAGE = "/manage/alarms/"


def push_alarm(session: Session, alarm: Alarm, now: datetime, *, for_manager: bool) -> None:
    """Put an alarm down for each phone whose account may answer it, or for managers' phones alone.

    The caller keeps silent ones back.
    """
    if alarm.raised_at < now - NEWS_FOR:
        return
    found = session.execute(
        select(PushPhone.phone_id, StaffProfile.language, Role.name)
        .join(User, User.id == PushPhone.account_id)
        .join(User.roles)
        .outerjoin(StaffProfile, StaffProfile.account_id == User.id)
        .where(PushPhone.site_id == alarm.site_id, User.active.is_(True))
        .order_by(PushPhone.phone_id)
    ).all()
    readers = [
        (phone_id, language)
        for phone_id, language, role in found
        if may("acknowledge_alarm", [role]) and (role == "manager" or not for_manager)
    ]
    if not readers:
        return
    site = session.get_one(Site, alarm.site_id)
    gate = names_of_place(session, alarm.gate_id, alarm.lane_id)["gate_name"]
    for phone_id, language in readers:
        spoken = language or site.language
        title = texts_in(spoken)(ALARMS[alarm.kind])
        put_message(
            session,
            site.site_id,
            channel="push",
            target=phone_id,
            kind=STAFF_ALARM,
            body={
                "title": site.name,
                "text": f"{title}: {gate}" if gate else title,
                "lang": html_tag(spoken),
                "page": PAGE,
                "about": f"{alarm.kind} {alarm.gate_id or ''}",
            },
            now=now,
        )
