"""Answer gates as the server of one compound does: a batch is tried first, then the app."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from web_admin.sync.fast_path import GATE_VARIABLE, WAS_TRIED, FastPath, WholeRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

both_ways = pytest.mark.parametrize(
    "way", ["batched", pytest.param("alone", marks=pytest.mark.wide)], indirect=True
)
"""For tests of what is answered before Flask: alone, in a thread of its own, a gate of cells is answered."""


class Batched:
    """The application behind a batch, as `serving/batch_queue.py` is before it; one request at a time."""

    def __init__(self, fast_path: FastPath) -> None:
        """Take the application."""
        self._fast_path = fast_path

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer what a batch answers, and pass on what it does not."""
        method, path, query = (environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING"))
        length, gate_id = environ.get("CONTENT_LENGTH") or "", environ.get(f"HTTP_{GATE_VARIABLE}", "")
        if not self._fast_path.may_answer(method, path, query, length, gate_id):
            return self._fast_path(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        headers = {
            name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        (answer,) = self._fast_path.answer([WholeRequest(method, path, query, headers, body)])
        if answer is None:
            environ["wsgi.input"], environ[WAS_TRIED] = io.BytesIO(body), "1"
            return self._fast_path(environ, start_response)
        start_response(answer.status, list(answer.headers))
        return [answer.body]


def answer_batched(app: Flask) -> Flask:
    """Let an app answer its test clients as the server of one compound would; return it."""
    app.wsgi_app = Batched(app.extensions["menjin_fast_path"])  # type: ignore[method-assign]  # as documented
    return app
