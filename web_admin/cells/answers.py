"""Answer without any cell: to a host that is none's, and for a cell that is out. No record is asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from web_admin.cells.trouble import MEANT, Trouble

RETRY_SECONDS = 20
MACHINES = ("/sync/", "/api/")
FILES = Path(__file__).parents[1]
STYLE = "/static/trouble.css"
"""Of the page, which its own host gives out: the app that would is not there."""
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    retry: bool = False

    def headers(self) -> list[tuple[str, str]]:
        """Return its headers; no browser and no proxy keeps it or takes it for anything else."""
        found = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", POLICY),
        ]
        return [*found, ("Retry-After", str(RETRY_SECONDS))] if self.retry else found


def words(text: str, status: str = "200 OK") -> Answer:
    return Answer(status, text.encode())


MISDIRECTED = words("No compound is served under this name.\n", "421 Misdirected Request")
"""The answer to every host that is no cell's (RFC 9110, section 15.5.20)."""


def out_answer(trouble: Trouble, environ: Mapping[str, Any]) -> Answer:
    """Return what the host of a cell that is out answers: one sentence, and nothing of why."""
    return _answer(trouble.kind in MEANT, environ)


def failed_answer(environ: Mapping[str, Any]) -> Answer:
    """Return the answer where a cell could not be opened for a reason that no one foresaw."""
    return _answer(False, environ)


SAYS = {
    True: "The server of this compound is closed for maintenance. The gate goes on alone.",
    False: "The server of this compound cannot answer; the operator's log says why. The gate goes on alone.",
}
"""To programs; whether it is meant."""


def _answer(is_meant: bool, environ: Mapping[str, Any]) -> Answer:
    status = "503 Service Unavailable"
    if environ.get("PATH_INFO") == STYLE:
        return Answer("200 OK", _style(), "text/css; charset=utf-8")
    if environ.get("PATH_INFO", "").startswith(MACHINES):
        said = {"error": "cell_paused" if is_meant else "cell_out", "detail": SAYS[is_meant]}
        return Answer(status, json.dumps(said).encode(), "application/json", retry=True)
    return Answer(status, _page(is_meant), "text/html; charset=utf-8", retry=True)


@cache
def _style() -> bytes:
    return (FILES / STYLE.removeprefix("/")).read_bytes()


@cache
def _page(is_meant: bool) -> bytes:
    template = Environment(autoescape=True).from_string(
        (FILES / "templates" / "cell_out.html").read_text(encoding="utf-8")
    )
    return template.render(meant=is_meant, style=STYLE).encode()
