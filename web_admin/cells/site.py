"""The one application of an installation: it gives each request to the cell whose host it names, or to none.

A request reaches the app of one cell and nothing else: session keys, cookies, tables, jobs and streams are
that app's own. A host that is no cell's gets one answer, the same for every name, method and address, made
without looking anywhere but into a table of hosts; the words of life for a monitor are the exception.
"""

import hmac
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from waitress.buffers import ReadOnlyFileBasedBuffer  # type: ignore[import-untyped]  # it has no types

from web_admin.cells.answers import MISDIRECTED, Answer, failed_answer, out_answer, words
from web_admin.cells.cell import Cell
from web_admin.cells.installation import Installation
from web_admin.cells.numbers import CONTENT_TYPE, numbers_of
from web_admin.cells.rules import host_asked
from web_admin.cells.trouble import CellOut
from web_admin.core.cell_in_hand import CELL

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NUMBERS_KEY = "numbers.key"
"""In the folder of cells, for a monitor; without the file no one is given the numbers of the whole."""
NOT_READY, UNAVAILABLE = "not ready: cells\n", "503 Service Unavailable"
_log = logging.getLogger(__name__)


class Site:
    """The application; it is made before the server's processes are, and opens cells in each of them."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    @property
    def trusted_proxies(self) -> int:
        """Return how many proxies in front say the truth."""
        return self._installation.choices.trusted_proxies

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        CELL.set("")
        cell = self._installation.of_host(host_asked(_headers(environ), self.trusted_proxies))
        if cell is None:
            return _sent(self._without_cell(environ), environ, start_response)
        CELL.set(cell.name)
        try:
            app = cell.enter()
        except CellOut as out:
            return _sent(out_answer(out.trouble, environ), environ, start_response)
        except Exception:  # noqa: BLE001 - a fault of one cell is no other's, and it is logged
            _log.exception("the cell could not be opened")
            return _sent(failed_answer(environ), environ, start_response)
        try:
            answer = app(environ, start_response)
        except BaseException:
            cell.leave()
            raise
        if not isinstance(answer, ReadOnlyFileBasedBuffer):
            return _InCell(cell, answer)
        cell.leave()  # a file of ours, which needs nothing of the cell
        return cast(Iterable[bytes], answer)

    def _without_cell(self, environ: "WSGIEnvironment") -> Answer:
        path = environ.get("PATH_INFO", "")
        if path == "/livez":
            return words("ok\n")
        if path == "/readyz":
            return words("ok\n") if self._installation.is_readable else words(NOT_READY, UNAVAILABLE)
        if path == "/metrics" and self._may_count(environ):
            return Answer("200 OK", numbers_of(self._installation), CONTENT_TYPE)
        return MISDIRECTED

    def _may_count(self, environ: "WSGIEnvironment") -> bool:
        try:
            key = (self._installation.choices.folder / NUMBERS_KEY).read_bytes().strip()
        except OSError:
            return False
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ").strip()
        return len(key) >= 16 and hmac.compare_digest(key, given.encode("latin-1"))


class _InCell:
    """An answer whose cell stays open until it is sent."""

    def __init__(self, cell: Cell, answer: Iterable[bytes]) -> None:
        self._cell, self._answer = cell, answer
        self._has_left = False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        """End the answer and leave the cell."""
        try:
            close = getattr(self._answer, "close", None)
            if close is not None:
                close()
        finally:
            if not self._has_left:
                self._has_left = True
                self._cell.leave()


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    names = ("HOST", "X_FORWARDED_HOST")
    return {name: environ[f"HTTP_{name}"] for name in names if f"HTTP_{name}" in environ}


def _sent(answer: Answer, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response(answer.status, answer.headers())
    return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else answer.body]
