"""The page of buildings and ways: what was read from names, and how the manager corrects it."""

import re

import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Gate, Home
from web_admin.compound.place_models import Place
from web_admin.gates.actions import add_gate

PAGE = "/manage/gates/places/"


@pytest.fixture
def client(compound):
    with compound.act() as act:
        for number, name in enumerate(("3栋1单元", "3栋2单元", "李园")):
            add_gate(act, f"s{number}", name)
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def place_of(rows, gate_id):
    query = select(Place.name).join(Gate, Gate.place_id == Place.place_id).where(Gate.gate_id == gate_id)
    return rows(lambda s: s.scalars(query).one_or_none())


def id_of(rows, name):
    return rows(lambda s: s.scalars(select(Place.place_id).where(Place.name == name)).one())


def post(client, path, **fields):
    return client.post(path, data={**fields, "csrf_token": csrf_of(client.get(PAGE).text)})


def test_the_page_shows_gates_that_say_nothing_first_and_the_others_by_place(client):
    page = client.get(PAGE).text
    headings = re.findall(r"<summary>\s*<strong>([^<]*)</strong>", page)
    assert headings == ["Not sorted yet", "Outer gates", "3栋", "车库"]
    assert "on no way to a home" in page
    assert "homes 3-…" in page
    assert page.index("3栋1单元") < page.index("3栋2单元")


def test_ticked_gates_are_moved_at_once(client, rows):
    building = id_of(rows, "3栋")
    answer = post(client, f"{PAGE}gates", gates=["s0", "s2"], place=building)
    assert answer.status_code == 303
    assert [place_of(rows, gate_id) for gate_id in ("s0", "s1", "s2")] == ["3栋", "3栋2单元", "3栋"]
    assert "2 gates were moved." in client.get(PAGE).text
    post(client, f"{PAGE}gates", gates=["s2"], place="")
    assert place_of(rows, "s2") is None


def test_without_a_tick_the_page_says_what_to_do_and_keeps_what_was_chosen(client):
    answer = post(client, f"{PAGE}gates", place="outer")
    assert answer.status_code == 422
    assert "Tick the gates that belong there." in answer.text


def test_a_building_is_renamed_and_one_of_the_same_name_is_refused(client, rows):
    building = id_of(rows, "3栋")
    kept = {"kind": "building", "code": "3"}
    assert send(client, f"{PAGE}{building}", name="Rose House", **kept).status_code == 303
    assert "Rose House" in client.get(PAGE).text
    answer = send(client, f"{PAGE}new", name="rose house", kind="building", code="9", parent_id="")
    assert answer.status_code == 422
    assert "Another place is called rose house." in answer.text


@pytest.mark.wide
@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("building", {"name", "kind", "code"}),
        ("unit", {"name", "kind", "code", "parent_id"}),
        ("garage", {"name", "kind"}),
        ("shared", {"name", "kind"}),
    ],
)
def test_a_place_of_each_kind_is_renamed_by_the_fields_that_its_page_has(client, rows, kind, asked):
    building = id_of(rows, "3栋")
    given = {"kind": kind, "code": "77" if kind == "building" else "", "parent_id": building}
    assert send(client, f"{PAGE}new", name="Old name", **given).status_code == 303
    page = f"{PAGE}{id_of(rows, 'Old name')}"
    fields = set(re.findall(r'<(?:input|select)[^>]* name="(\w+)"', client.get(page).text))
    assert fields - {"csrf_token", "once", "q", "next"} == asked
    data = {name: value for name, value in given.items() if name in asked}
    assert send(client, page, **data | {"name": "New name"}).status_code == 303
    assert id_of(rows, "New name")


@pytest.mark.wide
def test_a_place_is_removed_once_it_is_empty(client, rows):
    send(client, f"{PAGE}new", name="Parking", kind="garage", code="", parent_id="")
    place_id = id_of(rows, "Parking")
    post(client, f"{PAGE}gates", gates=["s2"], place=place_id)
    answer = post(client, f"{PAGE}{place_id}/end")
    assert "Move it to another place first." in client.get(answer.location).text
    post(client, f"{PAGE}gates", gates=["s2"], place="outer")
    post(client, f"{PAGE}{place_id}/end")
    assert ">Parking<" not in client.get(PAGE).text


def test_homes_get_a_building_that_their_numbers_do_not_say(client, rows):
    page = client.get(PAGE).text
    assert "are in no building: only the outer gates are on their way." in page
    building = id_of(rows, "3栋")
    post(client, f"{PAGE}homes", homes="1-0101, 2-0301", place=building)
    of_homes = select(Home.number).where(Home.place_id == building).order_by(Home.number)
    assert rows(lambda s: s.scalars(of_homes).all()) == ["1-0101", "2-0301"]
    answer = post(client, f"{PAGE}homes", homes="1-0101 99-9", place="")
    assert answer.status_code == 422
    assert "There is no home 99-9." in answer.text


def test_an_installer_sorts_gates_and_sees_no_home(client, compound):
    page = compound.signed_in("installer").get(PAGE).text
    assert 'name="gates"' in page
    assert "1-0101" not in page


def test_a_place_that_is_gone_answers_404_and_the_outer_gates_are_not_changed(client, rows):
    outer = rows(lambda s: s.scalars(select(Place.place_id).where(Place.kind == "outer")).one())
    for place_id in (outer, "gone"):
        assert client.get(f"{PAGE}{place_id}").status_code == 404
    assert post(client, f"{PAGE}gone/end").status_code == 404
