"""Limit how often one account may type a number at the desk, counted in the database for all workers.

What fits counts as much as what does not: otherwise the desk would say which numbers live.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from web_admin.action.base import Action
from web_admin.alarms.actions import raise_alarm
from web_admin.core.limits import (
    DESK_PIN,
    DESK_PIN_DAILY,
    DESK_TYPED,
    DESK_TYPED_DAILY,
    DESK_UNPROVED,
    DESK_UNPROVED_DAILY,
    Limit,
)
from web_admin.core.refusal import ActionRefused
from web_admin.desk.models import REFUSED, DeskVisitRow

TYPED = (DESK_TYPED, DESK_TYPED_DAILY)
"""Cards and PINs that one account begins with; a queue of residents is not slowed."""
UNPROVED = (DESK_UNPROVED, DESK_UNPROVED_DAILY)
"""Of those, the ones whose person never proved to be there."""
WRONG_PINS = (DESK_PIN, DESK_PIN_DAILY)
"""At one account, for any home: it locks no household out of anything else."""

TOO_MANY = _(
    "Too many numbers were typed here. Wait ten minutes; if today's tries are used up, until tomorrow. "
    "Or open the gate by hand. The property manager sees this. Gates work as usual."
)
TOO_MANY_PINS = _(
    "Too many wrong PINs were typed here. Wait ten minutes; if today's tries are used up, until tomorrow. "
    "Or use a gate. Gates work as usual."
)


class TooMany(ActionRefused):
    """This account typed too much; the alarm about it has to be kept although the answer is a no."""


def may_type(act: Action, account_id: int) -> bool:
    """Return whether this account may begin once more; at the limit the manager gets an alarm."""
    mine = DeskVisitRow.account_id == account_id
    begun = mine & DeskVisitRow.ended_why.is_distinct_from(REFUSED)
    unproved = begun & DeskVisitRow.proved_at.is_(None)
    return _within(act, account_id, ((TYPED, begun), (UNPROVED, unproved)))


def may_type_pin(act: Action, account_id: int) -> bool:
    """Return whether this account may try another PIN; at the limit the manager gets an alarm."""
    wrong = (DeskVisitRow.account_id == account_id) & (DeskVisitRow.ended_why == REFUSED)
    return _within(act, account_id, ((WRONG_PINS, wrong),))


def _within(
    act: Action, account_id: int, rules: Sequence[tuple[Sequence[Limit], ColumnElement[bool]]]
) -> bool:
    act.session.flush()
    over = any(
        _count(act.session, rows, act.now - timedelta(seconds=limit.window_seconds)) >= limit.most
        for limits, rows in rules
        for limit in limits
    )
    if over:
        kind, detail = EventKind.ALARM_DESK_GUESSING, f"staff-{account_id}"
        raise_alarm(act.session, act.site_id, kind, act.now, detail=detail, once=True)
    return not over


def _count(session: Session, rows: ColumnElement[bool], since: datetime) -> int:
    counted = select(func.count()).select_from(DeskVisitRow).where(rows, DeskVisitRow.opened_at > since)
    return session.scalar(counted) or 0
