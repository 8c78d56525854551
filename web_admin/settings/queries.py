"""Read the look of the site."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.settings.models import SiteLook


def the_look(session: Session) -> SiteLook | None:
    """Return the look of the compound that this server runs, None where nothing was set."""
    return session.scalar(select(SiteLook).limit(1))


def look_of(session: Session, site_id: str) -> SiteLook | None:
    """Return a site's own look and how to reach its office, None where nothing was set."""
    return session.get(SiteLook, site_id)


def has_plan(session: Session, site_id: str) -> bool:
    """Return whether there is a drawing under the map, without reading it."""
    query = select(SiteLook.site_id).where(SiteLook.site_id == site_id, SiteLook.plan_svg.is_not(None))
    return session.scalar(query) is not None


def plan_of(session: Session, site_id: str) -> str | None:
    """Return the drawing under the map, None where there is none."""
    return session.scalar(select(SiteLook.plan_svg).where(SiteLook.site_id == site_id))
