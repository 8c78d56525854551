"""The office's list of passes: a residents' pass is withdrawn, and its code is not shown."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.desk import hidden_of
from tests.web_admin.manage.forms import Rows, local, send
from tests.web_admin.visitors.given_passes import acting, fill
from web_admin.compound.models import Gate
from web_admin.compound.place_names import BUILDING, UNIT
from web_admin.gates.places import save_place
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow


def test_a_pass_for_one_visit_is_called_used_in_the_list_and_on_its_page(compound):
    acting(compound, lambda act: fill(act, compound.persons))

    def once_for_the_gardener(act) -> str:
        row = act.session.scalars(select(VisitorPassRow).where(VisitorPassRow.label == "Gardener")).one()
        row.uses = 1
        return row.pass_id

    pass_id = acting(compound, once_for_the_gardener)
    client = compound.signed_in()
    for path in ("/manage/visitors/?q=gardener", f"/manage/visitors/{pass_id}"):
        page = client.get(path).text
        main = page.partition("<main")[2]
        assert "Used" in main.partition("chip")[2].partition("</span>")[0], path
        assert f"/{pass_id}/withdraw" not in page and f"/{pass_id}/slip" not in page


@pytest.mark.wide
def test_a_residents_pass_is_withdrawn_by_the_office_and_its_code_is_not_shown(compound):
    acting(compound, lambda act: fill(act, compound.persons))
    of_resident = select(VisitorPassRow.pass_id).where(VisitorPassRow.issuer_person_id.is_not(None))
    pass_id = acting(compound, lambda act: act.session.scalars(of_resident).one())
    client = compound.signed_in("guard")
    assert client.get(f"/manage/visitors/{pass_id}").status_code == 404
    page = client.get("/manage/visitors/?whose=residents").text
    path = f"/manage/visitors/{pass_id}/withdraw"
    done(client, client.post(path, data=hidden_of(page, path)))
    assert acting(compound, lambda act: act.session.get(VisitorPassRow, pass_id).withdrawn_at) is not None


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


@pytest.mark.wide
def test_a_visitors_pass_prints_its_code_and_no_name(client, compound, rows):
    start = compound.clock()
    answer = send(
        client,
        "/manage/visitors/new",
        label="Lift service",
        gate_numbers="1",
        valid_from=local(start),
        valid_until=local(start + timedelta(hours=3)),
        uses="1",
    )
    page = client.get(answer.headers["Location"]).text
    assert 'class="qr"' in page
    assert "Lift service" not in page
    pass_id = answer.headers["Location"].rpartition("/")[2]
    done(client, send(client, "/manage/visitors/", f"/manage/visitors/{pass_id}/withdraw"))
    assert rows(lambda s: s.get_one(VisitorPassRow, pass_id).withdrawn_at) is not None


def test_a_pass_that_is_too_long_says_so_beside_its_end(client, compound):
    start = compound.clock()
    answer = send(
        client,
        "/manage/visitors/new",
        label="x",
        gate_numbers="1",
        uses="0",
        valid_from=local(start),
        valid_until=local(start + timedelta(days=9)),
    )
    assert answer.status_code == 422
    assert re.search(r'id="valid_until-wrong-1">.*?7 days at most', answer.text, re.DOTALL)


def test_a_pass_shows_todays_name_of_a_building_that_was_renamed(client, compound):
    with compound.act("manager") as act:
        place_id = save_place(act, None, kind=BUILDING, name="3栋", code="3").place_id
        given = issue_pass(act, issuer_person_id=None, label="Movers", gate_set="way", place_id=place_id)
        pass_id, text = given.pass_id, given.text
    assert "3栋" in client.get(f"/manage/visitors/{pass_id}").text
    with compound.act("manager") as act:
        save_place(act, place_id, kind=BUILDING, name="Rose House", code="3")
        assert act.session.get_one(VisitorPassRow, pass_id).text == text, "the paper stays good"
    for page in (f"/manage/visitors/{pass_id}", "/manage/visitors/"):
        shown = client.get(page).text
        assert ("Rose House" in shown, "3栋" in shown) == (True, False), page


def gates_on_page(client, pass_id):
    return client.get(f"/manage/visitors/{pass_id}").text.partition("<main")[2]


@pytest.mark.wide
def test_a_pass_for_one_unit_does_not_name_its_building_and_one_for_the_building_no_unit(client, compound):
    with compound.act("manager") as act:
        building = save_place(act, None, kind=BUILDING, name="Rose House", code="3").place_id
        names = {"3-1": "East stairs", "3-2": "West stairs"}
        unit, _other = (
            save_place(act, None, kind=UNIT, name=name, code=code, parent_id=building).place_id
            for code, name in names.items()
        )
        for_unit, for_building = (
            issue_pass(act, issuer_person_id=None, label="Movers", gate_set="way", place_id=place_id).pass_id
            for place_id in (unit, building)
        )
    said = ("Rose House", "East stairs", "West stairs")
    assert [name in gates_on_page(client, for_unit) for name in said] == [False, True, False]
    assert [name in gates_on_page(client, for_building) for name in said] == [True, False, False]


def test_outer_gates_are_not_chosen_at_first_where_none_of_them_was_paired(compound):
    client = compound.signed_in()
    first = r'<select[^>]*id="way".*?<option[^>]*value="([^"]+)"'
    assert re.search(first, client.get("/manage/visitors/new").text, re.DOTALL)[1] == "way"
    garage = acting(compound, lambda act: act.session.get_one(Gate, "garage").number)

    def unpair(act) -> None:
        act.session.get_one(Gate, "north").state = act.session.get_one(Gate, "east").state = "new"
        act.session.get_one(Gate, "garage").state = "paired"
        save_place(act, None, kind=BUILDING, name="3栋", code="3")

    acting(compound, unpair)
    page = client.get("/manage/visitors/new").text
    chosen = r'<select[^>]*id="{}".*?<option selected value="([^"]+)"'
    assert re.search(chosen.format("way"), page, re.DOTALL)[1] == "all"
    assert re.search(chosen.format("one_gate"), page, re.DOTALL)[1] == str(garage)
