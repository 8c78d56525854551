"""Many gates are answered by one statement as each is in full, and one that differs is left out."""

import re
import threading
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from gate_controller.contract.features import BELL, SUM_DIGEST
from gate_controller.contract.messages import ASK_PATH, RECEIPTS_PATH, AskReply
from gate_controller.contract.updates import UpdateStatus
from tests.support.batched_gates import GATES, noted, on_postgresql, request_of
from tests.support.compounds.with_gates import add_card, add_person, sync_app
from tests.support.statements import statements_of, verbs
from tests.web_admin.gates.signed_receipts import signed as signed_receipts
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.news import one_card_more, take
from tests.web_admin.sync.replies import differing
from web_admin.compound.models import Gate, Person, Site
from web_admin.compound.policy_models import OrderRow, PolicySumsRow
from web_admin.gates import check_in_statements, check_ins
from web_admin.gates.check_in_statements import DIALECTS, statements_for
from web_admin.gates.last_answers import Call
from web_admin.policy.publish import publish_policy
from web_admin.sync.fast_path import FAST
from web_admin.sync.requests import MAX_AHEAD

pytestmark = pytest.mark.both_databases


def test_many_gates_cost_one_statement_and_each_call_is_counted(fleet, database, clock):
    clock.now += timedelta(seconds=2)
    with statements_of(database) as seen:
        replies = fleet.ask(clock.now)
    assert verbs(seen) == ["UPDATE"]
    assert sorted(replies) == [gate.gate_id for gate in fleet.gates]
    assert noted(database) == {gate.gate_id: (gate.counter, clock.now, 1, None) for gate in fleet.gates}
    for gate in fleet.gates:
        assert not differing(replies[gate.gate_id], gate.ask(clock.now))


@pytest.mark.wide
def test_news_of_many_gates_cost_as_many_statements_as_those_of_one(fleet, database, sealer, site, clock):
    one_card_more(database, sealer, site, fleet.person_id, 700, clock.now)
    clock.now += timedelta(seconds=2)
    with statements_of(database) as seen:
        replies = fleet.ask(clock.now)
    assert verbs(seen) == ["UPDATE", "UPDATE", "SELECT"]
    for gate in fleet.gates:
        reply = replies[gate.gate_id]
        assert [key.partition(":")[0] for key in reply.change.puts] == ["credential"]
        fleet.app.extensions["menjin_last_answers"].forget(gate.gate_id)
        assert not differing(reply, gate.ask(clock.now)), "as it is worked out in full"


@pytest.mark.wide
def test_gates_that_were_rung_get_their_news_and_how_long_they_may_wait_now(
    fleet, database, sealer, site, clock
):
    class WakesGates:
        is_set_up = can_wake = True

        def pass_for(self, *_of_gate):
            return None

    menjin = fleet.app.extensions["menjin"]
    fleet.app.extensions["menjin"] = replace(menjin, bell=WakesGates())
    for gate in fleet.gates:
        gate.knows = (SUM_DIGEST, BELL)
        gate.ask(clock.now)
    one_card_more(database, sealer, site, fleet.person_id, 700, clock.now)
    with statements_of(database) as seen:
        replies = fleet.ask(clock.now)
    assert verbs(seen) == ["UPDATE", "UPDATE", "SELECT"]
    assert all(reply.change is not None and reply.bell_seconds for reply in replies.values())
    for gate in fleet.gates:
        take(gate, replies[gate.gate_id])
    assert all(reply.change is None for reply in fleet.ask(clock.now).values())


def order(session, gate):
    session.add(
        OrderRow(
            order_id="o1",
            gate_id=gate.gate_id,
            lane_id=f"{gate.gate_id}-in",
            issued_at=gate.last_seen_at,
            valid_seconds=10,
            author_id="m",
            reason="parcel",
        )
    )


def stolen(session, gate):
    gate.state = "stolen"


def cloned(session, gate):
    gate.forked_at = gate.last_seen_at


def withheld(session, gate):
    gate.policy_withheld = True


def other_key(session, gate):
    gate.public_key = bytes(32)


def more_of_the_journal(session, gate):
    gate.acknowledged_seq = 7


