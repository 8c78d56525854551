"""A gate that reported tampering gets no lease until staff with the right have checked it."""

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.messages import ASK_PATH, FaceStatus
from tests.support.compounds.resident import csrf_of
from tests.support.compounds.with_gates import add_card, add_person
from tests.web_admin.policy.published import give_face
from web_admin.core.database import current_menjin
from web_admin.custody.gate_reports import PROGRAM_OUTDATED
from web_admin.custody.models import GateFaceRow
from web_admin.journal.models import AuditEntry
from web_admin.policy.publish import publish_policy

WORKS = FaceStatus(
    engine="yunet-sface", min_face_similarity=0.491, faces_held=5, usable=4, alone_limit=17, alone=True
)


@pytest.fixture
def a_face(database, sealer, site, north, south, clock):
    """A resident's share at both gates."""
    assert north.gate_id != south.gate_id
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)


def ask(gate, now, **reported):
    question = msgspec.structs.replace(gate.question(now), **reported)
    response = gate.post(ASK_PATH, question)
    assert response.status_code == 200, response.text
    return gate.read(response)


def clear(database):
    """Leave the row as clearing leaves it."""
    with database.session() as session:
        session.get_one(GateFaceRow, "north").tampered_at = None


@pytest.mark.usefixtures("a_face")
def test_a_gate_that_reports_tampering_gets_no_lease_in_the_same_answer_or_later(north, clock):
    assert len(ask(north, clock.now).leases) == 1
    reply = ask(north, clock.now, tamper_id="aa")
    assert (reply.leases, reply.tamper_cleared_id) == ((), msgspec.UNSET)
    assert ask(north, clock.now, tamper_id="aa").leases == ()
    assert ask(north, clock.now).leases == (), "a gate that forgot its mark is not believed"


@pytest.mark.usefixtures("a_face")
def test_another_gate_is_not_touched_by_it(north, south, clock):
    ask(north, clock.now, tamper_id="aa")
    assert len(ask(south, clock.now).leases) == 1


@pytest.mark.usefixtures("a_face")
def test_after_it_was_cleared_the_gate_receives_that_with_its_leases(database, north, clock):
    ask(north, clock.now, tamper_id="aa")
    clear(database)
    reply = ask(north, clock.now, tamper_id="aa")
    assert (reply.tamper_cleared_id, len(reply.leases)) == ("aa", 1)
    assert ask(north, clock.now).tamper_cleared_id is msgspec.UNSET


@pytest.mark.usefixtures("a_face")
def test_a_second_tampering_is_not_cleared_with_the_first(database, north, clock):
    ask(north, clock.now, tamper_id="aa")
    clear(database)
    reply = ask(north, clock.now, tamper_id="bb")
    assert (reply.tamper_cleared_id, reply.leases) == (msgspec.UNSET, ())


@pytest.mark.usefixtures("a_face")
def test_a_gate_of_before_this_field_goes_on_as_it_was(north, clock):
    reply = north.post(ASK_PATH, msgspec.json.encode(north.question(clock.now)))
    assert b"tamper" not in reply.data
    assert len(north.read(reply).leases) == 1


def test_the_gates_numbers_are_kept_and_go_when_face_is_switched_off(database, north, clock):
    ask(north, clock.now, face=WORKS)
    with database.session() as session:
        assert session.get_one(GateFaceRow, "north").status == msgspec.to_builtins(WORKS)
    ask(north, clock.now)
    with database.session() as session:
        assert session.get_one(GateFaceRow, "north").status is None


# -- the manager's page ------------------------------------------------------------------------------


@pytest.fixture
def tampered_compound(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        row = GateFaceRow(gate_id="north", tamper_id="aa", tampered_at=compound.clock())
        row.status = msgspec.to_builtins(WORKS)
        session.add(row)
    return compound


def tampered(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        return session.get_one(GateFaceRow, "north").tampered_at is not None


def press(client, tamper_id):
    token = csrf_of(client.get("/manage/gates/north").text)
    data = {"csrf_token": token, "tamper_id": tamper_id}
    return client.post("/manage/gates/north/tampering-cleared", data=data)


@pytest.mark.wide
def test_the_manager_clears_what_the_page_showed_and_it_is_in_the_journal(tampered_compound):
    client = tampered_compound.signed_in("manager")
    page = client.get("/manage/gates/north").text
    assert "Tampering reported" in page
    assert "Checked and cleared" in page
    assert press(client, "aa").status_code == 303
    assert not tampered(tampered_compound)
    assert "Tampering reported" not in client.get("/manage/gates/north").text
    with tampered_compound.app.app_context(), current_menjin().database.session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.kind == "tampering_cleared")).one()
        assert (entry.facts["gate_id"], entry.facts["tamper_id"]) == ("north", "aa")


def test_a_press_on_an_older_page_clears_nothing(tampered_compound):
    client = tampered_compound.signed_in("manager")
    press(client, "an older one")
    assert tampered(tampered_compound)
    assert "tampering again" in client.get("/manage/gates/north").text


@pytest.mark.parametrize("role", ["guard", "installer", "privacy_officer"])
def test_only_the_manager_clears(tampered_compound, role):
    client = tampered_compound.signed_in(role)
    token = csrf_of(client.get("/manage/gates/north").text or "") if role == "installer" else ""
    data = {"csrf_token": token, "tamper_id": "aa"}
    client.post("/manage/gates/north/tampering-cleared", data=data)
    assert tampered(tampered_compound)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (WORKS, ["kept in this gate: 5", "recognised now: 4", "0.491", "at most 17"]),
        (msgspec.structs.replace(WORKS, alone=False), ["home number is asked before the face"]),
        (FaceStatus(engine="other", trouble="other may not open: once in 23"), ["once in 23", "off at this"]),
        (FaceStatus(engine="other", trouble=PROGRAM_OUTDATED), ["program is too old", "off at this gate"]),
        (FaceStatus(engine="other"), ["other is being loaded"]),
        (
            msgspec.structs.replace(WORKS, min_beside_similarity=0.437),
            ["As the second of two ways", "from a similarity of 0.437", "at most 17"],
        ),
        (
            FaceStatus(engine="other", min_beside_similarity=0.6, only_beside=True, faces_held=5, usable=4),
            ["only beside a card, PIN or code of the same person", "similarity of 0.600", "Engine other"],
        ),
        (None, ["switched off in this controller"]),
    ],
)
def test_the_page_says_how_face_is_in_sentences(tampered_compound, status, says):
    with tampered_compound.app.app_context(), current_menjin().database.session() as session:
        session.get_one(GateFaceRow, "north").status = status and msgspec.to_builtins(status)
    page = tampered_compound.signed_in("manager").get("/manage/gates/north").text
    assert [words for words in says if words not in page] == []
