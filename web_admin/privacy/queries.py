"""Read what people asked of the office."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web_admin.privacy.models import RightsRequest

# -- requests --------------------------------------------------------------------------------------


def open_request_count(session: Session, person_id: str) -> int:
    """Return how many of a person's requests wait for an answer."""
    waiting = select(func.count()).where(
        RightsRequest.person_id == person_id, RightsRequest.closed_at.is_(None)
    )
    return session.scalar(waiting) or 0


def requests_of(session: Session, person_id: str, limit: int | None = None) -> Sequence[RightsRequest]:
    """Return what a person asked for, newest first."""
    return session.scalars(
        select(RightsRequest)
        .where(RightsRequest.person_id == person_id)
        .order_by(RightsRequest.filed_at.desc(), RightsRequest.request_id)
        .limit(limit)
    ).all()
