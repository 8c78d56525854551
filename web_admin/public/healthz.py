"""One word for a monitor: whether pages and the database work."""

from flask import Response, current_app

from web_admin.accounts.permissions import public
from web_admin.compound.queries import the_site
from web_admin.core.database import DatabaseError, request_session
from web_admin.operations.readiness import readiness


@public
def healthz() -> Response:
    """Answer "ok" while pages and records work, and nothing else."""
    try:
        the_site(request_session())
    except DatabaseError as err:
        current_app.logger.error("healthz: the database does not answer: %s", type(err).__name__)
        return Response("not ok\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})


@public
def livez() -> Response:
    """Answer "ok" while this process answers at all; it asks no database."""
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})


@public
def readyz() -> Response:
    """Answer "ok" while the database takes a row and the disk has room; else 503 and what is missing."""
    troubles = readiness(current_app.extensions).troubles()
    word = f"not ready: {', '.join(troubles)}\n" if troubles else "ok\n"
    status = 503 if troubles else 200
    return Response(word, status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
