"""The statement that answers a check-in notes of the call what the full way notes, and asks what it asks."""

from datetime import timedelta

import msgspec
import pytest

from gate_controller.contract.messages import ASK_PATH
from tests.support.batched_gates import GATES
from tests.support.statements import statements_of, verbs
from tests.web_admin.sync.answers import error_of
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import OrderRow

pytestmark = pytest.mark.both_databases


def test_a_question_that_comes_twice_is_answered_once_and_is_no_sign_of_a_clone(fleet, database, clock):
    gate = fleet.gates[0]
    question = gate.question(clock.now)
    with statements_of(database) as statements:
        assert gate.post(ASK_PATH, question).status_code == 200
    assert verbs(statements) == ["UPDATE"]
    assert error_of(gate.post(ASK_PATH, question, counter=gate.counter)) == "counter_repeated"


@pytest.mark.wide
@pytest.mark.parametrize(("milliseconds", "noted"), [(1260, 1.3), (-2340, -2.3), (0, 0.0)])
def test_how_far_a_gates_clock_is_behind_is_noted_to_a_tenth_of_a_second(
    fleet, database, clock, milliseconds, noted
):
    gate = fleet.gates[0]
    question = msgspec.structs.replace(
        gate.question(clock.now), gate_time=clock.now - timedelta(milliseconds=milliseconds)
    )
    for verb in ("UPDATE", "SELECT"):  # by the statement, then in full
        with statements_of(database) as statements:
            gate.post(ASK_PATH, question)
        assert verbs(statements)[0] == verb
        with database.session() as session:
            assert session.get_one(Gate, gate.gate_id).clock_behind_seconds == noted
        fleet.app.extensions["menjin_last_answers"].forget(gate.gate_id)


@pytest.mark.wide
def test_while_a_restore_is_under_way_no_gate_is_answered_by_the_statement(fleet, database, site, clock):
    with database.session() as session:
        session.get_one(Site, site).restoring = True
    assert fleet.ask(clock.now) == {}


@pytest.mark.wide
def test_an_order_that_was_delivered_keeps_no_gate_from_the_statement(fleet, database, clock):
    with database.session() as session:
        delivered = OrderRow(
            order_id="o1",
            gate_id="stair-2",
            lane_id="stair-2-in",
            issued_at=clock.now,
            delivered_at=clock.now,
            valid_seconds=10,
            author_id="m",
            reason="parcel",
        )
        session.add(delivered)
    assert len(fleet.ask(clock.now)) == GATES


@pytest.mark.wide
def test_the_epoch_of_the_policy_that_a_gate_has_is_noted(fleet, database, clock):
    gate = fleet.gates[0]
    with database.session() as session:
        epoch = session.get_one(Gate, gate.gate_id).have_epoch
        session.get_one(Gate, gate.gate_id).have_epoch = epoch - 1
    with statements_of(database) as statements:
        assert gate.post(ASK_PATH, gate.question(clock.now)).status_code == 200
    assert verbs(statements) == ["UPDATE"]
    with database.session() as session:
        assert session.get_one(Gate, gate.gate_id).have_epoch == epoch
