"""Answer a gate's regular check-in: what it may need, and what it says of itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import msgspec
from flask import Response, current_app

from gate_controller.contract.features import BELL, CALLS, GUARD_CALLS, SUM_DIGEST, known
from gate_controller.contract.messages import (
    CONTRACT_VERSION,
    ORDER_DOMAIN,
    AskReply,
    AskRequest,
    BellPass,
    OpenOrder,
    SealedLeases,
    SignedOrder,
    sign_struct,
)
from gate_controller.contract.sealed_keys import KeyUnusable, seal_leases
from gate_controller.contract.updates import UpdateOrder
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Gate
from web_admin.compound.queries import site_by_id
from web_admin.core.database import DatabaseSession, Menjin, current_menjin
from web_admin.custody.gate_reports import note_face
from web_admin.custody.leases import leases_for
from web_admin.events.intake import acknowledged, notice_restarted_journal
from web_admin.gates.ask_bounds import ASKS_A_SECOND, AskBounds
from web_admin.gates.check_ins import SignedCheckIn, answer_not_modified
from web_admin.gates.last_answers import LastAnswers, said_digest
from web_admin.gates.queries import undelivered_orders
from web_admin.gates.silence import ASKS_WITH_BELL_SECONDS
from web_admin.policy.publish import change_since, signed_manifest
from web_admin.restore.actions import gets_no_policy, owes_handover
from web_admin.sync.requests import (
    FastCall,
    SyncRefused,
    decode,
    json_of,
    signed_call,
)
from web_admin.updates.actions import note_update, order_of

ASK_BODY = 256 * 1024
MAX_EVENTS = 2**31 - 1
"""Largest count of a gate that the database can store; an honest one stays far below."""

read_ask = json_of(AskRequest)


def ask() -> Response:
    """Answer a gate's regular check-in that no last answer fits (`fast_path.py`)."""
    return signed_call(ASK_BODY, read_ask, _answer_with_one_write)


def answer_check_ins(signed: Sequence[FastCall]) -> list[AskReply | Exception | None]:
    """Return the last answer to each of these gates again; None where something differs."""
    answers, menjin = _last_answers(), current_menjin()
    check_ins: dict[str, SignedCheckIn] = {}
    outcomes: dict[str, AskReply | Exception | None] = {}
    for one in signed:
        if answers.remembers(one.gate_id):
            try:
                check_in = decode(one.body, read_ask)
                _not_too_often(one.gate_id)
                check_ins[one.gate_id] = SignedCheckIn(one.gate_id, one.public_key, check_in, one.call)
            except SyncRefused as err:
                outcomes[one.gate_id] = err
    replies = answer_not_modified(
        answers, menjin.database, menjin.sealer, list(check_ins.values()), menjin.clock()
    )
    for gate_id, sent in check_ins.items():
        outcomes[gate_id] = _outcome(menjin, sent, replies.get(gate_id))
    return [outcomes.get(one.gate_id) for one in signed]


def _outcome(
    menjin: Menjin, sent: SignedCheckIn, reply: AskReply | Exception | None
) -> AskReply | Exception | None:
    """Return a reply with what the bell is now; where there is none, the full way counts the check-in."""
    if reply is None:
        _ask_bounds().give_back(sent.gate_id)
        return None
    if isinstance(reply, KeyUnusable):
        return _key_unusable(reply)
    if isinstance(reply, Exception):
        return reply
    return msgspec.structs.replace(reply, bell_seconds=_bell_seconds(menjin, sent.check_in))


def _key_unusable(err: KeyUnusable) -> SyncRefused:
    return SyncRefused(400, "sealing_key_unusable", str(err))


def _not_too_often(gate_id: str) -> None:
    """Count a check-in of a gate that signed it; raise SyncRefused where one gate asks all the time."""
    if not _ask_bounds().take(gate_id):
        raise SyncRefused(429, "asks_too_often", f"at most {ASKS_A_SECOND} questions a second are answered")


def _ask_bounds() -> AskBounds:
    return cast(AskBounds, current_app.extensions["menjin_ask_bounds"])


def _known(menjin: Menjin) -> tuple[str, ...]:
    return (*known(), SUM_DIGEST, CALLS, GUARD_CALLS, *((BELL,) if menjin.bell.is_set_up else ()))


def _bell_seconds(menjin: Menjin, check_in: AskRequest) -> float | msgspec.UnsetType:
    """Return for how long a gate may wait that hears its bell, where this process could wake it now."""
    is_heard = check_in.knows is not msgspec.UNSET and BELL in check_in.knows
    return ASKS_WITH_BELL_SECONDS if is_heard and menjin.bell.can_wake else msgspec.UNSET


def _bell_pass(
    menjin: Menjin, gate: Gate, check_in: AskRequest, now: datetime
) -> BellPass | msgspec.UnsetType:
    """Return a pass for the gate's bell where it asks for one; a gate that is not trusted gets none."""
    if check_in.bell_key is msgspec.UNSET or gate.state != "paired" or not gate.is_trusted:
        return msgspec.UNSET
    return menjin.bell.pass_for(gate.site_id, gate.gate_id, check_in.bell_key, now) or msgspec.UNSET


