"""Orders from the server that open a lane: checked, once, within seconds."""

from datetime import datetime, timedelta

from gate_controller.access import Reason, posture_of
from gate_controller.journal import Journal
from gate_controller.policy import LaneRecord, Policy, Posture
from gate_controller.policy_store import PolicyStore
from gate_controller.signing import SignatureRefused
from gate_controller.sync_contract import OpenOrder, SignedOrder, open_order

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
    if not clock_sure:
        return order, Reason.CLOCK_UNSURE
    if not order.issued_at - MAX_AHEAD <= now <= order.issued_at + timedelta(seconds=order.valid_seconds):
        return order, Reason.ORDER_EXPIRED
    if not journal.take_order(order.order_id, now):
        return order, Reason.ORDER_REPEATED
    return order, None


def lane_shut(lane: LaneRecord, policy: Policy, now: datetime, *, clock_sure: bool) -> Reason | None:
    """Return why the lane opens for nobody now, or None; an order obeys postures like everyone else."""
    posture = posture_of(lane, policy, now, clock_sure=clock_sure)
    return {Posture.LOCKDOWN: Reason.LANE_LOCKDOWN, Posture.DISABLED: Reason.LANE_DISABLED}.get(posture)
