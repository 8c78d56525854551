"""Verify signature, counter and size of a gate's request.

A counter that only grows shows a cloned gate: two machines with one key cannot both use it without
one of them repeating a number.
"""

import base64
import binascii
import contextlib
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

import msgspec
from flask import Blueprint, Response, current_app, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.messages import (
    COUNTER_HEADER,
    GATE_HEADER,
    SIGNATURE_HEADER,
    HandoverPage,
    Refusal,
    TombstoneBatch,
)
from gate_controller.contract.signing import REQUEST_DOMAIN, SignatureRefused, request_message, verify
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Gate
from web_admin.compound.queries import key_of_gate, lock_site_of_gate, locked_gate
from web_admin.core.database import DatabaseSession, Menjin, current_menjin
from web_admin.core.lock_order import SiteFirst
from web_admin.events.entry_reading import ReadBatch
from web_admin.gates.last_answers import Call

LATE_WINDOW = 16
"""By how many numbers a signed request may be late before it means that the key was copied."""
MAX_COUNTER = 2**53
LAST_COUNTER = 2**31 - 1
"""Largest counter that the database can store; an honest gate is there after a century."""
MAX_AHEAD = 2**24
"""By how many numbers a request may be ahead: a gate that tried every two seconds for a year, unheard."""
GATE_RETIRED = "this gate was taken out of use: switch its controller off, or pair one with the gate again"

T = TypeVar("T")
_log = logging.getLogger(__name__)


class SyncRefused(Exception):
    """The answer to this request is no; what was noted about the gate until then is kept."""

    def __init__(self, status: int, error: str, detail: str) -> None:
        """Take the HTTP status, the stable word and the sentence for the installer."""
        super().__init__(f"{error}: {detail}")
        self.status = status
        self.refusal = Refusal(error=error, detail=detail[:400])


def gates_blueprint(name: str, url_prefix: str | None = None) -> Blueprint:
    """Return a blueprint for gates, whose every refusal and fault is a `Refusal` and no page."""
    made = Blueprint(name, __name__, url_prefix=url_prefix)

    @made.errorhandler(SyncRefused)
    def refuse(refused: SyncRefused) -> Response:
        return answer(refused.status, refused.refusal)

    @made.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        return answer(error.code or 500, Refusal(error="http_error", detail=error.name))

    @made.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        _log.error("a gate's request to %s failed", request.path, exc_info=error)
        return answer(500, Refusal(error="server_error", detail="the server's log says more"))

    return made


def answer(status: int, message: msgspec.Struct) -> Response:
    """Return a message as the JSON body of an answer."""
    return Response(msgspec.json.encode(message), status, mimetype="application/json")


# -- reading a request -----------------------------------------------------------------------------


def read_body(limit: int) -> bytes:
    """Return the request's body; raise SyncRefused when it is longer than `limit` bytes."""
    request.max_content_length = limit
    try:
        return request.get_data()
    except RequestEntityTooLarge as err:
        raise SyncRefused(413, "body_too_large", f"at most {limit} bytes are taken here") from err


def json_of(type_: type[T]) -> Callable[[bytes], T]:
    """Return the decoder of a body as this message."""
    return msgspec.json.Decoder(type_).decode


