"""Routes for gates: pair, ask, send events, receipts and tombstones (`gate_controller.contract.messages`).

Every request but the first is signed by the gate. What a refusal noted about the gate is kept; what
it would have changed is not.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from typing import cast

import msgspec
from flask import Response, current_app, request

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.features import BELL, SUM_DIGEST, known
from gate_controller.contract.messages import (
    ASK_PATH,
    CONTRACT_VERSION,
    EVENTS_PATH,
    HANDOVER_PATH,
    MAX_BODY_BYTES,
    MAX_PAGE_BYTES,
    ORDER_DOMAIN,
    PAIR_COMMIT_PATH,
    PAIR_PATH,
    PAIR_REVEAL_PATH,
    PAIR_STATE_PATH,
    PHRASE_HEADER,
    RECEIPTS_PATH,
    TOMBSTONES_PATH,
    Accepted,
    AskReply,
    AskRequest,
    BellPass,
    EventsReply,
    HandoverPage,
    HandoverReply,
    OpenOrder,
    PairCommit,
    PairReveal,
    ReceiptBatch,
    SealedLeases,
    SignedOrder,
    SignedReceipt,
    TombstoneBatch,
    sign_struct,
)
from gate_controller.contract.sealed_keys import KeyUnusable, seal_leases
from gate_controller.contract.signing import SignatureRefused
from gate_controller.contract.updates import UpdateOrder
from web_admin.accounts.throttle import place_of_address
from web_admin.action.base import new_action
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Gate
from web_admin.compound.queries import site_by_id
from web_admin.core.database import DatabaseSession, Menjin, current_menjin
from web_admin.core.limit_counts import Of, current_counts
from web_admin.core.limits import PAIRING_CODES
from web_admin.custody.gate_reports import note_face
from web_admin.custody.shares import ReceiptRefused, leases_for, take_receipt
from web_admin.events.entry_reading import ReadBatch, read_batch
from web_admin.events.intake import EventsRefused, acknowledged, notice_restarted_journal, take_events
from web_admin.events.set_aside import ring_unread
from web_admin.gates import pairing
from web_admin.gates.ask_bounds import ASKS_A_SECOND, AskBounds
from web_admin.gates.models import PairAttempt
from web_admin.gates.queries import locked_attempt, undelivered_orders
from web_admin.gates.silence import ASKS_WITH_BELL_SECONDS
from web_admin.gates.unchanged_asks import Call, UnchangedAsks
from web_admin.journal.ledger import append_audit
from web_admin.operations.disk_reserve import is_for_staff_only
from web_admin.policy.publish import change_since, signed_manifest
from web_admin.restore.actions import (
    NotRestoring,
    gets_no_policy,
    owes_handover,
    take_handover,
    take_tombstones,
)
from web_admin.restore.handover import HandoverRefused
from web_admin.sync.requests import (
    LAST_COUNTER,
    MAX_AHEAD,
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
from web_admin.updates.actions import note_update, order_of

SMALL_BODY, ASK_BODY = 4 * 1024, 256 * 1024
TOMBSTONES_BODY = 48 * 1024 * 1024
PAIR_PREFIX = "pair:"
MAX_EVENTS = 2**31 - 1
"""What the database keeps of a gate's own count; an honest one stays far below."""

read_ask = json_of(AskRequest)
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
        400, "pairing_outdated",
        "the gate's program is older than the server's and pairs in a way that is not safe: install the "
        "server's version of Menjin at the gate and pair again with the same code",
    )


@bp.post(PAIR_COMMIT_PATH)
def pair() -> Response:
    """Take a controller that brings the installer's code; five wrong codes a minute and address."""
    menjin = current_menjin()
    now = menjin.clock()
    content = decode(read_body(SMALL_BODY), _READ_PAIR_COMMIT)
    tries = Of(PAIRING_CODES, (place_of_address(request.remote_addr or ""),))
    if current_counts().take(tries, now):
        raise SyncRefused(429, "too_many_tries", "five wrong codes: wait a minute")
    try:
        with menjin.database.session() as session:
            reply = pairing.commit(session, menjin.sealer, content, now)
    except KeyUnusable as err:
        raise SyncRefused(400, "sealing_key_unusable", str(err)) from err
    except pairing.PairingRefused as err:
        raise SyncRefused(403, "code_wrong", str(err)) from err
    current_counts().give_back(tries, now)
    offer = answer(200, reply)
    offer.headers[PHRASE_HEADER] = "16"
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


# -- the regular question --------------------------------------------------------------------------


