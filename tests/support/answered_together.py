"""Ask a server on PostgreSQL as it is served: what gates send most goes to the quick thread's door first."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from web_admin.core.database import Menjin
from web_admin.sync.quick_door import GATE_VARIABLE, QuickDoor, WholeRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

both_ways = pytest.mark.parametrize(
    "way", ["as served", pytest.param("alone", marks=pytest.mark.wide)], indirect=True
)
"""For tests of what many gates are answered together: alone, PostgreSQL answers the gates of cells."""


class AnsweredTogether:
    """The application around the door, as `serving/quick_thread.py` is around it; one request at a time."""

    def __init__(self, door: QuickDoor) -> None:
        """Take the door of the server."""
        self._door = door

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer what the door answers together, and pass on what it does not."""
        method, path, query = (environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING"))
        length, gate_id = environ.get("CONTENT_LENGTH") or "", environ.get(f"HTTP_{GATE_VARIABLE}", "")
        if not self._door.may_answer(method, path, query, length, gate_id):
            return self._door(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        headers = {
            name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        (answer,) = self._door.answer_together([WholeRequest(method, path, query, headers, body)])
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self._door(environ, start_response)
        start_response(answer.status, list(answer.headers))
        return [answer.body]


def answer_as_served(app: Flask) -> Flask:
    """Let an app on PostgreSQL answer its test clients as the server of that compound would; return it."""
    menjin: Menjin = app.extensions["menjin"]
    if menjin.database.engine.dialect.name == "postgresql":
        door = AnsweredTogether(app.extensions["menjin_quick_door"])
        app.wsgi_app = door  # type: ignore[method-assign]  # Flask documents this assignment
    return app
