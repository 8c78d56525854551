"""Answer what gates send most of all before Flask sees it: questions with nothing new, and new receipts.

Such a request needs a signature check and a statement or two; what Flask and its extensions do for a page
(session, sign-in, forms, headers for browsers) would cost as much again. Whatever cannot be answered here
goes on to Flask as it came, and is worked out or refused there. Nothing was noted of it then.
"""

import io
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, Response, g
from werkzeug.datastructures import EnvironHeaders

from gate_controller.contract.messages import ASK_PATH, GATE_HEADER, MAX_BODY_BYTES, RECEIPTS_PATH, Refusal
from web_admin.core.database import current_menjin
from web_admin.core.request_times import HEADER, MARK, note_answer
from web_admin.sync.asking import ASK_BODY, answer_unchanged
from web_admin.sync.requests import QuickCall, SyncRefused, quick_call
from web_admin.sync.routes import store_receipts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Quick = Callable[[QuickCall], msgspec.Struct | None]
QUICK: Mapping[str, tuple[int, Quick]] = {
    ASK_PATH: (ASK_BODY, answer_unchanged),
    RECEIPTS_PATH: (MAX_BODY_BYTES, store_receipts),
}
"""By path: the longest body, and what answers it where it can."""
_OF_ONE_ANSWER = frozenset({"Content-Type", "Content-Length", HEADER})
_GATE_VARIABLE = "HTTP_" + GATE_HEADER.upper().replace("-", "_")
_log = logging.getLogger(__name__)


class QuickDoor:
    """The application around Flask's (PEP 3333)."""

    def __init__(
        self, app: Flask, inner: "WSGIApplication", monotonic: Callable[[], float] = time.perf_counter
    ) -> None:
        """Take the app whose parts answer, and what answers everything else."""
        self._app, self._inner, self._monotonic = app, inner, monotonic

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, here or by Flask."""
        path = environ.get("PATH_INFO", "")
        body = self._body(environ, path)
        if body is None:
            return self._inner(environ, start_response)
        mark = (secrets.token_hex(6), self._monotonic())
        with self._app.app_context():
            g.menjin_request_id = mark[0]
            answered = _answer(path, environ, body)
            if answered is not None:
                return [self._sent(path, mark, *answered, start_response)]
        environ["wsgi.input"], environ[MARK] = io.BytesIO(body), mark
        return self._inner(environ, start_response)

    def _body(self, environ: "WSGIEnvironment", path: str) -> bytes | None:
        """Return the body of a request that may be answered here, None of any other.

        Only that of a gate whose key is remembered is read: a stranger's is refused by its head.
        """
        if path not in QUICK or environ.get("REQUEST_METHOD") != "POST" or environ.get("QUERY_STRING"):
            return None
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isascii() or not length.isdecimal() or int(length) > QUICK[path][0]:
            return None
        if environ.get(_GATE_VARIABLE, "") not in self._app.extensions["menjin_gate_keys"]:
            return None
        return bytes(environ["wsgi.input"].read(int(length)))

    def _sent(
        self, path: str, mark: tuple[str, float], status: int, message: msgspec.Struct,
        start_response: "StartResponse",
    ) -> bytes:  # fmt: skip
        sent = msgspec.json.encode(message)
        start_response(f"{status} {HTTPStatus(status).phrase}", [
            ("Content-Type", "application/json"), ("Content-Length", str(len(sent))),
            (HEADER, mark[0]), *self._headers_of_every_answer,
        ])
        logs = bool(current_menjin().config.log_requests)
        note_answer("POST", path, status, self._monotonic() - mark[1], log=logs)
        return sent

    @cached_property
    def _headers_of_every_answer(self) -> tuple[tuple[str, str], ...]:
        """Return what extensions put on each of Flask's answers, whatever it is; a gate reads none of it."""
        public_url = current_menjin().config.public_url
        with self._app.test_request_context(ASK_PATH, method="POST", base_url=public_url):
            made = self._app.process_response(Response())
        return tuple((name, value) for name, value in made.headers if name not in _OF_ONE_ANSWER)


def _answer(path: str, environ: "WSGIEnvironment", body: bytes) -> tuple[int, msgspec.Struct] | None:
    """Return status and message; None where the request has to be worked out."""
    signed = quick_call("POST", path, EnvironHeaders(environ), body)
    if signed is None:
        return None
    try:
        reply = QUICK[path][1](signed)
    except SyncRefused as refused:
        return refused.status, refused.refusal
    except Exception:  # noqa: BLE001 - whatever it is, a gate reads JSON and no page, and it is logged
        _log.exception("a gate's request to %s failed", path)
        return 500, Refusal(error="server_error", detail="the server's log says more")
    return None if reply is None else (200, reply)
