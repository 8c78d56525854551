"""A gate with faces costs two statements as long as nothing is new, and is lent what a full answer lends."""

import threading
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.features import SUM_DIGEST
from gate_controller.contract.messages import ASK_PATH, FaceStatus, PolicyManifest
from tests.support.batched_answers import both_ways
from tests.support.compounds.with_gates import add_card, add_gate, add_person
from tests.support.statements import statements_of, statements_that_wait, verbs
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.answers import error_of
from tests.web_admin.sync.news import one_card_more, take
from web_admin.compound.models import Gate, Person, Site
from web_admin.core.database import Menjin
from web_admin.custody.gate_reports import PROGRAM_OUTDATED
from web_admin.custody.leases import lent_to
from web_admin.custody.models import Consent, FaceShare, FaceSuspension, GateFaceRow, Notice
from web_admin.custody.shares import FACE_PURPOSE, destroy_shares
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.policy.sums import begin_sums

pytestmark = both_ways


@pytest.fixture
def people(database, sealer, site, north, clock):
    """Two people with their faces at a gate that has the newest policy and was answered so."""
    with database.session() as session:
        people = [add_person(session, site, None, ["north-in"], clock.now) for _ in range(2)]
        for number, person in enumerate(people):
            add_card(session, sealer, person, 7 + number, clock.now)
            give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)
        ids = sorted(person.person_id for person in people)
    manifest = msgspec.json.decode(north.ask(clock.now).policy.manifest, type=PolicyManifest)
    north.have = (manifest.epoch, manifest.version)
    assert [lease.person_id for lease in north.ask(clock.now).leases] == ids
    return ids


def test_leases_cost_one_statement_beside_the_call_and_are_sealed_to_each_questions_key(
    database, north, people, clock
):
    lent = []
    for _question in range(3):
        clock.now += timedelta(seconds=2)
        north.sealing_key = X25519PrivateKey.generate()
        with statements_of(database) as seen:
            reply = north.ask(clock.now)
        assert verbs(seen) == ["UPDATE", "SELECT"]
        assert [lease.person_id for lease in reply.leases] == people
        lent.append(reply)
    assert lent[0].leases == lent[1].leases == lent[2].leases
    assert lent[0].sealed_leases != lent[1].sealed_leases


def test_a_gate_that_sends_no_key_is_lent_nothing_and_one_with_a_wrong_key_gets_its_status(
    north, people, clock
):
    question = msgspec.structs.replace(north.question(clock.now), sealing_public_key=msgspec.UNSET)
    assert "sealed_leases" not in north.post(ASK_PATH, question).get_json()
    question = msgspec.structs.replace(north.question(clock.now), sealing_public_key=bytes(32))
    answer = north.post(ASK_PATH, question)
    assert (answer.status_code, error_of(answer)) == (400, "sealing_key_unusable")
    assert north.ask(clock.now).leases


@pytest.mark.parametrize("is_behind", [False, True])
def test_a_question_with_a_wrong_key_is_counted_and_the_gate_is_not_silent(
    database, sealer, site, taking, people, clock, is_behind
):
    if is_behind:
        one_card_more(database, sealer, site, people[0], 700, clock.now)
    clock.now += timedelta(seconds=2)
    question = msgspec.structs.replace(taking.question(clock.now), sealing_public_key=bytes(32))
    assert taking.post(ASK_PATH, question).status_code == 400
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        assert (gate.request_counter, gate.last_seen_at) == (taking.counter, clock.now)


def test_that_a_gate_sends_no_key_any_more_is_noted_at_once(database, north, people, clock):
    question = msgspec.structs.replace(north.question(clock.now), face=FaceStatus(engine="e"))
    without = msgspec.structs.replace(question, sealing_public_key=msgspec.UNSET)
    for asked, trouble in (
        (question, ""),
        (without, PROGRAM_OUTDATED),
        (without, PROGRAM_OUTDATED),
        (question, ""),
    ):
        assert north.post(ASK_PATH, asked).status_code == 200
        with database.session() as session:
            assert session.get_one(GateFaceRow, "north").status["trouble"] == trouble


