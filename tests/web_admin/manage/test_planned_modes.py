"""A mode of a lane that begins later: out of use for works, open for a move. It ends no other."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import go_on, is_preview, pass_on_weekdays
from tests.support.compounds.desk import read
from tests.web_admin.manage.forms import send
from tests.web_admin.manage.planned_acts import AT_BEGIN, MONDAY, WEDNESDAY, pass_time, states
from web_admin.compound.models import CredentialRow, Lane
from web_admin.gates.orders import set_override
from web_admin.later import acts as later_acts

LANE = "/manage/lanes/north-in"
WORKS = {"posture": "disabled", "reason": "Paint", "hours": "1"}


@pytest.fixture
def compound_begins():
    return WEDNESDAY


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


def plan_works(client, **fields):
    return send(client, LANE, f"{LANE}/posture", **WORKS | MONDAY | fields)


def mode(compound):
    lane = read(compound, lambda s: s.get_one(Lane, "north-in"))
    return lane.override_posture, lane.override_until


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_lane_goes_out_of_use_at_its_time_until_the_end_that_was_typed(compound, office):
    pass_on_weekdays(compound, "王芳")  # she has no other gate
    shown = plan_works(office, until="2026-07-07T18:00")
    assert "can no longer enter by 北门 until Tue, Jul 7 18:00" in shown.text
    assert "Within the seven days from Jul 6, 2026" in shown.text
    assert 'name="lock_out"' not in shown.text, "36 hours, however long it is until they begin"
    compound.clock.now += timedelta(seconds=61)
    assert go_on(office, shown).location == "/manage/later"
    page = office.get("/manage/later").text
    assert "06:00 · Mode of a lane" in page
    assert "Out of use · until Jul 7, 2026 18:00" in page
    assert mode(compound) == (None, None)
    assert pass_time(compound) == 1
    assert (states(compound), mode(compound)) == (
        ["done"],
        ("disabled", datetime(2026, 7, 7, 10, 0, tzinfo=UTC)),
    )


@pytest.mark.wide
def test_an_end_before_the_begin_is_refused_beside_its_field(compound, office):
    answer = plan_works(office, until="2026-07-05T18:00")
    assert answer.status_code == 422
    assert "This end is in the past. Choose a later one." in answer.text
    assert states(compound) == []


@pytest.mark.wide
def test_a_lane_is_held_open_for_a_move_from_its_begin_on(compound, office):
    sent = send(office, f"{LANE}/hold-open", hours="4", reason="Moving day", **MONDAY)
    assert sent.location == "/manage/later"
    assert mode(compound) == (None, None)
    assert "4 hours" in office.get("/manage/later").text
    pass_time(compound, AT_BEGIN + timedelta(hours=1))
    ends_at = AT_BEGIN + timedelta(hours=4)
    assert (states(compound), mode(compound)) == (["done"], ("held_open", ends_at)), "not for an hour longer"


def test_a_move_that_a_server_slept_through_opens_nothing_at_night(compound, office):
    send(office, f"{LANE}/hold-open", hours="4", reason="Moving day", **MONDAY)
    pass_time(compound, AT_BEGIN + timedelta(hours=20))
    assert (states(compound), mode(compound)) == (["held"], (None, None))


@pytest.mark.wide
def test_a_planned_mode_ends_no_lockdown_of_that_moment(compound, office):
    send(office, f"{LANE}/hold-open", hours="4", reason="Moving day", **MONDAY)
    until = AT_BEGIN + timedelta(hours=1)
    compound.clock.now = AT_BEGIN - timedelta(minutes=1)
    with compound.act("manager") as act:
        set_override(act, "north-in", "lockdown", "Threat", until)
    pass_time(compound)
    assert (states(compound), mode(compound)) == (["held"], ("lockdown", until))
    answer = look_at(compound.signed_in("manager"))
    assert answer.status_code == 422
    assert "Staff have put this lane into another mode meanwhile." in answer.text
    assert mode(compound) == ("lockdown", until)


def look_at(office):
    """Press the button of a mode that waits for a person."""
    page = office.get("/manage/later").text
    path = re.search(r'action="(/manage/lanes/[^"]+)"', page)[1]
    form = page.partition(f'action="{path}"')[2].partition("</form>")[0]
    return office.post(path, data=dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', form)))


@pytest.mark.wide
def test_a_mode_that_waited_is_shown_before_it_is_done_even_where_it_takes_nothing(compound, office):
    send(office, f"{LANE}/hold-open", hours="4", reason="Moving day", **MONDAY)
    with compound.act("manager") as act:
        later_acts.hold_all(act.session, compound.site_id, "restored")
    shown = look_at(office)
    assert is_preview(shown)
    assert "No one loses anything." in shown.text
    assert mode(compound) == (None, None)
    go_on(office, shown)
    assert (states(compound), mode(compound)) == (["done"], ("held_open", WEDNESDAY + timedelta(hours=4)))


def test_a_lockdown_never_waits_whatever_time_stands_beside_it(compound, office):
    plan_works(office, posture="lockdown")
    assert (states(compound), mode(compound)[0]) == ([], "lockdown")
    assert "This cannot wait, so it was done at once." in office.get(LANE).text


def test_out_of_use_for_some_hours_is_done_by_the_second_press_while_time_passes(compound, office):
    shown = send(office, LANE, f"{LANE}/posture", **WORKS)
    compound.clock.now += timedelta(seconds=61)
    go_on(office, shown)
    assert mode(compound) == ("disabled", compound.clock.now + timedelta(hours=1))


def test_a_guard_sets_a_mode_at_once_and_plans_none(compound):
    guard = compound.signed_in("guard")
    assert 'name="begins_at"' not in guard.get(LANE).text
    answer = plan_works(guard)
    assert answer.status_code == 422
    assert "Only a manager may plan this." in answer.text
    assert (states(compound), mode(compound)) == ([], (None, None))


def test_a_lost_card_is_ended_at_once_whatever_time_stands_beside_it(compound, office):
    wang = compound.persons["王芳"]
    cards = select(CredentialRow.credential_id).where(
        CredentialRow.person_id == wang, CredentialRow.kind == "card"
    )
    credential_id = read(compound, lambda s: s.scalars(cards).first())
    person = f"/manage/people/{wang}"
    send(office, person, f"/manage/cards/{credential_id}/end", reason="lost", **MONDAY)
    assert "This cannot wait, so it was done at once." in office.get(person).text
    assert read(compound, lambda s: s.get_one(CredentialRow, credential_id).state) == "ended"
    assert states(compound) == []
