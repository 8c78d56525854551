"""A copied key cuts no honest gate off, and what a forked or stolen gate writes proves nothing."""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.messages import (
    RECEIPT_DOMAIN,
    RECEIPTS_PATH,
    AskReply,
    ForgetReceipt,
    ReceiptBatch,
    Refusal,
    SignedReceipt,
    sign_struct,
)
from tests.served.phones import phone_of
from tests.served.served_compound import ServedCompound
from tests.served.signed_gate import SignedGate, signed_gate
from tests.served.yes_at_a_gate import says_yes
from tests.support.compounds.desk import card_of, read
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Person
from web_admin.compound.policy_models import OrderRow
from web_admin.core.database import current_menjin
from web_admin.custody.models import Consent, ReceiptRow
from web_admin.journal.models import GateEvent, QuarantinedEntry
from web_admin.sync.requests import MAX_AHEAD, MAX_COUNTER

# Two workers, either of which may get a request of either machine; on SQLite there is one.
pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def a_copied_key_jumps_ahead(gate: SignedGate) -> None:
    """Ask as a second machine with the gate's key does, with the largest number that there is."""
    answer = gate.asks(counter=MAX_COUNTER)
    refusal = msgspec.json.decode(answer.content, type=Refusal)
    assert (answer.status_code, refusal.error) == (409, "counter_forked")


def order_for(served: ServedCompound, gate: SignedGate) -> None:
    """Press the button that opens a lane of this gate."""
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        session.add(
            OrderRow(
                order_id="order-1",
                gate_id=gate.gate_id,
                lane_id=f"{gate.gate_id}-in",
                valid_seconds=30,
                issued_at=datetime.now(UTC),
                author_id="guard",
                reason="",
            )
        )


def alarms_of(served: ServedCompound, gate: SignedGate, kind: str) -> int:
    query = select(Alarm).where(Alarm.gate_id == gate.gate_id, Alarm.kind == kind)
    return len(read(served.compound, lambda s: s.scalars(query).all()))


def test_the_largest_counter_from_a_copied_key_cuts_the_honest_gate_off_from_nothing(
    served: ServedCompound,
) -> None:
    gate = signed_gate(served)
    assert gate.asks().status_code == 200
    a_copied_key_jumps_ahead(gate)
    assert alarms_of(served, gate, "alarm_gate_forked") == 1
    order_for(served, gate)
    answers = [gate.asks() for _time in range(6)]
    assert {answer.status_code for answer in answers} == {200}, "the honest gate is cut off"
    replies = [msgspec.json.decode(answer.content, type=AskReply) for answer in answers]
    assert all(reply.policy is not None for reply in replies)
    assert [len(reply.orders) for reply in replies] == [1] * len(replies)
    gate.writes("alarm_door_forced", {"lane_id": "north-in"}, {})
    gate.sends()
    assert alarms_of(served, gate, "alarm_door_forced") == 1


def test_a_copied_key_that_creeps_ahead_costs_the_honest_gate_one_answer(served: ServedCompound) -> None:
    gate = signed_gate(served)
    assert gate.asks().status_code == 200
    assert gate.asks(counter=1 + MAX_AHEAD).status_code == 200
    answers = [gate.asks().status_code for _time in range(5)]
    assert answers == [409, 200, 200, 200, 200], "the honest gate is cut off"
    assert alarms_of(served, gate, "alarm_gate_forked") == 1


@pytest.mark.parametrize("state", ["forked", "stolen"])
def test_an_invented_card_at_such_a_gate_proves_no_phone_and_its_receipts_count(
    served: ServedCompound, state: str
) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    card = read(served.compound, lambda s: card_of(s, wang))
    says_yes(served, gate, wang, "card", credential_id=card)
    consent = read(
        served.compound,
        lambda s: s.scalars(select(Consent.consent_id).where(Consent.person_id == wang)).one(),
    )
    thief = phone_of(served, "王芳")
    thief.post("/r/at-gate", {})
    if state == "stolen":
        gate.becomes("stolen", served)
    else:
        a_copied_key_jumps_ahead(gate)

    gate.opens(wang, card)
    gate.writes("face_answer", {"answer": "withdraw"}, {"person_id": wang})
    gate.sends()
    assert read(served.compound, lambda s: s.get_one(Person, wang).phone_unproven) is not None, (
        "an invented card proved the phone of a thief"
    )
    kept = select(GateEvent.seq).where(GateEvent.gate_id == gate.gate_id, GateEvent.journal_id == "north.1")
    assert read(served.compound, lambda s: s.scalars(kept).all()) == [1]
    aside = select(QuarantinedEntry.seq, QuarantinedEntry.why).order_by(QuarantinedEntry.seq)
    assert read(served.compound, lambda s: [tuple(row) for row in s.execute(aside)]) == [
        (2, "gate_not_trusted"),
        (3, "gate_not_trusted"),
    ]
    assert read(served.compound, lambda s: s.get_one(Gate, gate.gate_id).acknowledged_seq) == 1

    receipt = ForgetReceipt(
        site_id=gate.site_id,
        gate_id=gate.gate_id,
        person_id=wang,
        consent_id=consent,
        forgotten_at=datetime.now(UTC),
        blob_found=True,
        journal_seq=4,
    )
    body, signature = sign_struct(gate.key, RECEIPT_DOMAIN, receipt)
    batch = ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
    assert gate.posts(RECEIPTS_PATH, batch).status_code == 200
    assert read(served.compound, lambda s: s.scalars(select(ReceiptRow.gate_id)).all()) == [gate.gate_id]

    honest = signed_gate(served, "east")
    honest.opens(wang, card)
    honest.sends()
    assert read(served.compound, lambda s: s.get_one(Person, wang).phone_unproven) is None, (
        "what a trusted gate says of the same card proves the phone"
    )
