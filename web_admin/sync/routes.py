"""Routes for gates: pair, check in, send events, receipts, tombstones (`gate_controller.contract.messages`).

Every request but the first is signed by the gate. What a refusal noted about the gate is kept; what
it would have changed is not.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from flask import Response, request

from gate_controller.contract.client_places import place_of_address
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.messages import (
    ASK_PATH,
    EVENTS_PATH,
    HANDOVER_PATH,
    MAX_BODY_BYTES,
    MAX_PAGE_BYTES,
    PAIR_COMMIT_PATH,
    PAIR_PATH,
    PAIR_REVEAL_PATH,
    PAIR_STATE_PATH,
    PHRASE_HEADER,
    RECEIPTS_PATH,
    SITE_NAME_HEADER,
    TOMBSTONES_PATH,
    Accepted,
    EventsReply,
    HandoverPage,
    HandoverReply,
    PairCommit,
    PairReveal,
    ReceiptBatch,
    SignedReceipt,
    TombstoneBatch,
)
from gate_controller.contract.sealed_keys import KeyUnusable
from gate_controller.contract.signing import SignatureRefused
from web_admin.action.base import new_action
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Gate
from web_admin.core.database import DatabaseSession, Menjin, current_menjin
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import PAIRING_CODES
from web_admin.custody.shares import ReceiptRefused, take_receipt
from web_admin.events.entry_reading import ReadBatch, read_batch
from web_admin.events.intake import EventsRefused, take_events
from web_admin.events.quarantine import raise_quarantined_alarms
from web_admin.gates import pairing
from web_admin.gates.models import PairAttempt
from web_admin.gates.new_receipts import ReceiptsRequest, store_new_receipts
from web_admin.gates.queries import locked_attempt
from web_admin.journal.ledger import append_audit
from web_admin.operations.disk_reserve import is_for_staff_only
from web_admin.restore.actions import NotRestoring, take_handover, take_tombstones
from web_admin.restore.handover import HandoverRefused
from web_admin.sync.check_in import ask
from web_admin.sync.requests import (
    FastCall,
    SyncRefused,
    answer,
    check_signature,
    decode,
    gates_blueprint,
    json_of,
    read_body,
    signed_call,
    signed_headers,
)

SMALL_BODY = 4 * 1024
TOMBSTONES_BODY = 48 * 1024 * 1024
PAIR_PREFIX = "pair:"

_READ_HANDOVER_PAGE = json_of(HandoverPage)
_READ_PAIR_COMMIT = json_of(PairCommit)
_READ_PAIR_REVEAL = json_of(PairReveal)
_READ_RECEIPT_BATCH = json_of(ReceiptBatch)
_READ_TOMBSTONE_BATCH = json_of(TombstoneBatch)

bp = gates_blueprint("sync_api")
_log = logging.getLogger(__name__)


# -- pairing ---------------------------------------------------------------------------------------


@bp.post(PAIR_PATH)
def old_pair() -> Response:
    """Turn away a controller whose program commits to nothing; its code stays good for a newer one."""
    raise SyncRefused(
        400,
        "pairing_outdated",
        "the gate's program is older than the server's and pairs in a way that is not safe: install the "
        "server's version of Menjin at the gate and pair again with the same code",
    )


@bp.post(PAIR_COMMIT_PATH)
def pair() -> Response:
    """Take a controller that brings the installer's code; five wrong codes a minute and address."""
    menjin = current_menjin()
    now = menjin.clock()
    content = decode(read_body(SMALL_BODY), _READ_PAIR_COMMIT)
    tries = CountedTries(PAIRING_CODES, (place_of_address(request.remote_addr or ""),))
    if current_counts().take(tries, now):
        raise SyncRefused(429, "too_many_tries", "five wrong codes: wait a minute")
    try:
        with menjin.database.session() as session:
            reply = pairing.commit(session, menjin.sealer, content, now)
            site_name = pairing.site_name_of(session, reply)
    except KeyUnusable as err:
        raise SyncRefused(400, "sealing_key_unusable", str(err)) from err
    except pairing.PairingRefused as err:
        raise SyncRefused(403, "code_wrong", str(err)) from err
    current_counts().give_back(tries, now)
    offer = answer(200, reply)
    offer.headers[PHRASE_HEADER] = "16"
    offer.headers[SITE_NAME_HEADER] = quote(site_name)
    return offer


@bp.post(PAIR_REVEAL_PATH)
def pair_reveal() -> Response:
    """Take the nonce that a controller committed to; signed with the key of its pair request."""
    menjin = current_menjin()
    gate_id, counter, signature = signed_headers()
    body = read_body(SMALL_BODY)
    refused: pairing.NonceRefused | None = None
    with menjin.database.session() as session:
        attempt = _signed_attempt(session, gate_id)
        check_signature(attempt.gate_public_key, body, gate_id, counter, signature)
        try:
            return answer(200, pairing.reveal(session, attempt, decode(body, _READ_PAIR_REVEAL)))
        except pairing.PairingRefused as err:
            raise SyncRefused(403, "pairing_unknown", str(err)) from err
        except pairing.NonceRefused as err:
            # Not raised inside: that the code is used up has to be kept.
            refused = err
    raise SyncRefused(403, "nonce_wrong", str(refused))


@bp.route(PAIR_STATE_PATH, methods=["GET", "POST"])
def pair_state() -> Response:
    """Answer the state of a waiting controller's pairing; signed with the key of its pair request."""
    menjin = current_menjin()
    gate_id, counter, signature = signed_headers()
    body = read_body(SMALL_BODY)
    with menjin.database.session() as session:
        attempt = _signed_attempt(session, gate_id)
        check_signature(attempt.gate_public_key, body, gate_id, counter, signature)
        return answer(200, pairing.hand_over(session, menjin.sealer, attempt))


