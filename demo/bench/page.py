"""Serve the front page and the bench page, which operates the simulated devices, on this machine only."""

import ipaddress
import json
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from cheroot import wsgi
from flask import Flask, Response, jsonify, redirect, render_template, request, stream_with_context
from flask_babel import Babel
from werkzeug.wrappers import Response as BaseResponse

import web_admin
from demo.actors.phone import PageRefused
from demo.bench.actions import BenchActs, BenchRefused
from demo.bench.entrances import AT_HOME, DOORS, Entrances
from demo.bench.front_texts import FRONT_TEXTS
from demo.bench.state import BenchState
from demo.bench.texts import TEXTS, device_name, one_name
from demo.rig.processes import StartRefused, free_port
from demo.stage import Stage
from demo.world.compound import Member
from gate_controller.terminal.server import ForgettingConnection
from hardware.interfaces import InputKind

ACT_HEADER = "Menjin-Bench"
LOOK_SECONDS = 0.15
HEARTBEAT_SECONDS = 3.0
MAX_BODY_BYTES = 4096
PRESSES = (InputKind.EXIT_BUTTON.value, InputKind.GUARD_BUTTON.value, InputKind.INTERCOM.value)
"""Contacts that a hand lets go of again."""
SHOWN_TELEPHONE_KEYS = ("9", "0", "7", "1")
TRANSLATIONS = Path(web_admin.__file__).parent / "translations"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self' "
)
"""Ends with where forms lead: to the server, which the front page opens for a person."""
BROWSER_HEADERS = ("User-Agent", "Accept-Language")
"""A sign-in counts as made by the browser that it is handed to."""


class BenchPage:
    """Serves the page until closed."""

    def __init__(self, stage: Stage) -> None:
        """Serve at a free port."""
        self._stage = stage
        self._state = BenchState(stage)
        self._acts = BenchActs(stage, self._state)
        self._entrances = Entrances(stage)
        self._closed = threading.Event()
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/"
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self.app = self._make_app()
        self._server = wsgi.Server(("127.0.0.1", port), self.app, numthreads=12, shutdown_timeout=2)
        self._server.ConnectionClass = ForgettingConnection
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name="bench-page", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End every stream and stop serving."""
        self._closed.set()
        self._server.stop()
        self._thread.join()

    def _make_app(self) -> Flask:
        app = Flask("demo")  # its templates lie at the top of the package
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
        # The journal is worded as the office's pages word it.
        app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
        Babel(app, locale_selector=_language)
        app.before_request(self._refuse_strangers)
        app.after_request(self._add_headers)
        routes: tuple[tuple[str, Callable[..., Any], str], ...] = (
            ("/", self._front, "GET"),
            ("/enter/<door>", self._enter, "POST"),
            ("/street", self._street, "GET"),
            ("/events", self._events, "GET"),
            ("/acts", self._act, "POST"),
        )
        for path, view, method in routes:
            app.add_url_rule(path, view.__name__, view, methods=[method])
        return app

    def _refuse_strangers(self) -> Response | None:
        """Accept this machine and these pages: no foreign name for 127.0.0.1, no page of another origin."""
        host = request.headers.get("Host", "")
        own = host in self._hosts and ipaddress.ip_address(request.remote_addr or "::").is_loopback
        if own and request.method == "POST":
            own = request.headers.get("Origin") == f"http://{host}"
            # A form of the front page sends no header of its own; all that moves a device has one.
            own = own and (request.endpoint == "_enter" or request.headers.get(ACT_HEADER) == "1")
        if own and request.endpoint != "_front":  # a link elsewhere may lead to the front page
            own = request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
        if own:
            return None
        return Response(
            "Refused: this page is for this machine.\n", HTTPStatus.FORBIDDEN, mimetype="text/plain"
        )

    def _front(self) -> BaseResponse | str:
        if not request.host.startswith("127.0.0.1"):  # or the server would get no cookie of this page
            return redirect(self.address)
        language, north, home = _language(), self._stage.gates["north"], self._stage.member(AT_HOME)
        family = [member for member in self._stage.compound.cards if member.home == home.home]
        return render_template(
            "front.html",
            text=FRONT_TEXTS[language],
            language=language,
            other="en" if language == "zh" else "zh",
            home=home,
            names=[one_name(member.name, language) for member in family],
            screen=north.launch_url,
            has_face=bool(north.face_rows()),
        )

    def _enter(self, door: str) -> BaseResponse:
        """Sign this browser in as one of the compound's people and send it to their pages."""
        if door not in DOORS:
            return Response("No such door.\n", HTTPStatus.NOT_FOUND, mimetype="text/plain")
        sent = {name: request.headers[name] for name in BROWSER_HEADERS if name in request.headers}
        try:
            entered = self._entrances.enter(door, sent)
        except (PageRefused, StartRefused, OSError) as err:
            return Response(f"{err}\n", HTTPStatus.SERVICE_UNAVAILABLE, mimetype="text/plain")
        response = redirect(entered.address, HTTPStatus.SEE_OTHER)
        for name, value in entered.cookies.items():
            if value:
                response.set_cookie(name, value, httponly=True, samesite="Lax")
            else:
                response.delete_cookie(name)
        return response

    def _street(self) -> str:
        language = _language()
        return render_template(
            "bench.html",
            text=TEXTS[language],
            language=language,
            other="en" if language == "zh" else "zh",
            gates=self._stage.gates,
            cards=self._cards(),
            presses=PRESSES,
            telephone_keys=SHOWN_TELEPHONE_KEYS,
            device_name=device_name,
        )

    def _add_headers(self, response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY + self._stage.server.address
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"  # a form without one sends `Origin: null`
        return response

    def _cards(self) -> list[Member]:
        """Return all cards, those of the script's cast first."""
        cast = list(self._stage.compound.cast.values())
        return cast + [member for member in self._stage.compound.cards if member not in cast]

    def _events(self) -> Response:
        listening = stream_with_context(self._listen(_language()))
        return Response(listening, mimetype="text/event-stream")

    def _listen(self, language: str) -> Iterator[bytes]:
        said, said_at = "", 0.0
        while not self._closed.is_set():
            now = json.dumps(self._state.whole(language), ensure_ascii=False)
            if now != said or time.monotonic() - said_at > HEARTBEAT_SECONDS:
                said, said_at = now, time.monotonic()
                yield f"data: {now}\n\n".encode()
            self._closed.wait(LOOK_SECONDS)

    def _act(self) -> Response:
        sent = request.get_json(silent=True)
        if not isinstance(sent, dict):
            return Response("Acts are JSON objects.\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
        try:
            answer = self._acts.do({str(key): str(value) for key, value in sent.items()}, _language())
        except BenchRefused as err:
            reply = jsonify(error=str(err))
            reply.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
            return reply
        return jsonify(said=answer.said, opened=answer.opened, label=answer.label, offer=answer.offer)


def _language() -> str:
    wanted = request.args.get("language") or request.accept_languages.best_match(["zh", "en"]) or "en"
    return "zh" if wanted == "zh" else "en"
