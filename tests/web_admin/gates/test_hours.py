"""The hours of a gate, as they are set and as they are in use."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.calendars import Span
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    household,
    show_card,
)
from tests.support.compounds.desk import read
from tests.web_admin.manage.acting_pages import at
from tests.web_admin.manage.days_of_a_site import GATES, day_of, days, remove
from tests.web_admin.manage.forms import send
from web_admin.action.base import Action
from web_admin.compound.models import Hours
from web_admin.credentials.cards import issue_card
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.schedules import set_schedule
from web_admin.people.actions import GrantSpec, set_grants


@pytest.mark.publishing
def test_hours_and_special_days_reach_the_gate_and_decide(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    hours = save_hours(act, None, "Wednesday noon", [Span(("wed",), 600, 840)])
    asked, works = (replace(act, because=reason) for reason in ("asked", "works"))
    set_grants(asked, person.person_id, [GrantSpec(("north-in",), hours_id=hours.hours_id)])
    assert show_card(act, 77).opens
    set_calendar_day(works, date(2026, 3, 4), "holiday", "Spring")
    assert show_card(act, 77).reason is Reason.OUTSIDE_HOURS
    set_calendar_day(act, date(2026, 3, 4), None)
    assert show_card(act, 77).opens


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


def hours_named(compound, name="保洁时段"):
    return read(compound, lambda s: s.scalars(select(Hours).where(Hours.name == name)).first())


def test_a_date_is_not_moved_onto_another_special_one(client, compound):
    old, other = day_of(compound), day_of(compound) + timedelta(days=1)
    send(client, "/manage/hours/days/new", day=other.isoformat(), kind="mon", name="")
    answer = send(client, f"/manage/hours/days/{old.isoformat()}", day=other.isoformat(), kind="tue", name="")
    assert answer.status_code == 422
    assert "This date is a special one already." in answer.text
    assert sorted(days(compound)) == [(old, "holiday", "国庆节"), (other, "mon", "")]


def test_hours_that_nothing_uses_are_removed(client, compound):
    hours = hours_named(compound)
    assert remove(client, f"/manage/hours/{hours.hours_id}").location == GATES
    assert hours_named(compound) is None


def test_hours_of_a_lane_stay_and_the_page_names_the_lane(client, compound):
    hours = hours_named(compound)
    with at(compound) as act:
        set_schedule(act, "north-in", hours.hours_id, "lockdown")
    page = f"/manage/hours/{hours.hours_id}"
    assert remove(client, page).location == page
    assert "The lane 北门 · 进 uses these hours." in client.get(page).text
    assert hours_named(compound) is not None


@pytest.mark.wide
def test_hours_of_a_persons_right_stay_until_the_right_is_changed(client, compound):
    with at(compound) as act:
        hours = save_hours(act, None, "Mornings", [Span(("mon",), 0, 600)])
        hours_id = hours.hours_id
        set_grants(act, compound.persons["保洁员"], [GrantSpec(("north-in",), hours_id, None, None)])
    page = f"/manage/hours/{hours_id}"
    remove(client, page)
    shown = client.get(page).text
    assert "People come at these hours: 1." in shown
    assert "保洁员" not in shown
    with at(compound) as act:
        set_grants(act, compound.persons["保洁员"], [])
    assert remove(client, page).location == GATES
    assert hours_named(compound, "Mornings") is None
