"""Long lists of gates, by place and by what differs."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Gate, Home, Lane
from web_admin.compound.place_models import Place
from web_admin.gates.actions import add_gate
from web_admin.manage.gate_lists import (
    BUILDINGS_AT_MOST,
    FEW_GATES,
    LINES_AT_MOST,
    TILES_AT_MOST,
    filter_of_gates,
    shown_gates,
)
from web_admin.manage.gate_states import GateState, LaneState, Mark

SILENT = Mark("no_contact", "warn", "signal-lost", "No contact")
FORCED = Mark("alarm", "bad", "warning", "Forced open")
PASSING = Mark("", "info", "door-open", "Open")


def building(number):
    """Return one of forty names without digits."""
    return chr(ord("甲") + number % 40)


def gate(number, *marks):
    lane = Lane(lane_id=f"stair-{number}-in", name=f"Lift {number}", direction="in")
    made = Gate(gate_id=f"stair-{number}", number=number, name=f"{number}栋1单元", lanes=[lane])
    return GateState(made, (LaneState(lane, (PASSING,)),), marks, building=building(number))


def gates(count, **marked):
    return [gate(number, *marked.get(f"n{number}", ())) for number in range(1, count + 1)]


def shown(states, *, opens_outer=False, **typed):
    return shown_gates(states, filter_of_gates(typed), opens_outer=opens_outer)


def names(states):
    return [state.gate.gate_id for state in states]


def lines(page):
    return [name for _building, states in page.groups for name in names(states)]


def test_outer_gates_have_a_tile_only_where_gates_are_opened():
    states = [*gates(30, n7=[SILENT]), replace(gate(31), is_outer=True)]
    assert names(shown(states).tiles) == ["stair-7"]
    assert names(shown(states, opens_outer=True).tiles) == ["stair-7", "stair-31"]


def test_few_gates_have_a_tile_each_in_their_order_and_no_line():
    page = shown(gates(FEW_GATES, n5=[FORCED]))
    assert names(page.tiles) == [f"stair-{number}" for number in range(1, FEW_GATES + 1)]
    assert (lines(page), page.is_large) == ([], False)


def test_of_more_gates_those_that_differ_have_a_tile_the_most_urgent_first_and_all_a_line():
    page = shown(gates(30, n7=[SILENT], n20=[SILENT, FORCED]))
    assert names(page.tiles) == ["stair-20", "stair-7"]
    assert len(lines(page)) == 30
    assert (page.differing, page.left_out) == (2, 0)


def test_a_door_that_is_open_for_one_person_makes_no_gate_differ():
    assert [state.marks for state in gates(1)] == [()]


@pytest.mark.parametrize(
    ("typed", "listed", "left_out"),
    [({}, 0, 0), ({"state": "differs"}, LINES_AT_MOST, 1000 - LINES_AT_MOST), ({"q": "单元"}, 0, 0)],
)
def test_a_page_of_a_thousand_gates_that_all_differ_is_bounded_and_says_how_many_it_leaves_out(
    typed, listed, left_out
):
    page = shown([gate(number, SILENT) for number in range(1, 1001)], **typed)
    assert len(page.tiles) == TILES_AT_MOST
    assert (len(lines(page)), page.left_out) == (listed, left_out)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("17栋", ["stair-17"]),
        ("STAIR-17", ["stair-17"]),
        ("１７栋", ["stair-17"]),
        ("1单元 17栋", ["stair-17"]),
        ("lift 17", ["stair-17"]),
        ("18栋 lift 17", []),
        ("7栋", ["stair-7"]),
    ],
)
def test_a_gate_is_found_by_each_word_of_its_names_and_then_has_its_tile(typed, found):
    page = shown(gates(120), q=typed)
    assert (names(page.tiles), lines(page)) == (found, [])


def test_gates_are_narrowed_to_what_differs_at_them():
    states = gates(40, n3=[SILENT], n4=[FORCED])
    found = {word: names(shown(states, state=word).tiles) for word in ("differs", "no_contact", "alarm")}
    assert found == {
        "differs": ["stair-3", "stair-4"],
        "no_contact": ["stair-3"],
        "alarm": ["stair-4"],
    }
    assert shown(states, state="normal").found == 38


def test_a_state_that_there_is_not_narrows_nothing_nor_does_any_filter_of_few_gates():
    assert shown(gates(40), state="drop table").found == 40
    assert names(shown(gates(2), gate="stair-2").tiles) == ["stair-1", "stair-2"]


def test_more_gates_than_a_page_holds_are_their_buildings_and_each_building_has_its_gates():
    page = shown(gates(300, n41=[SILENT]))
    assert (len(page.buildings), lines(page), page.left_out) == (40, [], 0)
    assert [(one.name, one.gates, one.differing) for one in page.buildings[:1]] == [(building(1), 8, 1)]
    assert len(lines(shown(gates(600), building=building(1)))) == 15
    every = [GateState(one.gate, (), (), building=f"Block {one.gate.number // 4}") for one in gates(1000)]
    assert (len(shown(every).buildings), shown(every).left_out) == (BUILDINGS_AT_MOST, 601)


def test_few_outer_gates_have_a_tile_after_what_differs_while_nothing_is_looked_for():
    states = gates(60, n3=[SILENT])
    states[8:8] = [GateState(Gate(gate_id="main", number=61, name="Main", lanes=[]), (), (), is_outer=True)]
    assert names(shown(states, opens_outer=True).tiles) == ["stair-3", "main"]
    assert names(shown(states, opens_outer=True, state="normal").tiles) == []


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
