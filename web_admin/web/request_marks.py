"""Give each request an id for the log, measure it, and write one line about it where that is wanted."""

import secrets
import time
from collections.abc import Callable

from flask import Flask, g, request
from werkzeug.wrappers import Response

from web_admin.core.config import WebConfig
from web_admin.core.request_times import HEADER, MARK, note_answer, request_histogram


def init_request_marks(
    app: Flask, config: WebConfig, monotonic: Callable[[], float] = time.perf_counter
) -> None:
    """Mark every request of an app; call it before any other part hooks into its requests."""
    request_histogram()  # before there are threads

    @app.before_request
    def _begin() -> None:
        mark = request.environ.get(MARK)
        g.menjin_request_id, g.menjin_began = mark or (secrets.token_hex(6), monotonic())

    @app.after_request
    def _end(response: Response) -> Response:
        """Measure to the end of the request's transaction: what was hooked in later has run."""
        if "menjin_began" not in g:
            return response
        pattern = request.url_rule.rule if request.url_rule is not None else None
        response.headers[HEADER] = g.menjin_request_id
        seconds = monotonic() - g.menjin_began
        # A refusal and a failure have written this request's line already, with who or why.
        log = bool(config.log_requests) and "menjin_line" not in g
        note_answer(request.method, pattern, response.status_code, seconds, log=log)
        return response
