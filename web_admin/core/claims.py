"""Claims with a lease: one process at a time works at a row, several may look for one.

A process that dies lets its claim run out, and another one takes the row. One that comes back too late finds
another claim there, and leaves the row as it is.
"""

import secrets
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, or_
from sqlalchemy.orm import Mapped, Session


class ClaimColumns:
    """Columns of such a row: `claim` names the attempt, `claimed_until` says when another one may begin."""

    claim: Mapped[str | None]
    claimed_until: Mapped[datetime | None]


Row = TypeVar("Row", bound=ClaimColumns)


def unclaimed(rows: type[ClaimColumns], now: datetime) -> ColumnElement[bool]:
    """Return the condition that no one works at a row, or that its claim ran out."""
    return or_(rows.claimed_until.is_(None), rows.claimed_until <= now)


def is_unclaimed(row: ClaimColumns, now: datetime) -> bool:
    """Return whether no one works at a row, or its claim ran out."""
    return row.claimed_until is None or row.claimed_until <= now


def claim_first(session: Session, found: Select[Row], now: datetime, lasts: timedelta) -> Row | None:
    """Claim the first of the rows that are found; None where there is none that no other process takes."""
    row = session.scalar(found.limit(1).with_for_update(skip_locked=True))
    if row is not None:
        row.claim, row.claimed_until = secrets.token_hex(8), now + lasts
    return row


def claimed_row(session: Session, rows: type[Row], key: str, claim: str) -> Row | None:
    """Return a row, locked, unless its claim ran out and another process has taken it or ended the work."""
    row = session.get(rows, key, with_for_update=True)
    return row if row is not None and row.claim == claim else None


def release(row: ClaimColumns) -> None:
    """End the claim: the work is over, or may be tried again."""
    row.claim = row.claimed_until = None
