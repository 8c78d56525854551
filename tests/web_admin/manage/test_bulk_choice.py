"""Which people an act is for: the chosen or the whole filtered list, and what leads back to it."""

import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.chosen import BULK, DO, LIST, confirm, names, preview, read, suspended, take_ways
from web_admin.compound.models import Person


@pytest.fixture
def office(compound):
    return compound.signed_in("manager")


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
