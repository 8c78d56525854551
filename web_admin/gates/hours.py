"""Save weekly hours and the days of the calendar."""

from collections.abc import Collection, Sequence
from datetime import date

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.calendars import DAY_KINDS, Span, WeeklyHours
from web_admin.action.base import Action, begin, checked_text, finish, new_id
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import hours_of
from web_admin.action.suspension_reasons import OF_SHARED
from web_admin.compound.models import CalendarDay, Gate, GrantRow, Hours, Lane, Person
from web_admin.compound.queries import all_gates
from web_admin.core.refusal import ActionRefused
from web_admin.custody.shares import people_with_shares
from web_admin.gates.rules import check_methods, spec_of, wanted_lane

# -- hours and days --------------------------------------------------------------------------------


def save_hours(act: Action, hours_id: str | None, name: str, spans: Sequence[Span]) -> Hours:
    """Add (id None) or change weekly hours; raise ActionRefused when a lane would break promise 1 by it."""
    site = begin(act)
    text = checked_text("name", name)
    if not spans:
        raise ActionRefused("spans", _("Name at least one time span."))
    if hours_id is None:
        hours = Hours(hours_id=new_id(), site_id=act.site_id)
        act.session.add(hours)
    else:
        hours = hours_of(act, hours_id)
    with kept_in(act, "hours_saved", () if hours_id is None else _who_depends_on(act, hours_id), OF_SHARED):
        hours.name, hours.spans = text, [msgspec.to_builtins(span) for span in spans]
        act.session.flush()
        tables = weekly_hours(act)
        for gate in all_gates(act.session, act.site_id):
            for lane in gate.lanes:
                if hours.hours_id in lane.method_hours.values():
                    check_methods(site, wanted_lane(gate, spec_of(lane)), tables)
        facts = {"hours_id": hours.hours_id}
        finish(act, "hours_saved", facts, touches=people_with_shares(act.session, act.site_id))
    return hours


def set_calendar_day(act: Action, day: date, kind: str | None, name: str = "") -> None:
    """Set the kind of day of a date (`holiday`, `mon` …); None makes it an ordinary day."""
    begin(act)
    if kind is not None and kind not in DAY_KINDS:
        raise ActionRefused("kind", _("A day counts as a holiday or as one of the days of the week."))
    row = act.session.get(CalendarDay, (act.site_id, day))
    with kept_in(act, "calendar_day_set", _who_depends_on(act), OF_SHARED):
        if kind is None:
            if row is not None:
                act.session.delete(row)
        else:
            row = row or CalendarDay(site_id=act.site_id, day=day)
            row.kind, row.name = kind, checked_text("name", name) if name.strip() else ""
            act.session.add(row)
        facts = {"day": day.isoformat(), "kind": kind}
        # Until when a face may be kept depends on hours and holidays.
        finish(act, "calendar_day_set", facts, touches=people_with_shares(act.session, act.site_id))


def _who_depends_on(act: Action, hours_id: str | None = None) -> Collection[str] | None:
    """Return the people whose times depend on these hours, or on any; None for everyone."""
    lanes = act.session.execute(
        select(Lane.method_hours, Lane.posture_hours).join(Gate).where(Gate.site_id == act.site_id)
    )
    of_lanes = {name for methods, postures in lanes for name in (*methods.values(), *postures)}
    if hours_id in of_lanes or (hours_id is None and of_lanes):
        return None
    bound = select(GrantRow.person_id).join(Person).where(Person.site_id == act.site_id)
    these = GrantRow.hours_id.is_not(None) if hours_id is None else GrantRow.hours_id == hours_id
    return set(act.session.scalars(bound.where(these, Person.ended_at.is_(None))))


def weekly_hours(act: Action) -> dict[str, WeeklyHours]:
    """Return the site's hours, ready to be asked."""
    return {
        row.hours_id: WeeklyHours.from_spans(msgspec.convert(row.spans, tuple[Span, ...]))
        for row in act.session.scalars(select(Hours).where(Hours.site_id == act.site_id))
    }
