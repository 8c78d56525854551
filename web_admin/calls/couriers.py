"""Decide what a home said about couriers: ask, let in by day, or leave it with the guard."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.contract.calls import CallFor
from web_admin.calls.models import HomeCall, HomeCallWishes
from web_admin.calls.reach import may_pass
from web_admin.calls.rules import is_let_in_by_day
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import Person, Site

ASK, BY_DAY, GUARD = "ask", "by_day", "guard"
COURIER_WISHES = (ASK, BY_DAY, GUARD)


def lets_in(
    session: Session, site: Site, wishes: HomeCallWishes, gate_id: str, lane_id: str, now: datetime
) -> str | None:
    """Return by whose right a courier is let in now without being asked about; None: ask.

    It is the adult who chose so, as long as they live there and may pass this lane: one courier in half an
    hour at each gate.
    """
    if wishes.courier != BY_DAY or wishes.courier_by is None:
        return None
    person = session.get(Person, wishes.courier_by)
    if person is None or not _decides_for(person, wishes.home_id):
        return None
    local = now.astimezone(ZoneInfo(site.timezone))
    last_at = session.scalar(
        select(func.max(HomeCall.order_at)).where(
            HomeCall.home_id == wishes.home_id,
            HomeCall.gate_id == gate_id,
            HomeCall.purpose == CallFor.COURIER,
        )
    )
    is_now = is_let_in_by_day(local, last_at, now)
    return person.person_id if is_now and may_pass(session, [person.person_id], lane_id, now) else None


def _decides_for(person: Person, home_id: str) -> bool:
    lives_there = person.home_id == home_id and person.kind == "resident" and person.age_band == ADULT
    return lives_there and person.ended_at is None and not person.suspended
