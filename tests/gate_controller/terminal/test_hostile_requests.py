"""Whatever reaches the page's port: no fault, no action, and at most one line in the gate's log."""

import logging
import socket

import pytest

from tests.gate_controller.terminal.conftest import PATIENCE_SECONDS, Served
from tests.support.hostile_requests import JSON_BODIES, ODD_HEADERS, ODD_PATHS, OTHER_BODIES

BROKEN = {
    "chunks without end": b"Transfer-Encoding: chunked\r\n\r\n5\r\n[[[[[\r\n",
    "a chunk of no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "half a body": b"Content-Length: 200\r\n\r\n[[",
    "a body of 4 GB": b"Content-Length: 4294967296\r\n\r\n[[",
    "a length that is no number": b"Content-Length: x\r\n\r\n",
    "a length below nothing": b"Content-Length: -1\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a head with NUL": b"X-A: a\x00b\r\n\r\n",
    "a head without a colon": b"nothing\r\n\r\n",
    "a head of 20 kB": b"X-A: " + b"a" * 20_000 + b"\r\n\r\n",
    "a thousand heads": b"".join(b"X-%d: a\r\n" % n for n in range(1000)) + b"\r\n",
    "waits for a yes": b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n[]",
}
LINES = {
    "no method": b"/ HTTP/1.1\r\n\r\n",
    "a method of its own": b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    "version 9": b"GET / HTTP/9.9\r\n\r\n",
    "nothing": b"\r\n\r\n\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),
    "bytes": bytes(range(256)),
    "a broken address": b"GET http://[x/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path of bytes": b"GET /\xff\xfe%00 HTTP/1.1\r\nHost: a\r\n\r\n",
}


def said(served: Served, sent: bytes) -> int:
    """Send bytes, close the sending half and return the status that comes, 0 for none."""
    answer = b""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as line:
        try:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65_536):
                answer += piece
        except OSError:
            pass  # it was refused before all of it was sent
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def own_head(served: Served) -> bytes:
    """Return the head of an action as the gate's own screen sends it, up to its type and length."""
    return (
        f"POST /acts HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nCookie: {served.cookie}\r\n"
        f"Menjin-Terminal: 1\r\nOrigin: {served.origin}\r\nConnection: close\r\n"
    ).encode()


def faults(served: Served, sent: dict[str, bytes], log: pytest.LogCaptureFixture) -> list[str]:
    wrong = []
    for what, request in sent.items():
        log.clear()
        status = said(served, request)
        lines = log.text.splitlines()
        if (status >= 500 and status != 505) or len(lines) > 1:
            wrong.append(f"{what}: {status}, {len(lines)} lines, {lines[:4]}")
    return wrong


def test_no_body_of_the_screen_makes_a_fault(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent = {}
    for what, body in JSON_BODIES.items():
        length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        sent[what] = own_head(served) + length + body
    for what, (type_, body) in OTHER_BODIES.items():
        length = b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (type_.encode(), len(body))
        sent[what] = own_head(served) + length + body
    wrong = faults(served, sent, caplog)
    assert not wrong, "\n".join(wrong)
    assert served.actions.empty()


def test_no_broken_request_makes_one(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kind = b"Content-Type: application/json\r\n"
    sent = {what: own_head(served) + kind + rest for what, rest in BROKEN.items()}
    stranger = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nConnection: close\r\n".encode()
    for headers in ODD_HEADERS:
        for name, value in headers.items():
            sent[f"{name}: {value[:20]}"] = stranger + f"{name}: {value}\r\n\r\n".encode("latin-1")
    for path in ODD_PATHS:
        sent[path[:40]] = stranger.replace(b"GET /", b"GET " + path.encode()) + b"\r\n"
    wrong = faults(served, {**LINES, **sent}, caplog)
    assert not wrong, "\n".join(wrong)
    assert served.actions.empty()
