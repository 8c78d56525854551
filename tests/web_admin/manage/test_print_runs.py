"""The page of a print run: refused beside its field, one at a time, every page shown."""

import pytest

from tests.web_admin.people.printing import begin, make_all, press, the_run
from web_admin.action.base import new_action, one_publication
from web_admin.core.database import current_menjin
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home


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
