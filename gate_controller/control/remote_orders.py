"""Orders from the server that open a lane: checked, once, within seconds."""

from datetime import datetime, timedelta

from gate_controller.contract.calls import CallOrder, SignedCallOrder, open_call_order
from gate_controller.contract.messages import OpenOrder, SignedOrder, open_order
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import LaneRecord
from gate_controller.contract.signing import SignatureRefused
from gate_controller.rules.access import SHUT_REASONS, is_interlocked, posture_of
from gate_controller.rules.decision import GateMemory, Reason
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import PolicyStore

MAX_AHEAD = timedelta(seconds=5)


def check_order(
    signed: SignedOrder, store: PolicyStore, journal: Journal, now: datetime, *, clock_sure: bool
) -> tuple[OpenOrder | None, Reason | None]:
    """Return the order and why it may not be obeyed, if so; its id is stored before it can open."""
    identity = store.identity
    try:
        order = open_order(
            signed, identity.root_public_key, site_id=identity.site_id, gate_id=identity.gate_id
        )
        store.trust("order", signed.certificate)
    except SignatureRefused:
        return None, Reason.ORDER_FORGED
    return order, _not_now(order, journal, now, clock_sure=clock_sure)


def check_call_order(
    signed: SignedCallOrder, store: PolicyStore, journal: Journal, now: datetime, *, clock_sure: bool
) -> tuple[CallOrder | None, Reason | None]:
    """Return the order of a home's page and why it may not be obeyed, if so; its id is stored as well."""
    identity = store.identity
    try:
        order = open_call_order(
            signed, identity.root_public_key, site_id=identity.site_id, gate_id=identity.gate_id
        )
        store.trust("order", signed.certificate)
    except SignatureRefused:
        return None, Reason.ORDER_FORGED
    return order, _not_now(order, journal, now, clock_sure=clock_sure)


def _not_now(
    order: OpenOrder | CallOrder, journal: Journal, now: datetime, *, clock_sure: bool
) -> Reason | None:
    if not clock_sure:
        return Reason.CLOCK_UNSURE
    if not order.issued_at - MAX_AHEAD <= now <= order.issued_at + timedelta(seconds=order.valid_seconds):
        return Reason.ORDER_EXPIRED
    return None if journal.take_order(order.order_id, now) else Reason.ORDER_REPEATED


def lane_shut(lane: LaneRecord, policy: Policy, memory: GateMemory, now: datetime) -> Reason | None:
    """Return why the lane may not be opened now, or None; orders obey postures and interlocks too."""
    shut = SHUT_REASONS.get(posture_of(lane, policy, now, clock_sure=memory.clock_sure))
    return shut or (Reason.INTERLOCKED if is_interlocked(lane, memory) else None)