@pytest.fixture
def taking(web_config, database, sealer, north, people, clock):
    """The gate, when it takes sums and was answered so."""
    north.knows = (SUM_DIGEST,)
    take(north, north.ask(clock.now))
    begin_sums(Menjin(web_config, database, sealer, clock, PolicyEffects(sealer)), clock.now)
    north.ask(clock.now)
    return north


def test_leases_come_with_what_was_published(database, sealer, site, taking, people, clock):
    one_card_more(database, sealer, site, people[0], 700, clock.now)
    with statements_of(database) as seen:
        reply = taking.ask(clock.now)
    assert verbs(seen) == ["UPDATE", "UPDATE", "SELECT", "SELECT"]
    assert [key.partition(":")[0] for key in reply.change.puts] == ["credential"]
    assert [lease.person_id for lease in reply.leases] == people


def test_a_share_that_comes_with_what_a_question_waited_for_is_lent(
    database, sealer, site, taking, people, clock
):
    if database.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite one transaction writes at a time")
    with database.session() as session:
        for person_id in people:
            destroy_shares(session, person_id, "withdrawn", clock.now)
    assert taking.ask(clock.now).leases == ()
    answers = []
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 9, clock.now)
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)
        asking = threading.Thread(target=lambda: answers.append(taking.ask(clock.now)))
        asking.start()
        asking.join(timeout=0.5)
        assert asking.is_alive(), "it waits for the gate's row"
        new = person.person_id
    asking.join()
    assert f"face:{new}" in answers[0].change.puts
    assert [lease.person_id for lease in answers[0].leases] == [new]


def test_a_gate_whose_shares_rested_is_lent_them_by_a_call_that_waits_for_the_disk(
    database, site, north, people, clock, gates_app
):
    """This process saw the gate last when nothing was lent, so it counts its call without that wait."""
    with database.session() as session:
        session.add(FaceSuspension(site_id=site, drill_id="d", since=clock.now))
    gates_app.extensions["menjin_last_answers"].forget("north")
    assert north.ask(clock.now).leases == ()
    with database.session() as session:
        session.delete(session.get_one(FaceSuspension, site))
    with statements_that_wait(database) as seen:
        assert [lease.person_id for lease in north.ask(clock.now).leases] == people
    (first, *in_full) = seen
    assert first == ("UPDATE", False), "it counts only where the gate has no share"
    assert {waits for _verb, waits in in_full} == {True}
    with statements_that_wait(database) as seen:
        assert [lease.person_id for lease in north.ask(clock.now).leases] == people
    waits = database.engine.dialect.name == "postgresql"  # which may have a standby
    assert seen == [("UPDATE", waits), ("SELECT", waits)]


def test_a_share_that_cannot_be_opened_is_a_fault_of_the_server_and_the_call_does_not_count(
    database, north, people, clock
):
    with database.session() as session:
        counter = session.get_one(Gate, "north").request_counter
        session.get_one(FaceShare, (people[0], "north")).share_sealed = b"damaged"
    assert north.post(ASK_PATH, north.question(clock.now)).status_code == 500
    with database.session() as session:
        assert session.get_one(Gate, "north").request_counter == counter


def test_a_controller_that_was_replaced_is_lent_nothing(database, sealer, site, north, people):
    with database.session() as session:
        key = session.get_one(Gate, "north").public_key
        assert len(lent_to(session, sealer, "north", site, key)) == len(people)
        assert lent_to(session, sealer, "north", site, bytes(32)) == ()
        assert lent_to(session, sealer, "north", site, None) == ()


def of_first(session, people):
    return session.scalars(select(Consent).where(Consent.person_id == people[0])).one()


def withdrawn(session, sealer, site, people, now):
    of_first(session, people).withdrawn_at = now


def share_destroyed(session, sealer, site, people, now):
    destroy_shares(session, people[0], "withdrawn", now)


