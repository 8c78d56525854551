"""One word for a monitor: whether pages and the database work."""

from flask import Response, current_app

from web_admin.accounts.permissions import public
from web_admin.compound.queries import the_site
from web_admin.core.database import DatabaseError, request_session


@public
def healthz() -> Response:
    """Answer "ok" while pages and records work, and nothing else."""
    try:
        the_site(request_session())
    except DatabaseError as err:
        current_app.logger.error("healthz: the database does not answer: %s", type(err).__name__)
        return Response("not ok\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})
