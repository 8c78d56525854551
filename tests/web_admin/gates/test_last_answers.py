"""A gate that says nothing new gets what was published since by a few statements, never half of it."""

import random  # noqa: TID251 - a history that can be replayed
import threading
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import update

from gate_controller.contract.features import SUM_DIGEST
from gate_controller.contract.messages import ASK_PATH, DeviceHealth, LaneState
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from tests.support.batched_answers import both_ways
from tests.support.compounds.with_gates import add_card, add_person, sync_app
from tests.support.statements import statements_of, statements_that_wait, verbs
from tests.web_admin.policy.published import give_face
from tests.web_admin.policy.taking_gate import TakingGate
from tests.web_admin.sync.news import one_card_more, take
from tests.web_admin.sync.replies import differing
from web_admin.compound.models import CredentialRow, Gate, Lane, Person, Site
from web_admin.compound.policy_models import PolicySumsRow
from web_admin.core.database import Menjin
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.policy.sums import begin_sums

pytestmark = [pytest.mark.both_databases, both_ways]

CARD = 700


@pytest.fixture
def menjin(web_config, database, sealer, clock):
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def before_sums(database, sealer, site, north, clock):
    """A person at a gate that takes sums, has the newest policy and was answered so; no sums are kept yet."""
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
    north.knows = (SUM_DIGEST,)
    take(north, north.ask(clock.now))
    north.ask(clock.now)
    return person.person_id


@pytest.fixture
def lin(before_sums, menjin, north, clock):
    """The same person; sums are kept, and the gate was answered with theirs."""
    begin_sums(menjin, clock.now)
    north.ask(clock.now)
    return before_sums


def noted(database):
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        return gate.request_counter, gate.have_version, gate.behind_since


def test_what_was_published_is_answered_by_three_statements_and_the_next_question_by_one(
    lin, north, database, sealer, site, clock
):
    one_card_more(database, sealer, site, lin, CARD, clock.now)
    published_at = clock.now
    for seconds in (2, 4):  # the gate asks again: it may have lost the answer
        clock.now = published_at + timedelta(seconds=seconds)
        with statements_of(database) as statements:
            reply = north.ask(clock.now)
        wanted = ["UPDATE", "UPDATE", "SELECT"] if seconds == 2 else ["UPDATE", "SELECT"]
        assert verbs(statements) == wanted
        assert [key.partition(":")[0] for key in reply.change.puts] == ["credential"]
        assert noted(database) == (north.counter, 1, published_at + timedelta(seconds=2))
    take(north, reply)
    with statements_of(database) as statements:
        assert north.ask(clock.now).change is None
    assert verbs(statements) == ["UPDATE"]
    assert noted(database) == (north.counter, 2, None)


def card(session, sealer, site, person_id, now):
    add_card(session, sealer, session.get_one(Person, person_id), CARD, now)


def end_of_a_person(session, sealer, site, person_id, now):
    session.get_one(Person, person_id).ended_at = now


def suspension(session, sealer, site, person_id, now):
    session.get_one(Person, person_id).suspended = True


def other_pulse(session, sealer, site, person_id, now):
    session.get_one(Lane, "north-in").pulse_seconds = 7.0


@pytest.mark.wide
@pytest.mark.parametrize(
    "change", [card, end_of_a_person, suspension, other_pulse], ids=lambda change: change.__name__
)
def test_the_answer_is_the_one_that_is_worked_out_in_full(
    lin, north, database, sealer, site, clock, gates_app, change
):
    with database.session() as session:
        change(session, sealer, site, lin, clock.now)
        publish_policy(session, sealer, site, clock.now)
    fast = north.ask(clock.now)
    assert fast.change is not None
    gates_app.extensions["menjin_last_answers"].forget("north")
    assert not differing(fast, north.ask(clock.now))


@pytest.mark.wide
@pytest.mark.parametrize(
    "difference",
    [
        {"clock_sure": False},
        {"journal_seq": 3},
        {"policy_trouble": "refused"},
        {"have_version": 0},
        {"have_version": 9},
        {"have_epoch": 9},
        {"knows": ()},
        {"lanes": (LaneState(lane_id="north-in", door="open", posture="normal"),)},
    ],
    ids=lambda difference: next(iter(difference)),
)
def test_a_gate_that_says_something_else_with_it_is_answered_in_full(
    lin, north, database, sealer, site, clock, gates_app, difference
):
    one_card_more(database, sealer, site, lin, CARD, clock.now)
    question = msgspec.structs.replace(north.question(clock.now), **difference)
    answered = north.read(north.post(ASK_PATH, question))
    gates_app.extensions["menjin_last_answers"].forget("north")
    assert not differing(answered, north.read(north.post(ASK_PATH, question)))


def test_a_gate_without_sums_of_its_version_is_answered_in_full(lin, north, database, sealer, site, clock):
    with database.session() as session:
        session.execute(update(PolicySumsRow).values(version=0))
    one_card_more(database, sealer, site, lin, CARD, clock.now)
    reply = north.ask(clock.now)
    assert reply.change is not None
    assert "digest_kind" not in msgspec.json.decode(reply.policy.manifest), "the older kind"
    assert noted(database)[0] == north.counter, "the call is counted once"


def test_news_after_sums_are_kept_say_that_their_digest_is_one_of_sums(
    before_sums, menjin, north, database, sealer, site, clock
):
    begin_sums(menjin, clock.now)
    one_card_more(database, sealer, site, before_sums, CARD, clock.now)
    with statements_of(database) as statements:
        reply = north.ask(clock.now)
    assert verbs(statements) == ["UPDATE", "UPDATE", "SELECT"]
    assert msgspec.json.decode(reply.policy.manifest)["digest_kind"] == "lthash16"