def other_version(session, gate):
    gate.ordered_version, gate.ordered_id = "9.9", "order"


def said_otherwise(session, gate):
    gate.said_digest = bytes(32)


def later_number(session, gate):
    gate.request_counter += 100


@pytest.mark.parametrize("is_behind", [True, pytest.param(False, marks=pytest.mark.wide)])
@pytest.mark.parametrize(
    "change",
    [
        order,
        stolen,
        cloned,
        withheld,
        other_key,
        more_of_the_journal,
        other_version,
        said_otherwise,
        later_number,
    ],
    ids=lambda change: change.__name__,
)
def test_a_gate_of_which_anything_differs_is_left_out_alone_and_nothing_is_noted_of_it(
    fleet, database, sealer, site, clock, change, is_behind
):
    if is_behind:
        one_card_more(database, sealer, site, fleet.person_id, 700, clock.now)
    with database.session() as session:
        change(session, session.get_one(Gate, "stair-2"))
    before = noted(database)["stair-2"]
    clock.now += timedelta(seconds=2)
    replies = fleet.ask(clock.now)
    assert sorted(replies) == [gate.gate_id for gate in fleet.gates if gate.gate_id != "stair-2"]
    assert noted(database)["stair-2"] == before
    assert all((reply.change is not None) == is_behind for reply in replies.values())


def test_a_gate_that_was_given_its_update_order_is_answered_by_the_statement_until_it_has_another(
    fleet, database, clock
):
    """Another order of the same version is another order: one that ended and was begun again."""
    gate = fleet.gates[2]

    def asked():
        clock.now += timedelta(seconds=2)
        return msgspec.structs.replace(gate.question(clock.now), update=UpdateStatus(step=""))

    def is_answered():
        return bool(fleet.batch([request_of(gate, ASK_PATH, asked())]))

    with database.session() as session:
        other_version(session, session.get_one(Gate, gate.gate_id))
    assert gate.opened(gate.post(ASK_PATH, asked()).data).update.version == "9.9"
    assert is_answered()
    with database.session() as session:
        session.get_one(Gate, gate.gate_id).ordered_id = "another order"
    assert not is_answered()


def test_a_gate_without_sums_is_left_out_and_the_others_get_their_news(fleet, database, sealer, site, clock):
    one_card_more(database, sealer, site, fleet.person_id, 700, clock.now)
    with database.session() as session:
        session.get_one(PolicySumsRow, "stair-2").version = 0
    before = noted(database)["stair-2"]
    clock.now += timedelta(seconds=2)
    replies = fleet.ask(clock.now)
    assert len(replies) == GATES - 1
    assert all(reply.change is not None for reply in replies.values())
    assert noted(database)["stair-2"] == before, "the full way counts the call"
    counters = {gate_id: counter for gate_id, (counter, *_rest) in noted(database).items()}
    assert all(counters[gate.gate_id] == gate.counter for gate in fleet.gates if gate.gate_id in replies)


@on_postgresql
def test_a_gate_whose_row_is_held_is_left_out_and_the_others_do_not_wait(fleet, database, clock):
    clock.now += timedelta(seconds=2)
    with database.session() as session:
        session.get_one(Gate, "stair-2").program = "held"
        session.flush()
        replies = fleet.ask(clock.now)
        assert len(replies) == GATES - 1
        assert "stair-2" not in replies


@on_postgresql
def test_an_order_that_is_being_given_to_a_gate_keeps_it_from_no_answer(fleet, database, clock):
    clock.now += timedelta(seconds=2)
    with database.session() as session:
        session.add(
            OrderRow(
                order_id="begun",
                gate_id="stair-2",
                lane_id="stair-2-in",
                issued_at=clock.now,
                valid_seconds=30,
                author_id="tests",
                reason="a parcel",
            )
        )
        session.flush()  # which holds the gate's row, so that no other transaction deletes it meanwhile
        assert len(fleet.ask(clock.now)) == GATES


