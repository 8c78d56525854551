"""What a cloned or stolen gate writes proves nothing, and the honest gate goes on all the same."""

import base64
import secrets
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    EVENTS_PATH,
    GATE_HEADER,
    RECEIPT_DOMAIN,
    RECEIPTS_PATH,
    SIGNATURE_HEADER,
    TOMBSTONES_PATH,
    AskReply,
    EventsReply,
    ForgetReceipt,
    HandedOver,
    LaneState,
    ReceiptBatch,
    SignedReceipt,
    TombstoneBatch,
    sign_struct,
)
from gate_controller.contract.signing import REQUEST_DOMAIN, request_message, sign
from tests.support.compounds.with_gates import PlayedGate, add_card, add_person, journal
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.answers import alarms, error_of, introduced
from web_admin.compound.models import Gate, Invitation, Person
from web_admin.compound.policy_models import OrderRow
from web_admin.custody.models import ReceiptRow
from web_admin.events import quarantine
from web_admin.gates import pairing
from web_admin.journal.models import AuditEntry, GateEvent, QuarantinedEntry
from web_admin.operations.audit_check import check_server_records
from web_admin.policy.publish import publish_policy
from web_admin.sync import requests as sync_requests
from web_admin.sync.requests import LAST_COUNTER, MAX_AHEAD, MAX_COUNTER
from web_admin.visitors.models import VisitorUse

pytestmark = pytest.mark.both_databases


def disbelieve(database, clock, *, stolen=False):
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        gate.state, gate.forked_at = ("stolen", None) if stolen else ("paired", clock.now)


def count(database, table):
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table))


def sent(gate, entries):
    response = gate.post(EVENTS_PATH, gate.batch(entries))
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.data, type=EventsReply)


@pytest.fixture
def unproven(database, sealer, site, north, clock):
    """A resident whose phone asks to be believed, and their card."""
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        card = add_card(session, sealer, person, 7, clock.now)
        person.phone_unproven = "invited_again"
        session.add(
            Invitation(
                invitation_id="i",
                person_id=person.person_id,
                code_digest=b"c",
                created_at=clock.now,
                expires_at=clock.now,
                used_at=clock.now,
                proof_asked_at=clock.now,
            )
        )
        return person.person_id, card.credential_id


def shown(unproven, clock, *, previous=GENESIS, seq=1, kind="access"):
    facts = {"lane_id": "north-in", "method": "card", "opens": True, "reason": "granted"}
    personal = {"person_id": unproven[0], "credential_id": unproven[1]}
    return chain_entry(previous, seq, clock.now + timedelta(minutes=1), kind, facts, personal)


def test_a_believed_gate_proves_a_phone(database, north, clock, unproven):
    sent(north, [shown(unproven, clock)])
    with database.session() as session:
        assert session.get_one(Person, unproven[0]).phone_unproven is None


@pytest.mark.parametrize("stolen", [False, True], ids=["cloned", "stolen"])
def test_what_a_cloned_or_stolen_gate_writes_is_set_aside_unread(
    database, site, north, clock, unproven, stolen
):
    disbelieve(database, clock, stolen=stolen)
    first = shown(unproven, clock)
    second = chain_entry(first.digest, 2, clock.now, "face_answer", {"answer": "withdraw"}, {})
    third = chain_entry(second.digest, 3, clock.now, "alarm_door_forced", {"lane_id": "north-in"}, {})
    for _ in range(2):
        assert sent(north, [first, second, third]) == EventsReply(acknowledged_seq=3)
    with database.session() as session:
        assert session.get_one(Person, unproven[0]).phone_unproven == "invited_again"
        aside = session.scalars(select(QuarantinedEntry).order_by(QuarantinedEntry.seq)).all()
        assert [(row.seq, row.why) for row in aside] == [(n, "gate_not_trusted") for n in (1, 2, 3)]
        assert session.get_one(Gate, "north").acknowledged_seq == 0
        kinds = list(session.scalars(select(AuditEntry.kind)))
        assert check_server_records(session, site).quarantined == 3
    assert kinds == ["journal_entries_set_aside"]
    assert (count(database, GateEvent), count(database, VisitorUse)) == (0, 0)
    # A false alarm costs a walk, a missed one a person; a gate that lies in a thief's room rings nothing.
    assert alarms(database) == ([] if stolen else ["alarm_door_forced"])


