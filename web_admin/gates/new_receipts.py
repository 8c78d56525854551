"""Store new receipts of believed gates by a statement for the calls and one for the receipts.

A face that ends at a thousand gates brings a thousand receipts at once: on PostgreSQL those that wait are
stored together. Where anything is not as it is with a new receipt of the gate's own controller, nothing of
that gate is stored here, and its request is worked out in full (`custody/shares.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import DateTime, FromClause, LargeBinary, String, Table, bindparam, insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from gate_controller.contract.messages import ForgetReceipt, SignedReceipt, open_receipt
from gate_controller.contract.signing import SignatureRefused
from web_admin.compound.models import Gate
from web_admin.compound.queries import is_believed_by_key
from web_admin.core.database import Database
from web_admin.custody.models import Consent, ReceiptRow
from web_admin.gates.ask_statements import (
    TYPES_OF_CALL,
    Type,
    Value,
    columns_of,
    free_in,
    is_next_call,
    of_one,
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
class Sent:
    """A gate's request with receipts; the caller has checked the gate's signature of it by this key."""

    gate_id: str
    public_key: bytes
    receipts: Sequence[SignedReceipt]
    call: Call


def _counted(value: Value) -> ReturningUpdate[str]:
    """Return the statement that counts a call of a believed gate and returns the gate."""
    return (
        update(_gate)
        .where(
            *is_next_call(value),
            *is_believed_by_key(value("is_public_key")),
            _gate.c.site_id == value("of_site"),
        )
        .values(request_counter=value("counter"), request_digest=value("digest"))
        .returning(_gate.c.gate_id)
    )


def _stored(value: Value, asked: FromClause) -> ReturningInsert[str]:
    """Return the statement that stores receipts of known consents, each the first of its gate.

    It returns the gate of each that was stored. The gates' rows are locked by the statement before.
    """
    is_known = (_consent.c.consent_id == value("of_consent"), _consent.c.person_id == value("of_person"))
    is_first = (
        ~select(_receipt.c.gate_id)
        .where(_receipt.c.consent_id == value("of_consent"), _receipt.c.gate_id == value("of_gate"))
        .exists()
    )
    new = (
        select(
            _consent.c.consent_id,
            value("of_gate"),
            value("receipt"),
            value("signature"),
            _NOW,
        )
        .select_from(asked)
        .where(*is_known, is_first)
    )
    names = ["consent_id", "gate_id", "receipt", "signature", "received_at"]
    return insert(_receipt).from_select(names, new).returning(_receipt.c.gate_id)


_CALLS, _RECEIPTS = table_of("calls", TYPES_OF_CALL), table_of("sent", _TYPES_OF_RECEIPT)
_COUNTED = _counted(of_one(TYPES_OF_CALL))
_STORED = _stored(of_one(_TYPES_OF_RECEIPT), _consent)
_COUNTED_OF_MANY = _counted(columns_of(_CALLS)).where(free_in(_CALLS))
_sent_of_consent = _RECEIPTS.join(_consent, _consent.c.consent_id == _RECEIPTS.c.of_consent)
_STORED_OF_MANY = _stored(columns_of(_RECEIPTS), _sent_of_consent)


def store_new_receipts(database: Database, sent: Sent, now: datetime) -> bool:
    """Count the call and store its receipts; return False, with nothing kept, where not all are new."""
    opened = _opened(sent)
    if not opened:
        return False
    try:
        with database.engine.connect() as connection:
            if connection.execute(_COUNTED, _call(sent, opened)).first() is None:
                return False
            for row in _rows(sent, opened, now):
                if connection.execute(_STORED, row).first() is None:
                    return False
            connection.commit()
    except OperationalError:
        return False  # a connection had ended: the full way opens another, or says what is wrong
    return True


def store_together(database: Database, sent: Sequence[Sent], now: datetime) -> set[str]:
    """Count calls and store their receipts; return the gates whose receipts are stored (PostgreSQL).

    Each gate sends once here. Nothing is kept of a gate that is left out: one whose row another transaction
    holds, or of whose receipts not all are new.
    """
    opened = {one.gate_id: (one, found) for one in sent if (found := _opened(one))}
    try:
        for _try in range(2):
            stored = _stored_all(database, opened, now)
            if len(stored) == len(opened):
                return stored
            opened = {gate_id: one for gate_id, one in opened.items() if gate_id in stored}
    except OperationalError:
        return set()  # likewise
    return set()


def _stored_all(
    database: Database, opened: dict[str, tuple[Sent, list[ForgetReceipt]]], now: datetime
) -> set[str]:
    """Store all receipts of these gates, or none; return the gates of which all are new."""
    if not opened:
        return set()
    with database.engine.connect() as connection:
        calls = parameters_of(TYPES_OF_CALL, [_call(*one) for one in opened.values()])
        counted = {row.gate_id for row in connection.execute(_COUNTED_OF_MANY, calls)}
        rows = [row for gate_id in counted for row in _rows(*opened[gate_id], now)]
        if not rows:
            return set()
        stored = connection.execute(_STORED_OF_MANY, parameters_of(_TYPES_OF_RECEIPT, rows))
        count = Counter(row.gate_id for row in stored)
        all_new = {gate_id for gate_id in counted if count[gate_id] == len(opened[gate_id][1])}
        if len(all_new) == len(opened):
            connection.commit()
        return all_new


def _call(sent: Sent, opened: Sequence[ForgetReceipt]) -> dict[str, object]:
    return {
        "of_gate": sent.gate_id,
        "of_site": opened[0].site_id,
        "is_public_key": sent.public_key,
        "counter": sent.call.counter,
        "max_ahead": sent.call.max_ahead,
        "digest": sent.call.digest,
    }


def _rows(sent: Sent, opened: Sequence[ForgetReceipt], now: datetime) -> list[dict[str, object]]:
    return [
        {
            "of_gate": sent.gate_id,
            "of_consent": receipt.consent_id,
            "of_person": receipt.person_id,
            "receipt": one.receipt,
            "signature": one.signature,
            "now": now,
        }
        for one, receipt in zip(sent.receipts, opened, strict=True)
    ]


def _opened(sent: Sent) -> list[ForgetReceipt]:
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
