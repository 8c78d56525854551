"""Files of the site's own look: its colour and its logo."""

from flask import Response, abort

from web_admin.accounts.permissions import public
from web_admin.core.database import request_session
from web_admin.settings.colours import stylesheet
from web_admin.settings.queries import look_of
from web_admin.web.site import current_site


@public
def look_css() -> Response:
    """Give the site's own colour as a stylesheet, nothing where there is none."""
    look = look_of(request_session(), current_site().site_id)
    text = stylesheet(look.accent) if look is not None and look.accent else ""
    return Response(text, mimetype="text/css", headers={"Cache-Control": "no-cache"})


@public
def logo() -> Response:
    """Give the site's own logo."""
    look = look_of(request_session(), current_site().site_id)
    if look is None or look.logo_svg is None:
        abort(404)
    return Response(look.logo_svg, mimetype="image/svg+xml", headers={"Cache-Control": "no-cache"})
