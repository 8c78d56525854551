"""Assemble the pages: languages, headers, sign-in, the console, errors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask_babel import Babel, get_locale
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from gate_controller.contract.languages import DEFAULT_LANGUAGE, LANGUAGES, Language, html_tag
from gate_controller.contract.program import program_version
from head_office.accounts import signed_in
from head_office.asking.rounds import CompoundList
from head_office.pages import console, sign_in, words
from head_office.settings import Settings
from head_office.storage import Storage

MAX_FORM_BYTES = 16 * 1024
LANGUAGE_COOKIE = "menjin_head_office_language"
OPEN_TO_EVERYONE = frozenset(
    {"static", "sign_in.show", "sign_in.send", "sign_in.switch_language", "console.healthz"}
)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000"


@dataclass(frozen=True, slots=True)
class Office:
    """Parts that every page may use; the clock is the only one it may read."""

    settings: Settings
    storage: Storage
    known: Callable[[], CompoundList]
    clock: Callable[[], datetime]

    @property
    def is_https(self) -> bool:
        """Return whether browsers reach the pages over TLS."""
        return self.settings.public_url.startswith("https://")


def create_app(office: Office) -> Flask:
    """Build the pages; `known` gives the compounds of the file as it is now."""
    home = Path(__file__).parents[1]
    app = Flask(
        "head_office",
        root_path=str(home),
        template_folder="templates",
        static_folder="static",
    )
    app.debug = False  # whatever FLASK_DEBUG says
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=0,
        BABEL_TRANSLATION_DIRECTORIES=str(home / "translations"),
    )
    app.extensions["head_office"] = office
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if office.settings.trusted_proxies:
        hops = office.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    Babel(app, locale_selector=_choose_language, timezone_selector=lambda: office.settings.timezone)
    app.before_request(_refuse_foreign_forms)
    app.before_request(_ask_who_it_is)
    app.after_request(_add_headers)
    app.register_blueprint(sign_in.bp)
    app.register_blueprint(console.bp)
    app.register_error_handler(HTTPException, _show_error)
    app.context_processor(_page_words)
    for name in ("span", "sentence", "trouble", "alarm", "way", "count_range", "shown_text"):
        app.add_template_filter(getattr(words, name), name)
    app.add_template_filter(html_tag, "language_tag")
    return app


def current_office() -> Office:
    return cast(Office, current_app.extensions["head_office"])


def _choose_language() -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT_LANGUAGE


def _page_language() -> str:
    code = str(get_locale() or DEFAULT_LANGUAGE).partition("_")[0]
    return code if code in LANGUAGES else DEFAULT_LANGUAGE


def _page_words() -> dict[str, object]:
    office = current_office()
    return {
        "language": _page_language(),
        "languages": {language.value: language.own_name for language in Language},
        "who": g.get("who"),
        "now": office.clock().astimezone(ZoneInfo(office.settings.timezone)),
        "program": program_version(),
    }


def _refuse_foreign_forms() -> Response | None:
    """Refuse a form that another site's page sent; every browser names the page that sends one."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    office = current_office()
    here = office.settings.public_url.rstrip("/") or request.host_url.rstrip("/")
    if request.headers.get("Origin", "").lower() == _origin(here):
        return None
    return _page_of_error(403)


def _origin(address: str) -> str:
    parts = urlsplit(address.lower())
    return f"{parts.scheme}://{parts.netloc}"


def _ask_who_it_is() -> Response | None:
    office = current_office()
    token = request.cookies.get(sign_in.cookie_name(office.is_https), "")
    g.who = signed_in(office.storage, token, office.clock())
    if g.who is not None or request.endpoint in OPEN_TO_EVERYONE:
        return None
    if request.method == "GET":
        return redirect(url_for("sign_in.show", next=request.full_path.rstrip("?")), 303)
    return _page_of_error(401)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    if current_office().is_https:
        response.headers["Strict-Transport-Security"] = HSTS
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Vary"] = "Cookie, Accept-Language"
    return response


def _show_error(error: HTTPException) -> Response:
    return _page_of_error(error.code or 500)


def _page_of_error(code: int) -> Response:
    g.setdefault("who", None)
    return Response(render_template("error.html", code=code, **words.error(code)), code, mimetype="text/html")
