"""Read what gates wait for: orders to open, and controllers that ask to be paired."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.policy_models import OrderRow
from web_admin.gates.models import PairAttempt


def undelivered_orders(session: Session, gate_id: str) -> Sequence[OrderRow]:
    """Return a gate's orders that it was not sent yet, the oldest first; no other request sends them too."""
    return session.scalars(
        select(OrderRow)
        .where(OrderRow.gate_id == gate_id, OrderRow.delivered_at.is_(None))
        .order_by(OrderRow.issued_at)
        .with_for_update()
    ).all()


def locked_attempt(session: Session, pair_id: str) -> PairAttempt | None:
    """Return a pairing under way and let no other transaction change it until this one ends."""
    return session.get(PairAttempt, pair_id, with_for_update=True)