@pytest.mark.parametrize("stolen", [False, True], ids=["cloned", "stolen"])
def test_receipts_of_a_gate_that_is_not_believed_still_count(database, sealer, site, north, clock, stolen):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        consent = give_face(session, sealer, site, person, clock.now)
        receipt = ForgetReceipt(
            site_id=site,
            gate_id="north",
            person_id=person.person_id,
            consent_id=consent.consent_id,
            forgotten_at=clock.now,
            blob_found=True,
            journal_seq=4,
        )
    disbelieve(database, clock, stolen=stolen)
    body, signature = sign_struct(north.key, RECEIPT_DOMAIN, receipt)
    batch = ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
    assert north.post(RECEIPTS_PATH, batch).status_code == 200
    assert count(database, ReceiptRow) == 1


def test_what_such_a_gate_says_of_itself_is_not_noted(database, north, clock):
    north.ask(clock.now, journal_seq=9)
    disbelieve(database, clock)
    said = msgspec.structs.replace(
        north.question(clock.now + timedelta(hours=9)),
        clock_sure=False,
        tamper_id="t",
        have_version=77,
        lanes=(LaneState(lane_id="north-in", door="forced", posture="held_open"),),
    )
    assert north.post(ASK_PATH, said).status_code == 200
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        assert (gate.told_seq, gate.clock_sure, gate.have_version, gate.lane_states) == (9, True, 0, [])
    assert alarms(database) == []


def test_two_machines_with_one_key_are_each_acknowledged_what_they_sent(database, north, clock):
    sent(north, journal(2, clock.now))
    disbelieve(database, clock)
    honest = journal(5, clock.now)
    thief = [chain_entry(GENESIS, 1, clock.now, "access", {}, {})]
    sent(north, honest)
    sent(north, thief)

    def acknowledged(entry):
        question = msgspec.structs.replace(
            north.question(clock.now, 9), handed_over=HandedOver(seq=entry.seq, digest=entry.digest)
        )
        return msgspec.json.decode(north.post(ASK_PATH, question).data, type=AskReply).acknowledged_seq

    assert [acknowledged(entry) for entry in (honest[4], honest[1], thief[0])] == [5, 2, 1]
    never_sent = chain_entry(GENESIS, 5, clock.now, "access", {}, {})
    assert acknowledged(never_sent) == 2


@pytest.mark.wide
def test_what_was_set_aside_stays_so_after_pairing_again_and_what_comes_then_counts(
    database, sealer, site, gates_app, north, clock, unproven
):
    disbelieve(database, clock)
    kept = shown(unproven, clock)
    sent(north, [kept])
    with database.session() as session:
        code = pairing.make_code(session, sealer, session.get_one(Gate, "north"), clock.now)
    pair_id, key = introduced(gates_app.test_client(), code)
    with database.session() as session:
        pairing.approve(session, sealer, pair_id, clock.now)
    again = PlayedGate(gates_app.test_client(), site, "north", key)
    after = chain_entry(kept.digest, 2, clock.now, "started", {}, {})
    assert sent(again, [kept, after]).acknowledged_seq == 2
    with database.session() as session:
        assert session.get_one(Person, unproven[0]).phone_unproven == "invited_again"
        assert list(session.scalars(select(GateEvent.seq))) == [2]
        assert check_server_records(session, site).quarantined == 1


