"""Authenticate API calls: the key, its scope, its limits, and errors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

from flask import Request, Response, g, jsonify, request
from flask_smorest import Blueprint, abort
from marshmallow import RAISE
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gate_controller.contract.client_places import place_of_address
from web_admin.accounts.api_keys import SCOPES, key_of, note_use
from web_admin.accounts.models import ApiKey
from web_admin.accounts.permissions import KEY, declare
from web_admin.action.base import Action, new_action
from web_admin.action.debt_words import speaks_of_debt, why_refused
from web_admin.action.lock_outs import LockOutRefused
from web_admin.api import dry_run
from web_admin.core.database import DatabaseSession, current_menjin, request_session
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import API_CALLS, API_UNKNOWN_CARDS, API_WRONG_KEYS
from web_admin.core.once import claimed_before
from web_admin.core.orm import Base
from web_admin.core.refusal import ActionRefused
from web_admin.web.context import row_of_site
from web_admin.web.rehearsal import effects_of_request
from web_admin.web.request_bodies import takes_json
from web_admin.web.site import current_site, request_now

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row", bound=Base)

READING = ("GET", "HEAD")
ONCE_HEADER = "Idempotency-Key"

KEY_ANSWERS: Mapping[int, str] = {
    401: "The key is missing, wrong, ended or too old.",
    403: "The key lacks the scope named in the message.",
    429: "Too many calls; the Retry-After header says for how many seconds to wait.",
}


class StrictParser(FlaskParser):
    """Refuses what is not asked for in an address too, where a typing error would change what is meant."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}  # noqa: RUF012 - as its base has it

    def _raw_load_json(self, req: Request) -> object:
        """Return the checked body: the library would parse any body itself."""
        return req.get_json() if req.is_json else missing


class StrictBlueprint(Blueprint):  # type: ignore[misc]  # the library has no types
    """A part of the interface."""

    ARGUMENTS_PARSER = StrictParser()


def blueprint(name: str, description: str) -> Blueprint:
    """Return an empty part of the interface."""
    return StrictBlueprint(f"api_{name}", __name__, description=description)


def needs_scope(scope: str) -> Callable[[View], View]:
    """Require a live key with this scope."""
    if scope not in SCOPES:
        raise ValueError(f"there is no scope {scope!r}")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: object, **kwargs: object) -> Any:
            _check_key(scope)
            if request.method not in READING and dry_run.is_asked_wrongly():
                refuse(422, dry_run.QUERY, errors={"query": {dry_run.PARAMETER: [dry_run.QUERY]}})
            if request.method not in READING and dry_run.is_asked():
                _check_scope(dry_run.SCOPE)
                return dry_run.rehearse(lambda: view(*args, **kwargs), _caller())
            return view(*args, **kwargs)

        documented = cast(Any, guarded)  # the library keeps an operation's description on the view
        answers = {str(code): {"description": text} for code, text in KEY_ANSWERS.items()}
        documented._apidoc = {
            **getattr(view, "_apidoc", {}),
            "manual_doc": {"responses": answers, "description": f"Scope: `{scope}`."},
        }
        takes_json(guarded)
        return declare(guarded, KEY, scope)  # type: ignore[return-value]  # same call, same answer

    return decorate


def _check_key(scope: str) -> None:
    counts, now = current_counts(), request_now()
    authorization = request.authorization
    text = authorization.token if authorization is not None and authorization.type == "bearer" else None
    key = key_of(request_session(), text or "", now)
    if key is None:
        # After the key, never before: wrong keys lock no right one out. No one guesses 256 bits.
        wait = counts.take(CountedTries(API_WRONG_KEYS, (place_of_address(request.remote_addr or ""),)), now)
        if wait:
            refuse(429, "Too many wrong keys from this address.", headers={"Retry-After": str(wait)})
        refuse(401, "Send a live key: Authorization: Bearer mjk_…", headers={"WWW-Authenticate": "Bearer"})
    g.menjin_key = key
    wait = counts.take(CountedTries(API_CALLS, (key.key_id,)), now)
    if wait:
        refuse(429, "This key has called too often.", headers={"Retry-After": str(wait)})
    _check_scope(scope)
    if key.last_used_on != now.date():
        # In a transaction of its own: a call that only reads has one that cannot write.
        with short_transaction() as session:
            note_use(session, key.key_id, now)


