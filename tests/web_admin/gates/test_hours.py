"""Weekly hours and special days reach the gate and decide there."""

from dataclasses import replace
from datetime import date

import pytest

from gate_controller.contract.calendars import Span
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    household,
    show_card,
)
from web_admin.action.base import Action
from web_admin.credentials.cards import issue_card
from web_admin.gates.hours import save_hours, set_calendar_day
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
