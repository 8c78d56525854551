"""Check what a client sends once, before any library reads it.

JSON is parsed only at the routes that declared it (`takes_json`), in one place: UTF-8, an object, shallow
and short, every name once, every number finite (RFC 8259, section 4, and RFC 7493). Anywhere else the
login library, the forms and the interface find no JSON, under any content type.

No text may hold what cannot be stored: PostgreSQL refuses NUL, and half of a pair of surrogates is no
Unicode text. Gates' requests are left alone: a signed journal is judged entry by entry.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # it has no types
from werkzeug.datastructures import Authorization, ImmutableMultiDict
from werkzeug.exceptions import BadRequest, HTTPException, UnprocessableEntity, UnsupportedMediaType
from werkzeug.utils import cached_property

from web_admin.accounts.permissions import BLUEPRINTS_OF_GATES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

View = TypeVar("View", bound=Callable[..., Any])
Json = dict[str, object]

MAX_JSON_BYTES = 64 * 1024
MAX_JSON_DEPTH = 8
MAX_NUMBER_CHARS = 40
READING = frozenset({"GET", "HEAD", "OPTIONS"})

_NEXT = "next"
"""Names the page to go to afterwards, in questions and forms."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_BRACKETS_AND_TEXTS = re.compile(r'[\[{]|[\]}]|"(?:[^"\\]|\\.)*+"?', re.DOTALL)


class TextRefused(BadRequest):
    """A text that cannot be stored: `field` names it, `where` is query, form or json."""

    def __init__(self, field: str, where: str) -> None:
        shown = _UNSTORABLE.sub("�", field)[:60]
        self.field = shown
        self.sentence = _("“%(field)s” holds a character that is no text. Type it again.", field=shown)
        super().__init__(f"{shown}: holds a character that is no text")
        self.data = {"errors": {where: {shown: ["holds a character that is no text"]}}}


class JsonRefused(BadRequest):
    """A body that is no JSON object as this server takes it; says why."""

    def __init__(self, sentence: LazyString, description: str) -> None:
        self.sentence = sentence
        super().__init__(description)


class NoObject(UnprocessableEntity):
    """JSON that is right, but no object."""

    def __init__(self) -> None:
        self.sentence = _("The JSON has to be an object: {…}.")
        super().__init__("The JSON has to be an object.")
        self.data = {"errors": {"json": {"_schema": ["has to be an object"]}}}


class TypeRefused(UnsupportedMediaType):
    """A body of a type that this route does not read."""

    def __init__(self, *, json_here: bool) -> None:
        self.sentence = (
            _("Only JSON in UTF-8 is read here (application/json).")
            if json_here
            else _("No JSON is read here. Use the form of the page.")
        )
        super().__init__("Only JSON in UTF-8 is read here." if json_here else "No JSON is read here.")


class _Body:
    """A body whose broken chunks end like a lost connection, for which every library is ready."""

    def __init__(self, sent: IO[bytes]) -> None:
        self._sent = sent

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; raise OSError where the chunks are broken."""
        try:
            return self._sent.read(size)
        except ParseException as err:
            raise OSError("the body is broken off") from err


class CheckedRequest(Request):
    """A request whose JSON only `check_request` parses: libraries find what it left, or none."""

    json_object: Json | None = None

    def __init__(self, environ: "WSGIEnvironment", *args: Any, **kwargs: Any) -> None:
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        super().__init__(environ, *args, **kwargs)

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Return the cookies of plain ASCII, the only ones that we give: comparing others is an error."""
        sent = super().cookies.items(multi=True)
        return ImmutableMultiDict([(name, text) for name, text in sent if (name + text).isascii()])

    @property
    def is_json(self) -> bool:
        """Return whether the door let a JSON object in."""
        return self.json_object is not None

    @cached_property
    def authorization(self) -> Authorization | None:
        """Return the client's credentials, None where it cannot be read."""
        try:
            return Authorization.from_header(self.headers.get("Authorization"))
        except ValueError:
            return None

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002 - as its base has them
        """Return the object that the door let in; None or 415 where there is none."""
        if self.json_object is None and not silent:
            raise TypeRefused(json_here=takes_json_here())
        return self.json_object


def takes_json(view: View) -> View:
    """Declare a route whose body is a JSON object."""
    view.__dict__["menjin_takes_json"] = True
    return view


def takes_json_here() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "menjin_takes_json", False))


def init_request_checks(app: Flask) -> None:
    """Check every request before anything else reads it."""
    app.request_class = CheckedRequest
    app.before_request(check_request)


