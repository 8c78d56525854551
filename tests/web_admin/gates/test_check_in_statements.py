"""Gates with faces are answered in one batch: each is lent its own, and all receipts are stored at once."""

from base64 import b64decode

import msgspec
import pytest
from sqlalchemy import LargeBinary, event, select
from sqlalchemy.exc import OperationalError

from gate_controller.contract.messages import ASK_PATH, RECEIPTS_PATH, ForgetReceipt
from tests.support.batched_gates import GATES, noted, on_postgresql, on_sqlite, request_of
from tests.support.statements import statements_of, statements_that_wait, verbs
from tests.web_admin.gates.signed_receipts import signed as signed_receipts
from tests.web_admin.sync.news import one_card_more
from web_admin.compound.models import Gate
from web_admin.custody.models import FaceShare, ReceiptRow
from web_admin.custody.shares import destroy_shares
from web_admin.gates.check_in_statements import TYPES_OF_CHECK_IN
from web_admin.policy.publish import publish_policy

pytestmark = pytest.mark.both_databases


@pytest.mark.wide
def test_each_gate_is_lent_its_own_share_and_what_lends_waits_for_the_disk(faces, database, clock):
    with statements_that_wait(database) as used:
        replies = faces.ask(clock.now)
    waits = database.engine.dialect.name == "postgresql"  # which may have a standby
    assert used == [("UPDATE", waits), *[("SELECT", waits)] * GATES]
    assert len({reply.leases[0].share for reply in replies.values()}) == GATES
    for gate in faces.gates:
        assert replies[gate.gate_id].leases == gate.ask(clock.now).leases != ()


@pytest.mark.wide
def test_a_gate_whose_last_face_ended_waits_for_no_disk_from_its_second_question_on(faces, database, clock):
    with database.session() as session:
        session.delete(session.get_one(FaceShare, (faces.person_id, "stair-2")))
    with statements_that_wait(database) as used:
        replies = faces.ask(clock.now)
    waits = database.engine.dialect.name == "postgresql"
    assert used[0] == ("UPDATE", waits), "that it has no share shows with this check-in"
    assert {gate_id for gate_id, reply in replies.items() if not reply.leases} == {"stair-2"}
    with statements_that_wait(database) as used:
        assert sorted(faces.ask(clock.now)) == sorted(replies)
    assert used[:2] == [("UPDATE", False), ("UPDATE", waits)], "those without a share, and those with one"


@pytest.mark.wide
@pytest.mark.parametrize("is_behind", [False, True])
def test_a_share_that_cannot_be_opened_keeps_no_other_gate_from_its_answer(
    faces, database, sealer, site, clock, is_behind
):
    if is_behind:
        one_card_more(database, sealer, site, faces.person_id, 700, clock.now)
    with database.session() as session:
        session.get_one(FaceShare, (faces.person_id, "stair-2")).share_sealed = b"damaged"
    before = noted(database)["stair-2"]
    replies = faces.ask(clock.now)
    assert len(replies) == GATES - 1
    assert all(reply.leases for reply in replies.values())
    assert noted(database)["stair-2"] == before


@pytest.mark.wide
def test_a_share_that_cannot_be_opened_costs_the_others_one_round_more(faces, database, clock):
    with database.session() as session:
        session.get_one(FaceShare, (faces.person_id, "stair-2")).share_sealed = b"damaged"
    with statements_of(database) as seen:
        assert len(faces.ask(clock.now)) == GATES - 1
    of_all, of_others = ["UPDATE", *["SELECT"] * GATES], ["UPDATE", *["SELECT"] * (GATES - 1)]
    as_news = ["UPDATE", "SELECT", "SELECT"]  # its gate alone, before it is answered in full
    assert verbs(seen) == of_all + of_others + as_news


def test_a_wrong_key_for_leases_is_that_gates_own_fault(faces, clock):
    questions = [gate.question(clock.now) for gate in faces.gates]
    questions[2] = msgspec.structs.replace(questions[2], sealing_public_key=bytes(32))
    answers = faces.batch(
        [request_of(gate, ASK_PATH, question) for gate, question in zip(faces.gates, questions, strict=True)]
    )
    statuses = [answers[number].status for number in range(GATES)]
    assert statuses == ["400 Bad Request" if number == 2 else "200 OK" for number in range(GATES)]


