"""Over real sockets: whatever a client sends, the server answers without a fault and logs a line at most."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.served.served_compound import ServedCompound
from tests.support.hostile_requests import JSON_BODIES, OTHER_BODIES, addresses

PATIENCE_SECONDS = 60.0
JSON = b"application/json"
DOORS = (
    "/",
    "/staff/sign-in",
    "/staff/code",
    "/r/sign-in",
    "/r/sign-in/passkey",
    "/r/sign-in/passkey/options",
    "/r/code/key",
    "/api/v1/people",
    "/api/v1/none",
    "/manage/people/",
    "/sync/v1/ask",
    "/language",
    "/none",
)

HEAD = b"POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
CHUNKED_JSON = b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
CHUNKED_FORM = b"Transfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
NO_BODY = b"\r\nContent-Length: 0\r\n\r\n"
MANY = b"9" * 4301
"""One digit more than Python reads as a number."""
BROKEN = {
    "chunks without end": CHUNKED_JSON + b"5\r\n[[[[[\r\n",
    "a chunk of no size": CHUNKED_JSON + b"zz\r\n{}\r\n0\r\n\r\n",
    "a chunk of another size": CHUNKED_FORM + b"2\r\na=bcdef\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "half a body": b"Content-Length: 4000\r\nContent-Type: application/json\r\n\r\n[[",
    "half a form": b"Content-Length: 4000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=b",
    "half a part": b"Content-Length: 4000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n",
    "a length that is no number": b"Content-Length: x\r\n\r\n",
    "a length of 4,301 digits": b"Content-Length: " + MANY + b"\r\n\r\n",
    "a length of zeros": b"Content-Length: " + b"0" * 9000 + b"\r\n\r\n",
    "a chunk of 9,000 digits": CHUNKED_JSON + b"9" * 9000 + b"\r\n{}\r\n0\r\n\r\n",
    "a chunk of 1,000 zeros": CHUNKED_JSON + b"0" * 1000 + b"\r\n\r\n",
    "a range of 4,301 digits": b"Range: bytes=" + MANY + b"-" + NO_BODY,
    "an origin's port of 4,301 digits": b"Origin: https://a:" + MANY + NO_BODY,
    "a forwarded port of 4,301 digits": b"X-Forwarded-Port: " + MANY + NO_BODY,
    "a length below nothing": b"Content-Length: -1\r\n\r\n",
    "a head with NUL": b"X-A: a\x00b\r\n\r\n",
    "a head without a colon": b"nothing\r\n\r\n",
    "a folded head": b"X-A: a\r\n b\r\n\r\n",
    "a head of 20 kB": b"X-A: " + b"a" * 20_000 + b"\r\n\r\n",
    "a thousand heads": b"".join(b"X-%d: a\r\n" % n for n in range(1000)) + b"\r\n",
    "cookies of no kind": b"Cookie: menjin=\xff\xfe; menjin_remember=1|\xe9\r\nContent-Length: 0\r\n\r\n",
    "no host": b"Host: [\r\nContent-Length: 0\r\n\r\n",
    "waits for a yes": b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n[]",
    "another wish": b"Expect: tea\r\nContent-Length: 0\r\n\r\n",
    "wants another protocol": b"Upgrade: h2c, websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
}
LINES = {
    "a host's port of 4,301 digits": b"GET / HTTP/1.1\r\nHost: a:" + MANY + b"\r\n\r\n",
    "a number of 4,301 digits in a path": b"GET /report/" + MANY + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a number of 4,301 digits asked for": b"GET /events?limit=" + MANY + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address's port of 4,301 digits": b"GET http://a:" + MANY + b"/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no method": b"/ HTTP/1.1\r\n\r\n",
    "a method of its own": b"BREW /r/sign-in HTTP/1.1\r\nHost: a\r\n\r\n",
    "version 9": b"GET / HTTP/9.9\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "nothing": b"\r\n\r\n\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),
    "bytes": bytes(range(256)),
    "a whole address": b"GET http://[x/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path without a slash": b"GET manage HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path of 9 kB": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path of bytes": b"GET /\xff\xfe%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path with an authority": b"GET //[x/ HTTP/1.1\r\nHost: a\r\n\r\n",
}


def said(served: ServedCompound, sent: bytes) -> int:
    """Send bytes, close the sending half and return the status that comes, 0 for none."""
    place = urlsplit(served.address)
    with socket.create_connection((place.hostname or "", place.port or 0), PATIENCE_SECONDS) as connection:
        connection.sendall(sent)
        with suppress(OSError):  # the server may have answered and closed it
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionResetError:
            pass
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def body_at(path: str, type_: bytes, body: bytes, more: bytes = b"") -> bytes:
    head = HEAD % path.encode() + more
    return head + b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (type_, len(body)) + body


def faults(served: ServedCompound, sent: dict[str, bytes]) -> list[str]:
    """Return what of it was answered by a fault, or left more than a line in the log."""
    wrong = []
    for what, request in sent.items():
        before = len(served.log_lines())
        status = said(served, request)
        lines = served.log_lines()[before:]
        if status >= 500 or len(lines) > 1 or "Traceback" in "".join(lines):
            wrong.append(f"{what}: {status}, {len(lines)} lines, {lines[:3]}")
    return wrong


def test_no_body_at_any_door_makes_a_fault(served: ServedCompound) -> None:
    sent = {}
    for turn, path in enumerate(DOORS):
        for place, (what, body) in enumerate(JSON_BODIES.items()):
            if (turn + place) % 3 == 0:
                sent[f"{what} at {path}"] = body_at(path, JSON, body)
        for place, (what, (type_, body)) in enumerate(OTHER_BODIES.items()):
            if (turn + place) % 3 == 0:
                sent[f"{what} at {path}"] = body_at(path, type_.encode(), body)
    wrong = faults(served, sent)
    assert not wrong, "\n".join(wrong)


def test_no_broken_request_makes_one(served: ServedCompound) -> None:
    sent = {
        f"{what} at {path}": HEAD % path.encode() + rest
        for path in ("/staff/sign-in", "/r/code/key", "/api/v1/people", "/sync/v1/ask", "/none")
        for what, rest in BROKEN.items()
    }
    wrong = faults(served, {**LINES, **sent})
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", ["/staff/sign-in", "/sync/v1/ask"])
def test_a_length_beyond_the_digits_that_python_reads_is_refused(served: ServedCompound, path: str) -> None:
    for digits in (MANY, b"0" * len(MANY)):
        before = len(served.log_lines())
        assert said(served, HEAD % path.encode() + b"Content-Length: " + digits + b"\r\n\r\n") == 400
        lines = served.log_lines()[before:]
        assert len(lines) <= 1 and "Traceback" not in "".join(lines)


@pytest.mark.slow
def test_no_json_at_any_address_makes_one(served: ServedCompound) -> None:
    sent = {}
    paths = sorted({path for path, _methods in addresses(served.compound.app, {"gate_id": "north"})})
    for turn, path in enumerate(paths):
        what, body = list(JSON_BODIES.items())[turn % len(JSON_BODIES)]
        sent[f"{what} at {path}"] = body_at(path, JSON, body)
    wrong = faults(served, sent)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", ["/language", "/r/welcome", "/r/large-type", "/staff/sign-in"])
def test_a_form_with_another_token_is_refused(served: ServedCompound, path: str) -> None:
    browser = served.browser()
    browser.get("/staff/sign-in")
    right = browser.csrf_token
    # Not the last character: its lowest bits are no part of the signature.
    another = right[:-2] + ("A" if right[-2] != "A" else "B") + right[-1]
    for token in ("", another, right[::-1], "é" * 20):
        browser.csrf_token = token
        assert browser.post(path, {"language": "zh", "code": "x"}).status_code == 400
        assert "no token of the form" in served.log_lines()[-1]
    browser.csrf_token = right
    assert browser.post(path, {"language": "zh", "code": "x", "next": "/"}).status_code != 400
