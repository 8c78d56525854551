"""How many gates a page shows, and how: tiles while they are few, lines of many, and never too many."""

from dataclasses import replace

import pytest

from web_admin.compound.models import Gate, Lane
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
