"""Answer what gates send most of all before Flask sees it: questions with nothing new, and new receipts.

Such a request needs a signature check and a statement or two; what Flask and its extensions do for a page
(session, sign-in, forms, headers for browsers) would cost as much again. Whatever cannot be answered here
goes on to Flask as it came, and is worked out or refused there. Nothing was noted of it then.
"""

import io
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from flask import Flask, Response, g
from werkzeug.datastructures import EnvironHeaders

from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    GATE_HEADER,
    MAX_BODY_BYTES,
    RECEIPTS_PATH,
    SIGNATURE_HEADER,
    Refusal,
)
from web_admin.core.database import current_menjin
from web_admin.core.request_times import HEADER, MARK, note_answer
from web_admin.sync.asking import ASK_BODY, answer_together, answer_unchanged
from web_admin.sync.requests import QuickCall, SyncRefused, quick_call
from web_admin.sync.routes import store_receipts, store_receipts_together

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Quick(NamedTuple):
    """What answers the requests of one path where it can, alone or many together, and their longest body."""

    longest_body: int
    alone: Callable[[QuickCall], msgspec.Struct | None]
    together: Callable[[Sequence[QuickCall]], Sequence[msgspec.Struct | Exception | None]]


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """A request that has arrived in whole; its headers as WSGI names them, without `HTTP_`."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: status line without the version, headers and body."""

    status: str
    headers: Sequence[tuple[str, str]]
    body: bytes


QUICK: Mapping[str, Quick] = {
    ASK_PATH: Quick(ASK_BODY, answer_unchanged, answer_together),
    RECEIPTS_PATH: Quick(MAX_BODY_BYTES, store_receipts, store_receipts_together),
}
"""By path."""
_OF_ONE_ANSWER = frozenset({"Content-Type", "Content-Length", HEADER})
_SIGNED_HEADERS = {
    name: name.upper().replace("-", "_") for name in (GATE_HEADER, COUNTER_HEADER, SIGNATURE_HEADER)
}
GATE_VARIABLE = _SIGNED_HEADERS[GATE_HEADER]
"""As WSGI names the header, without `HTTP_`."""
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
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
            outcome = _alone(path, environ, body)
            if outcome is not None:
                answer = self._answer(path, mark, outcome)
                start_response(answer.status, list(answer.headers))
                return [answer.body]
        environ["wsgi.input"], environ[MARK] = io.BytesIO(body), mark
        return self._inner(environ, start_response)

    def may_answer(self, method: str, path: str, query: str, length: str, gate_id: str) -> bool:
        """Return whether a request is one of these by its head, and of a gate whose key is remembered."""
        if path not in QUICK or method != "POST" or query or not length.isascii() or not length.isdecimal():
            return False
        of_known_gate = gate_id in self._app.extensions["menjin_gate_keys"]
        return of_known_gate and int(length) <= QUICK[path].longest_body

    def answer_together(self, requests: Sequence[WholeRequest]) -> list[Answer | None]:
        """Answer what can be answered by a few statements for all; None is to be asked alone.

        Nothing was noted of a request that is not answered here, unless a connection ended at its commit.
        """
        began = self._monotonic()
        answers: list[Answer | None] = [None] * len(requests)
        with self._app.app_context():
            for path in QUICK:
                signed: dict[str, tuple[int, QuickCall]] = {}
                for number, request in enumerate(requests):
                    call = _call_of(request) if request.path == path else None
                    if call is not None and call.gate_id not in signed:  # each gate once
                        signed[call.gate_id] = (number, call)
                if not signed:
                    continue
                for number, outcome in _together(path, signed.values()):
                    if outcome is not None:
                        g.menjin_request_id = secrets.token_hex(6)
                        answers[number] = self._answer(path, (g.menjin_request_id, began), outcome)
        return answers

    def _body(self, environ: "WSGIEnvironment", path: str) -> bytes | None:
        """Return the body of a request that may be answered here, None of any other.

        Only that of a gate whose key is remembered is read: a stranger's is refused by its head.
        """
        length = environ.get("CONTENT_LENGTH") or ""
        method, query = environ.get("REQUEST_METHOD", ""), environ.get("QUERY_STRING", "")
        if not self.may_answer(method, path, query, length, environ.get(f"HTTP_{GATE_VARIABLE}", "")):
            return None
        return bytes(environ["wsgi.input"].read(int(length)))

    def _answer(self, path: str, mark: tuple[str, float], outcome: msgspec.Struct | Exception) -> Answer:
        status, message = _status_and_message(path, outcome)
        sent = msgspec.json.encode(message)
        headers = (
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(sent))),
            (HEADER, mark[0]),
            *self._headers_of_every_answer,
        )
        logs = bool(current_menjin().config.log_requests)
        note_answer("POST", path, status, self._monotonic() - mark[1], log=logs)
        return Answer(_LINES[status], headers, sent)

    @cached_property
    def _headers_of_every_answer(self) -> tuple[tuple[str, str], ...]:
        """Return what extensions put on each of Flask's answers, whatever it is; a gate reads none of it."""
        public_url = current_menjin().config.public_url
        with self._app.test_request_context(ASK_PATH, method="POST", base_url=public_url):
            made = self._app.process_response(Response())
        return tuple((name, value) for name, value in made.headers if name not in _OF_ONE_ANSWER)


def _alone(path: str, environ: "WSGIEnvironment", body: bytes) -> msgspec.Struct | Exception | None:
    """Return what comes of one request; None where it has to be worked out."""
    signed = quick_call("POST", path, EnvironHeaders(environ), body)
    if signed is None:
        return None
    try:
        return QUICK[path].alone(signed)
    except Exception as err:  # noqa: BLE001 - whatever it is, a gate reads JSON and no page, and it is logged
        return err


def _together(
    path: str, signed: Iterable[tuple[int, QuickCall]]
) -> list[tuple[int, msgspec.Struct | Exception | None]]:
    """Return what comes of requests to one path, by their numbers; nothing where all of them fail."""
    numbers, calls = zip(*signed, strict=True)
    try:
        return list(zip(numbers, QUICK[path].together(calls), strict=True))
    except Exception:  # noqa: BLE001 - each is asked alone, and requests to another path have their answers
        _log.exception("answering %d requests of gates to %s together failed", len(calls), path)
        return []


def _call_of(request: WholeRequest) -> QuickCall | None:
    headers = {name: request.headers.get(variable, "") for name, variable in _SIGNED_HEADERS.items()}
    return quick_call("POST", request.path, headers, request.body)


def _status_and_message(path: str, outcome: msgspec.Struct | Exception) -> tuple[int, msgspec.Struct]:
    if isinstance(outcome, msgspec.Struct):
        return 200, outcome
    if isinstance(outcome, SyncRefused):
        return outcome.status, outcome.refusal
    _log.error("a gate's request to %s failed", path, exc_info=outcome)
    return 500, Refusal(error="server_error", detail="the server's log says more")
