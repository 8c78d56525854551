"""Decide the state of a visitor's pass, of a row and in SQL; a test holds both equal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_

from web_admin.visitors.models import VisitorPassRow

PassState = Literal["not_yet", "live", "ended", "withdrawn"]


def pass_state(row: VisitorPassRow, now: datetime) -> PassState:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if now < row.valid_from:
        return "not_yet"
    return "live" if now < row.valid_until else "ended"


def states_in_sql(now: datetime) -> Mapping[str, ColumnElement[bool]]:
    """Return by state the condition that a row of passes has it."""
    kept = VisitorPassRow.withdrawn_at.is_(None)
    return {
        "not_yet": kept & (VisitorPassRow.valid_from > now),
        "live": kept & (VisitorPassRow.valid_from <= now) & ends_after(now),
        "ended": kept & ~ends_after(now),
        "withdrawn": VisitorPassRow.withdrawn_at.is_not(None),
    }


def opens_now_or_later(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a pass is not withdrawn and has not ended: live, or not yet."""
    return and_(VisitorPassRow.withdrawn_at.is_(None), ends_after(now))


def ends_after(now: datetime) -> ColumnElement[bool]:
    """Return the condition that the time of a pass is not over, withdrawn or not."""
    return VisitorPassRow.valid_until > now
