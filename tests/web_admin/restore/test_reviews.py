"""Staff decide after a restore: allowed again or left suspended, and what differs is listed."""

import pytest
from sqlalchemy import select

from gate_controller.contract.messages import (
    HANDOVER_PATH,
    HandoverPage,
)
from tests.support.compounds.restored_gates import StoringGate
from tests.support.compounds.with_gates import add_card, add_home, add_person, add_pin
from tests.web_admin.restore.handed_over import manager, post_all, state_of
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Gate, Home, Person, Site
from web_admin.compound.restore_models import HandedRecord
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import resume_credential
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.restore.actions import begin_restoring, leave_out_gate
from web_admin.restore.reviews import ALLOWED, KEPT, STOLEN, decide, open_reviews


@pytest.fixture
def card(database, sealer, site, north, south, clock):
    """Return a card that both gates know."""
    with database.session() as session:
        home = add_home(session, site, "3-1502")
        person = add_person(session, site, home, ["north-in", "south-in"], clock.now)
        made = add_card(session, sealer, person, 11, clock.now).credential_id
        publish_policy(session, sealer, site, clock.now)
    return made


def test_a_suspended_card_stays_suspended_until_the_manager_decides(
    database, sealer, site, card, holding, north, clock
):
    post_all(north, holding)
    with database.session() as session:
        leave_out_gate(session, sealer, "south", clock.now)
        assert not session.get_one(Site, site).restoring
        (review,) = [row for row in open_reviews(session, site) if row.kind == "credential"]
        assert (review.before, review.after) == ({"state": "active"}, {"state": "suspended"})
        assert session.scalars(select(HandedRecord)).all() == []
    assert state_of(database, card) == "suspended"
    with database.session() as session, pytest.raises(Exception, match="property office decides"):
        person_id = session.get_one(CredentialRow, card).person_id
        resume_credential(
            Action(session, sealer, site, person_id, "phone", clock.now, effects=PolicyEffects(sealer)), card
        )
    with database.session() as session:
        decide(manager(session, sealer, site, clock), review.review_id, ALLOWED)
    assert state_of(database, card) == "active"


def test_what_is_left_as_it_is_stays_suspended_and_is_listed_no_more(
    database, sealer, site, card, holding, north, clock
):
    post_all(north, holding)
    with database.session() as session:
        leave_out_gate(session, sealer, "south", clock.now)
        for row in open_reviews(session, site):
            if row.kind != "gate":
                decide(manager(session, sealer, site, clock), row.review_id, KEPT)
    with database.session() as session:
        assert [row.kind for row in open_reviews(session, site)] == ["gate"]
        assert session.get_one(Gate, "north").state == "paired"
    assert state_of(database, card) == "suspended"


def test_a_gate_that_was_stolen_after_the_backup_gets_nothing_once_the_manager_says_so(
    database, sealer, site, card, holding, north, south, clock
):
    post_all(north, holding)
    with database.session() as session:
        asked = {row.subject_id: row for row in open_reviews(session, site) if row.kind == "gate_here"}
        assert sorted(asked) == ["north", "south"]
        for decision in (ALLOWED, "lost"):
            with pytest.raises(ActionRefused, match="one of the buttons"):
                decide(manager(session, sealer, site, clock), asked["south"].review_id, decision)
        decide(manager(session, sealer, site, clock), asked["south"].review_id, STOLEN)
    with database.session() as session:
        assert not session.get_one(Site, site).restoring  # it is not waited for any more
        assert "south" not in {row.subject_id for row in open_reviews(session, site)}
        assert session.get_one(Gate, "south").state == "stolen"
    reply = south.ask(clock.now)
    assert not reply.wants_tombstones
    sent = reply.change.puts if reply.change is not None else {}
    assert [key for key in sent if key.startswith(("person:", "credential:"))] == []
    assert south.post(HANDOVER_PATH, HandoverPage(last=True, upto="3:")).status_code in (403, 409)


def test_an_emergency_code_that_differs_ends_and_is_listed_and_a_duress_pin_never_is(
    database, sealer, site, card, north, tmp_path, clock
):
    with database.session() as session:
        act = manager(session, sealer, site, clock)
        make_emergency_code(act, label="Ambulance", lanes=["north-in"], hold_minutes=10)
        code = session.scalars(select(EmergencyCode)).one()
        person = session.get_one(Person, session.get_one(CredentialRow, card).person_id)
        home = session.get_one(Home, person.home_id)
        duress = add_pin(session, sealer, person, home, "482913", clock.now)
        duress.duress = True
        publish_policy(session, sealer, site, clock.now)
        gate = StoringGate.open(session, "north", tmp_path / "north.sqlite3", clock.now)
        before = session.get_one(Site, site).version
        duress.state = "suspended"
        publish_policy(session, sealer, site, clock.now)
        gate.sync(session, sealer, clock.now)
        # As the backup has it: the code holds open for longer, and the PIN works.
        code.hold_minutes, duress.state = 30, "active"
        session.get_one(Site, site).version = before
        session.flush()
        begin_restoring(session, sealer, site, clock.now)
        ids = code.credential_id, duress.credential_id
    post_all(north, gate)
    gate.store.close()
    with database.session() as session:
        leave_out_gate(session, sealer, "south", clock.now)
        assert session.get_one(EmergencyCode, ids[0]).state == "ended"
        assert session.get_one(CredentialRow, ids[1]).state != "active"
        rows = open_reviews(session, site)
        assert [row.subject_id for row in rows if row.kind == "emergency_code"] == [ids[0]]
        assert ids[1] not in {row.subject_id for row in rows}
        (row,) = [row for row in rows if row.kind == "emergency_code"]
        with pytest.raises(ActionRefused, match="one of the buttons"):
            decide(manager(session, sealer, site, clock), row.review_id, ALLOWED)
        decide(manager(session, sealer, site, clock), row.review_id, KEPT)
        assert "emergency_code" not in {row.kind for row in open_reviews(session, site)}
