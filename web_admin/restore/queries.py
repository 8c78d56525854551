"""Read the gates that still owe a handover after a restore."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Gate, Site


def gates_that_owe_a_handover(session: Session) -> Sequence[str]:
    """Return the ids of gates that have to hand over what they know before a policy is published."""
    return session.scalars(
        select(Gate.gate_id)
        .join(Site)
        .where(Site.restoring, Gate.state == "paired", Gate.tombstones_taken.is_(False))
    ).all()


def gates_without_handover(session: Session, site_id: str) -> Sequence[Gate]:
    """Return the gates of a site that is being restored from which nothing was handed over yet."""
    return session.scalars(
        select(Gate)
        .where(Gate.site_id == site_id, Gate.state == "paired", Gate.tombstones_taken.is_(False))
        .order_by(Gate.number)
    ).all()
