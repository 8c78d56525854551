"""Many people are chosen on a page, and one act is done for all of them."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from tests.support.act_previews import go_on
from tests.support.compounds.desk import hidden_of
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.chosen import BULK, DO, LIST, confirm, names, preview, read, suspended, take_ways
from tests.web_admin.people.printing import begin, make_all, press, the_run
from web_admin.action.base import new_action, one_publication
from web_admin.compound.models import Gate, Invitation, Person
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import GrantSpec, add_person, set_grants
from web_admin.people.homes import add_home
from web_admin.people.print_models import PrintRun


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


@pytest.mark.wide
def test_several_are_suspended_after_a_preview_and_come_back_by_one_press(compound, office):
    ids = [compound.persons[name] for name in ("王芳", "王磊")]
    assert "Still has a way in" in preview(office, "suspend", *ids).text
    take_ways(compound)
    version = select(Gate.published_version).where(Gate.gate_id == "north")
    before = read(compound, lambda s: s.scalar(version))
    shown = preview(office, "suspend", *ids)
    assert names(shown.text, "chosen") == ["王芳", "王磊"]
    assert suspended(compound) == set()
    refused = confirm(office, shown, reason="unpaid")
    assert (refused.status_code, suspended(compound)) == (422, set())
    done = confirm(office, shown, reason="moved_out")
    assert suspended(compound) == {"王芳", "王磊"}
    assert read(compound, lambda s: s.scalar(version)) == before + 1
    page = office.get(done.location).text
    assert "2 people are suspended." in page
    office.post(f"{done.location}/undo", data=hidden_of(page, f"{done.location}/undo"))
    assert suspended(compound) == set()
    assert "Nothing of this act still applies." in office.get(done.location).text
    assert done.location in office.get(LIST).text


@pytest.mark.wide
def test_who_changed_since_the_preview_is_left_out(compound, office):
    ids = [compound.persons[name] for name in ("王芳", "王磊")]
    take_ways(compound)
    shown = preview(office, "suspend", *ids)
    with compound.act("manager", "staff-1") as act:
        act.session.get_one(Person, ids[0]).suspended = True
    done = confirm(office, shown, reason="moved_out")
    page = office.get(done.location).text
    assert "1 person" in page
    assert "1 left out" in page
    assert "left out" in preview(office, "suspend", *ids).text.lower()


@pytest.mark.wide
def test_a_form_sent_twice_invites_once_and_shows_the_same_codes(compound, office):
    shown = preview(office, "invite", all="1", building="3")
    first, second = confirm(office, shown), confirm(office, shown)
    codes = re.findall(r'<strong class="number">([0-9A-Z-]{14})</strong>', first.text)
    assert len(codes) == 3
    assert re.findall(r'<strong class="number">([0-9A-Z-]{14})</strong>', second.text) == codes
    assert read(compound, lambda s: s.scalar(select(func.count(Invitation.invitation_id)))) == 3
    assert first.headers["Cache-Control"] == "no-store"
    again = preview(office, "invite", all="1", building="3").text
    assert again.count("Has an invitation that still works") == 3
    assert f'action="{DO}"' in again
    assert "Invite 3" not in again


@pytest.mark.wide
def test_a_suspension_sent_twice_is_done_once_and_says_so(compound, office):
    take_ways(compound)
    shown = preview(office, "suspend", compound.persons["王芳"])
    confirm(office, shown, reason="moved_out")
    again = confirm(office, shown, reason="moved_out")
    assert again.location.rstrip("/").endswith("/manage/people")
    assert "It was not done twice" in office.get(again.location).text
    acts = select(func.count()).select_from(AuditEntry).where(AuditEntry.kind == "people_acted")
    assert read(compound, lambda s: s.scalar(acts)) == 1


@pytest.mark.wide
def test_hours_are_asked_for_before_their_preview(compound, office):
    ids = [compound.persons[name] for name in ("王芳", "王磊")]
    with compound.act() as act:
        set_grants(replace(act, because="asked"), ids[0], [GrantSpec(("east-in",))])
    asked = preview(office, "hours", *ids)
    assert "Choose where and when" in asked.text
    none = preview(office, "hours", *ids, step="hours", hours_id="")
    assert (none.status_code, "Choose at least one lane" in none.text) == (422, True)
    shown = preview(office, "hours", *ids, step="hours", lanes=["north-in"], hours_id="")
    assert (names(shown.text, "chosen"), names(shown.text, "left-out")) == (["王芳"], ["王磊"])
    gone = confirm(office, shown, lanes=["taken-away"])
    assert (gone.status_code, "Choose where and when" in gone.text) == (422, True)
    assert "data-problems" in gone.text
    given = confirm(office, shown)
    grants = read(compound, lambda s: sorted(g.lanes for g in s.get_one(Person, ids[0]).grants))
    assert grants == [["east-in"], ["north-in"]]
    several = office.get(f"/manage/people/{ids[0]}/grants").text
    assert several.count("/grants?grant=") == 2
    page = office.get(given.location).text
    undone = office.post(f"{given.location}/undo", data=hidden_of(page, f"{given.location}/undo"))
    assert "1 person can no longer enter by 北门." in undone.text
    go_on(office, undone)
    assert read(compound, lambda s: [g.lanes for g in s.get_one(Person, ids[0]).grants]) == [["east-in"]]


@pytest.mark.wide
def test_a_run_of_slips_begins_for_the_chosen_and_waits_for_its_own_end(compound, office):
    ids = [compound.persons[name] for name in ("王芳", "保洁员")]
    done = confirm(office, preview(office, "print_invitations", *ids))
    run = read(compound, lambda s: s.scalars(select(PrintRun)).one())
    assert done.location.endswith(run.run_id)
    assert run.total == 1
    assert "Chosen people" in office.get(done.location).text
    waits = confirm(office, preview(office, "print_invitations", compound.persons["王磊"]))
    assert (waits.status_code, "Another run is not ended yet" in waits.text) == (422, True)


def test_guards_choose_no_one_and_addresses_without_an_act_lead_on(compound, office):
    guard = compound.signed_in("guard")
    page = guard.get(LIST).text
    assert 'name="person"' not in page
    assert "/bulk" not in page
    data = {"csrf_token": csrf_of(page), "act": "suspend", "person": compound.persons["王芳"], "reason": "x"}
    assert [guard.post(where, data=data).status_code for where in (BULK, DO)] == [403, 403]
    assert "No one of them" in preview(office, "suspend", "someone else's id").text
    assert office.get(DO).status_code == 303
    assert office.get("/manage/people/bulk/1").status_code == 404
    assert suspended(compound) == set()


@pytest.mark.wide
def test_without_the_forms_own_token_nothing_is_done(compound, office):
    take_ways(compound)
    shown = preview(office, "suspend", compound.persons["王芳"])
    assert confirm(office, shown, reason="moved_out", csrf_token="").status_code == 400
    assert suspended(compound) == set()


@pytest.mark.wide
def test_the_whole_filtered_list_is_chosen_and_no_one_else(compound, office):
    take_ways(compound)
    shown = preview(office, "suspend", all="1", building="3")
    expected = read(
        compound, lambda s: set(s.scalars(select(Person.display_name).where(Person.home.has(building="3"))))
    )
    assert set(names(shown.text, "chosen")) == expected
    assert confirm(office, shown, reason="moved_out").status_code == 303
    assert suspended(compound) == expected


@pytest.mark.wide
def test_one_open_list_leads_to_two_acts(compound, office):
    take_ways(compound)
    for name in ("王芳", "王磊"):
        shown = preview(office, "suspend", compound.persons[name], once="the same token of one list")
        assert "/bulk/" in confirm(office, shown, reason="moved_out").location
    assert suspended(compound) == {"王芳", "王磊"}


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ([], "Choose at least one person."),
        ([f"{n:016x}" for n in range(501)], "At most 500 people"),
    ],
)
def test_none_and_too_many_lead_back_to_the_list_with_a_sentence(office, chosen, said):
    answer = preview(office, "suspend", *chosen, building="3")
    assert answer.location.endswith("building=3")
    assert said in office.get(answer.location).text


@pytest.mark.wide
@pytest.mark.parametrize("where", [BULK, DO])
@pytest.mark.parametrize("named", [{}, {"act": "delete"}])
def test_a_missing_or_unknown_act_leads_back_to_the_list_with_a_sentence(compound, office, where, named):
    data = {"csrf_token": csrf_of(office.get(LIST).text), "person": compound.persons["王芳"], "building": "3"}
    answer = office.post(where, data=data | named)
    assert (answer.status_code, answer.location) == (303, f"{LIST}?building=3")
    assert "Choose what to do for these people." in office.get(answer.location).text


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.mark.parametrize(("buildings", "said"), [([], "at least one building"), (["9"], "not")])
def test_a_run_without_people_is_refused_beside_its_field(compound, client, buildings, said):
    answer = begin(client, "invitations", buildings)
    assert answer.status_code == 422
    assert said in answer.text.lower()
    assert the_run(compound) is None


def test_a_second_run_waits_for_the_end_of_the_first(compound, client):
    begin(client, "pins", ["3"])
    assert begin(client, "pins", ["1"]).status_code == 422


@pytest.mark.wide
def test_a_run_of_hundreds_shows_every_page(compound, client):
    with compound.app.app_context(), current_menjin().database.session() as session:
        whole = new_action(
            current_menjin(), session, compound.site_id, "tests", "system", now=compound.clock()
        )
        with one_publication(whole) as act:
            for number in range(1, 251):
                home = add_home(act, f"8-{number:04}")
                add_person(act, display_name=f"P{number}", home_id=home.home_id)
    where = begin(client, "invitations", ["8"]).location
    assert [part["done"] for part in make_all(client, where)[:3]] == [100, 200, 250]
    assert press(client, where, "show").text.count('<article class="sheet"') == 250