def _signed_attempt(session: DatabaseSession, gate_id: str) -> PairAttempt:
    attempt = locked_attempt(session, gate_id.removeprefix(PAIR_PREFIX))
    if not gate_id.startswith(PAIR_PREFIX) or attempt is None or attempt.gate_public_key is None:
        raise SyncRefused(403, "pairing_unknown", "no controller waits to be paired under this number")
    return attempt


bp.post(ASK_PATH)(ask)


# -- events, receipts, tombstones ------------------------------------------------------------------


@bp.post(EVENTS_PATH)
def events() -> Response:
    """Take a batch of a gate's journal."""
    return signed_call(MAX_BODY_BYTES, read_batch, _take_events)


def _take_events(
    menjin: Menjin, session: DatabaseSession, gate: Gate, batch: ReadBatch, now: datetime
) -> EventsReply:
    if is_for_staff_only(session, menjin.config):
        raise SyncRefused(503, "disk_full", "the server's disk is full: entries wait at the gate")
    try:
        act = new_action(menjin, session, gate.site_id, gate.gate_id, "gate", now=now)
        return take_events(act, gate, batch)
    except EventsRefused as err:
        raise_alarm(
            session,
            gate.site_id,
            EventKind.ALARM_JOURNAL_BROKEN,
            now,
            gate_id=gate.gate_id,
            detail=str(err),
            once=True,
        )
        raise_quarantined_alarms(session, gate, batch.entries, now)
        raise SyncRefused(409, "journal_broken", str(err)) from err


@bp.post(RECEIPTS_PATH)
def receipts() -> Response:
    """Take receipts that faces are gone."""
    return signed_call(MAX_BODY_BYTES, _READ_RECEIPT_BATCH, _take_receipts)


def store_receipts(signed: Sequence[FastCall]) -> list[Accepted | Exception | None]:
    """Store receipts that are new, each gate's on its own; None where they have to be worked out in full."""
    menjin = current_menjin()
    sent: dict[str, ReceiptsRequest | SyncRefused] = {}
    for one in signed:
        try:
            sent[one.gate_id] = _sent(one)
        except SyncRefused as err:
            sent[one.gate_id] = err
    readable = [one for one in sent.values() if isinstance(one, ReceiptsRequest)]
    stored = store_new_receipts(menjin.database, readable, menjin.clock())

    def outcome(one: ReceiptsRequest | SyncRefused) -> Accepted | Exception | None:
        if isinstance(one, SyncRefused):
            return one
        return Accepted(count=len(one.receipts)) if one.gate_id in stored else None

    return [outcome(sent[one.gate_id]) for one in signed]


def _sent(signed: FastCall) -> ReceiptsRequest:
    receipts = decode(signed.body, _READ_RECEIPT_BATCH).receipts
    return ReceiptsRequest(signed.gate_id, signed.public_key, receipts, signed.call)


def _take_receipts(
    menjin: Menjin, session: DatabaseSession, gate: Gate, batch: ReceiptBatch, now: datetime
) -> Accepted:
    del menjin
    for signed in batch.receipts:
        try:
            take_receipt(session, gate, signed, now)
        except (SignatureRefused, ReceiptRefused) as err:
            # Not the whole batch: the gate would hand it over for ever, and the good ones never arrive. A
            # server restored from a backup may not know the consent, a new controller has another key.
            _quarantine(session, gate, signed, str(err), now)
    return Accepted(count=len(batch.receipts))


def _quarantine(session: DatabaseSession, gate: Gate, signed: SignedReceipt, why: str, now: datetime) -> None:
    _log.warning("a receipt of gate %s is set aside: %s", gate.gate_id, why)
    digest = hashlib.sha256(signed.receipt + signed.signature).hexdigest()[:16]
    append_audit(
        session,
        gate.site_id,
        "face_receipt_set_aside",
        {"gate_id": gate.gate_id, "receipt": digest, "reason": why[:200]},
        {},
        now,
    )


@bp.post(TOMBSTONES_PATH)
def tombstones() -> Response:
    """Take a gate's tombstones while this server is being restored."""
    return signed_call(TOMBSTONES_BODY, _READ_TOMBSTONE_BATCH, _take_tombstones)


def _take_tombstones(
    menjin: Menjin, session: DatabaseSession, gate: Gate, batch: TombstoneBatch, now: datetime
) -> Accepted:
    try:
        return Accepted(count=take_tombstones(session, menjin.sealer, gate, batch, now))
    except NotRestoring as err:
        raise SyncRefused(409, "not_restoring", str(err)) from err


@bp.post(HANDOVER_PATH)
def handover() -> Response:
    """Take one page of all that a gate holds, while this server is being restored."""
    return signed_call(MAX_PAGE_BYTES, _READ_HANDOVER_PAGE, _take_handover)


def _take_handover(
    menjin: Menjin, session: DatabaseSession, gate: Gate, page: HandoverPage, now: datetime
) -> HandoverReply:
    try:
        return take_handover(session, menjin.sealer, gate, page, now)
    except NotRestoring as err:
        raise SyncRefused(409, "not_restoring", str(err)) from err
    except HandoverRefused as err:
        _log.warning("the handover of gate %s is refused: %s", gate.gate_id, err)
        raise SyncRefused(409, "handover_refused", str(err)) from err
