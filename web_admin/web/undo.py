"""Undo an act of the office: set again what was before it, through the same actions that changed it.

An act can be undone where its page is in `INVERSES`: what it may change is read before and after it and kept
(`later/past.py`). It is undone as long as all of that is as the act left it, and what was ended (`ended.py`)
within a day. A page that is missing there offers nothing: a lost card stays ended.
"""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec
from flask import request
from flask_babel import lazy_gettext as _l

from gate_controller.contract.calendars import Span
from web_admin.action.base import Action, begin, one_publication, record
from web_admin.compound.models import Lane, Person
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.hours_in_use import remove_hours
from web_admin.gates.queries import calendar_days
from web_admin.gates.rules import LaneSpec, spec_of
from web_admin.gates.schedules import remove_schedule, set_schedule
from web_admin.later.past import Change, Done, PastAct, Values, changes_between, keep, note_undone, past_act
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.people.additions import named_hours
from web_admin.people.helper_rights import helpers_of
from web_admin.web.ended import ENDED
from web_admin.web.inverse import Args, Inverse
from web_admin.web.times import local_date

IS_UNDONE = _l("This was undone already, or was too long ago.")
Part = tuple["Inverse", str, str]
"""A part that is changed: its kind, its lane where it is a lane's, and its id."""


class _Hours(msgspec.Struct, frozen=True):
    name: str
    spans: tuple[Span, ...]


class _Day(msgspec.Struct, frozen=True):
    kind: str
    name: str


class _Grants(msgspec.Struct, frozen=True):
    grants: tuple[GrantSpec, ...]


# -- what pages change -----------------------------------------------------------------------------------


def _hours(act: Action, _args: Args) -> Mapping[str, object]:
    rows = named_hours(act.session, act.site_id)
    return {row.hours_id: {"name": row.name, "spans": row.spans} for row in rows}


def _put_hours(act: Action, args: Args, hours_id: str, value: object) -> None:
    if value is None:
        remove_hours(act, hours_id)
        return
    was = msgspec.convert(value, _Hours)
    is_known = hours_id in _hours(act, args)
    save_hours(act, hours_id if is_known else None, was.name, was.spans)  # what was removed gets a new id


def _days(act: Action, _args: Args) -> Mapping[str, object]:
    return {row.day.isoformat(): _Day(row.kind, row.name) for row in calendar_days(act.session, act.site_id)}


def _put_day(act: Action, _args: Args, day: str, value: object) -> None:
    was = None if value is None else msgspec.convert(value, _Day)
    kind, name = (None, "") if was is None else (was.kind, was.name)
    set_calendar_day(act, date.fromisoformat(day), kind, name)


def _schedules(act: Action, args: Args) -> Mapping[str, object]:
    return act.session.get_one(Lane, args["lane_id"]).posture_hours


def _put_schedule(act: Action, args: Args, hours_id: str, value: object) -> None:
    if value is None:
        remove_schedule(act, args["lane_id"], hours_id)
    else:
        set_schedule(act, args["lane_id"], hours_id, str(value))


def _lane(act: Action, args: Args) -> Mapping[str, object]:
    return {args["lane_id"]: spec_of(act.session.get_one(Lane, args["lane_id"]))}


def _put_lane(act: Action, args: Args, _lane_id: str, value: object) -> None:
    save_lane(act, args["gate_id"], msgspec.convert(value, LaneSpec))


def _grants(act: Action, args: Args) -> Mapping[str, object]:
    """Read the grants of a person and of the home's helpers, which the person's own limit."""
    person = act.session.get_one(Person, args["person_id"])
    helpers = helpers_of(act.session, person.home_id) if person.home_id else ()
    return {one.person_id: _grants_of(one) for one in (person, *helpers)}


def _grants_of(person: Person) -> _Grants:
    specs = [
        GrantSpec(tuple(sorted(one.lanes)), one.hours_id, one.valid_from, one.valid_until)
        for one in person.grants
    ]
    return _Grants(tuple(sorted(specs, key=repr)))


