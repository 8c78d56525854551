"""Read how the site looks."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.settings.models import SiteLook


def look_of_site(session: Session) -> SiteLook | None:
    """Return the site's own look and how to reach its office, None where nothing was set."""
    return session.scalar(select(SiteLook).limit(1))
