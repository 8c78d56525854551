"""Read ways out, orders, pairings under way, hours and special days of gates."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from web_admin.compound.models import CalendarDay, Gate, Hours, Lane
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


def way_out_of_another_gate(session: Session, gate: Gate) -> Lane | None:
    """Return a lane by which people leave the site elsewhere than by this gate; None where there is none."""
    return session.scalars(
        select(Lane)
        .join(Gate)
        .where(Gate.site_id == gate.site_id, Gate.state != "retired", Gate.gate_id != gate.gate_id)
        .where(Lane.direction == "out")
        .order_by(Lane.lane_id)
    ).first()


def gates_without_face(session: Session, site_id: str) -> Sequence[Gate]:
    """Return the gates of a site whose program has no code for faces, by name."""
    return session.scalars(
        select(Gate)
        .where(Gate.site_id == site_id, Gate.state != "retired", Gate.without_face)
        .order_by(Gate.name)
    ).all()


def lanes_by_id(session: Session, lane_ids: Collection[str]) -> Sequence[Lane]:
    """Return these lanes of paired gates with their gates, in the order of gates; in one query."""
    return session.scalars(
        select(Lane)
        .join(Lane.gate)
        .where(Lane.lane_id.in_(lane_ids), Gate.state == "paired")
        .order_by(Gate.number, Lane.lane_id)
        .options(contains_eager(Lane.gate))
    ).all()


def locked_attempt(session: Session, pair_id: str) -> PairAttempt | None:
    """Return a pairing under way, locked against changes by other transactions until this one ends."""
    return session.get(PairAttempt, pair_id, with_for_update=True)


def waiting_pairings(session: Session, site_id: str) -> Sequence[PairAttempt]:
    """Return the controllers of a site that wait for staff to approve them."""
    return session.scalars(
        select(PairAttempt)
        .join(Gate, Gate.gate_id == PairAttempt.gate_id)
        .where(Gate.site_id == site_id, PairAttempt.state == "waiting")
    ).all()


def pairings_of_gate(session: Session, gate_id: str, states: Collection[str]) -> Sequence[PairAttempt]:
    """Return the pairings of a gate that are in one of these states."""
    return session.scalars(
        select(PairAttempt).where(PairAttempt.gate_id == gate_id, PairAttempt.state.in_(states))
    ).all()


# -- hours and days --------------------------------------------------------------------------------


def calendar_days(session: Session, site_id: str) -> Sequence[CalendarDay]:
    """Return a site's special days in their order."""
    return session.scalars(
        select(CalendarDay).where(CalendarDay.site_id == site_id).order_by(CalendarDay.day)
    ).all()


def calendar_day(session: Session, site_id: str, day: date) -> CalendarDay | None:
    """Return a special day of a site, None for an ordinary one."""
    return session.get(CalendarDay, (site_id, day))


def hours_names(session: Session, site_id: str) -> dict[str, str]:
    """Return what a site's hours are called, by their ids, a helper's own too."""
    rows = session.execute(select(Hours.hours_id, Hours.name).where(Hours.site_id == site_id))
    return {row.hours_id: row.name for row in rows}
