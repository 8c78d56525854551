"""A pass for a way, at a real gate that moves between two buildings while the pass lives."""

from pathlib import Path

import pytest

from tests.served.gates_beside import gate_process_beside
from tests.served.served_compound import ServedCompound
from web_admin.compound.place_names import BUILDING
from web_admin.compound.queries import places_of_site
from web_admin.gates.places import save_place, sort_gates
from web_admin.visitors.actions import issue_pass

pytestmark = pytest.mark.both_databases


def test_a_pass_for_a_building_follows_the_gate_that_moves_into_it_and_out_of_it(
    served: ServedCompound, tmp_path: Path
) -> None:
    with served.compound.act() as act:
        building = save_place(act, None, kind=BUILDING, name="3栋", code="3").place_id
    with gate_process_beside(served, "north", tmp_path / "north") as gate:
        gate.has_synced()
        with served.compound.act() as act:
            # Of the outer gates north is one, and its program names what it knows: the pass lists no gate.
            text = issue_pass(
                act, issuer_person_id=None, label="客人", gate_set="way", place_id=building
            ).text
            outer = places_of_site(act.session, act.site_id).outer
            assert outer is not None
            outer_id = outer.place_id
        shown = [gate.answers(lambda: gate.bench.scanner.scan(text))]
        for place_id in ("", building):
            with served.compound.act() as act:
                sort_gates(act, {"north": place_id})
            shown.append(gate.answers(lambda: gate.bench.scanner.scan(text)))
    assert outer_id != building
    assert shown == [("granted", True), ("pass_for_another_gate", False), ("granted", True)]