def test_a_thief_does_not_fill_the_disk(database, north, clock, monkeypatch):
    monkeypatch.setattr(quarantine, "MAX_OF_A_GATE", 3)
    disbelieve(database, clock)
    sent(north, journal(3, clock.now))
    duress = chain_entry(GENESIS, 1, clock.now, "alarm_duress", {"lane_id": "north-in"}, {})
    assert sent(north, [duress]).acknowledged_seq == 1
    assert count(database, QuarantinedEntry) == 3
    assert "alarm_duress" in alarms(database)  # what a copied key sent before holds no alarm up


# -- counters ----------------------------------------------------------------------------------------


@pytest.mark.wide
@pytest.mark.parametrize("ahead", [MAX_COUNTER, 10 + MAX_AHEAD + 1])
def test_a_counter_that_jumps_far_ahead_cuts_the_honest_gate_off_from_nothing(
    database, sealer, site, north, clock, ahead
):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)
    north.counter = 9
    assert len(north.ask(clock.now).leases) == 1
    jumped = north.post(ASK_PATH, north.question(clock.now), counter=ahead)
    assert (jumped.status_code, error_of(jumped)) == (409, "counter_forked")
    assert alarms(database) == ["alarm_gate_forked"]
    with database.session() as session:
        session.add(
            OrderRow(
                order_id="o",
                gate_id="north",
                lane_id="north-in",
                valid_seconds=15,
                issued_at=clock.now,
                author_id="guard",
                reason="",
            )
        )
    for _ in range(2):  # the first request must not swallow the order
        reply = north.ask(clock.now)
        assert (reply.leases, reply.policy is not None, len(reply.orders)) == ((), True, 1)


def test_a_counter_that_creeps_ahead_ends_as_a_clone_and_cuts_no_other_gate_off(
    database, sealer, site, north, clock
):
    with database.session() as session:
        publish_policy(session, sealer, site, clock.now)
    north.ask(clock.now)
    far = north.post(ASK_PATH, north.question(clock.now), counter=1 + MAX_AHEAD)
    assert far.status_code == 200
    assert error_of(north.post(ASK_PATH, north.question(clock.now), counter=2)) == "counter_forked"
    assert north.ask(clock.now).policy is not None


def test_a_counter_that_creeps_to_the_last_that_is_kept_ends_as_a_clone_as_well(database, north, clock):
    with database.session() as session:
        session.get_one(Gate, "north").request_counter = LAST_COUNTER - 1
    assert north.post(ASK_PATH, north.question(clock.now), counter=LAST_COUNTER).status_code == 200
    beyond = north.post(ASK_PATH, north.question(clock.now), counter=LAST_COUNTER + 1)
    assert (beyond.status_code, error_of(beyond)) == (409, "counter_forked")
    assert north.post(ASK_PATH, north.question(clock.now), counter=2).status_code == 200


@pytest.mark.parametrize(
    ("counter", "status", "error"),
    [
        (str(MAX_COUNTER), 409, "counter_forked"),
        (str(MAX_COUNTER + 1), 401, "counter_unreadable"),
        ("0" * 15 + "1", 200, None),
        ("0" * 16 + "1", 401, "counter_unreadable"),
        ("", 401, "counter_unreadable"),
        ("-1", 401, "counter_unreadable"),
        ("\u0661".encode().decode("latin-1"), 401, "counter_unreadable"),
    ],
)
def test_a_counter_has_at_most_sixteen_digits(north, clock, counter, status, error):
    body = msgspec.json.encode(north.question(clock.now))
    number = int(counter) if counter.isascii() and counter.isdecimal() else 1
    signature = sign(north.key, REQUEST_DOMAIN, request_message("POST", ASK_PATH, body, "north", number))
    response = north.client.post(
        ASK_PATH,
        data=body,
        headers={
            GATE_HEADER: "north",
            COUNTER_HEADER: counter,
            SIGNATURE_HEADER: base64.b64encode(signature).decode(),
        },
    )
    found = error_of(response) if response.status_code != 200 else None
    assert (response.status_code, found) == (status, error)


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({SIGNATURE_HEADER: "not base64"}, 401, "signature_wrong"),
        ({SIGNATURE_HEADER: ""}, 401, "signature_wrong"),
        ({GATE_HEADER: "nobody"}, 403, "gate_unknown"),
    ],
)
def test_a_refused_caller_gets_the_status_of_its_mistake(north, clock, headers, status, error):
    body = msgspec.json.encode(north.question(clock.now))
    signature = sign(north.key, REQUEST_DOMAIN, request_message("POST", ASK_PATH, body, "north", 1))
    usual = {
        GATE_HEADER: "north",
        COUNTER_HEADER: "1",
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
    }
    response = north.client.post(ASK_PATH, data=body, headers={**usual, **headers})
    assert (response.status_code, error_of(response)) == (status, error)