def _put_grants(act: Action, _args: Args, person_id: str, value: object) -> None:
    set_grants(act, person_id, msgspec.convert(value, _Grants).grants)


HOURS = Inverse(_hours, _put_hours, lambda _hours_id, value: str(value["name"]))
DAYS = Inverse(_days, _put_day, lambda day, _value: local_date(date.fromisoformat(day)))
SCHEDULES, LANE = Inverse(_schedules, _put_schedule), Inverse(_lane, _put_lane)
GRANTS = Inverse(_grants, _put_grants)
INVERSES: Mapping[str, Inverse] = {
    "hours.new": HOURS,
    "hours.edit": HOURS,
    "hours.remove": HOURS,
    "hours.new_day": DAYS,
    "hours.edit_day": DAYS,
    "hours.remove_day": DAYS,
    "schedules.new": SCHEDULES,
    "schedules.remove": SCHEDULES,
    "gates.edit_lane": LANE,
    "person.grants": GRANTS,
    **ENDED,
}


# -- kept and undone ----------------------------------------------------------------------------------------


def values_before(act: Action) -> Values | None:
    """Return what this request's page may change, as it is; None where it cannot be undone."""
    inverse = INVERSES.get(request.endpoint or "")
    return None if inverse is None else _read(inverse, act, _args())


def keep_changes(act: Action, before: Values | None) -> None:
    """Keep what this request's act has changed, so that it can be undone."""
    if before is None:
        return
    endpoint, args = str(request.endpoint), _args()
    act.session.flush()
    changes = changes_between(before, _read(INVERSES[endpoint], act, args))
    if changes:
        keep(act, Done(endpoint, args, changes))


def parts_of(done: Done) -> frozenset[Part]:
    """Return what an act has changed, as another act that changed the same says it."""
    inverse, lane_id = INVERSES[done.endpoint], done.args.get("lane_id", "")
    return frozenset((inverse, lane_id, key) for key in done.changes)


def names_of_parts(done: Done) -> list[str]:
    """Return the names of what an act has changed, where the address of its page does not say them."""
    name = INVERSES[done.endpoint].name
    return [name(key, change.after or change.before) for key, change in done.changes.items()]


def is_too_late(past: PastAct, now: datetime) -> bool:
    """Return whether an act is so long ago that it cannot be undone any more."""
    return now > past.at + INVERSES[past.done.endpoint].lasts


def undo_act(act: Action, job_id: str) -> None:
    """Set again what was before an act; raise ActionRefused where something of it has changed since."""
    begin(act)
    kept = past_act(act, job_id)
    if kept is None or is_too_late(kept, act.now):
        raise ActionRefused(None, IS_UNDONE)
    inverse, args, changes = INVERSES[kept.done.endpoint], kept.done.args, kept.done.changes
    now = _read(inverse, act, args)
    if any(now.get(key) != change.after for key, change in changes.items()):
        raise ActionRefused(None, _l("It was changed again since. Nothing was undone."))
    if len(changes) == 1:
        _put(inverse, act, args, changes)
    else:
        with one_publication(act) as quiet:
            _put(inverse, quiet, args, changes)
    note_undone(act, kept.job_id)
    record(act, "act_undone", {"job_id": kept.job_id})


def _put(inverse: Inverse, act: Action, args: Args, changes: Mapping[str, Change]) -> None:
    for key, change in changes.items():
        inverse.put(act, args, key, change.before)


def _args() -> Args:
    return {name: str(value) for name, value in (request.view_args or {}).items()}


def _read(inverse: Inverse, act: Action, args: Args) -> Values:
    """Return the values as what is stored of them is read again: plain."""
    values: Values = msgspec.json.decode(msgspec.json.encode(inverse.read(act, args)))
    return values
