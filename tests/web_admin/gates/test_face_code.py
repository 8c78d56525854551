"""A gate whose program has no code for faces: its pages say so, and no lane of it offers face."""

from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.messages import ASK_PATH
from tests.support.compounds.with_gates import add_card, add_person
from tests.web_admin.policy.published import give_face
from web_admin.compound.models import Gate, Lane
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.effects import NoEffects
from web_admin.custody.models import FaceShare
from web_admin.gates.face_code import drop_face_without_code
from web_admin.journal.models import AuditEntry
from web_admin.policy.publish import publish_policy


@pytest.fixture
def a_face(database, sealer, site, north, south, clock):
    """A resident's share at both gates."""
    assert north.gate_id != south.gate_id
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)


def ask(gate, now, without_face):
    question = msgspec.structs.replace(gate.question(now), without_face=without_face)
    response = gate.post(ASK_PATH, question)
    assert response.status_code == 200, response.text


def methods_of(database, gate_id):
    with database.session() as session:
        stored = session.scalars(select(Lane.methods).where(Lane.gate_id == gate_id)).all()
        sent = session.scalars(
            select(PolicyRecordRow.value).where(
                PolicyRecordRow.gate_id == gate_id, PolicyRecordRow.key.like("lane:%")
            )
        ).all()
        shares = session.scalars(select(FaceShare).where(FaceShare.gate_id == gate_id)).all()
    return {word for words in stored for word in words}, b"".join(sent), len(shares)


def faces_at(database, gate_id):
    with database.session() as session:
        named = select(PolicyRecordRow).where(
            PolicyRecordRow.gate_id == gate_id,
            PolicyRecordRow.key.like("face:%"),
            PolicyRecordRow.value.is_not(None),
        )
        return len(session.scalars(named).all())


@pytest.mark.usefixtures("a_face")
def test_its_lanes_stop_offering_face_and_its_shares_are_destroyed(gates_app, database, north, south, clock):
    menjin = gates_app.extensions["menjin"]
    ask(north, clock.now, msgspec.UNSET)
    assert drop_face_without_code(menjin, clock.now) == 0
    stored, sent, shares = methods_of(database, "north")
    assert "face" in stored and b'"face"' in sent and shares == 1
    assert faces_at(database, "north") == 1
    ask(north, clock.now, True)
    assert drop_face_without_code(menjin, clock.now) >= 1
    stored, sent, shares = methods_of(database, "north")
    assert "face" not in stored and b'"face"' not in sent and shares == 0
    assert "card" in stored
    assert faces_at(database, "north") == 0, "its copy of the policy names no face any more"
    stored, sent, shares = methods_of(database, "south")
    assert "face" in stored and shares == 1, "the other gate goes on"
    assert drop_face_without_code(menjin, clock.now) == 0


@pytest.mark.usefixtures("a_face")
def test_all_such_gates_are_published_at_once_with_an_entry_for_each_lane(
    gates_app, database, north, south, clock
):
    published = []

    class Noting(NoEffects):
        def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True):
            published.append((person_ids, gate_ids))

    for gate in (north, south):
        ask(gate, clock.now, True)
    menjin = replace(gates_app.extensions["menjin"], effects=Noting())
    assert drop_face_without_code(menjin, clock.now) == 2
    assert published == [(None, ("north", "south"))]
    with database.session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.kind == "lane_saved")).all()
        assert [entry.facts["lane_id"] for entry in entries] == ["north-in", "south-in"]


@pytest.mark.usefixtures("a_face")
def test_a_gate_that_got_the_code_again_may_offer_face(database, north, clock):
    ask(north, clock.now, True)
    with database.session() as session:
        assert session.get_one(Gate, "north").without_face
    ask(north, clock.now, msgspec.UNSET)
    with database.session() as session:
        assert not session.get_one(Gate, "north").without_face
