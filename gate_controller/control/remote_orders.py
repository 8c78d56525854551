"""Orders from the server that open a lane: checked, once, within seconds."""

from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from gate_controller.contract.calls import CallOrder, SignedCallOrder
from gate_controller.contract.messages import OpenOrder, SignedOrder
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import LaneRecord
from gate_controller.contract.signing import SignatureRefused
from gate_controller.rules.access import SHUT_REASONS, is_interlocked, posture_of
from gate_controller.rules.decision import GateMemory, Reason
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import PolicyStore

MAX_AHEAD = timedelta(seconds=5)

Signed_contra = TypeVar("Signed_contra", SignedOrder, SignedCallOrder, contravariant=True)
Order_co = TypeVar("Order_co", OpenOrder, CallOrder, covariant=True)


class Opener(Protocol[Signed_contra, Order_co]):
    """`open_order` of staff's orders, or `open_call_order` of a called home's."""

    def __call__(
        self, signed: Signed_contra, root_public_key: bytes, /, *, site_id: str, gate_id: str
    ) -> Order_co:
        """Return a checked order; raise SignatureRefused."""
        ...


def check_order(
    open_signed: Opener[Signed_contra, Order_co],
    signed: Signed_contra,
    store: PolicyStore,
    journal: Journal,
    now: datetime,
    *,
    clock_sure: bool,
) -> tuple[Order_co | None, Reason | None]:
    """Return the order and why it may not be obeyed, if so; its id is stored before it can open."""
    identity = store.identity
    try:
        order = open_signed(
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