@pytest.mark.wide
def test_a_withdrawal_ends_what_is_lent_and_all_receipts_are_stored_together(
    faces, database, sealer, site, clock
):
    with database.session() as session:
        consent_id = session.scalars(select(FaceShare.consent_id)).first()
        destroy_shares(session, faces.person_id, "withdrawn", clock.now)
        publish_policy(session, sealer, site, clock.now)
    replies = faces.ask(clock.now)
    assert [reply.leases for reply in replies.values()] == [()] * GATES
    requests = [
        request_of(
            gate,
            RECEIPTS_PATH,
            signed_receipts(
                gate.key,
                receipt_of(
                    gate, consent_id if gate.gate_id != "stair-2" else "unknown", faces.person_id, clock.now
                ),
            ),
        )
        for gate in faces.gates
    ]
    with statements_of(database) as seen:
        answers = faces.batch(requests)
    assert verbs(seen) == ["UPDATE", "INSERT"] * 2, "again without the one that has to be worked out"
    assert sorted(answers) == [0, 1, 3]
    with database.session() as session:
        stored = sorted(session.scalars(select(ReceiptRow.gate_id)))
    assert stored == [f"stair-{number}" for number in (0, 1, 3)]
    assert faces.batch(requests) == {}, "each number is good once"


@pytest.mark.wide
def test_a_gate_with_a_receipt_of_before_keeps_no_other_from_its_own(faces, database, clock):
    with database.session() as session:
        consent_id = session.scalars(select(FaceShare.consent_id)).first()

    def requests():
        return [
            request_of(
                gate,
                RECEIPTS_PATH,
                signed_receipts(gate.key, receipt_of(gate, consent_id, faces.person_id, clock.now)),
            )
            for gate in faces.gates
        ]

    assert sorted(faces.batch(requests()[2:3])) == [0]
    assert sorted(faces.batch(requests())) == [0, 1, 3]


@pytest.mark.wide
def test_a_gate_that_sends_no_receipt_at_all_keeps_no_other_from_its_own(faces, database, clock):
    with database.session() as session:
        consent_id = session.scalars(select(FaceShare.consent_id)).first()
    sent = [[receipt_of(gate, consent_id, faces.person_id, clock.now)] for gate in faces.gates]
    sent[2] = []
    requests = [
        request_of(gate, RECEIPTS_PATH, signed_receipts(gate.key, *receipts))
        for gate, receipts in zip(faces.gates, sent, strict=True)
    ]
    assert sorted(faces.batch(requests)) == [0, 1, 3]


@pytest.mark.wide
@on_postgresql
def test_a_gate_whose_row_is_held_is_left_out_and_the_receipts_of_others_do_not_wait(faces, database, clock):
    with database.session() as session:
        consent_id = session.scalars(select(FaceShare.consent_id)).first()
    requests = [
        request_of(
            gate,
            RECEIPTS_PATH,
            signed_receipts(gate.key, receipt_of(gate, consent_id, faces.person_id, clock.now)),
        )
        for gate in faces.gates
    ]
    with database.session() as session:
        session.get_one(Gate, "stair-2").program = "held"
        session.flush()
        assert sorted(faces.batch(requests)) == [0, 1, 3]
    assert sorted(faces.batch(requests[2:3])) == [0], "its number is not used up"


def receipt_of(gate, consent_id, person_id, now):
    return ForgetReceipt(
        site_id=gate.site_id,
        gate_id=gate.gate_id,
        person_id=person_id,
        consent_id=consent_id,
        forgotten_at=now,
        blob_found=True,
        journal_seq=0,
    )


FAULTS = [OperationalError("", {}, Exception("the connection ended")), TimeoutError("no connection")]


@pytest.mark.wide
@pytest.mark.parametrize("fault", FAULTS, ids=["ended", "none"])
def test_what_fails_for_gates_with_faces_takes_no_answer_from_gates_whose_call_is_counted(
    faces, database, sealer, clock, fault
):
    """Those were counted by a transaction of its own: left out now, each would be refused for its number."""
    with database.session() as session:
        session.delete(session.get_one(FaceShare, (faces.person_id, "stair-2")))
    quiet = faces.gates[2]
    quiet.ask(clock.now)

    def fails(_connection, _cursor, statement, *_rest):
        if "share_sealed" in statement:
            raise fault

    event.listen(database.engine, "before_cursor_execute", fails)
    try:
        replies = faces.ask(clock.now)
    finally:
        event.remove(database.engine, "before_cursor_execute", fails)
    assert list(replies) == ["stair-2"]
    assert len(faces.ask(clock.now)) == GATES


@pytest.mark.wide
@on_sqlite
def test_a_value_of_a_check_in_is_read_once_however_often_the_statement_has_it(fleet, database, clock):
    read = []

    def decoded(value, _form):
        read.append(value)
        return b64decode(value)

    with database.engine.connect() as connection:
        connection.connection.dbapi_connection.create_function("decode", 2, decoded, deterministic=True)
    assert len(fleet.ask(clock.now)) == GATES
    in_base64 = [it for it in TYPES_OF_CHECK_IN.values() if isinstance(it, LargeBinary)]
    assert len(read) == len(in_base64) * GATES
