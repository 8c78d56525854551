"""The office sees whom a home added, for how long, and decides where it is asked."""

from datetime import timedelta

import pytest

from tests.support.act_previews import done
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import csrf_of
from tests.web_admin.visitors.given_passes import acting
from web_admin.compound.models import Person
from web_admin.people.home_helpers import HelperTimes, add_helper
from web_admin.people.members import invite_member

# -- whom homes added --------------------------------------------------------------------------------


def added(compound: ManagedCompound, waits: bool) -> str:
    host = compound.persons["王芳"]
    return acting(
        compound,
        lambda act: (
            invite_member(act, host, display_name="Chen Li", age_band="adult", language="zh", waits=waits)[
                0
            ].person_id
        ),
        "phone",
        host,
    )


@pytest.mark.wide
@pytest.mark.parametrize(("answer", "passes", "ended"), [("agree", True, False), ("refuse", False, True)])
def test_the_office_sees_who_added_whom_and_decides_where_it_is_asked(compound, answer, passes, ended):
    person_id = added(compound, waits=True)
    client = compound.signed_in()
    assert "Chen Li" in client.get("/manage/people/").text.partition("Waiting for you")[2]
    page = client.get(f"/manage/people/{person_id}").text
    assert "By 王芳" in page
    path = f"/manage/people/{person_id}/addition/{answer}"
    done(client, client.post(path, data={"csrf_token": csrf_of(page)}))
    person = acting(compound, lambda act: act.session.get_one(Person, person_id))
    grants = acting(compound, lambda act: len(act.session.get_one(Person, person_id).grants))
    assert (grants > 0, person.ended_at is not None) == (passes, ended)
    assert "Waiting for you" not in client.get("/manage/people/").text


def test_a_guard_decides_nothing_about_who_lives_here(compound):
    person_id = added(compound, waits=True)
    client = compound.signed_in("guard")
    page = client.get(f"/manage/people/{person_id}").text
    assert "/addition/agree" not in page
    answer = client.post(f"/manage/people/{person_id}/addition/agree", data={"csrf_token": csrf_of(page)})
    assert answer.status_code == 403


def test_a_helpers_page_says_whose_they_are_and_their_hours_which_no_list_of_hours_shows(compound):
    host = compound.persons["王芳"]
    until = compound.clock().date() + timedelta(days=30)
    times = HelperTimes(until, ("tue",), 9 * 60, 12 * 60)
    helper_id = acting(
        compound,
        lambda act: (
            add_helper(
                act, host, display_name="Xiao Wang", lanes=["north-in"], times=times, language="zh"
            ).person_id
        ),
        "phone",
        host,
    )
    client = compound.signed_in()
    page = client.get(f"/manage/people/{helper_id}").text
    assert ("Helper of the home" in page, "Tuesday 09:00–12:00" in page) == (True, True)
    assert "Tuesday 09:00–12:00" in client.get(f"/manage/people/{helper_id}/grants").text
    other = compound.persons["林薇"]
    assert "09:00–12:00" not in client.get(f"/manage/people/{other}/grants").text
    assert f"helper-{helper_id}" not in client.get("/manage/gates/").text
