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
