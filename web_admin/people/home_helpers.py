"""Actions on helpers of a home: cleaner, nanny or carer with a card or PIN of their own, hours and an end.

Any adult of the home adds, changes, renews and ends them. A helper never has more than the member who
answers for them (`helper_rights`), and ends with the home.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from flask_babel import lazy_gettext as _

from gate_controller.contract.calendars import DAY_KINDS, MINUTES_A_DAY, Span
from web_admin.action.base import Action, begin, finish
from web_admin.compound.age_bands import midnight_at, today_at
from web_admin.compound.models import Hours, Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.people.actions import GrantSpec, add_person, move_out, set_grants
from web_admin.people.helper_rights import covering
from web_admin.people.members import (
    for_home,
    give_pin,
    member_who_may,
    of_same_home,
    refuse_full_home,
    set_card,
)
from web_admin.people.models import HomeAddition

MAX_HELPER_DAYS = 366


@dataclass(frozen=True, slots=True)
class HelperTimes:
    """When a helper may come: until a last day, on `days` from minute to minute; no days: at all hours."""

    last_day: date
    days: tuple[str, ...] = ()
    from_minute: int = 0
    until_minute: int = MINUTES_A_DAY


def add_helper(
    act: Action, member_id: str, *, display_name: str, lanes: Sequence[str], times: HelperTimes, language: str
) -> Person:
    """Add a helper to the member's home; a card comes from the office, a PIN from `give_helper_pin`."""
    site = begin(act)
    member = member_who_may(act, member_id)
    refuse_full_home(act, member)
    helper = add_person(
        for_home(act),
        display_name=display_name,
        home_id=member.home_id,
        kind="helper",
        language=language,
        lanes=(),
    )
    act.session.add(
        HomeAddition(
            person_id=helper.person_id, home_id=member.home_id or "", added_by=member_id, added_at=act.now
        )
    )
    act.session.flush()
    _set_times(act, site, member, helper, lanes, times)
    finish(
        act,
        "helper_added",
        {"until": times.last_day.isoformat()},
        person_id=helper.person_id,
    )
    return helper


def change_helper(
    act: Action, member_id: str, helper_id: str, *, lanes: Sequence[str], times: HelperTimes
) -> None:
    """Give a helper other gates, hours or a later end; the actor answers for them from now on."""
    site = begin(act)
    member, helper = _of_home(act, member_id, helper_id)
    addition = act.session.get(HomeAddition, helper_id)
    if addition is None:
        addition = HomeAddition(
            person_id=helper_id, home_id=member.home_id or "", added_by=member_id, added_at=act.now
        )
        act.session.add(addition)
    addition.added_by = member_id
    act.session.flush()
    _set_times(act, site, member, helper, lanes, times)
    finish(act, "helper_changed", {"until": times.last_day.isoformat()}, person_id=helper_id)


def end_helper(act: Action, member_id: str, helper_id: str) -> None:
    """End a helper at once, with card, PIN and all."""
    begin(act)
    _member, helper = _of_home(act, member_id, helper_id)
    move_out(for_home(act), helper.person_id)
    finish(act, "helper_ended", {}, person_id=helper_id)


def give_helper_pin(act: Action, member_id: str, helper_id: str) -> str:
    """Return a new PIN for a helper, to be shown once."""
    begin(act)
    _member, helper = _of_home(act, member_id, helper_id)
    return give_pin(act, helper)


def set_helper_card(
    act: Action, member_id: str, helper_id: str, credential_id: str, *, suspended: bool
) -> None:
    begin(act)
    _member, helper = _of_home(act, member_id, helper_id)
    set_card(act, helper, credential_id, suspended=suspended)


def _of_home(act: Action, member_id: str, helper_id: str) -> tuple[Person, Person]:
    member = member_who_may(act, member_id)
    helper = of_same_home(act, member, helper_id)
    if helper.kind != "helper":
        raise ActionRefused(None, _("This person is no helper."))
    return member, helper


def _set_times(
    act: Action, site: Site, member: Person, helper: Person, lanes: Sequence[str], times: HelperTimes
) -> None:
    end = _checked_end(site, times.last_day, act.now)
    if not lanes:
        raise ActionRefused("lanes", _("Choose at least one gate."))
    own = _own_hours(act, helper, times)
    by_hours: dict[str | None, list[str]] = {}
    for lane_id in dict.fromkeys(lanes):
        grants = covering(member, lane_id, end, act.now)
        if not grants:
            raise ActionRefused("lanes", _("A helper may not pass more gates than you, or for longer."))
        if not any(grant.hours_id is None for grant in grants) and own is not None:
            raise ActionRefused(
                "days", _("You may come in at set hours, and so may your helper. Choose “at all hours”.")
            )
        bound = own if any(grant.hours_id is None for grant in grants) else grants[0].hours_id
        by_hours.setdefault(bound, []).append(lane_id)
    specs = [GrantSpec(tuple(ids), hours_id, None, end) for hours_id, ids in by_hours.items()]
    set_grants(for_home(act), helper.person_id, specs)


def _checked_end(site: Site, last_day: date, now: datetime) -> datetime:
    today = today_at(site, now)
    if last_day < today:
        raise ActionRefused("last_day", _("This end is in the past. Choose a later one."))
    if last_day - today > timedelta(days=MAX_HELPER_DAYS):
        raise ActionRefused("last_day", _("A helper is for one year at most. Renew it then."))
    return midnight_at(site, last_day + timedelta(days=1))


def _own_hours(act: Action, helper: Person, times: HelperTimes) -> str | None:
    """Write a helper's own hours and return their id; None is at all hours."""
    if not times.days:
        return None
    if set(times.days) - set(DAY_KINDS):
        raise ActionRefused("days", _("Choose at least one day of the week."))
    if not 0 <= times.from_minute < times.until_minute <= MINUTES_A_DAY:
        raise ActionRefused("ends_at", _("The end must come after the start, on the same day."))
    addition = act.session.get_one(HomeAddition, helper.person_id)
    hours = act.session.get(Hours, addition.hours_id) if addition.hours_id is not None else None
    if hours is None:
        hours = Hours(hours_id=f"helper-{helper.person_id}", site_id=act.site_id, name="")
        act.session.add(hours)
    days = tuple(day for day in DAY_KINDS if day in times.days)
    hours.spans = [msgspec.to_builtins(Span(days, times.from_minute, times.until_minute))]
    act.session.flush()
    addition.hours_id = hours.hours_id
    act.session.flush()
    return hours.hours_id
