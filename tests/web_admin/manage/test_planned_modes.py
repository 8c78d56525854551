"""A mode of a lane that begins later: out of use for works, open for a move. It ends no other."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import go_on, pass_on_weekdays
from tests.support.compounds.desk import read
from tests.web_admin.manage.forms import send
from web_admin.compound.models import CredentialRow, Lane
from web_admin.core.job_models import LongJob
from web_admin.gates.orders import set_override
from web_admin.later import acts as later_acts
from web_admin.operations.later_runs import run_due

WEDNESDAY = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
MONDAY = {"when": "later", "begins_at": "2026-07-06T06:00"}
AT_BEGIN = datetime(2026, 7, 5, 22, 0, tzinfo=UTC)
LANE = "/manage/lanes/north-in"
WORKS = {"posture": "disabled", "reason": "Paint", "hours": "1"}
PLANNED = LongJob.kind == later_acts.KIND


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


def states(compound):
    return read(compound, lambda s: s.scalars(select(LongJob.state).where(PLANNED)).all())


def begin(compound, at=AT_BEGIN):
    compound.clock.now = at
    return run_due(compound.app)


@pytest.mark.both_databases
def test_a_lane_goes_out_of_use_at_its_time_until_the_end_that_was_typed(compound, office):
    pass_on_weekdays(compound, "王芳")  # she has no other gate
    shown = plan_works(office, until="2026-07-07T18:00")
    assert "1 person can no longer enter by 北门" in shown.text
    assert 'name="lock_out"' not in shown.text, "36 hours, however long it is until they begin"
    go_on(office, shown)
    assert "06:00 · Mode of a lane" in office.get("/manage/later").text
    assert mode(compound) == (None, None)
    assert begin(compound) == 1
    assert (states(compound), mode(compound)) == (
        ["done"],
        ("disabled", datetime(2026, 7, 7, 10, 0, tzinfo=UTC)),
    )


def test_an_end_before_the_begin_is_refused_beside_its_field(compound, office):
    answer = plan_works(office, until="2026-07-05T18:00")
    assert answer.status_code == 422
    assert "This is before it begins." in answer.text
    assert states(compound) == []


def test_a_lane_is_held_open_for_a_move_from_its_begin_on(compound, office):
    sent = send(office, f"{LANE}/hold-open", hours="4", reason="Moving day", **MONDAY)
    assert sent.location == "/manage/later"
    assert mode(compound) == (None, None)
    begin(compound)
    assert (states(compound), mode(compound)) == (["done"], ("held_open", AT_BEGIN + timedelta(hours=4)))


def test_a_planned_mode_ends_no_lockdown_of_that_moment(compound, office):
    send(office, f"{LANE}/hold-open", hours="4", reason="Moving day", **MONDAY)
    until = AT_BEGIN + timedelta(hours=1)
    compound.clock.now = AT_BEGIN - timedelta(minutes=1)
    with compound.act("manager") as act:
        set_override(act, "north-in", "lockdown", "Threat", until)
    begin(compound)
    assert (states(compound), mode(compound)) == (["held"], ("lockdown", until))


def test_a_guard_sets_a_mode_at_once_and_plans_none(compound):
    guard = compound.signed_in("guard")
    assert 'name="begins_at"' not in guard.get(LANE).text
    answer = plan_works(guard)
    assert answer.status_code == 422
    assert "Only a manager may plan this." in answer.text
    assert (states(compound), mode(compound)) == ([], (None, None))


def test_a_lost_card_is_ended_at_once_or_not_at_all(compound, office):
    """A time that nobody regards would let the finder in until then, or end a card too early."""
    wang = compound.persons["王芳"]
    cards = select(CredentialRow.credential_id).where(
        CredentialRow.person_id == wang, CredentialRow.kind == "card"
    )
    credential_id = read(compound, lambda s: s.scalars(cards).first())
    person = f"/manage/people/{wang}"
    answer = send(office, person, f"/manage/cards/{credential_id}/end", reason="lost", **MONDAY)
    assert answer.status_code == 303
    assert "This is done at once and cannot be planned." in office.get(person).text
    assert states(compound) == []
