"""A compound whose gates are answered together, without faces and with one."""

import pytest

from gate_controller.contract.features import SUM_DIGEST
from tests.support.batched_gates import GATES, Fleet
from tests.support.compounds.with_gates import PlayedGate, add_card, add_gate, add_person, sync_app
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.news import take
from web_admin.compound.models import Person
from web_admin.core.database import Menjin
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.policy.sums import begin_sums


@pytest.fixture
def menjin(web_config, database, sealer, clock):
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def fleet(menjin, database, sealer, site, clock):
    app = sync_app(menjin)
    with database.session() as session:
        keys = {
            f"stair-{number}": add_gate(
                session, sealer, site, f"stair-{number}", 10 + number, ["card", "face"]
            )
            for number in range(GATES)
        }
        person = add_person(session, site, None, [f"{gate_id}-in" for gate_id in keys], clock.now)
        publish_policy(session, sealer, site, clock.now)
        person_id = person.person_id
    gates = [PlayedGate(app.test_client(), site, gate_id, key) for gate_id, key in keys.items()]
    for gate in gates:
        gate.knows = (SUM_DIGEST,)
        take(gate, gate.ask(clock.now))
    begin_sums(menjin, clock.now)
    for gate in gates:
        gate.ask(clock.now)
    return Fleet(app, gates, person_id)


@pytest.fixture
def faces(fleet, database, sealer, site, clock):
    """The fleet, when a person has their face at each gate and was lent so."""
    with database.session() as session:
        person = session.get_one(Person, fleet.person_id)
        add_card(session, sealer, person, 600, clock.now)  # face is never the only way in
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)
    for _time in range(2):
        for gate in fleet.gates:
            take(gate, gate.ask(clock.now))
    return fleet
