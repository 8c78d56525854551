"""A lost card at night, and the slips of 58 mm: what is stopped, what is printed, and what is not shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.passes import ALL_GATES
from tests.support.compounds.desk import card_of, hidden_of, read
from tests.support.compounds.many_gates import add_stairwells
from tests.support.compounds.resident import csrf_of
from tests.web_admin.desk.cards import look
from tests.web_admin.desk.lost import passes_of, state_of, stop
from web_admin.action.base import new_action
from web_admin.alarms.models import Alarm
from web_admin.compound.models import CredentialRow, Gate, Lane, Person, Site
from web_admin.compound.queries import places_of_site
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import end_credential
from web_admin.credentials.cards import issue_card
from web_admin.desk.lost_cards import initials_of, replace_for_a_night
from web_admin.people.actions import GrantSpec, set_grants


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


@pytest.mark.wide
def test_looks_have_an_end_and_the_manager_answers_the_alarm(compound):
    guard = compound.signed_in("guard")
    homes = [look(guard, "3-1203").status_code for _look in range(11)]
    assert homes == [200] * 10 + [429]
    guessing = select(Alarm).where(Alarm.kind == "alarm_desk_guessing")
    alarm = read(compound, lambda s: s.scalars(guessing).one())
    path = f"/manage/alarms/{alarm.alarm_id}/acknowledge"
    token = {"csrf_token": csrf_of(guard.get("/manage/desk").text)}
    assert guard.post(path, data=token).status_code == 403
    manager = compound.signed_in("manager")
    assert look(manager, "3-1203").status_code == 200
    token = {"csrf_token": csrf_of(manager.get("/manage/desk").text)}
    assert manager.post(path, data=token).status_code == 303
    assert read(compound, lambda s: s.get_one(Alarm, alarm.alarm_id).acknowledged_at) is not None


@pytest.mark.wide
def test_the_card_stops_also_where_no_pass_can_be_made(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = new_action(
            current_menjin(), session, compound.site_id, "tests", "manager", now=compound.clock()
        )
        set_grants(replace(act, because="asked"), wang, [])
    client = compound.signed_in("guard")
    card = read(compound, lambda s: card_of(s, wang))
    found = look(client, "3-1203").text
    client.post(f"/manage/lost-card/{card}", data=hidden_of(found, f"/manage/lost-card/{card}"))
    assert state_of(compound, card) == "suspended"
    assert passes_of(compound, wang) == []
    assert "Open for them by hand" in client.get("/manage/lost-card").text


def by_office(compound, work):
    """Do something as the office does it."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        work(
            new_action(current_menjin(), session, compound.site_id, "tests", "manager", now=compound.clock())
        )


@pytest.mark.parametrize("how", ["ended", "over"])
def test_no_pass_is_made_for_a_card_that_opens_nothing_any_more(compound, wang, how):
    client = compound.signed_in("guard")
    card = read(compound, lambda s: card_of(s, wang))
    endings = {
        "ended": lambda act: end_credential(act, card, "lost"),
        "over": lambda act: setattr(act.session.get_one(CredentialRow, card), "valid_until", act.now),
    }
    by_office(compound, endings[how])
    assert stop(client, card).location == "/manage/lost-card"
    assert passes_of(compound, wang) == []
    assert "This card has ended" in client.get("/manage/lost-card").text


@pytest.mark.wide
def test_a_person_gets_one_pass_a_day_however_often_and_by_whom_it_is_asked(compound, wang):
    card = read(compound, lambda s: card_of(s, wang))
    first = stop(compound.signed_in("guard"), card)
    again = stop(compound.signed_in("manager"), card)
    assert first.location == again.location
    by_office(compound, lambda act: issue_card(act, wang, 4242099))
    other = read(
        compound,
        lambda s: s.scalars(
            select(CredentialRow.credential_id).where(
                CredentialRow.person_id == wang,
                CredentialRow.credential_id != card,
                CredentialRow.kind == "card",
            )
        ).one(),
    )
    assert stop(compound.signed_in_again("guard"), other).location == first.location
    assert state_of(compound, other) == "suspended"
    assert len(passes_of(compound, wang)) == 1
    compound.clock.now += timedelta(hours=24, seconds=1)
    assert stop(compound.signed_in_again("guard"), card).location != first.location


