"""Answer in words while the database does not answer or the disk is full; nothing here asks a record."""

import sys

from flask import Flask, Response, current_app, g, jsonify, request

from web_admin.core.database import DatabaseAway, is_disk_full
from web_admin.core.postgresql import is_outcome_unknown

RETRY_SECONDS = 20


def init_trouble_pages(app: Flask) -> None:
    """Show a page of its own, in both languages, instead of a fault; other programs get JSON and 503."""
    app.register_error_handler(DatabaseAway, show_trouble)


def show_trouble(error: Exception) -> Response:
    """Log what the database said and return the page for it."""
    if g.get("menjin_line") != "failed":
        current_app.log_exception(sys.exc_info())
    full = is_disk_full(error)
    g.menjin_trouble = True  # what looks at the answer must not ask who is signed in
    if request.path.startswith(("/sync/", "/api/")):
        answer = jsonify(error=_word(full=full))
    else:
        again = request.path if request.method == "GET" else "/"
        # Without what other pages are given, which asks who reads it and in which language.
        template = current_app.jinja_env.get_template("trouble.html")
        page = template.render(
            full=full, unknown=is_outcome_unknown(), again=again, number=g.get("menjin_request_id", "")
        )
        answer = Response(page, mimetype="text/html")
    answer.status_code = 503
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _word(*, full: bool) -> str:
    if full:
        return "disk_full"
    return "outcome_unknown" if is_outcome_unknown() else "database_away"