@pytest.mark.wide
@on_postgresql
def test_what_is_committed_between_the_count_and_the_news_leaves_the_gates_to_a_full_answer(
    fleet, database, sealer, site, clock
):
    one_card_more(database, sealer, site, fleet.person_id, 700, clock.now)
    before, changed = noted(database), []

    def change(_connection, _cursor, statement, *_rest):
        if not changed and verbs([statement]) == ["UPDATE"]:
            changed.append(statement)
            with database.session() as session:
                session.get_one(Site, site).ask_again_seconds = 30.0

    event.listen(database.engine, "after_cursor_execute", change)
    try:
        assert fleet.ask(clock.now) == {}
    finally:
        event.remove(database.engine, "after_cursor_execute", change)
    assert changed
    assert noted(database) == before
    gate = fleet.gates[0]
    assert gate.ask(clock.now).ask_again_seconds == 30.0


@pytest.mark.wide
@pytest.mark.parametrize(("ahead", "is_answered"), [(MAX_AHEAD, True), (MAX_AHEAD + 1, False)])
def test_a_number_too_far_ahead_is_not_counted_by_the_statement(fleet, database, clock, ahead, is_answered):
    gate = fleet.gates[0]
    before = noted(database)[gate.gate_id][0]
    gate.counter = before + ahead - 1
    assert (gate.gate_id in fleet.ask(clock.now)) is is_answered
    assert noted(database)[gate.gate_id][0] == before + ahead * is_answered


def test_the_same_gate_twice_is_answered_once_and_a_copied_request_never(fleet, clock):
    gate = fleet.gates[0]
    requests = [request_of(gate, ASK_PATH, gate.question(clock.now)) for _ in range(2)]
    assert list(fleet.batch(requests)) == [0]
    assert list(fleet.batch(requests[1:])) == [0], "its number is the next"
    assert fleet.batch(requests) == fleet.batch(requests[1:]) == {}


@pytest.mark.wide
def test_one_request_at_two_workers_is_answered_by_one(fleet, menjin, clock):
    other = sync_app(menjin)
    for gate in fleet.gates:  # the other worker has answered these gates as well
        client, gate.client = gate.client, other.test_client()
        gate.ask(clock.now)
        gate.ask(clock.now)
        gate.client = client
    for _round in range(5):
        requests = [request_of(gate, ASK_PATH, gate.question(clock.now)) for gate in fleet.gates]
        answered = []

        def asks(fast_path, requests=requests, answered=answered):
            answered.extend(number for number, one in enumerate(fast_path.answer(requests)) if one)

        fast_paths = [fleet.fast_path, other.extensions["menjin_fast_path"]]
        workers = [threading.Thread(target=asks, args=(fast_path,)) for fast_path in fast_paths]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(answered) == list(range(GATES))


def test_asks_and_receipts_that_wait_together_are_each_answered_as_what_they_are(fleet, clock):
    gate, other = fleet.gates[:2]
    nothing = signed_receipts(gate.key)  # no receipt at all: it is worked out in full
    answers = fleet.batch(
        [request_of(gate, RECEIPTS_PATH, nothing), request_of(other, ASK_PATH, other.question(clock.now))]
    )
    assert list(answers) == [1]
    assert msgspec.json.decode(answers[1].body, type=AskReply).server_time == clock.now


def test_a_body_that_cannot_be_read_and_a_wrong_signature_are_no_fault_of_others(fleet, clock):
    good, unreadable, forged = fleet.gates[:3]
    requests = [
        request_of(good, ASK_PATH, good.question(clock.now)),
        request_of(unreadable, ASK_PATH, b"{"),
        request_of(forged, ASK_PATH, forged.question(clock.now)),
    ]
    requests[2].headers["MENJIN_SIGNATURE"] = requests[0].headers["MENJIN_SIGNATURE"]
    answers = fleet.batch(requests)
    assert {number: answer.status for number, answer in answers.items()} == {
        0: "200 OK",
        1: "400 Bad Request",
    }


@pytest.mark.wide
def test_a_connection_that_ends_leaves_them_to_be_answered_alone(fleet, database, clock):
    tried = []

    def ends(_connection, _cursor, statement, *_rest):
        tried.append(statement)
        raise OperationalError(statement, {}, Exception("the connection ended"))

    for engine in (database.calls, database.engine):
        event.listen(engine, "before_cursor_execute", ends)
    try:
        assert fleet.ask(clock.now) == {}
    finally:
        for engine in (database.calls, database.engine):
            event.remove(engine, "before_cursor_execute", ends)
    assert len(tried) == 1, "a lock that was not free is waited for once"
    assert len(fleet.ask(clock.now)) == GATES


