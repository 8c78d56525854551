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
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, g
from werkzeug.datastructures import EnvironHeaders

from gate_controller.contract.messages import ASK_PATH, MAX_BODY_BYTES, RECEIPTS_PATH, Refusal
from web_admin.core.database import current_menjin
from web_admin.core.request_times import HEADER, note_answer
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
        began, path = self._monotonic(), environ.get("PATH_INFO", "")
        body = _body(environ, path)
        if body is None:
            return self._inner(environ, start_response)
        with self._app.app_context():
            g.menjin_request_id = secrets.token_hex(6)
            answered = _answer(path, environ, body)
            if answered is not None:
                status, message = answered
                sent = msgspec.json.encode(message)
                start_response(f"{status} {HTTPStatus(status).phrase}", [
                    ("Content-Type", "application/json"),
                    ("Content-Length", str(len(sent))),
                    ("X-Content-Type-Options", "nosniff"),
                    (HEADER, g.menjin_request_id),
                ])
                logs = bool(current_menjin().config.log_requests)
                note_answer("POST", path, status, self._monotonic() - began, log=logs)
                return [sent]
        environ["wsgi.input"] = io.BytesIO(body)
        return self._inner(environ, start_response)


def _body(environ: "WSGIEnvironment", path: str) -> bytes | None:
    """Return the body of a request that may be answered here, None of any other."""
    if path not in QUICK or environ.get("REQUEST_METHOD") != "POST" or environ.get("QUERY_STRING"):
        return None
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isascii() or not length.isdecimal() or int(length) > QUICK[path][0]:
        return None
    return bytes(environ["wsgi.input"].read(int(length)))


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
