"""Make one call to a compound, however it behaves: no redirect, no proxy, bounded bytes and seconds."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from head_office.overview import MAX_BODY_BYTES, NotRead

PATH = "/api/v1/overview"
CONNECT_SECONDS, QUIET_SECONDS = 5.0, 10.0
WHOLE_CALL_SECONDS = 20.0
"""From the connection to the last byte: a compound that sends a byte every nine seconds delays no other."""
WORDS_OF_STATUS: Mapping[int, str] = {
    401: "key_refused",
    403: "key_has_no_scope",
    404: "no_overview",
    429: "too_often",
}


def ask(address: str, key: str, context: ssl.SSLContext, within_seconds: float = WHOLE_CALL_SECONDS) -> bytes:
    """Return the body of an answer; raise NotRead with a word for why there is none."""
    parts = urlsplit(address)
    https = parts.scheme == "https"
    host = str(parts.hostname)
    call = _Call(host, parts.port or (443 if https else 80))
    watch = threading.Timer(within_seconds, call.cut)
    watch.daemon = True
    watch.start()
    try:
        call.reach(context if https else None)
        headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Host": parts.netloc,
            "User-Agent": "Menjin head office",
            "Connection": "close",
        }
        call.request("GET", PATH, headers=headers)
        body = _body(call.getresponse())
        if call.was_cut:
            raise TimeoutError
        return body
    except (OSError, http.client.HTTPException, ValueError) as err:
        raise NotRead(_word_of(err, was_cut=call.was_cut)) from err
    finally:
        watch.cancel()
        call.close()


def _body(answer: http.client.HTTPResponse) -> bytes:
    if answer.status != 200:
        raise NotRead(_word_of_status(answer.status))
    if (answer.length or 0) > MAX_BODY_BYTES:
        raise NotRead("too_large")
    body = answer.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise NotRead("too_large")
    if answer.length:
        raise ConnectionResetError  # it went away in the middle, or was cut
    return body


def _word_of_status(status: int) -> str:
    if 300 <= status < 400:
        return "redirect"
    return WORDS_OF_STATUS.get(status, "server_trouble" if status >= 500 else "nonsense")


def _word_of(err: Exception, *, was_cut: bool) -> str:
    if was_cut or isinstance(err, TimeoutError):
        return "too_slow"
    if isinstance(err, ssl.SSLError):
        return "tls"
    if isinstance(err, socket.gaierror):
        return "no_such_name"
    return "no_connection" if isinstance(err, OSError) else "nonsense"


class _Call(http.client.HTTPConnection):
    """One call, which another thread may cut at any moment of it."""

    auto_open = 0

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.was_cut = False
        self._cutting = threading.Lock()

    def reach(self, context: ssl.SSLContext | None) -> None:
        """Connect; with a context inside TLS, whose certificate has to fit the name."""
        reached = socket.create_connection((self.host, self.port), CONNECT_SECONDS)
        reached.settimeout(QUIET_SECONDS)
        self._hold(reached)
        if context is not None:
            inside = context.wrap_socket(reached, server_hostname=self.host, do_handshake_on_connect=False)
            self._hold(inside)
            inside.do_handshake()

    def _hold(self, reached: socket.socket) -> None:
        with self._cutting:
            self.sock = reached
        if self.was_cut:
            raise TimeoutError

    def cut(self) -> None:
        """End the call: reads and writes on it fail at once."""
        with self._cutting, contextlib.suppress(OSError):
            self.was_cut = True
            if self.sock is not None:
                # Of the plain socket: that of TLS would first change what the other thread is using.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
