"""A question with nothing new on either side costs one statement; whatever differs is worked out in full."""

from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.messages import (
    ASK_PATH,
    DeviceHealth,
    LaneState,
    open_manifest,
)
from gate_controller.contract.signing import public_bytes
from tests.support.batched_answers import both_ways
from tests.support.compounds.with_gates import add_person
from tests.support.statements import statements_of, verbs
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.answers import alarms, error_of
from tests.web_admin.sync.replies import differing
from web_admin.compound.keys import replace_working_keys
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import OrderRow
from web_admin.policy.publish import publish_policy

pytestmark = [pytest.mark.both_databases, both_ways]


@pytest.fixture
def statements(database):
    """What the database is asked meanwhile."""
    with statements_of(database) as seen:
        yield seen


def counted(database):
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        return gate.request_counter, gate.last_seen_at, gate.clock_behind_seconds


def test_the_same_question_costs_one_statement_and_is_counted_dated_and_signed(
    quiet, database, site, clock, statements
):
    with database.session() as session:
        root = session.get_one(Site, site).root_public_key
    for _question in range(3):
        clock.now += timedelta(seconds=2)
        statements.clear()
        reply = quiet.ask(clock.now - timedelta(seconds=1))
        assert verbs(statements) == ["UPDATE"]
        assert reply.change is None
        assert reply.server_time == clock.now
        assert open_manifest(reply.policy, root, site_id=site, gate_id="north").issued_at == clock.now
        assert counted(database) == (quiet.counter, clock.now, 1.0)


def test_a_question_worked_out_in_full_reads_the_keys_once_and_writes_the_gate_once(
    quiet, gates_app, clock, statements
):
    gates_app.extensions["menjin_last_answers"].forget("north")
    clock.now += timedelta(seconds=2)
    statements.clear()
    quiet.ask(clock.now)
    assert sum("FROM site_key" in statement for statement in statements) == 1
    assert [verb for verb in verbs(statements) if verb != "SELECT"] == ["UPDATE"]
    assert len(statements) <= 10


def order(session, sealer, site, now):
    session.add(
        OrderRow(
            order_id="o1",
            gate_id="north",
            lane_id="north-in",
            issued_at=now,
            valid_seconds=10,
            author_id="m",
            reason="parcel",
        )
    )


def publication(session, sealer, site, now):
    add_person(session, site, None, ["north-in"], now)
    publish_policy(session, sealer, site, now)


def face(session, sealer, site, now):
    give_face(session, sealer, site, add_person(session, site, None, ["north-in"], now), now)


def restore(session, sealer, site, now):
    row = session.get_one(Site, site)
    row.restoring, row.epoch = True, row.epoch + 1
    session.get_one(Gate, "north").tombstones_taken = False


def withholding(session, sealer, site, now):
    session.get_one(Gate, "north").policy_withheld = True


def other_pace(session, sealer, site, now):
    session.get_one(Site, site).ask_again_seconds = 30.0


def next_epoch(session, sealer, site, now):
    session.get_one(Site, site).epoch += 1


@pytest.mark.wide
@pytest.mark.parametrize(
    "change",
    [order, publication, face, restore, withholding, other_pace, next_epoch],
    ids=lambda change: change.__name__,
)
def test_whatever_another_process_changes_is_answered_at_once(
    quiet, database, sealer, site, clock, gates_app, change
):
    clock.now += timedelta(seconds=2)
    before = quiet.ask(clock.now)
    with database.session() as session:
        change(session, sealer, site, clock.now)
    after = quiet.ask(clock.now)
    assert differing(before, after)
    gates_app.extensions["menjin_last_answers"].forget("north")
    in_full = quiet.ask(clock.now)
    assert differing(after, in_full) <= {"orders", "sealed_leases"}, "an order is sent once"


def test_a_journal_shorter_than_what_the_server_has_is_noticed(quiet, database, clock):
    with database.session() as session:
        session.get_one(Gate, "north").acknowledged_seq = 7
    quiet.ask(clock.now)
    assert alarms(database) == ["alarm_journal_restarted"]


def test_a_new_key_of_the_site_is_sent_at_once(database, sealer, site, quiet, clock):
    before = quiet.ask(clock.now)
    with database.session() as session:
        row = session.get_one(Site, site)
        root = Ed25519PrivateKey.generate()
        row.root_public_key = public_bytes(root)
        replace_working_keys(session, sealer, row, root, clock.now + timedelta(seconds=1))
    assert {"pass_certificate", "anchor_certificate"} <= differing(before, quiet.ask(clock.now))


@pytest.mark.parametrize("state", ["stolen", "retired", "new"])
def test_a_gate_that_is_no_longer_paired_gets_what_its_state_gets(quiet, database, clock, state):
    with database.session() as session:
        session.get_one(Gate, "north").state = state
    answer = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert (answer.status_code, error_of(answer) if answer.status_code != 200 else "") == (
        {"stolen": (200, ""), "retired": (403, "gate_retired"), "new": (403, "gate_unknown")}[state]
    )


def test_a_gate_paired_again_is_refused_by_its_old_key_and_answered_by_the_new(quiet, database, clock):
    old, new = quiet.key, Ed25519PrivateKey.generate()
    with database.session() as session:
        session.get_one(Gate, "north").public_key = public_bytes(new)
    answer = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert (answer.status_code, error_of(answer)) == (401, "signature_wrong")
    quiet.key = new
    assert quiet.ask(clock.now).policy is not None
    quiet.key = old
    answer = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert (answer.status_code, error_of(answer)) == (401, "signature_wrong")


def test_numbers_that_repeat_come_late_or_jump_are_refused_as_ever_and_show_a_clone(quiet, database, clock):
    for counter, seconds, error in (
        (quiet.counter, 0, "counter_repeated"),
        (quiet.counter - 1, 1, "counter_late"),
        (quiet.counter + 2**25, 0, "counter_forked"),
    ):
        question = quiet.question(clock.now + timedelta(seconds=seconds))
        answer = quiet.post(ASK_PATH, question, counter=counter)
        assert (answer.status_code, error_of(answer)) == (409, error)
    with database.session() as session:
        assert session.get_one(Gate, "north").forked_at == clock.now
    assert quiet.ask(clock.now).policy is not None


@pytest.mark.parametrize(
    "difference",
    [
        {"clock_sure": False},
        {"journal_seq": 3},
        {"lanes": (LaneState(lane_id="north-in", door="shut", posture="normal"),)},
        {"devices": (DeviceHealth(device="lock", health="lost", detail="gone"),)},
        {"policy_trouble": "refused"},
        {"tamper_id": "t1"},
        {"have_version": 0},
    ],
    ids=lambda difference: next(iter(difference)),
)
def test_what_the_gate_says_otherwise_is_noted_at_once(quiet, clock, statements, difference):
    statements.clear()
    question = msgspec.structs.replace(quiet.question(clock.now), **difference)
    assert quiet.post(ASK_PATH, question).status_code == 200
    assert len(statements) > 1


def test_a_signature_by_another_key_is_refused_also_for_a_gate_that_was_just_answered(quiet, clock):
    quiet.key = Ed25519PrivateKey.generate()
    answer = quiet.post(ASK_PATH, quiet.question(clock.now))
    assert (answer.status_code, error_of(answer)) == (401, "signature_wrong")


def test_tampering_that_is_not_cleared_keeps_a_gate_on_the_full_way(quiet, clock, statements):
    question = msgspec.structs.replace(quiet.question(clock.now), tamper_id="t1")
    for _question in range(2):
        statements.clear()
        assert quiet.post(ASK_PATH, question).status_code == 200
        assert len(statements) > 1
