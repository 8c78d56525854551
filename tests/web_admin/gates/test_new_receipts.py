"""A new receipt costs two statements; whatever else is said about a receipt is worked out in full."""

import threading
from dataclasses import replace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from gate_controller.contract.messages import (
    RECEIPTS_PATH,
    ForgetReceipt,
    ReceiptBatch,
)
from gate_controller.contract.signing import public_bytes
from tests.support.batched_answers import both_ways
from tests.support.compounds.with_gates import add_person
from tests.support.statements import statements_of, verbs
from tests.web_admin.gates.signed_receipts import signed
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.answers import alarms, error_of
from web_admin.compound.models import Gate
from web_admin.custody.models import ReceiptRow
from web_admin.gates.new_receipts import AT_ONCE
from web_admin.journal.models import AuditEntry
from web_admin.sync.requests import LAST_COUNTER

pytestmark = [pytest.mark.both_databases, both_ways]


def receipt_of_a_new_face(session, sealer, site, now):
    person = add_person(session, site, None, ["north-in"], now)
    consent = give_face(session, sealer, site, person, now)
    return ForgetReceipt(
        site_id=site,
        gate_id="north",
        person_id=person.person_id,
        consent_id=consent.consent_id,
        forgotten_at=now,
        blob_found=True,
        journal_seq=4,
    )


@pytest.fixture
def receipt(database, sealer, site, north, clock):
    """A receipt about a person's face, by a gate whose key this process has read."""
    north.ask(clock.now)
    with database.session() as session:
        return receipt_of_a_new_face(session, sealer, site, clock.now)


def stored(database):
    with database.session() as session:
        receipts = [
            (row.consent_id, row.gate_id, row.receipt, row.signature, row.received_at)
            for row in session.scalars(select(ReceiptRow))
        ]
        gate = session.get_one(Gate, "north")
        set_aside = select(AuditEntry.facts).where(AuditEntry.kind == "face_receipt_set_aside")
        return receipts, gate.request_counter, gate.request_digest, session.scalars(set_aside).all()


def test_a_new_receipt_costs_a_statement_beside_that_of_the_call(database, north, receipt, clock):
    batch = signed(north.key, receipt)
    with statements_of(database) as seen:
        assert north.post(RECEIPTS_PATH, batch).get_json() == {"count": 1}
    assert verbs(seen) == ["UPDATE", "INSERT"]
    rows, counter, _digest, _set_aside = stored(database)
    one = batch.receipts[0]
    assert rows == [(receipt.consent_id, "north", one.receipt, one.signature, clock.now)]
    assert counter == north.counter


def test_as_many_as_are_stored_at_once_cost_no_more_after_an_earlier_receipt_of_their_gate(
    database, sealer, site, north, receipt, clock
):
    with database.session() as session:
        more = [receipt_of_a_new_face(session, sealer, site, clock.now) for _ in range(AT_ONCE)]
    north.post(RECEIPTS_PATH, signed(north.key, receipt))
    with statements_of(database) as seen:
        assert north.post(RECEIPTS_PATH, signed(north.key, *more)).get_json() == {"count": AT_ONCE}
    assert verbs(seen) == ["UPDATE", "INSERT"]
    assert len(stored(database)[0]) == AT_ONCE + 1


def nothing(north, receipt, session):
    return signed(north.key, receipt)


def stolen(north, receipt, session):
    session.get_one(Gate, "north").state = "stolen"
    return signed(north.key, receipt)


def retired(north, receipt, session):
    session.get_one(Gate, "north").state = "retired"
    return signed(north.key, receipt)


def cloned(north, receipt, session):
    session.get_one(Gate, "north").forked_at = receipt.forgotten_at
    return signed(north.key, receipt)


def paired_again(north, receipt, session):
    north.key = Ed25519PrivateKey.generate()
    session.get_one(Gate, "north").public_key = public_bytes(north.key)
    return signed(north.key, receipt)


def of_the_controller_before(north, receipt, session):
    batch = signed(north.key, receipt)
    session.get_one(Gate, "north").public_key = public_bytes(Ed25519PrivateKey.generate())
    return batch


def number_far_ahead(north, receipt, session):
    session.get_one(Gate, "north").request_counter = 0
    north.counter = 2**24 + 2
    return signed(north.key, receipt)


def number_beyond_the_last(north, receipt, session):
    north.counter = LAST_COUNTER
    return signed(north.key, receipt)


def number_of_before(north, receipt, session):
    north.counter -= 1
    return signed(north.key, receipt)


def unknown_consent(north, receipt, session):
    return signed(north.key, receipt, msgspec.structs.replace(receipt, consent_id="unknown"))


