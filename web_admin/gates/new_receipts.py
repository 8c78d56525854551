"""Store new receipts of a believed gate by a statement for the call and one for each of them.

A face that ends at a thousand gates brings a thousand receipts at once. Where anything is not as it is with a
new receipt of the gate's own controller, nothing is stored here, and the request is worked out in full
(`custody/shares.py`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import DateTime, LargeBinary, String, Table, bindparam, insert, select, update
from sqlalchemy.exc import OperationalError

from gate_controller.contract.messages import ForgetReceipt, SignedReceipt, open_receipt
from gate_controller.contract.signing import SignatureRefused
from web_admin.compound.models import Gate
from web_admin.compound.queries import is_believed_by_key
from web_admin.core.database import Database
from web_admin.custody.models import Consent, ReceiptRow
from web_admin.gates.ask_statements import is_next_call
from web_admin.gates.unchanged_asks import Call

AT_ONCE = 10
"""Of more receipts in one request, all are stored in full."""

_gate, _consent, _receipt = (cast(Table, model.__table__) for model in (Gate, Consent, ReceiptRow))
_of_gate = bindparam("of_gate", type_=String)

_COUNTED = (
    update(_gate)
    .where(*is_next_call(), *is_believed_by_key(), _gate.c.site_id == bindparam("of_site"))
    .values(request_counter=bindparam("counter"), request_digest=bindparam("digest"))
)
_STORED = insert(_receipt).from_select(
    ["consent_id", "gate_id", "receipt", "signature", "received_at"],
    select(
        _consent.c.consent_id, _of_gate, bindparam("receipt", type_=LargeBinary),
        bindparam("signature", type_=LargeBinary),
        bindparam("now", type_=cast(DateTime, _receipt.c.received_at.type)),
    ).where(
        _consent.c.consent_id == bindparam("of_consent"),
        _consent.c.person_id == bindparam("of_person"),
        ~select(_receipt.c.gate_id).where(
            _receipt.c.consent_id == bindparam("of_consent"), _receipt.c.gate_id == _of_gate).exists(),
    ),
).execution_options(preserve_rowcount=True)  # fmt: skip
"""Of a known consent, and the first of its gate: the gate's row is locked by the statement before."""


def store_new_receipts(
    database: Database, gate_id: str, public_key: bytes, signed: Sequence[SignedReceipt], call: Call,
    now: datetime,
) -> bool:  # fmt: skip
    """Count the call and store its receipts; return False, with nothing kept, where not all of them are new.

    The caller has checked the gate's signature of the request by this key.
    """
    receipts = _opened(gate_id, public_key, signed)
    if not receipts:
        return False
    counted = {
        "of_gate": gate_id, "of_site": receipts[0].site_id, "is_public_key": public_key,
        "counter": call.counter, "max_ahead": call.max_ahead, "digest": call.digest,
    }  # fmt: skip
    rows = [
        {
            "of_gate": gate_id, "of_consent": receipt.consent_id, "of_person": receipt.person_id,
            "receipt": one.receipt, "signature": one.signature, "now": now,
        }
        for one, receipt in zip(signed, receipts, strict=True)
    ]  # fmt: skip
    try:
        with database.engine.connect() as connection:
            if connection.execute(_COUNTED, counted).rowcount != 1:
                return False
            if any(connection.execute(_STORED, row).rowcount != 1 for row in rows):
                return False
            connection.commit()
    except OperationalError:
        return False  # a connection had ended: the full way opens another, or says what is wrong
    return True


def _opened(gate_id: str, public_key: bytes, signed: Sequence[SignedReceipt]) -> list[ForgetReceipt]:
    """Return the receipts if this key signed each of them and all are of this gate; else none."""
    if len(signed) > AT_ONCE:
        return []
    try:
        receipts = [open_receipt(one, public_key) for one in signed]
    except SignatureRefused:
        return []
    is_of_gate = {(receipts[0].site_id, gate_id)} if receipts else set()
    return receipts if {(one.site_id, one.gate_id) for one in receipts} == is_of_gate else []
