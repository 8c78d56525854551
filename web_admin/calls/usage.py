"""Count calls to homes for pictures: how many, and what came of them. No person, home or gate is read."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.calls import CallEnd, CallFor
from web_admin.calls.models import HomeCall
from web_admin.compound.models import Site
from web_admin.core.suppression import Figure, count_in_tens

SHOWN_DAYS = 30
ENDS_OF_AN_ANSWER = (CallEnd.OPENED, CallEnd.REFUSED, CallEnd.SENT_AWAY)


@dataclass(frozen=True, slots=True)
class CallUse:
    """Calls of the whole days before, in tens. Each call is in one of the four figures after `calls`."""

    days: int
    calls: Figure
    answered: Figure
    """Answered by the home, on a page or by telephone: the row of a call that is over does not say which."""
    let_in: Figure
    """Couriers whom the home let in without being asked."""
    to_guard: Figure
    not_answered: Figure


def calls_in_use(session: Session, site: Site, passage_days: int, now: datetime) -> CallUse:
    """Return the calls of the last thirty days that are over, or of those whose calls are all kept.

    Figures are those of whole days: one that moved with each call would show when a single one was.
    """
    zone = ZoneInfo(site.timezone)
    today = now.astimezone(zone).date()
    days = min(SHOWN_DAYS, passage_days - 1)
    since, until = (datetime.combine(day, time(), zone) for day in (today - timedelta(days=days), today))
    let_in, guard = _let_in(), HomeCall.to_guard.is_(True)
    answered = _answered() & ~guard
    each = (~let_in & answered, let_in, ~let_in & guard, ~let_in & ~answered & ~guard)
    counted = select(func.count(), *(func.count().filter(one) for one in each)).where(
        HomeCall.site_id == site.site_id, HomeCall.started_at >= since, HomeCall.started_at < until
    )
    return CallUse(days, *(count_in_tens(count) for count in session.execute(counted).one()))


def _answered() -> ColumnElement[bool]:
    """Return the condition that someone answered: a telephone without a key has not.

    A call that went on to the guard was answered there, if at all: one that the home answers does not go on.
    """
    by_end = and_(HomeCall.end.is_not(None), HomeCall.end.in_(ENDS_OF_AN_ANSWER))
    return or_(and_(HomeCall.answered_at.is_not(None), HomeCall.leg.is_(None)), by_end)


def _let_in() -> ColumnElement[bool]:
    """Return the condition that a courier was let in by what the home had chosen.

    `missed.py` says the same of one call.
    """
    at_once = and_(HomeCall.order_at.is_not(None), HomeCall.answered_at.is_not(None))
    by_day = and_(at_once, func.coalesce(HomeCall.answered_at, HomeCall.started_at) == HomeCall.started_at)
    return and_(HomeCall.purpose == CallFor.COURIER, by_day)
