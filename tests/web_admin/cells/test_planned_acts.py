"""A planned act begins in its own cell, and a closed cell opens for it."""

import secrets
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.managed import PASSWORD
from tests.web_admin.cells.installed import Here
from web_admin.accounts.staff import create_staff
from web_admin.action.base import new_action
from web_admin.cells.cell import Cell
from web_admin.compound.models import CalendarDay, Site
from web_admin.core.database import current_menjin
from web_admin.core.job_models import LongJob
from web_admin.later.acts import KIND, Sent, plan_act


def plan_festival(cell: Cell) -> None:
    """Plan a special date, for a moment that has just come, as a manager of the cell."""
    app = cell.enter()
    try:
        with app.app_context(), current_menjin().database.session() as session:
            menjin = current_menjin()
            manager = create_staff(session, "manager", "manager@example.org", PASSWORD)
            session.flush()
            site_id = session.scalars(select(Site.site_id)).one()
            act = new_action(menjin, session, site_id, f"staff-{manager.id}", "manager")
            fields = {"day": "2027-02-17", "kind": "holiday", "name": "Festival"}
            once = {"once": secrets.token_urlsafe(18)}
            sent = Sent(
                manager.id, "hours.new_day", "/manage/hours/days/new", {}, tuple((fields | once).items())
            )
            plan_act(act, sent, act.now - timedelta(seconds=1))
    finally:
        cell.leave()


@pytest.mark.wide
def test_a_closed_cell_opens_for_its_planned_act(here: Here) -> None:
    willow, elm = (here.installation._cells[name] for name in ("willow", "elm"))
    plan_festival(willow)
    willow.close_if_idle(0.0)
    assert willow.app is None
    assert here.jobs._later(willow) > 0  # it looks into open cells alone
    assert willow.app is None
    for cell in (elm, willow):
        here.jobs._always(cell)
    with willow.at_work() as menjin, menjin.database.session() as session:
        assert session.scalars(select(LongJob.state).where(LongJob.kind == KIND)).all() == ["done"]
        assert session.scalars(select(CalendarDay.day)).all() == [date(2027, 2, 17)]


def test_an_open_cell_begins_its_planned_act(here: Here) -> None:
    here.ask("willow.example")
    willow = here.installation._cells["willow"]
    plan_festival(willow)
    here.jobs._later(willow)
    with willow.at_work() as menjin, menjin.database.session() as session:
        assert session.scalars(select(LongJob.state).where(LongJob.kind == KIND)).all() == ["done"]