@bp.post(ASK_PATH)
def ask() -> Response:
    """Answer a gate's regular question: as last time where nothing changed, else worked out."""
    return _unchanged() or signed_call(ASK_BODY, read_ask, _answer_ask)


def _unchanged() -> Response | None:
    """Return the last answer again, or None where something differs or the request has to be refused."""
    menjin, asks = current_menjin(), _unchanged_asks()
    gate_id, counter, signature = signed_headers()
    public_key = asks.key_of(gate_id)
    if public_key is None or counter > LAST_COUNTER:
        return None
    body = read_body(ASK_BODY)
    try:
        message = check_signature(public_key, body, gate_id, counter, signature)
        question = decode(body, read_ask)
    except SyncRefused:
        return None  # by the key in the database, the answer may be another
    _not_too_often(gate_id)
    call = Call(counter, hashlib.sha256(message).digest(), MAX_AHEAD)
    reply = asks.answer(menjin.database, gate_id, question, call, menjin.clock())
    if reply is None:
        return None
    return answer(200, msgspec.structs.replace(reply, bell_seconds=_bell_seconds(menjin, question)))


def _not_too_often(gate_id: str) -> None:
    """Count a question of a gate that signed it; raise SyncRefused where one gate asks all the time."""
    bounds = cast(AskBounds, current_app.extensions["menjin_ask_bounds"])
    if not bounds.take(gate_id):
        raise SyncRefused(429, "asks_too_often", f"at most {ASKS_A_SECOND} questions a second are answered")


def _known(menjin: Menjin) -> tuple[str, ...]:
    return (*known(), SUM_DIGEST, *((BELL,) if menjin.bell.is_set_up else ()))


def _bell_seconds(menjin: Menjin, question: AskRequest) -> float | msgspec.UnsetType:
    """Return for how long a gate may wait that hears its bell, where this process could ring it now."""
    is_heard = question.knows is not msgspec.UNSET and BELL in question.knows
    return ASKS_WITH_BELL_SECONDS if is_heard and menjin.bell.is_ringing else msgspec.UNSET


def _bell_pass(
    menjin: Menjin, gate: Gate, question: AskRequest, now: datetime
) -> BellPass | msgspec.UnsetType:
    """Return a pass for the gate's bell where it asks for one; a gate that is not believed gets none."""
    if question.bell_key is msgspec.UNSET or gate.state != "paired" or not gate.is_believed:
        return msgspec.UNSET
    return menjin.bell.pass_for(gate.site_id, gate.gate_id, question.bell_key, now) or msgspec.UNSET


def _unchanged_asks() -> UnchangedAsks:
    return cast(UnchangedAsks, current_app.extensions["menjin_unchanged_asks"])


def _answer_ask(
    menjin: Menjin, session: DatabaseSession, gate: Gate, question: AskRequest, now: datetime
) -> AskReply:
    if question.contract_version != CONTRACT_VERSION:
        raise SyncRefused(400, "version_unknown", f"this server speaks version {CONTRACT_VERSION}")
    _not_too_often(gate.gate_id)
    site = site_by_id(session, gate.site_id)
    cleared: str | msgspec.UnsetType = msgspec.UNSET
    withheld = gets_no_policy(site, gate)
    change = None if withheld else change_since(session, gate, question.have_epoch, question.have_version)
    gate.last_seen_at = now
    if gate.is_believed:
        _note_state(gate, question, now)
        _note_program(gate, question)
        note_update(gate, None if question.update is msgspec.UNSET else question.update)
        gate.behind_since = None if change is None else gate.behind_since or now
        notice_restarted_journal(session, gate, question.journal_seq, now)
        cleared = note_face(session, gate, question, now)
    sealed_leases = _sealed_leases(menjin, session, gate, question, now)
    reply = AskReply(
        server_time=now,
        ask_again_seconds=site.ask_again_seconds,
        acknowledged_seq=acknowledged(session, gate, question),
        policy=None if withheld else signed_manifest(
            session, menjin.sealer, gate, now, takes_sums=SUM_DIGEST in (question.knows or ())),
        change=change,
        orders=_pending_orders(menjin, session, gate, now),
        pass_certificate=certificate(session, site.site_id, "pass"),
        anchor_certificate=certificate(session, site.site_id, "anchor"),
        wants_tombstones=owes_handover(site, gate),
        tamper_cleared_id=cleared,
        sealed_leases=sealed_leases,
        knows=msgspec.UNSET if question.knows is msgspec.UNSET else _known(menjin),
        update=_ordered_update(gate, question),
        bell_seconds=_bell_seconds(menjin, question),
        bell_pass=_bell_pass(menjin, gate, question, now),
    )
    _unchanged_asks().remember(session, menjin.sealer, gate, question, reply)
    return reply