def _check_scope(scope: str) -> None:
    if scope not in current_key().scopes:
        refuse(403, f"This key lacks the scope {scope}.")


def check_card_misses() -> None:
    """Count a card number that this key asks for; answer 429 after too many unknown numbers."""
    wait = current_counts().take(_card_misses(), request_now())
    if wait:
        refuse(429, "This key has asked for too many unknown cards.", headers={"Retry-After": str(wait)})


def note_card_hit() -> None:
    """Give back what `check_card_misses` counted: the number is known."""
    current_counts().give_back(_card_misses(), request_now())


def _card_misses() -> CountedTries:
    return CountedTries(API_UNKNOWN_CARDS, (current_key().key_id,))


@contextmanager
def short_transaction() -> Iterator[DatabaseSession]:
    """Yield a session that can write: one of its own where the call itself only reads."""
    if request.method in READING:
        with current_menjin().database.session() as session:
            yield session
    else:
        yield request_session()


def current_key() -> ApiKey:
    """Return the key of this call."""
    return cast(ApiKey, g.menjin_key)


def api_action() -> Action:
    """Return the action of the calling system, now."""
    menjin = replace(current_menjin(), effects=effects_of_request())
    site_id = current_site().site_id
    return new_action(menjin, request_session(), site_id, _caller(), "api", now=request_now())


def _caller() -> str:
    return f"key:{current_key().key_id}"


@contextmanager
def acting() -> Iterator[Action]:
    """Yield the action of this call; answer 409 when its Idempotency-Key was used, 422 when it is refused."""
    act, once = api_action(), request.headers.get(ONCE_HEADER, "")
    if once and not 16 <= len(once) <= 60:
        refuse(422, f"{ONCE_HEADER}: use 16 to 60 characters.")
    if once and claimed_before(act.session, f"{current_key().key_id}:{once}", act.now):
        refuse(409, f"{ONCE_HEADER}: this call was made before; nothing was done twice.")
    try:
        yield act
    except LockOutRefused as err:
        refuse(409, "last_way_in", errors={"last_way_in": [str(err)]})
    except ActionRefused as err:
        refuse(422, str(err), errors={"json": {err.field or "_": [str(err)]}})


def found_or_404(kind: type[Row], key: str) -> Row:
    """Return a row of this compound; answer 404 for one that is not known here."""
    row = row_of_site(request_session(), kind, key)
    if row is None:
        refuse(404, "There is nothing under this id.")
    return row


def refuse(code: int, message: str, **more: object) -> NoReturn:
    """Answer a no with its reason."""
    abort(code, message=message, **more)
    raise AssertionError("abort raises")


def _citing_the_rule(errors: object) -> object:
    """Say of each field that speaks of debt why none is taken."""
    if not isinstance(errors, Mapping):
        return errors
    return {
        name: [str(why_refused(name))] if speaks_of_debt(str(name)) else _citing_the_rule(about)
        for name, about in errors.items()
    }


def answer_in_json(error: HTTPException) -> Response:
    """Return an error of the interface as its document says: code, status, message, errors by field."""
    data: Mapping[str, object] = getattr(error, "data", None) or {}
    body: dict[str, object] = {"code": error.code, "status": error.name}
    body["message"] = data.get("message", error.description or error.name)
    errors = data.get("errors", data.get("messages"))
    if errors is not None:
        body["errors"] = _citing_the_rule(errors)
    answer = jsonify(body)
    answer.status_code = error.code or 500
    for name, value in cast(Mapping[str, str], data.get("headers") or {}).items():
        answer.headers[name] = value
    if error.code == 405 and isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer
