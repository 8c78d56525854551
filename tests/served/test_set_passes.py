"""A pass for a way, at a real gate that moves between two buildings while the pass lives."""

from pathlib import Path

import pytest

from tests.served.gates_beside import gate_process_beside
from tests.served.served_compound import ServedCompound
from web_admin.compound.models import Person
from web_admin.compound.place_names import BUILDING
from web_admin.gates.places import save_place, sort_gates, sort_homes
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.models import VisitorPassRow

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


def test_a_pass_for_the_way_home_follows_the_home_that_is_put_into_another_building(
    served: ServedCompound, tmp_path: Path
) -> None:
    person_id = served.compound.persons["王芳"]
    with served.compound.act() as act:
        save_place(act, None, kind=BUILDING, name="3栋", code="3")
        four = save_place(act, None, kind=BUILDING, name="4栋", code="4").place_id
        sort_gates(act, {"north": four})
    shown = []
    with gate_process_beside(served, "north", tmp_path / "north") as gate:
        with served.compound.act() as act:
            home_id = str(act.session.get_one(Person, person_id).home_id)
            given = {"issuer_person_id": person_id, "label": "客人", "gate_set": "way"}
            stays, goes = (issue_pass(act, **given).pass_id for _ in range(2))  # type: ignore[arg-type]
            texts = [act.session.get_one(VisitorPassRow, stays).text]
        with served.compound.act() as act:
            sort_homes(act, {home_id: four})
            texts += [act.session.get_one(VisitorPassRow, one).text for one in (stays, goes)]
        for text in texts:
            shown.append(gate.answers(lambda text=text: gate.bench.scanner.scan(text)))  # type: ignore[misc]
            with served.compound.act() as act:
                withdraw_pass(act, goes)
    assert shown == [("pass_for_another_gate", False), ("granted", True), ("pass_withdrawn", False)]
