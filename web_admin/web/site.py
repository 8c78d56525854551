"""The compound of this request and its one instant: what every part of a page begins with."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import abort, g

from web_admin.compound.models import Site
from web_admin.compound.queries import the_site
from web_admin.core.database import current_menjin, request_session


def current_site() -> Site:
    """Return the compound that this server runs; answer 503 before `menjin web init`."""
    if "menjin_site" not in g:
        site = the_site(request_session())
        if site is None:
            abort(503)
        g.menjin_site = site
    found: Site = g.menjin_site
    return found


def site_zone() -> ZoneInfo:
    """Return the site's time zone, in which every page shows and reads times."""
    return ZoneInfo(current_site().timezone)


def request_now() -> datetime:
    """Return the one instant of this request, aware."""
    if "menjin_now" not in g:
        g.menjin_now = current_menjin().clock()
    now: datetime = g.menjin_now
    return now
