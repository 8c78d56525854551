"""Simulate the network cable between a gate and the server: it can be cut, and it can alter messages.

A gate must be able to trust nothing on it but signatures, so a demo of that needs a dishonest one.
"""

import http.client
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gate_controller.contract.messages import ASK_PATH

MAX_BODY_BYTES = 64 * 1024 * 1024
TIMEOUT_SECONDS = 15.0
DROPPED_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "server", "date", "host"})

Tamper = Callable[[bytes], bytes]
"""Gets the body of the server's answer to a question, and returns what the gate shall read."""


class Cable:
    """A relay on 127.0.0.1 that passes a gate's requests on to the server's port."""

    def __init__(self, server_port: int) -> None:
        """Lay the cable; the server need not run yet."""
        self._server_port = server_port
        self._is_cut = False
        self.tamper: Tamper | None = None
        cable = self

        class Handler(_Handler):
            def pass_on(self, body: bytes) -> None:
                cable.pass_on(self, body)

        self._relay = _QuietServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._relay.serve_forever, args=(0.05,), name="cable", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Return the address that the gate's site file names as its server."""
        return f"http://127.0.0.1:{self._relay.server_address[1]}"

    @property
    def is_cut(self) -> bool:
        return self._is_cut

    def _was_cut_meanwhile(self) -> bool:
        return self._is_cut

    def cut(self) -> None:
        """Cut the cable: connections end without an answer."""
        self._is_cut = True

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self._is_cut = True
        self._relay.shutdown()
        self._relay.server_close()
        self._thread.join()

    def pass_on(self, request: "_Handler", body: bytes) -> None:
        """Send one request to the server and its answer back."""
        if self.is_cut:
            request.close_connection = True
            return
        server = http.client.HTTPConnection("127.0.0.1", self._server_port, timeout=TIMEOUT_SECONDS)
        try:
            headers = {k: v for k, v in request.headers.items() if k.lower() not in DROPPED_HEADERS}
            server.request(request.command, request.path, body, headers)
            reply = server.getresponse()
            content = reply.read()
            if self.tamper is not None and request.path == ASK_PATH and reply.status == 200:
                content = self.tamper(content)
            if self._was_cut_meanwhile():
                request.close_connection = True
                return
            request.send_response_only(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in DROPPED_HEADERS:
                    request.send_header(name, value)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            request.wfile.write(content)
        except (OSError, http.client.HTTPException):
            # The server is down: the gate sees what it would see, a connection that breaks.
            request.close_connection = True
        finally:
            server.close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: a gate whose power was pulled breaks its connections."""


class _Handler(BaseHTTPRequestHandler, ABC):
    protocol_version = "HTTP/1.1"
    timeout = 60

    @abstractmethod
    def pass_on(self, body: bytes) -> None:
        """Pass a request on by the way of the cable that it came through."""

    def _take(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY_BYTES:
            self.close_connection = True
            return
        self.pass_on(self.rfile.read(length))

    do_GET = _take  # noqa: N815 - the name that http.server calls
    do_POST = _take  # noqa: N815 - likewise

    def log_message(self, *_args: object) -> None:
        """Log nothing: the gate and the server both have logs."""
