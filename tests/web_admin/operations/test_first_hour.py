"""A new compound leads its manager to the first passage: six steps, ticked as they are done."""

from datetime import UTC, datetime

import pytest

from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from web_admin.compound.queries import all_gates
from web_admin.operations.first_hour import first_steps


@pytest.fixture
def compound(web_config, database):
    made = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    yield made
    made.close()


def steps(compound, gates=None):
    with compound.act() as act:
        found = list(all_gates(act.session, compound.site_id)) if gates is None else gates
        return first_steps(act.session, compound.site_id, found, has_second_factor=True)


def test_a_site_without_gates_begins_with_the_gate(compound) -> None:
    found = {step.key: (step.is_done, step.endpoint) for step in steps(compound, gates=[])}
    assert found["sign_in"] == (True, "own.show")
    assert found["gate"] == (False, "gates.new_gate")
    assert found["sheet"][0] is False
    assert found["pairing"][0] is False