def test_a_gate_that_was_lent_its_first_face_with_its_news_is_lent_it_again_by_two_statements(
    lin, north, database, sealer, site, clock
):
    one_card_more(database, sealer, site, lin, CARD, clock.now)
    take(north, north.ask(clock.now))
    with database.session() as session:
        give_face(session, sealer, site, session.get_one(Person, lin), clock.now)
        publish_policy(session, sealer, site, clock.now)
    first = north.ask(clock.now)
    take(north, first)
    with statements_of(database) as statements:
        again = north.ask(clock.now)
    assert verbs(statements) == ["UPDATE", "SELECT"]
    assert len(first.leases) == len(again.leases) == 1


LOST = (DeviceHealth(device="lock", health="lost", detail="gone"),)
OPEN = (LaneState(lane_id="north-in", door="open", posture="normal"),)
SAID = ({}, {}, {"devices": LOST}, {"lanes": OPEN}, {"clock_sure": False}, {"policy_trouble": "refused"})


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize("seed", range(3))
def test_a_gate_served_by_two_processes_has_what_is_published_and_they_note_what_it_says(
    seed, lin, menjin, north, database, sealer, site, clock, tmp_path
):
    chance = random.Random(seed)  # noqa: S311 - not a secret
    clients = [north.client, sync_app(menjin).test_client()]
    with database.session() as session:
        root = session.get_one(Site, site).root_public_key
    store = PolicyStore(tmp_path / "policy", GateIdentity(site, "north", root), clock.now)
    north.have, gate = (0, 0), TakingGate(store, north, clock)
    plain, says = north.question, {}
    north.question = lambda *when: msgspec.structs.replace(plain(*when), **says)
    gate.asks()
    for step in range(60):
        clock.now += timedelta(seconds=2)
        north.client, says = chance.choice(clients), chance.choice(SAID)
        match chance.randrange(5):
            case 0:
                one_card_more(database, sealer, site, lin, CARD + step, clock.now)
                continue
            case 1:
                end_a_card(database, sealer, site, lin, clock.now)
                continue
            case 2:
                north.ask(clock.now)  # an answer that gets lost
            case _:
                gate.asks()
        assert what_is_noted(database) == what_it_says(north.question(clock.now))
    gate.asks()
    with database.session() as session:
        assert store.have[1] == session.get_one(Gate, "north").published_version > 5
    store.close()


def what_it_says(question):
    said = {name: getattr(question, name) for name in ("lanes", "devices", "clock_sure", "policy_trouble")}
    known = {name: word for name, word in said.items() if word is not msgspec.UNSET}
    return msgspec.json.decode(msgspec.json.encode(known))


def what_is_noted(database):
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        noted = {"lanes": gate.lane_states, "devices": gate.device_states, "clock_sure": gate.clock_sure}
        return noted | ({"policy_trouble": gate.policy_trouble} if gate.policy_trouble else {})


def test_what_another_process_noted_is_noted_again(lin, menjin, north, database, clock):
    first = north.client
    north.client = sync_app(menjin).test_client()
    north.post(ASK_PATH, msgspec.structs.replace(north.question(clock.now), devices=LOST))
    north.client = first
    north.ask(clock.now)
    assert what_is_noted(database)["devices"] == []


def test_an_answer_with_records_waits_for_the_disk_as_each_other_does(
    lin, north, database, sealer, site, clock
):
    one_card_more(database, sealer, site, lin, CARD, clock.now)
    with statements_that_wait(database) as waits:
        assert north.ask(clock.now).change is not None
    assert waits == [("UPDATE", False), ("UPDATE", True), ("SELECT", True)]


def end_a_card(database, sealer, site, person_id, now):
    with database.session() as session:
        rows = session.query(CredentialRow).filter_by(person_id=person_id, state="active").all()
        for row in rows[:1]:
            row.state, row.ended_at = "ended", now
        publish_policy(session, sealer, site, now, person_ids=[person_id])


def test_a_question_during_a_publication_gets_the_whole_of_it(lin, north, database, sealer, site, clock):
    if database.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite one transaction writes at a time")
    answers = []
    with database.session() as session:
        person = session.get_one(Person, lin)
        for number in range(3):
            add_card(session, sealer, person, CARD + number, clock.now)
        publish_policy(session, sealer, site, clock.now, person_ids=[lin])
        asking = threading.Thread(target=lambda: answers.append(north.ask(clock.now)))
        asking.start()
        asking.join(timeout=0.5)
        assert asking.is_alive(), "it waits for the gate's row"
    asking.join()
    take(north, answers[0])
    assert north.have[1] == 2
    assert len(answers[0].change.puts) == 3


def test_a_question_that_waited_for_a_publication_gets_all_that_came_with_it(
    lin, north, database, sealer, site, clock
):
    if database.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite one transaction writes at a time")
    one_card_more(database, sealer, site, lin, CARD, clock.now)
    north.ask(clock.now)  # an answer that gets lost: what is remembered is newer than what the gate has
    answers = []
    with database.session() as session:
        give_face(session, sealer, site, session.get_one(Person, lin), clock.now)
        session.get_one(Site, site).ask_again_seconds = 30.0
        publish_policy(session, sealer, site, clock.now)
        asking = threading.Thread(target=lambda: answers.append(north.ask(clock.now)))
        asking.start()
        asking.join(timeout=0.5)
        assert asking.is_alive(), "it waits for the gate's row"
    asking.join()
    assert (answers[0].ask_again_seconds, len(answers[0].leases)) == (30.0, 1)
