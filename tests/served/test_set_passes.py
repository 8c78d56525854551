"""A pass for a way, at a real gate that moves between two buildings while the pass lives."""

from pathlib import Path

import pytest

from tests.served.gates_beside import gate_process_beside
from tests.served.served_compound import ServedCompound
from web_admin.compound.place_names import BUILDING
from web_admin.gates.places import save_place, sort_gates
from web_admin.visitors.actions import issue_pass

pytestmark = pytest.mark.both_databases


def test_a_pass_for_a_building_follows_the_gate_that_moves_into_it_and_out_of_it(
    served: ServedCompound, tmp_path: Path
) -> None:
    with served.compound.act() as act:
        building = save_place(act, None, kind=BUILDING, name="3栋", code="3").place_id
    shown = []
    with gate_process_beside(served, "north", tmp_path / "north") as gate:
        with served.compound.act() as act:
            # North is an outer gate and says what it knows, so no pass lists it by its own number.
            given = {"issuer_person_id": None, "label": "客人", "gate_set": "way", "place_id": building}
            passes = [issue_pass(act, **given) for _ in range(3)]  # type: ignore[arg-type]
            texts, numbers = [row.text for row in passes], passes[0].gate_numbers
        for text, place_id in zip(texts, (None, "", building), strict=True):
            with served.compound.act() as act:
                sort_gates(act, {"north": place_id} if place_id is not None else {})
            shown.append(gate.answers(lambda text=text: gate.bench.scanner.scan(text)))  # type: ignore[misc]
    assert 1 not in numbers
    assert shown == [("granted", True), ("pass_for_another_gate", False), ("granted", True)]
