"""A visitor's typed code on the whole: made on a phone's page, typed at two real gates."""

import re
from functools import partial
from pathlib import Path

from tests.served.gates_beside import gate_process_beside
from tests.served.served_compound import ServedCompound


def test_a_code_for_one_visit_opens_at_one_gate_alone(served: ServedCompound, tmp_path: Path) -> None:
    phone = served.resident("林薇")
    phone.get("/r/visitors")
    page = phone.post("/r/visitors/code", {"minutes": "60", "gate_number": "1"})
    found = re.search(r"data-visitor-code>([0-9 ]+)<", page.text)
    assert found, page.text
    typed = f"10101#{found[1].replace(' ', '')}#"
    with (
        gate_process_beside(served, "north", tmp_path / "north") as north,
        gate_process_beside(served, "east", tmp_path / "east") as east,
    ):
        answers = [gate.answers(partial(gate.bench.keys.type, typed)) for gate in (east, north, north)]
    assert answers == [("pin_wrong", False), ("granted", True), ("used_up", False)]
