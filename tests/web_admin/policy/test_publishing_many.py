"""Publishing in batches, of most people, and what it notes at the gates and wakes."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from gate_controller.contract import features
from gate_controller.contract.bell import wake_up_subject
from gate_controller.contract.features import Feature
from gate_controller.contract.messages import PolicyManifest, policy_digest, record_digest
from gate_controller.contract.records import HomeRecord, LaneRecord, SiteRecord, encode_record
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from tests.support.statements import POSTGRESQL, locking
from tests.web_admin.policy.published import ALL_METHODS, add_sums, give_face, stored
from web_admin.compound.models import CredentialRow, Gate, Site
from web_admin.compound.policy_models import PolicySumsRow
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.face.ways_in import NO_OTHER_WAY
from web_admin.policy import publish
from web_admin.policy.publish import change_since, publish_policy, records_for_gate, signed_manifest

GATES = ("north", "south", "west")


@pytest.fixture
def session(database):
    with database.session() as opened:
        yield opened


@pytest.fixture
def people(session, sealer, site, now):
    """Return five people with a card each at three gates, published once."""
    for number, gate_id in enumerate(GATES, 1):
        add_gate(session, sealer, site, gate_id, number, ALL_METHODS)
    lanes = [f"{gate_id}-in" for gate_id in GATES]
    made = [add_person(session, site, None, lanes, now) for _number in range(5)]
    for number, person in enumerate(made, 1):
        add_card(session, sealer, person, number, now)
    publish_policy(session, sealer, site, now)
    return made


def newest(session, gate_id):
    return session.get_one(Gate, gate_id).published_version


@pytest.mark.parametrize("at_once", [1, 12, 13])
def test_gates_beyond_one_batch_are_published_at_the_same_version(
    session, sealer, site, now, people, monkeypatch, at_once
):
    monkeypatch.setattr(publish, "RECORDS_AT_ONCE", at_once)
    card = add_card(session, sealer, people[0], 9, now)
    published = publish_policy(session, sealer, site, now)
    assert (set(published.gates), published.version) == (set(GATES), 2)
    for gate_id in GATES:
        assert f"credential:{card.credential_id}" in stored(session, gate_id)
        assert newest(session, gate_id) == session.get_one(Site, site).version == 2


@pytest.mark.parametrize(("named", "of_all"), [(2, False), (3, True)])
@pytest.mark.parametrize("with_others", [True, False])
def test_most_people_of_a_site_are_published_as_all_of_them(
    session, sealer, site, now, people, monkeypatch, named, of_all, with_others
):
    monkeypatch.setattr(publish, "MANY_PEOPLE", 1)
    lane = session.get_one(Gate, "north").lanes[0]
    lane.name = "Another"
    cards = [add_card(session, sealer, person, 10 + number, now) for number, person in enumerate(people)]
    session.flush()
    person_ids = [person.person_id for person in people[:named]]
    publish_policy(session, sealer, site, now, person_ids=person_ids, with_others=with_others)
    north = stored(session, "north")
    there = [f"credential:{card.credential_id}" in north for card in cards]
    assert there == [number < named or of_all for number in range(5)]
    assert (b"Another" in north["lane:north-in"]) is (of_all or with_others)


def test_as_many_as_are_looked_up_one_by_one_are_no_reason_to_publish_all(
    session, sealer, site, now, people, monkeypatch
):
    monkeypatch.setattr(publish, "MANY_PEOPLE", 4)
    card = add_card(session, sealer, people[4], 9, now)
    publish_policy(session, sealer, site, now, person_ids=[person.person_id for person in people[:4]])
    assert f"credential:{card.credential_id}" not in stored(session, "north")


def test_what_a_gate_understands_is_noted_by_a_whole_publication_to_it_alone(
    session, sealer, site, now, people
):
    north, south = (session.get_one(Gate, gate_id) for gate_id in ("north", "south"))
    north.knows = south.knows = ["slow_pass"]
    session.flush()
    publish_policy(session, sealer, site, now, person_ids=[people[0].person_id])
    assert (north.published_knows, south.published_knows) == ([], [])
    publish_policy(session, sealer, site, now, gate_ids=["north"])
    assert (north.published_knows, south.published_knows) == (["slow_pass"], [])
    session.expire_all()
    assert (north.published_knows, south.published_knows) == (["slow_pass"], [])


def test_rows_that_the_session_holds_say_what_was_noted_and_the_older_digest_is_dropped(
    session, sealer, site, now, people
):
    held = {gate_id: session.get_one(Gate, gate_id) for gate_id in GATES}
    for gate in held.values():
        gate.published_digest = b"older"
    session.flush()
    session.get_one(Gate, "south").lanes[0].name = "Another"
    publish_policy(session, sealer, site, now, gate_ids=["south"])
    said = {gate_id: (gate.published_version, gate.published_digest) for gate_id, gate in held.items()}
    assert said == {"north": (1, b"older"), "south": (2, None), "west": (1, b"older")}
    assert not session.dirty
    session.expire_all()
    assert {key: (gate.published_version, gate.published_digest) for key, gate in held.items()} == said


def test_a_gate_that_gets_nothing_yet_is_at_the_version_of_the_site(session, sealer, site, now, people):
    session.get_one(Site, site).version = 7
    add_gate(session, sealer, site, "east", 9, ALL_METHODS)
    publish_policy(session, sealer, site, now, person_ids=["nobody"], with_others=False)
    assert (newest(session, "east"), newest(session, "north")) == (7, 1)


def test_who_is_paused_is_marked_as_the_database_has_them_and_named_in_the_log(
    session, sealer, site, now, people, caplog
):
    person = people[0]
    give_face(session, sealer, site, person, now)
    card = session.scalars(select(CredentialRow).where(CredentialRow.person_id == person.person_id)).one()
    card.state = "ended"
    session.flush()
    set_committed_value(person, "face_paused_reason", "invited_again")  # as it was read before
    with caplog.at_level("INFO"):
        publish_policy(session, sealer, site, now)
    assert person.face_paused_reason == NO_OTHER_WAY
    assert f"face of person {person.person_id} is paused" in caplog.text


def test_the_gates_that_changed_are_woken_and_no_others(session, sealer, site, now, people):
    session.info.clear()
    session.get_one(Gate, "south").lanes[0].name = "Another"
    publish_policy(session, sealer, site, now)
    assert session.info["menjin_rings"] == {wake_up_subject(site, "south")}


def test_a_publication_locks_its_own_site_against_the_next_one(database, session, sealer, site, now, people):
    (first, *_rest) = locking(database, lambda: publish_policy(session, sealer, site, now))
    table, statement = first
    assert table == "site"
    assert str(statement.compile(dialect=POSTGRESQL)).endswith("FOR NO KEY UPDATE")
    assert session.scalars(statement).all() == [session.get_one(Site, site)]


def test_who_moves_takes_the_record_of_an_empty_home_along_and_brings_that_of_the_new_one(
    session, sealer, site, now, people
):
    old, new = add_home(session, site, "1-1"), add_home(session, site, "1-2")
    person = people[0]
    person.home_id = old.home_id
    publish_policy(session, sealer, site, now)
    person.home_id = new.home_id
    publish_policy(session, sealer, site, now, person_ids=[person.person_id])
    homes = {key for key in stored(session, "north") if key.startswith("home:")}
    assert homes == {f"home:{new.home_id}"}


def test_what_is_the_same_for_many_gates_is_encoded_once(session, sealer, site, now, people, monkeypatch):
    encoded = []

    def note(record):
        encoded.append(type(record))
        return encode_record(record)

    monkeypatch.setattr(publish, "encode_record", note)
    people[0].home_id = add_home(session, site, "1-1").home_id
    publish_policy(session, sealer, site, now)
    assert (encoded.count(SiteRecord), encoded.count(HomeRecord)) == (1, 1)
    assert encoded.count(LaneRecord) == len(GATES)


def test_a_record_that_a_gate_would_not_understand_is_left_out_alone(
    session, sealer, site, now, people, monkeypatch
):
    newer = Feature("slow_pass", "person", "slow_pass", may_be_ignored=False)
    monkeypatch.setattr(features, "FEATURES", (newer,))
    before, slow = stored(session, "north"), min(people, key=lambda person: person.person_id)
    slow.slow_pass = True
    session.get_one(Gate, "south").knows = ["slow_pass"]
    publish_policy(session, sealer, site, now)
    assert before.keys() - stored(session, "north").keys() == {f"person:{slow.person_id}"}
    assert f"person:{slow.person_id}" in stored(session, "south")


def test_the_manifest_of_each_gate_covers_its_own_records_and_has_sums_for_who_takes_them(
    session, sealer, site, now, people
):
    for gate_id in GATES:
        add_sums(session, gate_id)
        gate, records = session.get_one(Gate, gate_id), stored(session, gate_id)
        signed = signed_manifest(session, sealer, gate, now)
        assert signed is not None
        said = msgspec.json.decode(signed.manifest, type=PolicyManifest)
        expected = policy_digest({key: record_digest(value) for key, value in records.items()})
        assert (said.gate_id, said.digest_kind, said.digest) == (gate_id, "sha256", expected)
        signed = signed_manifest(session, sealer, gate, now, takes_sums=True)
        assert signed is not None
        said = msgspec.json.decode(signed.manifest, type=PolicyManifest)
        assert (said.digest_kind, said.digest) == ("lthash16", session.get_one(PolicySumsRow, gate_id).digest)


def test_the_records_of_one_gate_are_those_that_are_published_also_of_a_lane_that_is_held(
    session, sealer, site, now, people
):
    lane = session.get_one(Gate, "north").lanes[0]
    lane.override_posture, lane.override_until = "lockdown", now + timedelta(hours=1)
    publish_policy(session, sealer, site, now)
    of_gate = records_for_gate(session, sealer, session.get_one(Gate, "north"), now)
    assert of_gate == stored(session, "north")
    assert b"lockdown" in of_gate["lane:north-in"]


def test_nothing_is_published_while_a_gates_row_alone_is_locked(session, sealer, site, now, people):
    session.info[GATE_ALONE] = "north"
    with pytest.raises(SiteFirst):
        publish_policy(session, sealer, site, now)


def test_a_publication_to_a_gate_that_takes_none_changes_nothing(session, sealer, site, now, people):
    session.get_one(Gate, "north").state = "retired"
    published = publish_policy(session, sealer, site, now, gate_ids=["north"])
    assert (published.version, published.gates) == (1, {})


def test_a_change_leads_from_an_earlier_version_and_the_whole_from_anything_else(
    session, sealer, site, now, people
):
    add_card(session, sealer, people[0], 9, now)
    people[1].ended_at = now
    publish_policy(session, sealer, site, now)
    gate, epoch = session.get_one(Gate, "north"), session.get_one(Site, site).epoch
    assert change_since(session, gate, epoch, 2) is None
    change = change_since(session, gate, epoch, 1)
    assert change is not None
    assert (change.base_epoch, change.base_version) == (epoch, 1)
    assert {key.partition(":")[0] for key in change.puts} == {"credential"}
    assert f"person:{people[1].person_id}" in change.deletes
    for have in ((epoch, 0), (epoch, 3), (epoch - 1, 2), (epoch + 1, 1)):
        whole = change_since(session, gate, *have)
        assert whole is not None
        assert (whole.base_epoch, whole.base_version, whole.deletes) == (0, 0, ())
        assert whole.puts.keys() == stored(session, "north").keys()


def test_a_gate_to_which_nothing_was_published_gets_neither_change_nor_manifest(session, sealer, site, now):
    add_gate(session, sealer, site, "north", 1, ALL_METHODS)
    gate = session.get_one(Gate, "north")
    assert change_since(session, gate, 0, 0) is None
    assert signed_manifest(session, sealer, gate, now) is None
