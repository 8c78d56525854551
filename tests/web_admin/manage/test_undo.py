"""An act is undone by what was before it, as long as no other act has changed the same since."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.calendars import Span
from tests.support.act_previews import WEEKDAYS, done, is_preview, pass_on_weekdays
from tests.support.compounds.desk import hidden_of, read
from tests.web_admin.manage.forms import send
from web_admin.compound.models import CalendarDay, GrantRow, Hours, Lane
from web_admin.core.job_models import LongJob
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.journal.models import AuditEntry
from web_admin.operations.later_runs import run_due
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.privacy import retention

WEDNESDAY = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
SHORTER = {"name": "Weekdays", "span1-days": list(WEEKDAYS), "span1-start": "07:00", "span1-end": "12:00"}
LIST = "/manage/later"


@pytest.fixture
def compound_begins():
    return WEDNESDAY


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


@pytest.fixture
def weekdays(compound):
    return pass_on_weekdays(compound, "王芳")


def undo(office, number=0):
    """Press the first *Undo* of the page, or a later one."""
    page = office.get(LIST).text
    path = re.findall(r'action="(/manage/later/[^"]+/undo)"', page)[number]
    return office.post(path, data=hidden_of(page, path))


def buttons(office):
    return len(re.findall(r'action="/manage/later/[^"]+/undo"', office.get(LIST).text))


def until(compound, hours_id):
    return read(compound, lambda s: s.get_one(Hours, hours_id).spans[0]["until_minute"]) // 60


def lane(compound):
    row = read(compound, lambda s: s.get_one(Lane, "north-in"))
    return row.name, sorted(row.methods), dict(row.method_hours), dict(row.posture_hours)


def days(compound):
    rows = read(compound, lambda s: s.scalars(select(CalendarDay).order_by(CalendarDay.day)).all())
    return {row.day: (row.kind, row.name) for row in rows}


def grants(compound, name):
    query = select(GrantRow).where(GrantRow.person_id == compound.persons[name])
    return [(sorted(row.lanes), row.hours_id) for row in read(compound, lambda s: s.scalars(query).all())]


def checked(page):
    """Return what a form sends as it is shown: inputs, boxes that are ticked, chosen options."""
    form = page.text.partition("<main")[2]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and (" checked" in tag or not re.search(r'type="(checkbox|radio)"', tag)):
            sent.setdefault(name[1], []).append(value[1])
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option selected[^>]*value="([^"]*)"', options)
        sent[name] = [chosen[1] if chosen else ""]
    return sent


# -- each kind -----------------------------------------------------------------------------------------


@pytest.mark.wide
@pytest.mark.both_databases
def test_hours_are_what_they_were(compound, office, weekdays):
    done(office, send(office, f"/manage/hours/{weekdays}", **SHORTER))
    assert until(compound, weekdays) == 12
    assert undo(office).location == LIST
    assert (until(compound, weekdays), buttons(office)) == (18, 0)
    assert "Undone" in office.get(LIST).text
    kinds = select(AuditEntry.kind).order_by(AuditEntry.seq.desc()).limit(2)
    assert read(compound, lambda s: s.scalars(kinds).all()) == ["act_undone", "hours_saved"]


@pytest.mark.wide
def test_longer_hours_are_undone_after_what_that_takes_was_read(compound, office, weekdays):
    send(office, f"/manage/hours/{weekdays}", **SHORTER | {"span1-end": "20:00"})
    shown = undo(office)
    assert is_preview(shown)
    assert "1 person can no longer enter by 北门" in shown.text
    assert until(compound, weekdays) == 20
    done(office, shown)
    assert until(compound, weekdays) == 18


@pytest.mark.wide
def test_new_hours_go_and_removed_ones_come_back(compound, office):
    by_name = select(Hours).where(Hours.name == "New ones")

    def found():
        return read(compound, lambda s: s.scalars(by_name).all())

    send(office, "/manage/hours/new", **SHORTER | {"name": "New ones"})
    undo(office)
    assert found() == []
    compound.clock.now += timedelta(minutes=1)
    send(office, "/manage/hours/new", **SHORTER | {"name": "New ones"})
    compound.clock.now += timedelta(minutes=1)
    path = f"/manage/hours/{found()[0].hours_id}"
    office.post(f"{path}/remove", data=hidden_of(office.get(path).text, f"{path}/remove"))
    assert found() == []
    undo(office)
    assert [row.spans[0]["until_minute"] for row in found()] == [720]


def test_a_week_of_special_days_is_as_it_was(compound, office):
    with compound.act("manager") as act:
        set_calendar_day(act, date(2026, 10, 2), "sat", "Market")
    before = days(compound)
    week = {"day": "2026-10-01", "last_day": "2026-10-07", "kind": "holiday", "name": "National Day"}
    done(office, send(office, "/manage/hours/days/new", **week))
    assert len(days(compound)) == len(before) + 6
    with compound.act("manager") as act:
        set_calendar_day(act, date(2026, 10, 3), None)
    undo(office)
    assert len(days(compound)) == len(before) + 5, "one of them was changed since"
    with compound.act("manager") as act:
        set_calendar_day(act, date(2026, 10, 3), "holiday", "National Day")
    done(office, undo(office))
    assert days(compound) == before


@pytest.mark.wide
def test_a_schedule_goes_and_comes_back(compound, office, weekdays):
    before = lane(compound)
    path = "/manage/lanes/north-in/schedules"
    done(office, send(office, f"{path}/new", hours_id=weekdays, posture="lockdown"))
    assert lane(compound) != before
    done(office, undo(office))
    assert lane(compound) == before


@pytest.mark.wide
def test_a_lane_has_its_ways_again(compound, office):
    before, path = lane(compound), "/manage/gates/north/lanes/north-in"
    sent = checked(office.get(path)) | {"methods": ["card"], "name": ["Renamed"]}
    done(office, office.post(path, data=sent))
    assert (lane(compound)[0], lane(compound)[1]) == ("Renamed", ["card"])
    done(office, undo(office))
    assert lane(compound) == before


@pytest.mark.wide
def test_a_person_has_their_rights_again(compound, office, weekdays):
    before, path = grants(compound, "王芳"), f"/manage/people/{compound.persons['王芳']}/grants"
    done(office, send(office, path, lanes=["north-in"], hours_id=""))
    assert grants(compound, "王芳") == [(["north-in"], None)]
    done(office, undo(office))
    assert grants(compound, "王芳") == before


# -- what changed since --------------------------------------------------------------------------------


@pytest.mark.wide
def test_an_act_that_another_one_followed_offers_nothing_until_that_is_undone(compound, office, weekdays):
    for end in ("12:00", "13:00"):
        done(office, send(office, f"/manage/hours/{weekdays}", **SHORTER | {"span1-end": end}))
        compound.clock.now += timedelta(minutes=1)
    assert buttons(office) == 1
    done(office, undo(office))
    assert (until(compound, weekdays), buttons(office)) == (12, 1)
    done(office, undo(office))
    assert (until(compound, weekdays), buttons(office)) == (18, 0)


@pytest.mark.wide
def test_where_it_was_changed_since_nothing_is_undone(compound, office, weekdays):
    done(office, send(office, f"/manage/hours/{weekdays}", **SHORTER))
    with compound.act("manager") as act:  # through another door, which keeps nothing
        save_hours(act, weekdays, "Weekdays", [Span(WEEKDAYS, 7 * 60, 13 * 60)])
    assert undo(office).location == LIST
    assert "It was changed again since. Nothing was undone." in office.get(LIST).text
    assert until(compound, weekdays) == 13


@pytest.mark.wide
def test_what_is_refused_now_says_why_and_undoes_nothing(compound, office, weekdays):
    send(office, "/manage/hours/new", **SHORTER | {"name": "New ones"})
    hours_id = read(
        compound, lambda s: s.scalars(select(Hours).where(Hours.name == "New ones")).one()
    ).hours_id
    with compound.act("manager") as act:
        set_grants(
            replace(act, because="asked"), compound.persons["王磊"], [GrantSpec(("north-in",), hours_id)]
        )
    undo(office)
    assert "People come at these hours: 1. Change their rights first." in office.get(LIST).text
    assert until(compound, hours_id) == 12


@pytest.mark.wide
def test_a_button_that_is_pressed_twice_undoes_once(compound, office, weekdays):
    done(office, send(office, f"/manage/hours/{weekdays}", **SHORTER))
    page = office.get(LIST).text
    (path,) = re.findall(r'action="(/manage/later/[^"]+/undo)"', page)
    for _twice in range(2):
        office.post(path, data=hidden_of(page, path))
    assert until(compound, weekdays) == 18


def test_an_ended_card_and_a_refused_form_offer_nothing(compound, office, weekdays):
    send(office, f"/manage/hours/{weekdays}", **SHORTER | {"name": ""})
    assert is_preview(send(office, f"/manage/hours/{weekdays}", **SHORTER))  # read, and left as it is
    assert buttons(office) == 0


@pytest.mark.wide
def test_an_installer_undoes_no_rights(compound, office, weekdays):
    path = f"/manage/people/{compound.persons['王芳']}/grants"
    done(office, send(office, path, lanes=["north-in"], hours_id=""))
    page = office.get(LIST).text
    (undo_path,) = re.findall(r'action="(/manage/later/[^"]+/undo)"', page)
    installer = compound.signed_in("installer")
    shown = installer.get(LIST).text
    assert "王芳" not in shown
    assert buttons(installer) == 0
    installer.post(undo_path, data=hidden_of(page, undo_path))
    assert grants(compound, "王芳") == [(["north-in"], None)]


@pytest.mark.wide
def test_a_planned_act_that_was_done_can_be_undone(compound, office, weekdays):
    shown = send(office, f"/manage/hours/{weekdays}", **SHORTER, begins_at="2026-07-06T06:00")
    done(office, shown)
    assert buttons(office) == 0
    compound.clock.now = WEDNESDAY + timedelta(days=6)
    run_due(compound.app)
    office = compound.signed_in("manager")  # the session of last week is over
    done(office, undo(office))
    assert until(compound, weekdays) == 18


@pytest.mark.wide
def test_what_was_is_sealed_and_goes_after_a_week(compound, office, weekdays):
    done(office, send(office, f"/manage/hours/{weekdays}", **SHORTER))
    sealed = read(compound, lambda s: s.scalars(select(LongJob.payload_sealed)).one())
    assert b"Weekdays" not in sealed
    compound.clock.now += timedelta(days=8)
    with compound.app.app_context():
        for step in retention.STEPS.values():
            step(compound.app.extensions["menjin"], compound.clock.now)
    assert read(compound, lambda s: s.scalars(select(LongJob)).all()) == []
