"""A lost card at night, and the slips of 58 mm: what is stopped, what is printed, and what is not shown."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import card_of, hidden_of, press, read, served_with_card
from tests.support.compounds.resident import csrf_of
from tests.web_admin.desk.cards import hidden_of_first, look
from web_admin.action.base import new_action
from web_admin.alarms.models import Alarm
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import end_credential
from web_admin.credentials.cards import issue_card
from web_admin.desk.lost_cards import initials_of
from web_admin.people.actions import set_grants
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


def state_of(compound, credential_id):
    return read(compound, lambda s: s.get_one(CredentialRow, credential_id).state)


def passes_of(compound, person_id):
    query = select(VisitorPassRow).where(VisitorPassRow.issuer_person_id == person_id)
    return read(compound, lambda s: s.scalars(query).all())


@pytest.mark.parametrize("role", ["guard", "manager"])
def test_three_steps_stop_the_card_and_print_its_owners_pass(compound, wang, role):
    client = compound.signed_in(role)
    card = read(compound, lambda s: card_of(s, wang))
    found = look(client, "3-1203")
    assert found.status_code == 200
    action = f"/manage/lost-card/{card}"
    stopped = client.post(action, data=hidden_of(found.text, action))
    assert stopped.status_code == 303
    assert state_of(compound, card) == "suspended"
    (row,) = passes_of(compound, wang)
    assert row.valid_until - row.valid_from == timedelta(hours=24)
    slip = client.get(stopped.location)
    assert slip.status_code == 200
    assert "<svg" in slip.text
    assert "王" not in slip.text
    assert "3-1203" not in slip.text


def test_a_home_shows_its_own_cards_by_initials_and_no_names(compound):
    page = look(compound.signed_in("guard"), "31203").text
    assert ">○芳<" in page
    assert ">○磊<" in page
    assert [name for name in compound.persons if name in page] == []


@pytest.mark.parametrize(("number", "after"), [("4200005", "suspended"), ("4299999", "active")])
def test_a_found_card_is_suspended_by_its_number_and_the_answer_is_the_same(compound, wang, number, after):
    guard = compound.signed_in("guard")
    page = look(guard, number).text
    guard.post("/manage/lost-card/number", data=hidden_of(page, "/manage/lost-card/number"))
    assert "If this card worked here" in guard.get("/manage/lost-card").text
    assert state_of(compound, read(compound, lambda s: card_of(s, wang))) == after


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
    token = {"csrf_token": csrf_of(manager.get("/manage/desk").text)}
    assert manager.post(path, data=token).status_code == 303
    assert read(compound, lambda s: s.get_one(Alarm, alarm.alarm_id).acknowledged_at) is not None


@pytest.mark.parametrize("number", ["9-9999", "4299999"])
def test_what_is_not_known_finds_nothing(compound, number):
    page = look(compound.signed_in("guard"), number)
    assert page.status_code in (200, 422)
    assert "Suspend and print" not in page.text


def test_the_card_stops_also_where_no_pass_can_be_made(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = new_action(
            current_menjin(), session, compound.site_id, "tests", "manager", now=compound.clock()
        )
        set_grants(act, wang, [])
    client = compound.signed_in("guard")
    card = read(compound, lambda s: card_of(s, wang))
    found = look(client, "3-1203").text
    client.post(f"/manage/lost-card/{card}", data=hidden_of(found, f"/manage/lost-card/{card}"))
    assert state_of(compound, card) == "suspended"
    assert passes_of(compound, wang) == []
    assert "Open for them by hand" in client.get("/manage/lost-card").text


def test_a_second_press_makes_no_second_pass(compound, wang):
    client = compound.signed_in("guard")
    card = read(compound, lambda s: card_of(s, wang))
    hidden = hidden_of(look(client, "3-1203").text, f"/manage/lost-card/{card}")
    for _press in range(2):
        client.post(f"/manage/lost-card/{card}", data=hidden)
    assert len(passes_of(compound, wang)) == 1


def stop(client, card):
    """Look for the home of a card and press its button with a fresh form; return the answer."""
    look(client, "3-1203")
    return press_stop(client, card)


def press_stop(client, card):
    return client.post(f"/manage/lost-card/{card}", data=hidden_of_first(client))


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


def test_a_helper_who_may_not_invite_gets_a_pass_for_themselves(compound, wang):
    by_office(compound, lambda act: setattr(act.session.get_one(Person, wang), "kind", "helper"))
    client = compound.signed_in("guard")
    stop(client, read(compound, lambda s: card_of(s, wang)))
    assert len(passes_of(compound, wang)) == 1


def test_no_slip_of_a_residents_own_visitor_is_shown_to_staff(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        own = new_action(current_menjin(), session, compound.site_id, wang, "phone", now=compound.clock())
        pass_id = issue_pass(own, issuer_person_id=wang, label="aunt", gate_numbers=[1]).pass_id
    client = compound.signed_in("guard")
    assert client.get(f"/manage/lost-card/slip/{pass_id}").status_code == 404
    assert client.get(f"/manage/visitors/{pass_id}/slip").status_code == 404


@pytest.mark.parametrize(
    ("name", "initials"), [("王芳", "○芳"), ("Ana Ruiz", "A. R."), ("欧阳娜娜", "○○○娜")]
)
def test_initials_distinguish_members_of_a_home(name, initials):
    assert initials_of(name) == initials


def test_the_offices_pass_prints_as_a_slip_in_one_language_or_both(compound):
    client = compound.signed_in("guard")
    pass_id = read(compound, lambda s: s.scalars(select(VisitorPassRow.pass_id)).one())
    both = client.get(f"/manage/visitors/{pass_id}/slip").text
    assert "访客通行证" in both
    assert "Visitor&#39;s pass" in both
    assert "电梯维保" not in both
    assert "Visitor&#39;s pass" not in client.get(f"/manage/visitors/{pass_id}/slip?slip_language=zh").text
    dots, side = re.search(r'width="([\d.]+)mm" height="[\d.]+mm" data-dots="(\d+)"', both).groups()[::-1]
    assert float(side) <= 48
    assert float(side) * 8 % int(dots) == 0


def test_a_code_made_at_the_desk_prints_once_it_is_known_and_only_for_its_person(compound):
    client = compound.signed_in("guard")
    served_with_card(client)
    made = press(client, "/r/visitors", "/r/visitors/code", minutes="60", gate_number="1").text
    digits = re.search(r'name="digits" value="(\d{8})"', made)[1]
    hidden = hidden_of(made, "/r/visitors/code/slip")
    slip = client.post("/r/visitors/code/slip", data=hidden)
    assert f"{digits[:4]} {digits[4:]}" in slip.text
    assert "王" not in slip.text
    assert client.post("/r/visitors/code/slip", data=hidden | {"digits": "00000000"}).status_code == 404
    served_with_card(client, "4200000")
    other = hidden_of(client.get("/r/visitors").text, "/r/visitors/code")
    assert client.post("/r/visitors/code/slip", data=other | {"digits": digits}).status_code == 404


def test_a_guard_acts_on_a_card_that_they_have_just_looked_for_alone(compound, wang):
    guard, card = compound.signed_in("guard"), read(compound, lambda s: card_of(s, wang))
    look(compound.signed_in("manager"), "3-1203")  # another account's look counts for nothing
    for _try in range(2):
        assert press_stop(guard, card).location == "/manage/lost-card"
        assert "Look for the card first" in guard.get("/manage/lost-card").text
        assert (state_of(compound, card), passes_of(compound, wang)) == ("active", [])
        look(guard, "3-1203")
        compound.clock.now += timedelta(minutes=30)
    assert "/slip/" in stop(guard, card).location
    assert state_of(compound, card) == "suspended"


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


@pytest.mark.parametrize("by", ["owner", "guard", "owner guard"])
def test_a_card_that_its_owner_or_a_guard_stopped_becomes_a_pass(compound, wang, by):
    card = read(compound, lambda s: card_of(s, wang))

    def stopped(act):
        row = act.session.get_one(CredentialRow, card)
        row.state, row.suspended_by = "suspended", by

    by_office(compound, stopped)
    assert "/slip/" in stop(compound.signed_in("guard"), card).location
