"""Acknowledge alarms and hand a shift over."""

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.action.base import Action, begin, new_id, record
from web_admin.alarms.actions import acknowledge_alarm
from web_admin.alarms.models import Alarm, HandoverRow
from web_admin.alarms.queries import waiting_where
from web_admin.core.refusal import ActionRefused

MAX_HANDOVER_CHARS = 500


def acknowledge(act: Action, alarm_id: str, note: str) -> bool:
    """Record who acknowledged an alarm; return whether they were the first."""
    begin(act)
    alarm = act.session.get(Alarm, alarm_id)
    if alarm is None or alarm.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such alarm."))
    return acknowledge_alarm(act, alarm, note)


def hand_over(act: Action, note: str) -> HandoverRow:
    """Leave a word to the next shift, with the list of what is open at this moment."""
    begin(act)
    text = " ".join(note.split())
    if len(text) > MAX_HANDOVER_CHARS:
        raise ActionRefused("note", _("Please use at most %(count)s characters.", count=MAX_HANDOVER_CHARS))
    still_open = act.session.scalars(
        select(Alarm.alarm_id).where(*waiting_where(act.site_id, with_silent=True)).order_by(Alarm.raised_at)
    ).all()
    row = HandoverRow(
        handover_id=new_id(),
        site_id=act.site_id,
        at=act.now,
        author_id=act.actor_id,
        note=text,
        open_alarm_ids=list(still_open),
    )
    act.session.add(row)
    record(act, "shift_handed_over", {"handover_id": row.handover_id, "open": len(still_open)})
    return row


def take_over(act: Action, handover_id: str) -> bool:
    """Record who took a shift over, and when; return whether they were the first."""
    begin(act)
    row = act.session.get(HandoverRow, handover_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such hand-over."))
    if row.taken_over_at is not None:
        return False
    row.taken_over_at, row.taken_over_by = act.now, act.actor_id
    record(act, "shift_taken_over", {"handover_id": handover_id})
    return True
