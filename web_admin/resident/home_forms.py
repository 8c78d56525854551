"""Read the forms of a home's helpers and show an invitation's code, for the pages of the home; no routes."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext

from gate_controller.contract.calendars import WEEKDAYS
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Person
from web_admin.core.database import current_menjin
from web_admin.people.at_home import AtHome
from web_admin.people.home_helpers import HelperTimes
from web_admin.resident.blueprint import site_of
from web_admin.visitors.reach import gates_open_to
from web_admin.web.qr_picture import svg_of
from web_admin.web.typed_times import day_of, minute_of


def code_page(person: Person, invited: Person, code: str) -> str:
    """Return the page that shows an invitation's code once, as digits, picture and link."""
    link = current_menjin().config.public_url + url_for("resident.welcome", code=code)
    return render_template(
        "resident/home_code.html",
        person=person,
        site=site_of(person),
        invited=invited,
        code=code,
        link=link,
        picture=svg_of(link, gettext("QR code of the invitation")),
        tab="my_home",
    )


def wanted_lanes(person: Person, act: Action) -> list[str]:
    """Return the lanes of the chosen gates that this person may pass themselves."""
    chosen = set(request.form.getlist("gates"))
    own = {lane_id for grant in person.grants for lane_id in grant.lanes}
    gates: list[Gate] = gates_open_to(act.session, person, act.now)
    return [
        lane.lane_id for gate in gates if gate.gate_id in chosen for lane in gate.lanes if lane.lane_id in own
    ]


def typed_times() -> HelperTimes:
    """Return when a helper may come, as typed; raise ActionRefused."""
    last_day = day_of("last_day")
    if request.form.get("hours") != "typed":
        return HelperTimes(last_day)
    days = tuple(request.form.getlist("days"))
    if not days:
        return HelperTimes(last_day, ("",))  # a day that is none: refused beside the days
    return HelperTimes(last_day, days, minute_of("starts_at"), minute_of("ends_at"))


def form_of_helper(one: AtHome) -> Mapping[str, Any]:
    """Return how a helper's form is filled: gates come from the lanes, hours from the spans."""
    span = one.hours.spans[0] if one.hours is not None else None
    return {
        "lanes": {lane_id for grant in one.person.grants for lane_id in grant.lanes},
        "days": span["days"] if span is not None else WEEKDAYS[:5],
        "from_minute": span["from_minute"] if span is not None else 9 * 60,
        "until_minute": span["until_minute"] if span is not None else 12 * 60,
        "hours": "typed" if span is not None else "always",
    }
