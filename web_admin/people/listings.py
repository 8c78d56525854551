"""Read homes and people in the order of their ids, a page at a time, for other systems."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Home, Person


def homes_after(session: Session, site_id: str, after: str, limit: int) -> Sequence[Home]:
    """Return the homes of a site whose ids come after this one."""
    return session.scalars(
        select(Home)
        .where(Home.site_id == site_id, Home.home_id > after)
        .order_by(Home.home_id)
        .limit(limit)
    ).all()


def people_after(
    session: Session, site_id: str, after: str, limit: int, *, home_id: str = "", with_ended: bool = False
) -> Sequence[Person]:
    """Return the people of a site, or of one home, whose ids come after this one."""
    wanted = select(Person).where(Person.site_id == site_id, Person.person_id > after)
    if home_id:
        wanted = wanted.where(Person.home_id == home_id)
    if not with_ended:
        wanted = wanted.where(Person.ended_at.is_(None))
    return session.scalars(wanted.order_by(Person.person_id).limit(limit)).all()