def test_a_fault_of_the_first_statement_is_logged_and_the_one_for_news_answers_all(
    fleet, database, clock, caplog
):
    def fails(*_of_statement):
        raise TimeoutError("no connection")

    event.listen(database.calls, "before_cursor_execute", fails)
    try:
        replies = fleet.ask(clock.now)
    finally:
        event.remove(database.calls, "before_cursor_execute", fails)
    assert [reply.change for reply in replies.values()] == [None] * GATES
    assert "nothing new: check-ins could not be answered by a statement" in caplog.text
    answers = fleet.app.extensions["menjin_last_answers"]
    assert all(answers.remembers(gate.gate_id) for gate in fleet.gates)


@pytest.mark.wide
def test_what_an_answer_rests_on_that_is_so_no_longer_is_asked_of_the_database_once(fleet, database, clock):
    answers = fleet.app.extensions["menjin_last_answers"]
    with database.session() as session:
        order(session, session.get_one(Gate, "stair-2"))
    fleet.ask(clock.now)
    assert [gate.gate_id for gate in fleet.gates if not answers.remembers(gate.gate_id)] == ["stair-2"]
    with statements_of(database) as seen:
        assert fleet.ask(clock.now, [fleet.gates[2]]) == {}
    assert seen == []
    assert fleet.gates[2].ask(clock.now).orders
    with database.session() as session:
        session.delete(session.get_one(OrderRow, "o1"))
    fleet.gates[2].ask(clock.now)
    assert len(fleet.ask(clock.now)) == GATES, "it has nothing to take again"


def test_an_answer_without_a_certificate_rests_on_none(fleet, clock):
    gate = fleet.gates[2]
    last = fleet.app.extensions["menjin_last_answers"]._answers[gate.gate_id]
    without = replace(last, reply=msgspec.structs.replace(last.reply, anchor_certificate=None))
    values = without.values(gate.question(clock.now), Call(9, bytes(32), 1), clock.now)
    assert values["is_anchor"] is None
    assert values["is_policy"] == last.policy.certificate.signature


def test_an_answer_that_came_meanwhile_is_kept(fleet):
    answers = fleet.app.extensions["menjin_last_answers"]
    tried = answers._answers["stair-2"]
    answers.note(replace(tried))
    answers.forget_tried(tried)
    assert answers.remembers("stair-2")


def test_what_fails_for_receipts_takes_no_answer_from_gates_that_ask(fleet, clock, monkeypatch, caplog):
    def fails(signed):
        raise ValueError("a fault")

    monkeypatch.setitem(FAST, RECEIPTS_PATH, FAST[RECEIPTS_PATH]._replace(answer=fails))
    sender, *asking = fleet.gates
    answers = fleet.batch(
        [
            request_of(sender, RECEIPTS_PATH, signed_receipts(sender.key)),
            *(request_of(gate, ASK_PATH, gate.question(clock.now)) for gate in asking),
        ]
    )
    assert sorted(answers) == list(range(1, GATES))
    assert "by a few statements failed" in caplog.text


@pytest.mark.wide
def test_a_gate_that_has_a_share_by_now_is_lent_it_by_a_call_that_waits(fleet, database, sealer, site, clock):
    with database.session() as session:
        person = session.get_one(Person, fleet.person_id)
        add_card(session, sealer, person, 600, clock.now)
        publish_policy(session, sealer, site, clock.now)
    for gate in fleet.gates:
        take(gate, gate.ask(clock.now))
        gate.ask(clock.now)
    with database.session() as session:
        give_face(session, sealer, site, session.get_one(Person, fleet.person_id), clock.now)
    replies = fleet.ask(clock.now)  # what is lent is not yet published
    assert [len(reply.leases) for reply in replies.values()] == [1] * GATES


def read_at_a_time(rows, monkeypatch):
    """Let the statement for news read so many rows, and the one more by which more show."""
    for module in (check_in_statements, check_ins):
        monkeypatch.setattr(module, "MOST_NEWS_ROWS", rows)
    monkeypatch.setattr(check_ins, "STATEMENTS", {name: statements_for(name) for name in DIALECTS})