def _last_answers() -> LastAnswers:
    return cast(LastAnswers, current_app.extensions["menjin_last_answers"])


def _answer_with_one_write(
    menjin: Menjin, session: DatabaseSession, gate: Gate, check_in: AskRequest, now: datetime
) -> AskReply:
    """Answer, and write what is noted of the gate once, at the end: before each query it would be written."""
    with session.no_autoflush:
        return _answer_in_full(menjin, session, gate, check_in, now)


def _answer_in_full(
    menjin: Menjin, session: DatabaseSession, gate: Gate, check_in: AskRequest, now: datetime
) -> AskReply:
    if check_in.contract_version != CONTRACT_VERSION:
        raise SyncRefused(400, "version_unknown", f"this server speaks version {CONTRACT_VERSION}")
    _not_too_often(gate.gate_id)
    site = site_by_id(session, gate.site_id)
    cleared: str | msgspec.UnsetType = msgspec.UNSET
    withheld = gets_no_policy(site, gate)
    change = None if withheld else change_since(session, gate, check_in.have_epoch, check_in.have_version)
    gate.last_seen_at = now
    if gate.is_trusted:
        gate.said_digest = said_digest(check_in)
        _note_state(gate, check_in, now)
        _note_program(gate, check_in)
        note_update(gate, None if check_in.update is msgspec.UNSET else check_in.update)
        gate.behind_since = None if change is None else gate.behind_since or now
        notice_restarted_journal(session, gate, check_in.journal_seq, now)
        cleared = note_face(session, gate, check_in, now)
    sealed_leases = _sealed_leases(menjin, session, gate, check_in)
    reply = AskReply(
        server_time=now,
        ask_again_seconds=site.ask_again_seconds,
        acknowledged_seq=acknowledged(session, gate, check_in),
        policy=None
        if withheld
        else signed_manifest(
            session, menjin.sealer, gate, now, takes_sums=SUM_DIGEST in (check_in.knows or ())
        ),
        change=change,
        orders=_pending_orders(menjin, session, gate, now),
        pass_certificate=certificate(session, site.site_id, "pass"),
        anchor_certificate=certificate(session, site.site_id, "anchor"),
        wants_tombstones=owes_handover(site, gate),
        tamper_cleared_id=cleared,
        sealed_leases=sealed_leases,
        knows=msgspec.UNSET if check_in.knows is msgspec.UNSET else _known(menjin),
        update=_ordered_update(gate, check_in),
        bell_seconds=_bell_seconds(menjin, check_in),
        bell_pass=_bell_pass(menjin, gate, check_in, now),
    )
    _last_answers().remember(session, menjin.sealer, gate, check_in, reply)
    return reply


def _ordered_update(gate: Gate, check_in: AskRequest) -> UpdateOrder | msgspec.UnsetType:
    """Return the version that the gate should run; a gate that takes no updates would not understand it."""
    order = order_of(gate) if gate.is_trusted and check_in.update is not msgspec.UNSET else None
    return msgspec.UNSET if order is None else order


def _sealed_leases(
    menjin: Menjin, session: DatabaseSession, gate: Gate, check_in: AskRequest
) -> SealedLeases | msgspec.UnsetType:
    """Return the gate's leases sealed to the key it asked with; a gate that sent none is lent nothing."""
    if check_in.sealing_public_key is msgspec.UNSET:
        return msgspec.UNSET
    leases = leases_for(session, menjin.sealer, gate)
    if not leases:
        return msgspec.UNSET
    try:
        return seal_leases(check_in.sealing_public_key, leases, gate.site_id, gate.gate_id)
    except KeyUnusable as err:
        raise _key_unusable(err) from err


def _note_program(gate: Gate, check_in: AskRequest) -> None:
    """Note which version it is and what it knows; housekeeping publishes again for other features."""
    gate.program = check_in.program or ""
    gate.without_face = bool(check_in.without_face)
    gate.policy_trouble = check_in.policy_trouble or ""
    gate.knows = sorted(check_in.knows or ())


def _note_state(gate: Gate, check_in: AskRequest, now: datetime) -> None:
    gate.clock_sure = check_in.clock_sure
    gate.clock_behind_seconds = round((now - check_in.gate_time).total_seconds(), 1)
    gate.told_seq = max(0, min(check_in.journal_seq, MAX_EVENTS))
    gate.have_epoch, gate.have_version = check_in.have_epoch, check_in.have_version
    gate.lane_states = msgspec.to_builtins(check_in.lanes)
    gate.device_states = msgspec.to_builtins(check_in.devices)
    if check_in.disk is not msgspec.UNSET:
        gate.disk_free_mib, gate.disk_total_mib = check_in.disk.free_mib, check_in.disk.total_mib
        gate.disk_reserve_in_use = check_in.disk.reserve_in_use


def _pending_orders(
    menjin: Menjin, session: DatabaseSession, gate: Gate, now: datetime
) -> tuple[SignedOrder, ...]:
    """Return the orders that still live, each delivered once."""
    orders = []
    for row in undelivered_orders(session, gate.gate_id):
        if gate.is_trusted:
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
