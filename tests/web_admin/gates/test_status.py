"""One word for a gate and for the posture of a lane, and only what is so."""

from datetime import UTC, datetime

import pytest

from web_admin.compound.models import Gate
from web_admin.gates.status import gate_status, lane_posture


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "in_contact"),
        ({"last_seen_at": None}, "unheard"),
        ({"state": "new"}, "new"),
        ({"state": "stolen"}, "stolen"),
        ({"forked_at": datetime(2026, 3, 5, tzinfo=UTC)}, "forked"),
        ({"last_seen_at": datetime(2026, 3, 5, tzinfo=UTC)}, "silent"),
    ],
)
def test_a_gate_has_one_word(compound, change, word) -> None:
    with compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        for name, value in change.items():
            setattr(gate, name, value)
        assert gate_status(gate, act.now) == word
        heard = gate.state == "paired" and gate.last_seen_at is not None
        assert lane_posture(gate.lanes[0], "normal") == ("normal" if heard else "unheard")
        assert lane_posture(gate.lanes[0], "lockdown") == "lockdown"


def test_a_lane_that_was_never_heard_is_not_normal(compound) -> None:
    page = compound.signed_in().get("/manage/").text
    garage = page.partition('id="gate-garage"')[2].partition("</article>")[0]
    assert "chip warn" in garage.partition("</header>")[0]
    assert "Normal" not in garage