def _ordered_update(gate: Gate, question: AskRequest) -> UpdateOrder | msgspec.UnsetType:
    """Return the version that the gate should run; a gate that takes no updates would not understand it."""
    order = order_of(gate) if gate.is_believed and question.update is not msgspec.UNSET else None
    return msgspec.UNSET if order is None else order


def _sealed_leases(
    menjin: Menjin, session: DatabaseSession, gate: Gate, question: AskRequest, now: datetime
) -> SealedLeases | msgspec.UnsetType:
    """Return the gate's leases sealed to the key it asked with; a gate that sent none is lent nothing."""
    if question.sealing_public_key is msgspec.UNSET:
        return msgspec.UNSET
    leases = leases_for(session, menjin.sealer, gate, now)
    if not leases:
        return msgspec.UNSET
    try:
        return seal_leases(question.sealing_public_key, leases, gate.site_id, gate.gate_id)
    except KeyUnusable as err:
        raise SyncRefused(400, "sealing_key_unusable", str(err)) from err


def _note_program(gate: Gate, question: AskRequest) -> None:
    """Note which version it is and what it knows; housekeeping publishes again for other features."""
    gate.program = question.program or ""
    gate.without_face = bool(question.without_face)
    gate.policy_trouble = question.policy_trouble or ""
    gate.knows = sorted(question.knows or ())


def _note_state(gate: Gate, question: AskRequest, now: datetime) -> None:
    gate.clock_sure = question.clock_sure
    gate.clock_behind_seconds = round((now - question.gate_time).total_seconds(), 1)
    gate.told_seq = max(0, min(question.journal_seq, MAX_EVENTS))
    gate.have_epoch, gate.have_version = question.have_epoch, question.have_version
    gate.lane_states = msgspec.to_builtins(question.lanes)
    gate.device_states = msgspec.to_builtins(question.devices)
    if question.disk is not msgspec.UNSET:
        gate.disk_free_mib, gate.disk_total_mib = question.disk.free_mib, question.disk.total_mib
        gate.disk_reserve_in_use = question.disk.reserve_in_use


def _pending_orders(
    menjin: Menjin, session: DatabaseSession, gate: Gate, now: datetime
) -> tuple[SignedOrder, ...]:
    """Return the orders that still live, each delivered once."""
    orders = []
    for row in undelivered_orders(session, gate.gate_id):
        if gate.is_believed:
            row.delivered_at = now  # from two machines with one key, the other would swallow it
        if now >= row.issued_at + timedelta(seconds=row.valid_seconds) or gate.state != "paired":
            continue
        order = OpenOrder(
            order_id=row.order_id,
            site_id=gate.site_id,
            gate_id=gate.gate_id,
            lane_id=row.lane_id,
            issued_at=row.issued_at,
            valid_seconds=row.valid_seconds,
            author_id=row.author_id,
            reason=row.reason[:120],
        )
        body, signature = sign_struct(
            private_key(session, menjin.sealer, gate.site_id, "order"), ORDER_DOMAIN, order
        )
        orders.append(
            SignedOrder(
                order=body, signature=signature, certificate=certificate(session, gate.site_id, "order")
            )
        )
    return tuple(orders)


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
            session, gate.site_id, EventKind.ALARM_JOURNAL_BROKEN, now,
            gate_id=gate.gate_id, detail=str(err), once=True,
        )
        ring_unread(session, gate, batch.entries, now)
        raise SyncRefused(409, "journal_broken", str(err)) from err


@bp.post(RECEIPTS_PATH)
def receipts() -> Response:
    """Take receipts that faces are gone."""
    return signed_call(MAX_BODY_BYTES, _READ_RECEIPT_BATCH, _take_receipts)


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
            _set_aside(session, gate, signed, str(err), now)
    return Accepted(count=len(batch.receipts))


def _set_aside(session: DatabaseSession, gate: Gate, signed: SignedReceipt, why: str, now: datetime) -> None:
    _log.warning("a receipt of gate %s is set aside: %s", gate.gate_id, why)
    digest = hashlib.sha256(signed.receipt + signed.signature).hexdigest()[:16]
    append_audit(
        session, gate.site_id, "face_receipt_set_aside",
        {"gate_id": gate.gate_id, "receipt": digest, "reason": why[:200]}, {}, now,
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
