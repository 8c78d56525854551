"""The gate for one visit: the one that is nearest the home, of those that a visitor can pass."""

import pytest

from web_admin.compound.models import Gate
from web_admin.compound.place_models import Place
from web_admin.compound.ways import Places, nearest_gate

PLACES = Places(
    [
        Place(place_id="outer", kind="outer", name="Outer gates", code=""),
        Place(place_id="three", kind="building", name="3", code="3"),
        Place(place_id="unit", kind="unit", name="3-1", code="3-1", parent_id="three"),
        Place(place_id="four", kind="building", name="4", code="4"),
    ]
)


def gates(*places: str, new: str = "") -> list[Gate]:
    return [
        Gate(gate_id=f"at-{place}", number=number, place_id=place, state="new" if place == new else "paired")
        for number, place in enumerate(places, 1)
    ]


@pytest.mark.parametrize(
    ("offered", "nearest"),
    [
        (gates("outer", "three", "unit", "four"), "at-unit"),
        (gates("four", "outer", "three"), "at-three"),
        (gates("four", "outer"), "at-outer"),
        (gates("four"), "at-four"),
        (gates("outer", "unit", new="unit"), "at-outer"),
        ([], None),
    ],
)
def test_the_gate_for_one_visit_is_the_one_nearest_the_home(offered: list[Gate], nearest: str | None) -> None:
    found = nearest_gate(offered, PLACES.way(PLACES.by_id["unit"]))
    assert (None if found is None else found.gate_id) == nearest