def test_a_body_that_is_no_message_and_a_gate_with_a_new_key_get_their_status(
    database, north, clock, monkeypatch
):
    response = north.post(ASK_PATH, b"[]")
    assert (response.status_code, error_of(response)) == (400, "body_unreadable")
    question = north.question(clock.now)
    check = sync_requests.check_signature

    def pair_again_meanwhile(*arguments):
        with database.session() as session:
            session.get_one(Gate, "north").public_key = secrets.token_bytes(32)
        return check(*arguments)

    monkeypatch.setattr(sync_requests, "check_signature", pair_again_meanwhile)
    response = north.post(ASK_PATH, question)
    assert (response.status_code, error_of(response)) == (401, "signature_wrong")


def test_the_late_window_counts_to_the_last_number(database, north, clock):
    north.counter = 99
    north.ask(clock.now)
    late = north.post(ASK_PATH, north.question(clock.now), counter=100 - sync_requests.LATE_WINDOW)
    assert (late.status_code, error_of(late)) == (409, "counter_late")
    same = north.post(ASK_PATH, north.question(clock.now), counter=100)
    assert (same.status_code, error_of(same)) == (409, "counter_repeated")


@pytest.fixture
def locked():
    """The tables whose rows are locked, in their order."""
    order = []

    def note(state):
        if state.is_select and state.statement._for_update_arg is not None:
            order.extend(table.name for table in state.statement.get_final_froms())

    event.listen(Session, "do_orm_execute", note)
    yield order
    event.remove(Session, "do_orm_execute", note)


def batches(site, north, clock):
    answer = chain_entry(GENESIS, 1, clock.now, "face_answer", {}, {})
    odd = chain_entry(GENESIS, 1, clock.now, "granted", {"detail": "\0"}, {})
    receipt = SignedReceipt(receipt=b"{", signature=b"")
    return {
        "an answer about a face": (EVENTS_PATH, north.batch([answer])),
        "an entry to set aside": (EVENTS_PATH, north.batch([odd])),
        "receipts to set aside": (RECEIPTS_PATH, ReceiptBatch(receipts=(receipt,))),
        "tombstones": (TOMBSTONES_PATH, TombstoneBatch(have_epoch=1, have_version=1, tombstones=())),
        "plain entries": (EVENTS_PATH, north.batch(journal(2, clock.now))),
    }


@pytest.mark.parametrize(
    ("what", "order"),
    [
        ("an answer about a face", ["gate", "site", "gate"]),
        ("an entry to set aside", ["gate", "site", "gate"]),
        ("receipts to set aside", ["gate", "site", "gate"]),
        ("tombstones", ["site", "gate"]),
        ("plain entries", ["gate"]),
    ],
)
def test_what_may_publish_or_write_to_the_ledger_locks_the_site_before_the_gate(
    north, site, clock, locked, what, order
):
    """In the other order two gates that answer at once would wait for each other.

    An entry that leads to the site ends the transaction in which the gate alone is locked.
    """
    path, batch = batches(site, north, clock)[what]
    north.post(path, batch)
    assert locked[: len(order)] == order


def test_a_gate_that_is_not_believed_locks_the_site_first_too(database, north, site, clock, locked):
    disbelieve(database, clock)
    locked.clear()
    north.post(EVENTS_PATH, north.batch(journal(1, clock.now)))
    assert locked[:2] == ["site", "gate"]
