"""Make the order to open of a call, and sign it for the gate that it is for."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gate_controller.contract.calls import CALL_ORDER_DOMAIN, CallOrder, SignedCallOrder
from gate_controller.contract.messages import sign_struct
from web_admin.action.base import Action, new_id, record
from web_admin.calls.models import HomeCall
from web_admin.compound.keys import certificate, private_key
from web_admin.core.sealing import Sealer

ACTOR = "home-call"
"""Actor of an order in the ledger, whose facts are never erased: a person would be in them for ever."""
ORDER_VALID_SECONDS = 10
ANSWERED_WITHIN = timedelta(seconds=ORDER_VALID_SECONDS + 5)
"""How long a gate may take to say what came of an order."""


def give_order(act: Action, call: HomeCall, person_id: str) -> None:
    """Give a call its only order to open, which the next answers to the gate carry.

    The call's row alone has the person, and it goes with the passages of its days.
    """
    if call.order_id is not None:
        raise ValueError(f"call {call.call_id} has its order already")
    call.order_id, call.order_person_id, call.order_at = new_id(), person_id, act.now
    facts = {"call_id": call.call_id, "order_id": call.order_id}
    record(replace(act, actor_id=ACTOR), "call_open_ordered", facts)


def is_on_its_way(call: HomeCall, now: datetime) -> bool:
    """Return whether a call's order was made so lately that the gate may still say what came of it."""
    return call.order_at is not None and now < call.order_at + ANSWERED_WITHIN


def signed_order(session: Session, sealer: Sealer, call: HomeCall, now: datetime) -> SignedCallOrder | None:
    """Return the order of a call, signed, while it is valid; the gate obeys it once."""
    if call.order_id is None or call.order_at is None or call.order_person_id is None:
        return None
    if not call.order_at <= now < call.order_at + timedelta(seconds=ORDER_VALID_SECONDS):
        return None
    order = CallOrder(
        order_id=call.order_id,
        call_id=call.call_id,
        site_id=call.site_id,
        gate_id=call.gate_id,
        lane_id=call.lane_id,
        issued_at=call.order_at,
        valid_seconds=ORDER_VALID_SECONDS,
        person_id=call.order_person_id,
    )
    body, signature = sign_struct(
        private_key(session, sealer, call.site_id, "order"), CALL_ORDER_DOMAIN, order
    )
    return SignedCallOrder(
        order=body, signature=signature, certificate=certificate(session, call.site_id, "order")
    )
