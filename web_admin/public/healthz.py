"""One word for a monitor: whether pages and the database work."""

from flask import Response, current_app

from web_admin.accounts.permissions import public
from web_admin.operations.readiness import Readiness, readable, readiness


@public
def healthz() -> Response:
    """Answer "ok" while pages can be read; else 503 and what is missing, within two seconds."""
    return _answer(readable(current_app.extensions), "not ok")


@public
def livez() -> Response:
    """Answer "ok" while this process answers at all; it asks no database."""
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})


@public
def readyz() -> Response:
    """Answer "ok" while the database takes a row and the disk has room; else 503 and what is missing."""
    return _answer(readiness(current_app.extensions), "not ready")


def _answer(probe: Readiness, trouble: str) -> Response:
    troubles = probe.troubles()
    word = f"{trouble}: {', '.join(troubles)}\n" if troubles else "ok\n"
    status = 503 if troubles else 200
    return Response(word, status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
