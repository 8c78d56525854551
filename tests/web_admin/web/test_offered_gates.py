"""A resident's page shows some gates at once; the others follow under *More* in their order."""

from web_admin.compound.models import Gate
from web_admin.web.gate_sets import LONG_LIST, OfferedGates


def test_of_a_way_that_is_longer_than_the_list_the_rest_comes_first_under_more() -> None:
    gates = [Gate(gate_id=f"g{number:02}", number=number) for number in range(30)]
    way, nearest = gates[18:], gates[25]
    offered = OfferedGates(gates, way, nearest, [])
    assert (len(offered.near), offered.near[0]) == (LONG_LIST, nearest)
    assert {*offered.near, *offered.far[: len(way) - LONG_LIST]} == set(way)
    assert len({*offered.near, *offered.far}) == len(gates)


def test_few_gates_are_shown_at_once_those_beside_the_way_under_more() -> None:
    gates = [Gate(gate_id=f"g{number}", number=number) for number in range(4)]
    assert OfferedGates(gates, gates[:2], gates[0], []).near == gates[:2]
    assert OfferedGates(gates, gates[:2], gates[0], []).far == gates[2:]
    assert (OfferedGates(gates, [], gates[0], []).near, OfferedGates(gates, [], gates[0], []).far) == (
        gates,
        [],
    )
