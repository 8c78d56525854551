"""Answer what gates send most of all before Flask sees it: check-ins with nothing new, and new receipts.

Such a request needs a signature check and a statement or two; what Flask and its extensions do for a page
(session, sign-in, forms, headers for browsers) would cost as much again. A request is answered here alone, in
the thread that it has, or with all that wait (`serving/batch_queue.py`). Whatever cannot be answered here
goes on to Flask as it came, and is worked out or refused there. Nothing was noted of it then.
"""

import io
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from flask import Flask, Response, g

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
from web_admin.sync.check_in import ASK_BODY, answer_check_ins
from web_admin.sync.requests import FastCall, SyncRefused, fast_call
from web_admin.sync.routes import store_receipts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Fast(NamedTuple):
    """The longest body of requests to one path, and what answers those of one gate or many where it can."""

    longest_body: int
    answer: Callable[[Sequence[FastCall]], Sequence[msgspec.Struct | Exception | None]]


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


FAST: Mapping[str, Fast] = {
    ASK_PATH: Fast(ASK_BODY, answer_check_ins),
    RECEIPTS_PATH: Fast(MAX_BODY_BYTES, store_receipts),
}
"""By path."""
TRIED_VARIABLE = "was_tried"
WAS_TRIED = f"HTTP_{TRIED_VARIABLE}"
"""Set in the environment of a request that the fast path has left to be worked out in full.

It is a header's name that no client can send: waitress puts those of clients into capitals.
"""
_OF_ONE_ANSWER = frozenset({"Content-Type", "Content-Length", HEADER})
_SIGNED_HEADERS = {
    name: name.upper().replace("-", "_") for name in (GATE_HEADER, COUNTER_HEADER, SIGNATURE_HEADER)
}
GATE_VARIABLE = _SIGNED_HEADERS[GATE_HEADER]
"""As WSGI names the header, without `HTTP_`."""
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_log = logging.getLogger(__name__)


class FastPath:
    """The application around Flask's (PEP 3333)."""

    def __init__(
        self, app: Flask, inner: "WSGIApplication", monotonic: Callable[[], float] = time.perf_counter
    ) -> None:
        """Take the app whose parts answer, and what answers everything else."""
        self._app, self._inner, self._monotonic = app, inner, monotonic

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, here or by Flask."""
        path = environ.get("PATH_INFO", "")
        body = None if environ.get(WAS_TRIED) else self._body(environ, path)
        if body is None:
            return self._inner(environ, start_response)
        mark = (secrets.token_hex(6), self._monotonic())
        headers = {name: environ.get(f"HTTP_{name}", "") for name in _SIGNED_HEADERS.values()}
        with self._app.app_context():
            g.menjin_request_id = mark[0]
            (answer,) = self._answers([WholeRequest("POST", path, "", headers, body)], [mark])
        if answer is not None:
            start_response(answer.status, list(answer.headers))
            return [answer.body]
        environ["wsgi.input"], environ[MARK] = io.BytesIO(body), mark
        return self._inner(environ, start_response)

    def may_answer(self, method: str, path: str, query: str, length: str, gate_id: str) -> bool:
        """Return whether a request is one of these by its head, and of a gate whose key is remembered."""
        if path not in FAST or method != "POST" or query or not length.isascii() or not length.isdecimal():
            return False
        of_known_gate = gate_id in self._app.extensions["menjin_gate_keys"]
        return of_known_gate and int(length) <= FAST[path].longest_body

    def answer(self, requests: Sequence[WholeRequest]) -> list[Answer | None]:
        """Answer what can be answered by a few statements for all; None is to be worked out in full.

        Nothing was noted of a request that is not answered here, unless a connection ended at its commit.
        """
        began = self._monotonic()
        with self._app.app_context():
            return self._answers(requests, [(secrets.token_hex(6), began) for _request in requests])

    def _answers(
        self, requests: Sequence[WholeRequest], marks: Sequence[tuple[str, float]]
    ) -> list[Answer | None]:
        answers: list[Answer | None] = [None] * len(requests)
        by_path: dict[str, dict[str, tuple[int, FastCall]]] = {path: {} for path in FAST}
        for number, request in enumerate(requests):
            signed = by_path.get(request.path)
            if signed is not None and (call := _call_of(request)) is not None:
                signed.setdefault(call.gate_id, (number, call))  # each gate once
        for path, of_path in by_path.items():
            for number, outcome in _outcomes(path, of_path.values()):
                if outcome is not None:
                    g.menjin_request_id = marks[number][0]
                    answers[number] = self._answer(path, marks[number], outcome)
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


def _outcomes(
    path: str, signed: Collection[tuple[int, FastCall]]
) -> list[tuple[int, msgspec.Struct | Exception | None]]:
    """Return what comes of requests to one path, by their numbers; nothing where all of them fail."""
    if not signed:
        return []
    numbers, calls = zip(*signed, strict=True)
    try:
        return list(zip(numbers, FAST[path].answer(calls), strict=True))
    except Exception:  # noqa: BLE001 - each is worked out in full, and requests to another path have answers
        _log.exception("answering %d requests of gates to %s by a few statements failed", len(calls), path)
        return []


def _call_of(request: WholeRequest) -> FastCall | None:
    headers = {name: request.headers.get(variable, "") for name, variable in _SIGNED_HEADERS.items()}
    return fast_call("POST", request.path, headers, request.body)


def _status_and_message(path: str, outcome: msgspec.Struct | Exception) -> tuple[int, msgspec.Struct]:
    if isinstance(outcome, msgspec.Struct):
        return 200, outcome
    if isinstance(outcome, SyncRefused):
        return outcome.status, outcome.refusal
    _log.error("a gate's request to %s failed", path, exc_info=outcome)
    return 500, Refusal(error="server_error", detail="the server's log says more")
