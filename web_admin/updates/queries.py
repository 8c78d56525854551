"""Read roll-outs, and how far each gate is."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Gate
from web_admin.updates.models import Rollout


def newest_rollout(session: Session, site_id: str) -> Rollout | None:
    """Return the roll-out that was begun last; None where none ever was."""
    return session.scalars(
        select(Rollout).where(Rollout.site_id == site_id).order_by(Rollout.started_at.desc()).limit(1)
    ).first()


def sites_with_rollouts(session: Session) -> Sequence[str]:
    """Return the sites of which a roll-out goes on."""
    of_running = select(Rollout.site_id).where(Rollout.state == "running")
    return session.scalars(of_running.distinct().order_by(Rollout.site_id)).all()


def running_rollouts(session: Session, site_id: str) -> Sequence[Rollout]:
    """Return a site's roll-outs that go on, locked until the transaction ends; lock the site before."""
    return session.scalars(
        select(Rollout).where(Rollout.site_id == site_id, Rollout.state == "running").with_for_update()
    ).all()


def gates_to_update(session: Session, site_id: str) -> Sequence[Gate]:
    """Return a site's paired gates by number."""
    return session.scalars(
        select(Gate).where(Gate.site_id == site_id, Gate.state == "paired").order_by(Gate.number)
    ).all()