def test_the_card_of_a_suspended_person_stops_and_becomes_no_pass(compound, wang):
    by_office(compound, lambda act: setattr(act.session.get_one(Person, wang), "suspended", True))
    card = read(compound, lambda s: card_of(s, wang))
    stop(compound.signed_in("guard"), card)
    assert (state_of(compound, card), passes_of(compound, wang)) == ("suspended", [])


def test_a_helper_who_may_not_invite_gets_a_pass_for_themselves(compound, wang):
    by_office(compound, lambda act: setattr(act.session.get_one(Person, wang), "kind", "helper"))
    client = compound.signed_in("guard")
    stop(client, read(compound, lambda s: card_of(s, wang)))
    assert len(passes_of(compound, wang)) == 1


def many_older_gates(compound, wang):
    """Give the compound more gates of an older program than a code has room for, open to this person."""

    def add(act):
        site = act.session.get_one(Site, compound.site_id)
        add_stairwells(act.session, act.sealer, site, act.now, 36)
        lanes = act.session.scalars(select(Lane.lane_id).order_by(Lane.lane_id)).all()
        set_grants(replace(act, because="asked"), wang, [GrantSpec(tuple(lanes))])

    by_office(compound, add)


@pytest.mark.wide
def test_with_many_older_gates_the_pass_is_for_the_way_to_the_home(compound, wang):
    many_older_gates(compound, wang)
    stop(compound.signed_in("guard"), read(compound, lambda s: card_of(s, wang)))
    (made,) = passes_of(compound, wang)
    assert made.gate_set == "way"
    assert ALL_GATES not in made.gate_numbers


def test_where_no_outer_gate_with_a_controller_reads_codes_the_pass_is_for_all_gates(compound, wang):
    def unpair_outer(act):
        outer = places_of_site(act.session, act.site_id).outer.place_id
        for gate in act.session.scalars(select(Gate).where(Gate.place_id == outer)):
            gate.state = "new"

    by_office(compound, unpair_outer)
    stop(compound.signed_in("guard"), read(compound, lambda s: card_of(s, wang)))
    (made,) = passes_of(compound, wang)
    assert made.gate_numbers == [ALL_GATES]


def test_a_person_without_a_home_gets_all_gates_where_a_code_has_room_and_else_the_outer_gates(
    compound, wang
):
    by_office(compound, lambda act: setattr(act.session.get_one(Person, wang), "home_id", None))
    by_office(compound, lambda act: replace_for_a_night(act, card_of(act.session, wang)))
    assert [made.gate_set for made in passes_of(compound, wang)] == ["all"]
    many_older_gates(compound, wang)
    compound.clock.now += timedelta(hours=25)
    by_office(compound, lambda act: replace_for_a_night(act, card_of(act.session, wang)))
    assert sorted(made.gate_set for made in passes_of(compound, wang)) == ["all", "way"]


@pytest.mark.parametrize(
    ("name", "initials"), [("王芳", "○芳"), ("Ana Ruiz", "A. R."), ("欧阳娜娜", "○○○娜")]
)
def test_initials_distinguish_members_of_a_home(name, initials):
    assert initials_of(name) == initials


@pytest.mark.wide
@pytest.mark.parametrize("by", ["", "office", "home guard"])
def test_a_card_that_the_office_or_a_restore_stopped_becomes_no_pass(compound, wang, by):
    card = read(compound, lambda s: card_of(s, wang))

    def stopped(act):
        row = act.session.get_one(CredentialRow, card)
        row.state, row.suspended_by = "suspended", by

    by_office(compound, stopped)
    guard = compound.signed_in("guard")
    assert stop(guard, card).location == "/manage/lost-card"
    assert "suspended this" in guard.get("/manage/lost-card").text
    assert passes_of(compound, wang) == []


@pytest.mark.wide
@pytest.mark.parametrize("by", ["owner", "guard", "owner guard"])
def test_a_card_that_its_owner_or_a_guard_stopped_becomes_a_pass(compound, wang, by):
    card = read(compound, lambda s: card_of(s, wang))

    def stopped(act):
        row = act.session.get_one(CredentialRow, card)
        row.state, row.suspended_by = "suspended", by

    by_office(compound, stopped)
    assert "/slip/" in stop(compound.signed_in("guard"), card).location