@pytest.mark.wide
def test_news_of_too_many_records_leave_gates_out_and_the_first_get_theirs(
    fleet, database, sealer, site, clock, monkeypatch
):
    read_at_a_time(5, monkeypatch)  # the third gate's first, and one more
    with database.session() as session:
        for number in range(2):
            add_card(session, sealer, session.get_one(Person, fleet.person_id), 700 + number, clock.now)
        publish_policy(session, sealer, site, clock.now)
    before = noted(database)
    replies = fleet.ask(clock.now)
    assert sorted(replies) == ["stair-0", "stair-1"]
    assert [len(reply.change.puts) for reply in replies.values()] == [2, 2]
    after = noted(database)
    assert [after[gate_id] == before[gate_id] for gate_id in ("stair-2", "stair-3")] == [True, True]


@pytest.mark.wide
def test_of_too_many_records_the_last_gate_is_left_out_though_a_single_one_of_its_own_was_read(
    fleet, database, sealer, site, clock, monkeypatch
):
    with database.session() as session:
        lanes = [f"stair-{number}-in" for number in range(3)]
        other = add_person(session, site, None, lanes, clock.now).person_id
        publish_policy(session, sealer, site, clock.now)
    for gate in fleet.gates:
        take(gate, gate.ask(clock.now))
    read_at_a_time(6, monkeypatch)
    with database.session() as session:
        for number, person_id in ((700, fleet.person_id), (701, other)):
            add_card(session, sealer, session.get_one(Person, person_id), number, clock.now)
        publish_policy(session, sealer, site, clock.now)
    replies = fleet.ask(clock.now)
    assert {gate_id: len(reply.change.puts) for gate_id, reply in replies.items()} == {
        f"stair-{number}": 2 for number in range(3)
    }


@pytest.mark.wide
def test_cards_come_with_their_persons_news_in_the_order_of_versions(fleet, database, sealer, site, clock):
    """Gates that are behind by different numbers of versions each get what they lack."""
    fleet.gates[0].have = (1, 1)
    for number in range(3):
        with database.session() as session:
            add_card(session, sealer, session.get_one(Person, fleet.person_id), 800 + number, clock.now)
            publish_policy(session, sealer, site, clock.now)
        if number < 2:
            take(fleet.gates[1 + number], fleet.gates[1 + number].ask(clock.now))
    replies = fleet.ask(clock.now, fleet.gates[:3])
    assert [len(replies[gate.gate_id].change.puts) for gate in fleet.gates[:3]] == [3, 2, 1]


@pytest.mark.wide
@on_postgresql
def test_of_many_records_only_those_published_since_are_read(fleet, database, sealer, site, clock):
    """Or a card more at 250 gates with 10,000 people would read five million records."""
    with database.session() as session:
        session.execute(
            text(
                "INSERT INTO policy_record (gate_id, key, value, digest, version) "
                "SELECT gate_id, 'person:' || nth, 'x', 'x', 1 FROM gate, generate_series(1, 3000) AS nth"
            )
        )
    with database.calls.connect() as connection:
        connection.execute(text("ANALYZE"))
    one_card_more(database, sealer, site, fleet.person_id, 700, clock.now)
    asked = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        if verbs([statement]) == ["SELECT"]:
            asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    replies = fleet.ask(clock.now)
    event.remove(database.engine, "before_cursor_execute", note)
    assert len(replies) == GATES
    ((statement, parameters),) = asked
    # With 128 gates of 7,000 records each PostgreSQL read all of them where one value was of the gate's row.
    given = re.findall(r"policy_record\.(\w+) [=>] \w+\.(\w+)", statement)
    assert set(given) == {("gate_id", "of_gate"), ("version", "have_version")}
    with database.engine.connect() as connection:
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        nodes = list(nodes_of(explained.scalar_one()[0]["Plan"]))
    read = [node for node in nodes if node.get("Relation Name") == "policy_record"]
    assert read
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in read) <= 2 * GATES


def nodes_of(plan):
    """Yield a node of a plan and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)
