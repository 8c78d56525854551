"""Change and remove hours and special dates, except those that a lane or a grant uses."""

from datetime import date, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import contains_eager

from web_admin.action.base import Action, begin, finish, one_publication
from web_admin.action.lookups import hours_of
from web_admin.compound.gate_names import full_name
from web_admin.compound.models import CalendarDay, Gate, GrantRow, Lane, Person
from web_admin.core.refusal import ActionRefused
from web_admin.gates.hours import set_calendar_day
from web_admin.people.models import HomeAddition

MAX_DAYS_AT_ONCE = 31


def lanes_of_hours(act: Action, hours_id: str) -> list[str]:
    """Return the names of the lanes that offer a method, or have a posture, at these hours."""
    lanes = act.session.scalars(
        select(Lane)
        .join(Gate, Gate.gate_id == Lane.gate_id)
        .where(Gate.site_id == act.site_id)
        .order_by(Gate.number, Lane.lane_id)
        .options(contains_eager(Lane.gate))
    )
    return [
        full_name(lane)
        for lane in lanes
        if hours_id in lane.method_hours.values() or hours_id in lane.posture_hours
    ]


def remove_hours(act: Action, hours_id: str) -> None:
    """Take weekly hours away; raise ActionRefused with who uses them while a lane or a right does."""
    begin(act)
    hours = hours_of(act, hours_id)
    lanes = lanes_of_hours(act, hours_id)
    if lanes:
        raise ActionRefused(
            None,
            _("The lane %(lane)s uses these hours. Choose other hours there first.", lane=lanes[0])
            if len(lanes) == 1
            else _several(lanes),
        )
    rights = act.session.scalar(
        select(func.count(func.distinct(GrantRow.person_id))).where(GrantRow.hours_id == hours_id)
    )
    if rights:
        raise ActionRefused(
            None, _("People come at these hours: %(count)s. Change their rights first.", count=rights)
        )
    # A helper who has left passes nothing; what is kept of them must not hold the hours.
    ended = select(Person.person_id).where(Person.ended_at.is_not(None))
    act.session.execute(
        update(HomeAddition)
        .where(HomeAddition.hours_id == hours_id, HomeAddition.person_id.in_(ended))
        .values(hours_id=None)
        .execution_options(synchronize_session=False)
    )
    act.session.delete(hours)
    act.session.flush()
    finish(act, "hours_removed", {"hours_id": hours_id}, touches=())


def _several(lanes: list[str]) -> LazyString:
    return _(
        "These lanes use these hours: %(lanes)s. Choose other hours there first.", lanes=" · ".join(lanes)
    )


def set_days(act: Action, first: date, last: date, kind: str, name: str) -> int:
    """Set the kind of day of every date of a range, published once; return how many."""
    if last < first:
        raise ActionRefused("last_day", _("The last day is before the first. Choose a later one."))
    days = (last - first).days + 1
    if days > MAX_DAYS_AT_ONCE:
        raise ActionRefused("last_day", _("At most %(count)s days at once.", count=MAX_DAYS_AT_ONCE))
    with one_publication(act) as quiet:
        for number in range(days):
            set_calendar_day(quiet, first + timedelta(days=number), kind, name)
    return days


def change_day(act: Action, old: date, day: date, kind: str, name: str) -> None:
    """Correct a special date: its kind, its name, or the date itself; published once."""
    with one_publication(act) as quiet:
        if day != old:
            if act.session.get(CalendarDay, (act.site_id, day)) is not None:
                raise ActionRefused("day", _("This date is a special one already. Change it there."))
            set_calendar_day(quiet, old, None)
        set_calendar_day(quiet, day, kind, name)