def check_request() -> None:
    """Read the JSON of a route that takes it, refuse it elsewhere; refuse text that cannot be stored.

    Raises TypeRefused (415), JsonRefused or TextRefused (400), NoObject (422), RequestEntityTooLarge (413).
    """
    if request.blueprint in BLUEPRINTS_OF_GATES:
        return
    heads = [(name, request.headers.get(name)) for name in ("Origin", "Referer")]
    _refuse_broken_addresses([*heads, (_NEXT, request.args.get(_NEXT))])
    _refuse_unstorable(_texts_of_address(), "query")
    if request.url_rule is None or request.method in READING:
        return
    json_here, is_json = takes_json_here(), _says_json(request.mimetype)
    if json_here:
        request.max_content_length = MAX_JSON_BYTES
    if is_json and not json_here:
        raise TypeRefused(json_here=False)
    if json_here and request.get_data(cache=True):
        if not is_json or request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            raise TypeRefused(json_here=True)
        read = json_object(request.get_data(cache=True))
        _refuse_unstorable(_texts_of_json(read), "json")
        request.json_object = read  # type: ignore[attr-defined]  # the app's requests are CheckedRequest
    if not json_here:
        _refuse_unstorable(_texts_of_form(), "form")
        _refuse_broken_addresses([(_NEXT, request.form.get(_NEXT))])


def json_object(body: bytes) -> Json:
    """Return the object in a body; raise JsonRefused (400) or NoObject (422) saying what is wrong."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as err:
        raise JsonRefused(_("The JSON is not written in UTF-8."), "The JSON is not UTF-8.") from err
    _check_depth(text)
    try:
        read = json.loads(
            text,
            object_pairs_hook=_each_once,
            parse_constant=_no_number,
            parse_int=_whole,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as err:
        raise JsonRefused(
            _("This is no JSON: %(why)s", why=str(err)[:200]), f"This is no JSON: {str(err)[:200]}"
        ) from err
    if not isinstance(read, dict):
        raise NoObject
    return read


def _says_json(mimetype: str) -> bool:
    return mimetype in ("application/json", "text/json") or (
        mimetype.startswith("application/") and mimetype.endswith("+json")
    )


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKETS_AND_TEXTS.finditer(text):
        mark = found[0][0]
        depth += 1 if mark in "[{" else -1 if mark in "]}" else 0
        if depth > MAX_JSON_DEPTH:
            raise JsonRefused(
                _("The JSON is nested deeper than %(count)s levels.", count=MAX_JSON_DEPTH),
                f"The JSON is nested deeper than {MAX_JSON_DEPTH} levels.",
            )


def _each_once(pairs: list[tuple[str, object]]) -> Json:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name occurs twice in an object")
    return read


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _whole(digits: str) -> int:
    if len(digits) > MAX_NUMBER_CHARS:
        raise ValueError("a number is too long")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if len(digits) > MAX_NUMBER_CHARS or number in (float("inf"), float("-inf")):
        raise ValueError("a number is too long")
    return number


# -- text that cannot be stored --------------------------------------------------------------------


def _refuse_unstorable(texts: Iterator[tuple[str, str]], where: str) -> None:
    for field, text in texts:
        if _UNSTORABLE.search(text) or _UNSTORABLE.search(field):
            raise TextRefused(field, where)


def _refuse_broken_addresses(addresses: Iterable[tuple[str, str | None]]) -> None:
    """Answer 400 to an address that is none: libraries take these apart without expecting that."""
    for name, address in addresses:
        try:
            urlsplit(address or "")
        except ValueError as err:
            raise BadRequest(f"{name} is no address.") from err


def _texts_of_address() -> Iterator[tuple[str, str]]:
    yield "address", request.path
    yield from request.args.items(multi=True)


def _texts_of_form() -> Iterator[tuple[str, str]]:
    for field, text in request.form.items(multi=True):
        yield _name_of(field), text
    for field, file in request.files.items(multi=True):
        yield _name_of(field), file.filename or ""


def _name_of(field: str | None) -> str:
    """Return a part's name; answer 400 to a part without one, which no form has a place for."""
    if field is None:
        raise BadRequest("A part of the form has no name.")
    return field


def _texts_of_json(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Give every text of a shallow JSON value with the path of its field: gates[0].name."""
    if isinstance(value, str):
        yield field or "json", value
    elif isinstance(value, list):
        yield from chain.from_iterable(
            _texts_of_json(one, f"{field}[{index}]") for index, one in enumerate(value)
        )
    elif isinstance(value, dict):
        for name, one in value.items():
            path = f"{field}.{name}" if field else name
            yield path, name
            yield from _texts_of_json(one, path)


def sentence_of(error: HTTPException) -> LazyString | None:
    """Return this module's text of a refusal, None for any other error."""
    return error.sentence if isinstance(error, TextRefused | JsonRefused | NoObject | TypeRefused) else None
