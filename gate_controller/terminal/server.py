"""Serve the terminal page to the gate's own screen, on this machine only."""

import hashlib
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from babel import Locale
from cheroot import wsgi
from cheroot.server import HTTPConnection, HTTPRequest
from flask import Flask, Response, jsonify, render_template, request, send_file
from flask_babel import Babel, force_locale
from werkzeug.exceptions import HTTPException

from gate_controller.contract import call_media
from gate_controller.contract.languages import LANGUAGES, WRITTEN_IN, Language, html_tag
from gate_controller.terminal.entry_guard import EntryGuard
from gate_controller.terminal.stalled_readers import StalledReaders
from gate_controller.terminal.texts import page_texts
from gate_controller.terminal.view import (
    LanguagePressed,
    Screen,
    TerminalAction,
    TerminalView,
    decode_action,
)
from gate_controller.terminal.view_feed import HEARTBEAT_SECONDS, MAX_LISTENERS, ViewFeed

PAGE = "page"
LOG = logging.getLogger(__name__)
FOLDER = Path(__file__).parent
MAX_ACT_BYTES = 2048
"""A side of a call's sound with all its addresses has some 900."""
CALL_MEDIA = Path(call_media.__file__).with_suffix(".js")
SPARE_THREADS = 16
"""Beside those of streams; half of them may wait for what a connection has not sent yet.

A browser opens six connections at once for the page's scripts, and a script whose connection was dropped
leaves the screen dark: so more than six may wait.
"""
MAX_HEADER_BYTES = 8192
REFUSED_LINE = "Refused: this page is for the gate's own screen.\n"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class TerminalServer:
    """The terminal page of one lane: actions go up through `actions`, views come down through `show`.

    `actions` is called from a request's thread and must return at once (a queue's `put`). `port` 0 takes
    any free port. Raise ValueError on a host that is not loopback, a short token, an unknown language
    or one whose translation is not compiled.
    """

    def __init__(
        self,
        actions: Callable[[TerminalAction], None],
        *,
        port: int,
        launch_token: str,
        host: str = "127.0.0.1",
        languages: Sequence[str] = LANGUAGES,
        site_name: str = "",
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        call_sound: bool = False,
        call_picture: bool = False,
    ) -> None:
        if not ipaddress.IPv4Address(host).is_loopback:
            raise ValueError(f"The terminal page is served on loopback only, not on {host}.")
        self._actions = actions
        self._launch_token = launch_token
        self._languages = _checked_languages(languages)
        self._site_name = site_name
        self._opens = {"camera": call_picture, "microphone": call_sound, "geolocation": False}
        first = TerminalView(screen=Screen.FAULT, message="starting", language=self._languages[0])
        self._build = _digest_of_page()
        self._feed = ViewFeed(self._build, first, heartbeat_seconds=heartbeat_seconds)
        self._server = _QuietServer(
            (host, port),
            self._make_app(),
            numthreads=MAX_LISTENERS + SPARE_THREADS,
            shutdown_timeout=2,
        )
        self._server.stalled_readers = StalledReaders(SPARE_THREADS // 2)
        self._server.max_request_body_size = MAX_ACT_BYTES
        self._server.max_request_header_size = MAX_HEADER_BYTES
        self._guard = EntryGuard(launch_token, port)
        self._thread = threading.Thread(target=self._server.serve, name="terminal-page", daemon=True)

    @property
    def address(self) -> str:
        """Return the page's address without the token, after `start`."""
        host, port = self._server.bind_addr
        return f"http://{host}:{port}/"

    @property
    def launch_url(self) -> str:
        """Return the address that signs a browser in; a secret."""
        return f"{self.address}?{urlencode({'token': self._launch_token})}"

    def start(self) -> None:
        """Bind the port and serve in threads; raise OSError when the port is taken."""
        _check_free(*self._server.bind_addr)
        self._server.prepare()
        self._guard = EntryGuard(self._launch_token, self._server.bind_addr[1])
        self._thread.start()

    def stop(self) -> None:
        """End all streams and threads within some seconds; a second call does nothing."""
        self._feed.close()
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()

    def show(self, view: TerminalView) -> None:
        """Show this view on every open page; return at once, from any thread."""
        self._feed.show(view)

    def _make_app(self) -> Flask:
        app = Flask(__name__, template_folder="templates", static_folder="static")
        app.config["MAX_CONTENT_LENGTH"] = MAX_ACT_BYTES
        app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
        Babel(app, default_locale=WRITTEN_IN, default_translation_directories="translations")
        app.before_request(self._refuse_strangers)
        app.after_request(_add_headers)
        app.after_request(self._add_permissions)
        app.register_error_handler(HTTPException, _plain_error)
        app.add_url_rule("/", PAGE, self._page, methods=["GET"])
        app.add_url_rule("/call_media.js", view_func=self._call_media, methods=["GET"])
        app.add_url_rule("/texts.json", view_func=self._texts, methods=["GET"])
        app.add_url_rule("/events", view_func=self._events, methods=["GET"])
        app.add_url_rule("/acts", view_func=self._action, methods=["POST"])
        return app

    def _refuse_strangers(self) -> Response | None:
        if self._guard.has_own_host(request):
            if request.method == "GET" and request.path == "/" and "token" in request.args:
                if self._guard.accepts_token(request.args["token"]):
                    return self._sign_in()
            elif self._guard.accepts(request):
                return None
        return Response(REFUSED_LINE, HTTPStatus.FORBIDDEN, mimetype="text/plain")

    def _sign_in(self) -> Response:
        # A redirect that began in the kiosk's launch file counts as cross-site, and the browser would
        # hold the Strict cookie back; a page of our own that moves on does not.
        response = Response(
            '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Menjin</title>\n',
            mimetype="text/html",
        )
        response.set_cookie(
            self._guard.cookie_name, self._guard.cookie_value, path="/", httponly=True, samesite="Strict"
        )
        return response

    def _page(self) -> str:
        language = self._feed.view.language
        with force_locale(language):
            return render_template(
                "terminal.html",
                texts=page_texts(),
                language=html_tag(language),
                site_name=self._site_name,
                build=self._build,
            )

    def _add_permissions(self, response: Response) -> Response:
        # The one page may open what the site file lets it open in calls, and no other answer anything.
        is_page = request.endpoint == PAGE
        allowed = {name: "(self)" if may and is_page else "()" for name, may in self._opens.items()}
        response.headers["Permissions-Policy"] = ", ".join(f"{name}={to}" for name, to in allowed.items())
        return response

    def _call_media(self) -> Response:
        return send_file(CALL_MEDIA, mimetype="text/javascript")

    def _texts(self) -> Response:
        pages = {}
        for language in self._languages:
            with force_locale(language):
                pages[language] = {
                    "name": Locale.parse(language).display_name,
                    "html_language": html_tag(language),
                    "full_stop": Language(language).full_stop,
                    "gap": Language(language).gap,
                    "texts": page_texts(),
                }
        return jsonify(pages)

    def _events(self) -> Response:
        return Response(self._feed.listen(), mimetype="text/event-stream")

    def _action(self) -> Response:
        if request.mimetype != "application/json":
            return Response("Acts are JSON.\n", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, mimetype="text/plain")
        try:
            action = decode_action(request.get_data())
        except (msgspec.MsgspecError, ValueError):
            # The error would quote what was sent, which may be a digit of a PIN.
            return Response("This is no act.\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
        if isinstance(action, LanguagePressed) and action.language not in self._languages:
            return Response("No such language here.\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
        self._actions(action)
        return Response(status=HTTPStatus.NO_CONTENT)


class PlainRequest(HTTPRequest):
    """A request whose first line may be anything: what is no address is the client's fault, not ours."""

    def read_request_line(self) -> bool:
        """Read the first line; answer 400 to an address that cannot be taken apart."""
        try:
            return bool(super().read_request_line())  # type: ignore[no-untyped-call]  # it has no types
        except ValueError:
            self.simple_response("400 Bad Request", "Malformed Request-URI.")
            return False


class ForgettingConnection(HTTPConnection):
    """A connection that takes what a browser did not wait for to its end.

    Cheroot leaves it in a buffer, and Python 3.13 complains on the terminal when it cannot be sent.
    """

    RequestHandlerClass = PlainRequest

    def close(self) -> None:
        """Close the connection and drop what was not sent."""
        super().close()
        self.wfile.raw.close()


class _WatchedConnection(ForgettingConnection):
    def __init__(self, server: "_QuietServer", sock: socket.socket, makefile: object = None) -> None:
        """Take a connection; its reader counts among those for which threads wait."""
        del makefile
        super().__init__(server, sock, server.stalled_readers.make_file)


class _QuietServer(wsgi.Server):
    """Cheroot, with its complaints in our log and nothing about requests in them."""

    ConnectionClass = _WatchedConnection
    stalled_readers: StalledReaders

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        LOG.log(level, "terminal page: %s", msg, exc_info=traceback)


def _checked_languages(languages: Sequence[str]) -> tuple[str, ...]:
    if not languages:
        raise ValueError("The terminal page needs at least one language.")
    for language in languages:
        compiled = FOLDER / "translations" / language / "LC_MESSAGES" / "messages.mo"
        if language != WRITTEN_IN and not compiled.with_suffix(".po").exists():
            raise ValueError(f"The terminal page has no translation for {language!r}.")
        if language != WRITTEN_IN and not compiled.exists():
            raise ValueError(f"The translation for {language!r} is not compiled; run 'make setup'.")
    return tuple(languages)


def _check_free(host: str, port: int) -> None:
    """Raise OSError when the port is taken; cheroot would leave its socket open and say less."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as err:
            raise OSError(err.errno, f"The terminal page cannot use {host}:{port}: {err.strerror}") from err


def _digest_of_page() -> str:
    """Return a short digest over the page's files, by which an open page sees that it is outdated."""
    whole = hashlib.sha256()
    parts = [*FOLDER.glob("static/*"), *FOLDER.glob("templates/*"), *FOLDER.glob("*.py"), CALL_MEDIA]
    for file in sorted(parts):
        whole.update(file.name.encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()[:16]


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _plain_error(error: HTTPException) -> Response:
    return Response(f"{error.name}.\n", error.code, mimetype="text/plain")
