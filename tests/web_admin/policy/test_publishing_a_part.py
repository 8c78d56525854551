"""A publication to one gate, or after another transaction's, leaves nothing behind that is out of date."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import delete, update

from gate_controller.contract.records import decode_record
from tests.support.acting import by_phone
from tests.support.compounds.parents_and_son import answer, ask, make_family
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from tests.web_admin.policy.published import ALL_METHODS, give_face, stored
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Gate, GrantRow, Site
from web_admin.credentials.actions import end_credential, resume_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.phones import issue_printed_code, register_phone_key
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.ways_in import NO_OTHER_WAY
from web_admin.policy.publish import publish_policy, records_for_gate
from web_admin.policy.storing import GateChange

pytestmark = pytest.mark.both_databases


def test_a_publication_goes_on_from_the_version_that_another_one_left_meanwhile(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        held = session.get_one(Site, site)
        assert held.version == 0
        # As another transaction's publication: this session still holds the row that it read before.
        session.connection().execute(update(Site.__table__).values(version=6))
        assert publish_policy(session, sealer, site, now).version == 7
        assert session.get_one(Gate, "north").published_version == 7


def test_a_face_without_another_way_ends_at_all_gates_though_one_is_published(database, sealer, site, now):
    with database.session() as session:
        for number, gate_id in enumerate(("north", "south"), 1):
            add_gate(session, sealer, site, gate_id, number, ALL_METHODS)
        person = add_person(session, site, None, ["north-in", "south-in"], now)
        card = add_card(session, sealer, person, 7, now)
        card.valid_until = now + timedelta(hours=1)
        give_face(session, sealer, site, person, now)
        publish_policy(session, sealer, site, now)
        face = f"face:{person.person_id}"
        assert face in stored(session, "north") and face in stored(session, "south")
        later = now + timedelta(hours=2)
        other = add_person(session, site, None, ["north-in", "south-in"], now)
        of_other = f"credential:{add_card(session, sealer, other, 8, now).credential_id}"
        published = publish_policy(session, sealer, site, later, gate_ids=["north"])
        assert (of_other in stored(session, "north"), of_other in stored(session, "south")) == (True, False)
        assert person.face_paused_reason == NO_OTHER_WAY
        assert face not in stored(session, "north") and face not in stored(session, "south")
        assert set(published.gates) == {"north", "south"}
        versions = {session.get_one(Gate, gate_id).published_version for gate_id in published.gates}
        assert max(versions) == published.version == session.get_one(Site, site).version


@pytest.mark.wide
@pytest.mark.publishing
def test_acts_on_credentials_leave_no_record_of_their_home_out_of_date(act: Action) -> None:
    """They publish their person alone, though a son's face hangs on his parents."""
    act, mother, father, son = make_family(act)
    assert answer(act, father, *ask(act, son, father)) is not None
    phone = by_phone(act, father.person_id)
    key = (
        generate_private_key(SECP256R1())
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )

    def live(kind: str) -> str:
        rows = act.session.query(CredentialRow).filter_by(person_id=father.person_id, kind=kind)
        return rows.filter(CredentialRow.state != "ended").all()[-1].credential_id

    acts = [
        lambda: issue_card(act, father.person_id, 90),
        lambda: suspend_credential(phone, live("card")),
        lambda: resume_credential(phone, live("card")),
        lambda: issue_pin(phone, father.person_id),
        lambda: issue_duress_pin(phone, father.person_id),
        lambda: register_phone_key(phone, father.person_id, key, "phone"),
        lambda: issue_printed_code(act, father.person_id),
        lambda: end_credential(act, live("pin"), "lost"),
        lambda: end_credential(act, live("card"), "lost"),
        lambda: end_credential(act, live("card"), "lost"),
    ]
    for number, one in enumerate(acts):
        before = stored(act.session, "north")
        one()
        gate = act.session.get_one(Gate, "north")
        after = stored(act.session, "north")
        wanted = records_for_gate(act.session, act.sealer, gate, act.now)
        assert {key: after[key] for key in wanted} == wanted, number
        ended = after.keys() - wanted.keys()
        assert all(decode_record(key, after[key]).state == "ended" for key in ended), number
        assert before != after, number
        assert f"face:{son.person_id}" in after or number, "his face is published to begin with"
    assert {f"home:{mother.home_id}", f"person:{mother.person_id}"} < after.keys()


