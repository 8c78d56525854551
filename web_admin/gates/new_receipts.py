"""Store new receipts of trusted gates by a statement for the calls and one for the receipts.

A face that ends at a thousand gates brings a thousand receipts at once: those that wait are stored at once.
Where anything is not as it is with a new receipt of the gate's own controller, nothing of that gate is stored
here, and its request is worked out in full (`custody/shares.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import (
    ColumnElement,
    DateTime,
    LargeBinary,
    String,
    Table,
    TextualSelect,
    and_,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.sql.selectable import CTE

from gate_controller.contract.messages import ForgetReceipt, SignedReceipt, open_receipt
from gate_controller.contract.signing import SignatureRefused
from web_admin.compound.models import Gate
from web_admin.compound.queries import is_trusted_by_key
from web_admin.core.compiled_statements import written_out
from web_admin.core.database import Database
from web_admin.custody.models import Consent, ReceiptRow
from web_admin.gates.check_in_statements import (
    DIALECTS,
    TYPES_OF_CALL,
    Given,
    Type,
    given_in,
    is_free,
    is_next_call,
    parameters_of,
    table_of,
)
from web_admin.gates.last_answers import Call

AT_ONCE = 10
"""Of more receipts in one request, all are stored in full."""

_gate, _consent, _receipt = (cast(Table, model.__table__) for model in (Gate, Consent, ReceiptRow))
_TYPES_OF_RECEIPT: dict[str, Type] = {
    "of_gate": String(),
    "of_consent": String(),
    "of_person": String(),
    "receipt": LargeBinary(),
    "signature": LargeBinary(),
}
_NOW = bindparam("now", type_=cast(DateTime, _receipt.c.received_at.type))


@dataclass(frozen=True, slots=True)
class ReceiptsRequest:
    """A gate's request with receipts; the caller has checked the gate's signature of it by this key."""

    gate_id: str
    public_key: bytes
    receipts: Sequence[SignedReceipt]
    call: Call


@dataclass(frozen=True, slots=True)
class _Statements:
    """The statements of one dialect: for the calls of trusted gates, and for their receipts."""

    counted: TextualSelect
    stored: TextualSelect


def _statements_for(dialect: str) -> _Statements:
    calls, sent = (
        table_of("call", TYPES_OF_CALL, dialect),
        table_of("sent", _TYPES_OF_RECEIPT, dialect),
    )
    counted = _counted(given_in(calls), is_free(calls, dialect))
    return _Statements(written_out(counted, dialect), written_out(_stored(sent), dialect))


def _counted(given: Given, free: ColumnElement[bool]) -> ReturningUpdate[str]:
    """Return the statement that counts calls of trusted gates and returns the gates."""
    return (
        update(_gate)
        .where(
            free,
            *is_next_call(given),
            *is_trusted_by_key(given("is_public_key")),
            _gate.c.site_id == given("of_site"),
        )
        .values(request_counter=given("counter"), request_digest=given("digest"))
        .returning(_gate.c.gate_id)
    )


def _stored(sent: CTE) -> ReturningInsert[str]:
    """Return the statement that stores receipts of known consents, each the first of its gate.

    It returns the gate of each that was stored. The gates' rows are locked by the statement before.
    """
    of_consent = and_(_consent.c.consent_id == sent.c.of_consent, _consent.c.person_id == sent.c.of_person)
    earlier = select(_receipt.c.gate_id).where(
        _receipt.c.consent_id == sent.c.of_consent, _receipt.c.gate_id == sent.c.of_gate
    )
    new = (
        select(_consent.c.consent_id, sent.c.of_gate, sent.c.receipt, sent.c.signature, _NOW)
        .select_from(sent.join(_consent, of_consent))
        .where(~earlier.exists())
    )
    names = ["consent_id", "gate_id", "receipt", "signature", "received_at"]
    return insert(_receipt).from_select(names, new).returning(_receipt.c.gate_id)


_STATEMENTS = {dialect: _statements_for(dialect) for dialect in DIALECTS}


def store_new_receipts(database: Database, sent: Sequence[ReceiptsRequest], now: datetime) -> set[str]:
    """Count calls and store their receipts; return the gates whose receipts are stored.

    Each gate sends once here. Nothing is kept of a gate that is left out: one whose row another transaction
    locks, or of whose receipts not all are new.
    """
    opened = {one.gate_id: (one, found) for one in sent if (found := _opened(one))}
    try:
        for _try in range(2):
            stored = _stored_all(database, opened, now)
            if len(stored) == len(opened):
                return stored
            opened = {gate_id: one for gate_id, one in opened.items() if gate_id in stored}
    except OperationalError:
        return set()  # a connection had ended: the full way opens another, or says what is wrong
    return set()


def _stored_all(
    database: Database, opened: dict[str, tuple[ReceiptsRequest, list[ForgetReceipt]]], now: datetime
) -> set[str]:
    """Store all receipts of these gates, or none; return the gates of which all are new."""
    if not opened:
        return set()
    statements = _STATEMENTS[database.engine.dialect.name]
    with database.engine.connect() as connection:
        max_ahead = min(one.call.max_ahead for one, _found in opened.values())
        calls = parameters_of([_call(*one) for one in opened.values()], max_ahead=max_ahead)
        counted = {row.gate_id for row in connection.execute(statements.counted, calls)}
        rows = [row for gate_id in counted for row in _rows(*opened[gate_id])]
        if not rows:
            return set()
        stored = connection.execute(statements.stored, parameters_of(rows, now=now))
        count = Counter(row.gate_id for row in stored)
        all_new = {gate_id for gate_id in counted if count[gate_id] == len(opened[gate_id][1])}
        if len(all_new) == len(opened):
            connection.commit()
        return all_new


def _call(sent: ReceiptsRequest, opened: Sequence[ForgetReceipt]) -> dict[str, object]:
    return {
        "of_gate": sent.gate_id,
        "of_site": opened[0].site_id,
        "is_public_key": sent.public_key,
        "counter": sent.call.counter,
        "digest": sent.call.digest,
    }


def _rows(sent: ReceiptsRequest, opened: Sequence[ForgetReceipt]) -> list[dict[str, object]]:
    return [
        {
            "of_gate": sent.gate_id,
            "of_consent": receipt.consent_id,
            "of_person": receipt.person_id,
            "receipt": one.receipt,
            "signature": one.signature,
        }
        for one, receipt in zip(sent.receipts, opened, strict=True)
    ]


def _opened(sent: ReceiptsRequest) -> list[ForgetReceipt]:
    """Return the receipts if the gate's key signed each, and each is of this gate and another consent."""
    if len(sent.receipts) > AT_ONCE:
        return []
    try:
        receipts = [open_receipt(one, sent.public_key) for one in sent.receipts]
    except SignatureRefused:
        return []
    is_of_gate = {(receipts[0].site_id, sent.gate_id)} if receipts else set()
    if len({one.consent_id for one in receipts}) != len(receipts):
        return []
    return receipts if {(one.site_id, one.gate_id) for one in receipts} == is_of_gate else []