def other_consent(session, sealer, site, people, now):
    share = session.get_one(FaceShare, (people[0], "north"))
    consent = give_face(session, sealer, site, session.get_one(Person, people[0]), now)
    assert share.consent_id != consent.consent_id
    session.delete(session.get_one(FaceShare, (people[0], "north")))
    session.flush()
    first = select(Consent.consent_id).where(Consent.consent_id != consent.consent_id)
    old = session.scalars(first.where(Consent.person_id == people[0])).one()
    consent.given_at = now + timedelta(seconds=1)
    session.add(
        FaceShare(
            person_id=people[0],
            gate_id="north",
            consent_id=old,
            share_sealed=share.share_sealed,
            created_at=now,
        )
    )


def newer_notice(session, sealer, site, people, now):
    session.add(
        Notice(purpose=FACE_PURPOSE, version=2, language="en", fields={}, sha256=bytes(32), published_at=now)
    )
    of_first(session, people).notice_version = 2


def paused(session, sealer, site, people, now):
    session.get_one(Person, people[0]).face_paused_reason = "no_other_way"


def moved_out(session, sealer, site, people, now):
    session.get_one(Person, people[0]).ended_at = now


def face_not_chosen(session, sealer, site, people, now):
    session.get_one(Person, people[0]).methods = ["card"]


def of_another_site(session, sealer, site, people, now):
    session.add(
        Site(
            **{
                column.key: getattr(session.get_one(Site, site), column.key)
                for column in Site.__mapper__.columns
            }
            | {"site_id": "other"}
        )
    )
    session.flush()
    session.get_one(Person, people[0]).site_id = "other"


def face_off(session, sealer, site, people, now):
    session.get_one(Site, site).face_enabled = False


def suspended(session, sealer, site, people, now):
    session.add(FaceSuspension(site_id=site, drill_id="d", since=now))


def tampered(session, sealer, site, people, now):
    row = session.get(GateFaceRow, "north") or GateFaceRow(gate_id="north")
    row.tamper_id, row.tampered_at = "t", now
    session.add(row)


def cloned(session, sealer, site, people, now):
    session.get_one(Gate, "north").forked_at = now


def stolen(session, sealer, site, people, now):
    session.get_one(Gate, "north").state = "stolen"


def restoring(session, sealer, site, people, now):
    session.get_one(Site, site).restoring = True


def elsewhere_only(session, sealer, site, people, now):
    add_gate(session, sealer, site, "south", 2, ["card", "face"])
    session.get_one(FaceShare, (people[0], "north")).gate_id = "south"


def published(session, sealer, site, people, now):
    destroy_shares(session, people[0], "withdrawn", now)
    of_first(session, people).withdrawn_at = now
    publish_policy(session, sealer, site, now)


THE_OTHER, NONE = [1], []
CHANGES = [
    (withdrawn, THE_OTHER),
    (share_destroyed, THE_OTHER),
    (other_consent, THE_OTHER),
    (newer_notice, [0]),
    (paused, THE_OTHER),
    (moved_out, THE_OTHER),
    (face_not_chosen, THE_OTHER),
    (of_another_site, THE_OTHER),
    (face_off, NONE),
    (suspended, NONE),
    (tampered, NONE),
    (cloned, NONE),
    (stolen, NONE),
    (restoring, NONE),
    (elsewhere_only, THE_OTHER),
    (published, THE_OTHER),
]


@pytest.mark.wide
@pytest.mark.parametrize(("change", "left"), CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_what_ends_a_lease_ends_it_with_the_next_question(
    database, sealer, site, north, people, clock, gates_app, change, left
):
    """Each change is made behind the back of the process, which is then asked both ways."""
    with database.session() as session:
        change(session, sealer, site, people, clock.now)
    leases = north.ask(clock.now).leases
    gates_app.extensions["menjin_last_answers"].forget("north")
    assert leases == north.ask(clock.now).leases
    assert [lease.person_id for lease in leases] == [people[number] for number in left]


def test_a_face_more_is_lent_with_the_next_question(database, sealer, site, north, people, clock):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 9, clock.now)
        give_face(session, sealer, site, person, clock.now)
        third = person.person_id
    with statements_of(database) as seen:
        leases = north.ask(clock.now).leases
    assert len(seen) == 2
    assert {lease.person_id for lease in leases} == {*people, third}