@pytest.mark.wide
@pytest.mark.publishing
def test_the_withdrawal_of_a_face_leaves_no_record_out_of_date(act: Action) -> None:
    """Neither of a guardian's own face nor of the son's to which the guardian agreed."""
    act, mother, father, son = make_family(act)
    assert answer(act, father, *ask(act, son, father)) is not None
    give_face_consent(by_phone(act, father.person_id), father.person_id, 1, "en")
    faces = {f"face:{father.person_id}", f"face:{son.person_id}"}
    assert faces < stored(act.session, "north").keys()
    for gone, person in enumerate((father, son), start=1):
        withdraw_face(by_phone(act, person.person_id), person.person_id)
        after = stored(act.session, "north")
        assert after == records_for_gate(act.session, act.sealer, act.session.get_one(Gate, "north"), act.now)
        assert len(faces & after.keys()) == len(faces) - gone
    assert f"person:{mother.person_id}" in after


def test_a_home_stays_at_a_gate_for_those_left_out_of_a_publication(database, sealer, site, now):
    with database.session() as session:
        for number, gate_id in enumerate(("north", "south"), 1):
            add_gate(session, sealer, site, gate_id, number, ALL_METHODS)
        home = add_home(session, site, "1-1")
        add_person(session, site, home, ["north-in"], now)
        without_grant = add_person(session, site, home, [], now)
        publish_policy(session, sealer, site, now)
        add_card(session, sealer, without_grant, 8, now)
        publish_policy(session, sealer, site, now, person_ids=[without_grant.person_id], with_others=False)
        assert f"home:{home.home_id}" in stored(session, "north")
        assert f"home:{home.home_id}" not in stored(session, "south")


@pytest.mark.parametrize("with_others", [True, False])
def test_a_publication_of_no_person_leaves_each_persons_records(
    database, sealer, site, now, with_others: bool
):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_card(session, sealer, add_person(session, site, None, ["north-in"], now), 7, now)
        publish_policy(session, sealer, site, now)
        before = stored(session, "north")
        session.get_one(Gate, "north").lanes[0].name = "Another"
        publish_policy(session, sealer, site, now, person_ids=(), with_others=with_others)
        after = stored(session, "north")
    assert after.keys() == before.keys()
    assert {key for key in after if after[key] != before[key]} == (
        {"lane:north-in"} if with_others else set()
    )


def test_who_moves_to_a_home_that_a_gate_knows_brings_its_record_no_second_time(database, sealer, site, now):
    """Sums of a gate's records have each once: added twice, they would fit nothing that the gate has."""
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        home = add_home(session, site, "1-1")
        add_person(session, site, home, ["north-in"], now)
        moves = add_person(session, site, None, ["north-in"], now)
        publish_policy(session, sealer, site, now)
        moves.home_id = home.home_id
        published = publish_policy(session, sealer, site, now, person_ids=[moves.person_id])
    assert published.gates == {"north": GateChange(added=0, changed=1, removed=0)}


def test_who_may_pass_a_gate_no_more_can_be_published_again(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        person = add_person(session, site, None, ["north-in"], now)
        publish_policy(session, sealer, site, now)
        session.execute(delete(GrantRow).where(GrantRow.person_id == person.person_id))
        gone = publish_policy(session, sealer, site, now, person_ids=[person.person_id])
        assert gone.gates == {"north": GateChange(added=0, changed=0, removed=1)}
        assert publish_policy(session, sealer, site, now, person_ids=[person.person_id]).gates == {}
