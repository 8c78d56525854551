"""Dots of the map and the spots that are proposed: none touch, none is lost, the most urgent is shown."""

from itertools import combinations
from math import dist

import pytest

from web_admin.compound.models import Gate
from web_admin.gates.map import PER_MILLE, proposed_spots
from web_admin.manage.gate_states import GateState, Mark
from web_admin.manage.map_dots import APART, dots_of

FORCED = Mark("alarm", "bad", "warning", "Forced")


def state(gate_id, spot, building="", *marks):
    return GateState(Gate(gate_id=gate_id, name=gate_id, map_x=spot[0], map_y=spot[1]), (), marks, building)


@pytest.mark.parametrize(("outer", "buildings"), [(3, 0), (2, 1), (0, 33), (6, 33), (10, 110)])
def test_proposed_spots_are_on_the_map_and_no_two_are_one(outer, buildings):
    gates = {f"outer{one}": "" for one in range(outer)}
    gates |= {f"b{one}-{unit}": f"{one}" for one in range(buildings) for unit in range(9)}
    spots = proposed_spots(gates)
    assert spots.keys() == gates.keys()
    assert all(x in PER_MILLE and y in PER_MILLE for x, y in spots.values())
    assert len(set(spots.values())) == len(spots)


@pytest.mark.parametrize("buildings", [1, 33, 400])
def test_dots_never_touch_and_hold_each_gate_once(buildings):
    gates = {f"b{one}-{unit}": f"{one}" for one in range(buildings) for unit in range(9)}
    spots = proposed_spots(gates)
    dots = dots_of([state(gate_id, spots[gate_id], building) for gate_id, building in gates.items()])
    assert sorted(one.gate.gate_id for dot in dots for one in dot.states) == sorted(gates)
    assert all(dist((a.x, a.y), (b.x, b.y)) >= APART for a, b in combinations(dots, 2))


def test_a_building_of_many_gates_is_one_dot_with_its_worst_state():
    many = [state(f"g{one}", (one * 60, 500), "3栋") for one in range(14)]
    forced = state("forced", (900, 500), "3栋", FORCED)
    (dot,) = dots_of([*many, forced])
    assert (dot.shape, dot.states[0].gate.gate_id, len(dot.states)) == ("bad", "forced", 15)


def test_the_chosen_gate_has_a_dot_alone():
    near = [state("a", (500, 500)), state("b", (501, 500))]
    assert [len(dot.states) for dot in dots_of(near)] == [2]
    assert [len(dot.states) for dot in dots_of(near, "b")] == [1, 1]


def test_a_gate_without_a_spot_has_no_dot():
    assert dots_of([state("a", (None, None))], "a") == []
