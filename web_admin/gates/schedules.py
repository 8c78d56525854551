"""Weekly schedules of postures: hours in which a lane is held open, shut or out of use, and their author.

The gate computes them itself from the same hours; where two meet, the one that shuts wins.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import SiteCalendar, Span, WeeklyHours
from gate_controller.contract.lane_sheet import PULSED_ONLY
from gate_controller.contract.records import Posture
from gate_controller.rules.access import SHUT_FIRST
from web_admin.action.base import Action, begin, finish
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import hours_of, lane_of
from web_admin.action.suspension_reasons import OF_SHARED
from web_admin.compound.models import CalendarDay, Hours, Lane, Site
from web_admin.core.refusal import ActionRefused
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_status import stored_sheet

SCHEDULED = (Posture.HELD_OPEN, Posture.LOCKDOWN, Posture.DISABLED)
MAX_CHANGES = 64
"""How many changes of hours that meet each other are followed to the end of a posture."""


@dataclass(frozen=True, slots=True)
class SiteHours:
    """The named hours of a site and the days that count as others, read once."""

    calendar: SiteCalendar
    names: Mapping[str, str]
    weekly: Mapping[str, WeeklyHours]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One posture at named hours; the instants are when it next begins, and when it ends after that.

    `begins_at` is None while it is on; both are None where none is in sight.
    """

    hours_id: str
    hours_name: str
    posture: str
    author_id: str | None
    set_at: datetime | None
    is_on: bool
    begins_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScheduledNow:
    """The schedule that a lane follows now, and its end."""

    schedule: Schedule
    until: datetime | None


# -- acts ------------------------------------------------------------------------------------------


def set_schedule(act: Action, lane_id: str, hours_id: str, posture: str) -> None:
    """Set a lane's posture at named hours; raise ActionRefused for a drive that cannot be held."""
    begin(act)
    lane = lane_of(act, lane_id)
    try:
        hours_of(act, hours_id)
    except ActionRefused as refusal:
        raise ActionRefused("hours_id", refusal.message) from refusal
    if posture not in SCHEDULED:
        raise ActionRefused("posture", _("Choose held open, lockdown or out of use."))
    with kept_in(act, "posture_scheduled", None, OF_SHARED):
        keep_schedules(act, lane, {**lane.posture_hours, hours_id: str(posture)})
        finish(
            act,
            "posture_scheduled",
            {"lane_id": lane_id, "hours_id": hours_id, "posture": posture},
            touches=(),
            gates=(lane.gate_id,),
        )


def remove_schedule(act: Action, lane_id: str, hours_id: str) -> None:
    begin(act)
    lane = lane_of(act, lane_id)
    if hours_id not in lane.posture_hours:
        return
    keep_schedules(act, lane, {key: word for key, word in lane.posture_hours.items() if key != hours_id})
    finish(
        act,
        "posture_unscheduled",
        {"lane_id": lane_id, "hours_id": hours_id},
        touches=(),
        gates=(lane.gate_id,),
    )


def keep_schedules(act: Action, lane: Lane, posture_hours: Mapping[str, str]) -> None:
    """Store a lane's schedules, and of each that is new or changed who set it and when."""
    if dict(posture_hours) == lane.posture_hours:
        return
    fresh = {key for key, word in posture_hours.items() if lane.posture_hours.get(key) != word}
    check_may_be_held(act, lane.lane_id, {posture_hours[key] for key in fresh})
    said = {"author_id": act.actor_id, "set_at": act.now.isoformat()}
    known = lane.schedule_authors or {}
    lane.schedule_authors = {
        key: said if key in fresh else known[key] for key in posture_hours if key in fresh or key in known
    }
    lane.posture_hours, lane.posture_author_id = dict(posture_hours), act.actor_id


def check_may_be_held(act: Action, lane_id: str, postures: Collection[str]) -> None:
    """Raise ActionRefused where a lane is to be held open whose live sheet says that its drive cannot be."""
    row = act.session.get(LaneSheetRow, lane_id)
    sheet = stored_sheet(row.live) if row is not None else None
    if Posture.HELD_OPEN in postures and sheet is not None and sheet.lock in PULSED_ONLY:
        raise ActionRefused(
            "posture",
            _(
                "The lane sheet says that a motor, barrier or turnstile moves this lane. Such a drive takes "
                "one order to open and closes automatically, so Menjin cannot hold it open. Use the drive's "
                "own switch."
            ),
        )


# -- reading ---------------------------------------------------------------------------------------


def read_site_hours(session: Session, site: Site) -> SiteHours:
    rows = session.scalars(select(Hours).where(Hours.site_id == site.site_id)).all()
    days = session.scalars(select(CalendarDay).where(CalendarDay.site_id == site.site_id))
    return SiteHours(
        SiteCalendar(ZoneInfo(site.timezone), {row.day: row.kind for row in days}),
        {row.hours_id: row.name for row in rows},
        {row.hours_id: WeeklyHours.from_spans(msgspec.convert(row.spans, tuple[Span, ...])) for row in rows},
    )


def schedules_of(lane: Lane, hours: SiteHours, now: datetime) -> tuple[Schedule, ...]:
    """Return a lane's schedules by the names of their hours."""
    known = [hours_id for hours_id in lane.posture_hours if hours_id in hours.weekly]
    return tuple(
        _schedule(lane, hours_id, hours, now)
        for hours_id in sorted(known, key=lambda hours_id: hours.names[hours_id])
    )


def _schedule(lane: Lane, hours_id: str, hours: SiteHours, now: datetime) -> Schedule:
    weekly, calendar = hours.weekly[hours_id], hours.calendar
    is_on = calendar.inside(weekly, now)
    change = calendar.next_change(weekly, now)
    said = (lane.schedule_authors or {}).get(hours_id, {})
    ends_at = change if is_on or change is None else calendar.next_change(weekly, change)
    return Schedule(
        hours_id,
        hours.names[hours_id],
        lane.posture_hours[hours_id],
        said.get("author_id", lane.posture_author_id),
        datetime.fromisoformat(said["set_at"]) if "set_at" in said else None,
        is_on,
        None if is_on else change,
        ends_at,
    )


def scheduled_now(lane: Lane, hours: SiteHours, now: datetime) -> ScheduledNow | None:
    """Return the schedule that decides the lane's posture now and until when; None where none does."""
    posture = _posture_at(lane, hours, now)
    if posture is None:
        return None
    deciding = [one for one in schedules_of(lane, hours, now) if one.is_on and one.posture == posture]
    return ScheduledNow(deciding[0], _end_of(posture, lane, hours, now))


def _posture_at(lane: Lane, hours: SiteHours, at: datetime) -> Posture | None:
    on = {
        word
        for hours_id, word in lane.posture_hours.items()
        if hours_id in hours.weekly and hours.calendar.inside(hours.weekly[hours_id], at)
    }
    return next((posture for posture in SHUT_FIRST if posture in on), None)


def _end_of(posture: Posture, lane: Lane, hours: SiteHours, now: datetime) -> datetime | None:
    at = now
    for _change in range(MAX_CHANGES):
        changes = [
            change
            for hours_id in lane.posture_hours
            if hours_id in hours.weekly
            and (change := hours.calendar.next_change(hours.weekly[hours_id], at)) is not None
        ]
        if not changes:
            return None
        at = min(changes)
        if _posture_at(lane, hours, at) is not posture:
            return at
    return None