def decode(body: bytes, read: Callable[[bytes], T]) -> T:
    """Return the message in a body; raise SyncRefused saying what is wrong with it."""
    try:
        return read(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as err:
        raise SyncRefused(400, "body_unreadable", str(err)) from err


def signed_headers() -> tuple[str, int, bytes]:
    """Return who says to ask, the counter and the signature; raise SyncRefused on unreadable ones."""
    return read_signed_headers(request.headers)


def read_signed_headers(headers: Headers | Mapping[str, str]) -> tuple[str, int, bytes]:
    """Return what `signed_headers` does, of these headers."""
    gate_id = headers.get(GATE_HEADER, "")
    counter = headers.get(COUNTER_HEADER, "")
    try:
        signature = base64.b64decode(headers.get(SIGNATURE_HEADER, ""), validate=True)
    except (binascii.Error, ValueError) as err:
        raise SyncRefused(401, "signature_wrong", f"{SIGNATURE_HEADER} is not base64") from err
    if not counter.isascii() or not counter.isdecimal() or len(counter) > 16 or int(counter) > MAX_COUNTER:
        raise SyncRefused(401, "counter_unreadable", f"{COUNTER_HEADER} has to be a whole number")
    return gate_id, int(counter), signature


def check_signature(
    public_key: bytes | None, body: bytes, gate_id: str, counter: int, signature: bytes
) -> bytes:
    """Return the signed message; raise SyncRefused unless this key signed this very request."""
    query = request.query_string.decode("latin-1")
    path = f"{request.path}?{query}" if query else request.path
    message = request_message(request.method, path, body, gate_id, counter)
    return signed_message(public_key, message, signature)


def signed_message(public_key: bytes | None, message: bytes, signature: bytes) -> bytes:
    """Return a request's message if this key signed it; raise SyncRefused otherwise."""
    try:
        verify(public_key or b"", REQUEST_DOMAIN, message, signature)
    except SignatureRefused as err:
        raise SyncRefused(401, "signature_wrong", "the signature is not this gate's") from err
    return message


def _check_counter(session: DatabaseSession, gate: Gate, counter: int, message: bytes, now: datetime) -> None:
    """Advance the counter; raise SyncRefused on a repeat, and mark the gate as cloned on a fork.

    Once two machines use the key, no number says which of them is the gate: every request is answered, as
    one of a distrusted gate.
    """
    if gate.forked_at is not None:
        return
    digest = hashlib.sha256(message).digest()
    newest = gate.request_counter
    if newest < counter <= min(newest + MAX_AHEAD, LAST_COUNTER):
        gate.request_counter, gate.request_digest = counter, digest
        return
    if counter == newest and digest == gate.request_digest:
        raise SyncRefused(409, "counter_repeated", f"request {counter} was answered before")
    if 0 < newest - counter <= LATE_WINDOW:
        raise SyncRefused(409, "counter_late", f"request {counter} came after request {newest}")
    gate.forked_at = now
    _log.warning("gate %s is cloned: counter %d after %d", gate.gate_id, counter, newest)
    raise_alarm(
        session,
        gate.site_id,
        EventKind.ALARM_GATE_FORKED,
        now,
        gate_id=gate.gate_id,
        detail=f"request {counter} after {newest}: the key of this gate is in two places",
        once=True,
    )
    raise SyncRefused(409, "counter_forked", "the key of this gate is in use in two places")


def _locked_gate(session: DatabaseSession, gate_id: str, *, alone: bool = True) -> Gate:
    gate = locked_gate(session, gate_id, alone=alone)
    if gate is not None and gate.state == "retired":
        raise SyncRefused(403, "gate_retired", GATE_RETIRED)
    if gate is None or gate.public_key is None or gate.state not in {"paired", "stolen"}:
        raise SyncRefused(403, "gate_unknown", "this server knows no such paired gate")
    return gate


class _PairedAgain(Exception):
    """The gate has another key than the one that the request was checked by: it has to be checked again."""


@dataclass(frozen=True, slots=True)
class FastCall:
    """A request that was signed by the key that this process remembers of the gate."""

    gate_id: str
    public_key: bytes
    body: bytes
    call: Call


@dataclass(frozen=True, slots=True)
class _SignedCall:
    """A request that a gate signed, and by which key; `is_trusted` as far as is known without its row."""

    public_key: bytes
    body: bytes
    message: bytes
    is_trusted: bool


def signed_call(
    limit: int,
    read: Callable[[bytes], T],
    handle: Callable[[Menjin, DatabaseSession, Gate, T, datetime], msgspec.Struct],
) -> Response:
    """Check who asks, then answer, in one transaction. A refusal keeps what was noted about the gate.

    A transaction that locked the gate alone and turns out to need the site begins again with the site; one
    that finds another key at the gate begins again with that.
    """
    menjin = current_menjin()
    now = menjin.clock()
    gate_id, counter, signature = signed_headers()
    call = _checked_call(menjin, limit, gate_id, counter, signature)
    content = decode(call.body, read)

    def answered(*, site_first: bool) -> Response:
        with menjin.database.session() as session:
            try:
                if site_first:
                    lock_site_of_gate(session, gate_id)
                gate = _locked_gate(session, gate_id, alone=not site_first)
                if gate.public_key != call.public_key:
                    raise _PairedAgain
                if not gate.is_trusted:
                    _gate_keys().pop(gate_id, None)  # from now on the site is locked first
                _check_counter(session, gate, counter, call.message, now)
                return answer(200, handle(menjin, session, gate, content, now))
            except SyncRefused as err:
                refused = err
        return answer(refused.status, refused.refusal)

    try:
        try:
            return answered(site_first=_needs_the_site(content, is_trusted=call.is_trusted))
        except SiteFirst:
            _log.debug("gate %s: begins again with the site locked", gate_id)
        return answered(site_first=True)
    except _PairedAgain:
        _gate_keys().pop(gate_id, None)
        return signed_call(limit, read, handle)


def _checked_call(menjin: Menjin, limit: int, gate_id: str, counter: int, signature: bytes) -> _SignedCall:
    """Return the request if the gate signed it, by the key that this process remembers or the database has.

    A remembered key saves a transaction; the gate's row, once it is locked, says whether it is still the key.
    """
    keys = _gate_keys()
    known = keys.get(gate_id)
    if known is not None:
        body = read_body(limit)
        with contextlib.suppress(SyncRefused):  # by the key in the database, the answer may be another
            message = check_signature(known, body, gate_id, counter, signature)
            return _SignedCall(known, body, message, is_trusted=True)
    with menjin.database.snapshot() as session:
        known, is_trusted = key_of_gate(session, gate_id)
    if known is None:
        raise SyncRefused(403, "gate_unknown", "this server knows no such paired gate")
    body = read_body(limit)
    message = check_signature(known, body, gate_id, counter, signature)
    if is_trusted:
        keys[gate_id] = known
    return _SignedCall(known, body, message, is_trusted=is_trusted)


def fast_call(method: str, path: str, headers: Headers | Mapping[str, str], body: bytes) -> FastCall | None:
    """Return the request if a remembered key signed it; None where the database has to say what it is."""
    try:
        gate_id, counter, signature = read_signed_headers(headers)
        public_key = _gate_keys().get(gate_id)
        if public_key is None or counter > LAST_COUNTER:
            return None
        message = signed_message(public_key, request_message(method, path, body, gate_id, counter), signature)
    except SyncRefused:
        return None  # by the key in the database, the answer may be another
    return FastCall(gate_id, public_key, body, Call(counter, hashlib.sha256(message).digest(), MAX_AHEAD))


def _gate_keys() -> dict[str, bytes]:
    """Return the public keys of trusted gates that this process has read; a gate may have another by now."""
    return cast(dict[str, bytes], current_app.extensions["menjin_gate_keys"])


def check_signed_get() -> None:
    """Let a request without a body pass that a paired gate signed; raise SyncRefused on any other.

    Its number counts like that of every request, so that a copied one is refused.
    """
    menjin = current_menjin()
    gate_id, counter, signature = signed_headers()
    refused: SyncRefused | None = None
    with menjin.database.session() as session:
        gate = _locked_gate(session, gate_id)
        message = check_signature(gate.public_key, b"", gate_id, counter, signature)
        try:
            _check_counter(session, gate, counter, message, menjin.clock())
        except SyncRefused as err:
            refused = err  # what was noted about the gate is kept
    if refused is not None:
        raise refused


def _needs_the_site(content: object, *, is_trusted: bool) -> bool:
    """Return whether a gate's message always leads to a change under the site's lock.

    What an entry of a journal leads to is seen when it is taken (`core/lock_order.py`).
    """
    if isinstance(content, ReadBatch):
        return not is_trusted
    return isinstance(content, TombstoneBatch | HandoverPage)