def of_another_person(north, receipt, session):
    return signed(north.key, msgspec.structs.replace(receipt, person_id="other"))


def of_another_gate(north, receipt, session):
    return signed(north.key, msgspec.structs.replace(receipt, gate_id="south"))


def of_another_site(north, receipt, session):
    return signed(north.key, msgspec.structs.replace(receipt, site_id="other"))


def by_another_key(north, receipt, session):
    return ReceiptBatch(
        receipts=(
            *signed(Ed25519PrivateKey.generate(), receipt).receipts,
            *signed(north.key, receipt).receipts,
        )
    )


def twice_in_one(north, receipt, session):
    return signed(north.key, receipt, receipt)


def newer_in_one(north, receipt, session):
    return signed(north.key, receipt, msgspec.structs.replace(receipt, journal_seq=9))


def more_than_at_once(north, receipt, session):
    return signed(north.key, *[receipt] * (AT_ONCE + 1))


def none_at_all(north, receipt, session):
    return signed(north.key)


CHANGES = [
    nothing,
    stolen,
    retired,
    cloned,
    paired_again,
    of_the_controller_before,
    number_far_ahead,
    number_beyond_the_last,
    number_of_before,
    unknown_consent,
    of_another_person,
    of_another_gate,
    of_another_site,
    by_another_key,
    twice_in_one,
    newer_in_one,
    more_than_at_once,
    none_at_all,
]


@pytest.mark.wide
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_comes_of_it_is_what_comes_of_the_full_way(
    database, north, receipt, gates_app, monkeypatch, change
):
    """Each change is made behind the back of the process, which is then asked both ways."""
    with database.session() as session:
        batch = change(north, receipt, session)
    counter, seen = north.counter, []
    for known in (True, False):
        if not known:
            gates_app.extensions["menjin_gate_keys"].clear()
        north.counter = counter
        with database.session() as session:  # each time from the same state
            before = session.get_one(Gate, "north")
            kept = (before.request_counter, before.request_digest, before.forked_at)
        reply = north.post(RECEIPTS_PATH, batch)
        seen.append((reply.status_code, reply.get_json(), stored(database), alarms(database)))
        with database.session() as session:
            gate = session.get_one(Gate, "north")
            gate.request_counter, gate.request_digest, gate.forked_at = kept
            for row in session.scalars(select(ReceiptRow)).all():
                session.delete(row)
    first, second = seen
    # What is set aside or alarmed is in the ledger for good: the second time it is there beside the first.
    assert first[:2] == second[:2]
    assert first[2][:3] == second[2][:3]
    assert second[2][3] == first[2][3] * 2 or first[2][3] == second[2][3] == []


def test_a_receipt_of_later_takes_the_place_of_an_earlier_one(database, north, receipt):
    later = msgspec.structs.replace(receipt, journal_seq=9)
    for one in (receipt, later, receipt):
        assert north.post(RECEIPTS_PATH, signed(north.key, one)).status_code == 200
    rows = stored(database)[0]
    assert [row[2] for row in rows] == [signed(north.key, later).receipts[0].receipt]


def test_a_connection_that_ends_loses_no_receipt(database, north, receipt):
    ends = [True]

    def execute(_connection, _cursor, statement, *_rest):
        if ends and "INSERT INTO receipt" in statement:
            ends.clear()
            raise OperationalError(statement, {}, Exception("the connection ended"))

    event.listen(database.engine, "before_cursor_execute", execute)
    try:
        assert north.post(RECEIPTS_PATH, signed(north.key, receipt)).get_json() == {"count": 1}
    finally:
        event.remove(database.engine, "before_cursor_execute", execute)
    assert ends == []
    assert len(stored(database)[0]) == 1


def test_the_same_request_at_two_workers_is_answered_once(database, north, receipt, gates_app):
    batch, answers = signed(north.key, receipt), []
    north.counter += 1
    players = [replace(north, client=gates_app.test_client()) for _ in range(2)]

    def post(player):
        answers.append(player.post(RECEIPTS_PATH, batch, counter=north.counter).status_code)

    threads = [threading.Thread(target=post, args=(player,)) for player in players]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]
    assert len(stored(database)[0]) == 1


def test_a_copied_request_is_refused_and_a_wrong_signature_too(database, north, receipt):
    batch = signed(north.key, receipt)
    assert north.post(RECEIPTS_PATH, batch).status_code == 200
    north.counter -= 1
    assert error_of(north.post(RECEIPTS_PATH, batch)) == "counter_repeated"
    north.key = Ed25519PrivateKey.generate()
    assert error_of(north.post(RECEIPTS_PATH, batch)) == "signature_wrong"
    assert len(stored(database)[0]) == 1
