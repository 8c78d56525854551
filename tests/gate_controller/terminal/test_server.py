"""What the page serves: views down, actions up, and nothing that was typed."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice

import pytest
import requests

from gate_controller.contract.records import Method
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import (
    KeyTyped,
    LanguagePressed,
    MethodPressed,
    Screen,
    TerminalAction,
    TerminalView,
)
from gate_controller.terminal.view_feed import MAX_LISTENERS
from tests.gate_controller.terminal.conftest import PATIENCE_SECONDS, TOKEN, Served, serving


@contextmanager
def events(served: Served) -> Iterator[Iterator[tuple[str, str]]]:
    """Yield the stream's events as (name, data)."""
    with closing(
        served.client.get(served.origin + "/events", stream=True, timeout=PATIENCE_SECONDS)
    ) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = (line for line in answer.iter_lines(chunk_size=1, decode_unicode=True) if line)
        yield ((name.removeprefix("event: "), next(lines).removeprefix("data: ")) for name in lines)


def next_view(stream: Iterator[tuple[str, str]]) -> str:
    return next(data for name, data in stream if name == "view")


def test_a_new_page_gets_the_build_and_then_the_newest_view(served: Served) -> None:
    served.server.show(TerminalView(screen=Screen.LOCKDOWN))
    served.server.show(TerminalView(screen=Screen.IDLE, lane_name="北门"))
    with events(served) as stream:
        name, build = next(stream)
        assert (name, f'data-build="{build}"' in served.client.get(served.origin, timeout=60).text) == (
            "build",
            True,
        )
        assert '"screen":"idle"' in (view := next_view(stream))
        assert "北门" in view


def test_before_the_first_view_the_gate_is_shown_as_starting(served: Served) -> None:
    with events(served) as stream:
        assert '"message":"starting"' in next_view(stream)


def test_every_open_page_gets_each_new_view(served: Served) -> None:
    with events(served) as first, events(served) as second:
        next_view(first), next_view(second)
        served.server.show(TerminalView(screen=Screen.GRANTED))
        assert '"screen":"granted"' in next_view(first)
        assert '"screen":"granted"' in next_view(second)


def test_a_quiet_stream_says_that_it_is_alive(served: Served) -> None:
    with events(served) as stream:
        assert ("alive", "1") in [next(stream) for _ in range(4)]


def test_beyond_the_bound_the_oldest_stream_ends_and_the_newest_lives(served: Served) -> None:
    with events(served) as oldest:
        next_view(oldest)
        for _ in range(MAX_LISTENERS - 1):
            threading.Thread(target=_listen_once, args=(served,), daemon=True).start()
        with events(served) as newest:
            next_view(newest)
            assert len(list(islice(oldest, 50))) < 50
            served.server.show(TerminalView(screen=Screen.FIRE))
            assert '"screen":"fire"' in next_view(newest)


def _listen_once(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        host = served.origin.removeprefix("http://")
        line.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\nCookie: {served.cookie}\r\n\r\n".encode())
        while line.recv(65536):
            pass


def test_acts_arrive_as_they_were_sent(served: Served) -> None:
    assert served.post(b'{"act":"method","method":"pin"}').status_code == 204
    assert served.post(b'{"act":"key","key":"3"}').status_code == 204
    assert served.post(b'{"act":"language","language":"en"}').status_code == 204
    sent = [served.actions.get(timeout=PATIENCE_SECONDS) for _ in range(3)]
    assert sent == [MethodPressed(Method.PIN), KeyTyped("3"), LanguagePressed("en")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"act":"key","key":"x"}', 400),
        (b"not json", 400),
        (b'{"act":"language","language":"fr"}', 400),
        (b'{"act":"key","key":"1"' + b" " * 2048 + b"}", 413),
    ],
)
def test_a_bad_act_is_refused_in_one_plain_line_that_quotes_nothing(
    served: Served, body: bytes, status: int
) -> None:
    answer = served.post(body)
    assert answer.status_code == status
    assert answer.text.count("\n") <= 1
    assert body.decode() not in answer.text
    assert served.actions.empty()


def test_an_act_that_is_not_json_is_refused(served: Served) -> None:
    assert served.post(b'{"act":"help"}', Content_Type="text/plain").status_code == 415
    assert served.actions.empty()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/acts", 405)])
def test_an_unknown_address_gets_one_plain_line(served: Served, method: str, path: str, status: int) -> None:
    answer = served.client.request(method, served.origin + path, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize("path", ["/", "/texts.json", "/static/terminal.js", "/nothing"])
def test_every_answer_forbids_foreign_and_inline_code_and_is_kept_nowhere(served: Served, path: str) -> None:
    headers = served.client.get(served.origin + path, timeout=PATIENCE_SECONDS).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"


def test_the_one_page_may_open_what_the_site_file_lets_it_and_no_other_answer_anything() -> None:
    for sound, picture, of_page in (
        (False, False, "camera=(), microphone=(), geolocation=()"),
        (True, False, "camera=(), microphone=(self), geolocation=()"),
        (True, True, "camera=(self), microphone=(self), geolocation=()"),
    ):
        with serving(call_sound=sound, call_picture=picture) as served:
            for path in ("/", "/texts.json", "/call_media.js", "/static/terminal.js", "/nothing"):
                headers = served.client.get(served.origin + path, timeout=PATIENCE_SECONDS).headers
                expected = of_page if path == "/" else "camera=(), microphone=(), geolocation=()"
                assert headers["Permissions-Policy"] == expected


def test_no_typed_key_is_in_the_page_the_stream_or_the_log(
    served: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for digit in "742981":
        served.post(f'{{"act":"key","key":"{digit}"}}'.encode())
        typed = served.actions.qsize()
        served.server.show(TerminalView(screen=Screen.TYPING_PIN, typed_count=typed))
    with events(served) as stream:
        view = next_view(stream)
    log = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("gate"))
    assert '"typed_count":6' in view
    assert not any(digit in view.replace('"typed_count":6', "") for digit in "742981")
    assert log + "".join(capfd.readouterr()) == ""


def test_a_controller_that_fails_leaves_a_trace_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_action: TerminalAction) -> None:
        raise RuntimeError("the queue is gone")

    server = TerminalServer(fail, port=0, launch_token=TOKEN)
    server.start()
    try:
        with requests.Session() as client:
            client.get(server.launch_url, timeout=PATIENCE_SECONDS)
            answer = client.post(
                server.address + "acts",
                data=b'{"act":"key","key":"7"}',
                headers={
                    "Content-Type": "application/json",
                    "Menjin-Terminal": "1",
                    "Origin": server.address.rstrip("/"),
                },
                timeout=PATIENCE_SECONDS,
            )
    finally:
        server.stop()
    assert (answer.status_code, answer.text) == (500, "Internal Server Error.\n")
    assert "the queue is gone" in caplog.text
    assert '"key"' not in caplog.text


def test_a_taken_port_is_an_error_at_start(served: Served) -> None:
    second = TerminalServer(print, port=served.port, launch_token=TOKEN)
    with pytest.raises(OSError, match=f"127.0.0.1:{served.port}"):
        second.start()
    second.stop()


def test_stopping_ends_the_streams_and_every_thread() -> None:
    before = set(threading.enumerate())
    server = TerminalServer(print, port=0, launch_token=TOKEN)
    server.start()
    with requests.Session() as client:
        client.get(server.launch_url, timeout=PATIENCE_SECONDS)
        with closing(client.get(server.address + "events", stream=True, timeout=PATIENCE_SECONDS)) as answer:
            lines = answer.iter_lines(chunk_size=1)
            assert next(lines) == b"event: build"
            # The stream is in full flow: stopped any earlier, it may rightly end before its first view.
            assert b"event: view" in lines
            server.stop()
            assert b"event: build" not in list(lines)
    server.stop()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(threading.enumerate()) - before == set()


def test_the_screen_stays_signed_in_when_the_controller_restarts(served: Served) -> None:
    served.server.stop()
    again = TerminalServer(print, port=served.port, launch_token=TOKEN)
    again.start()
    try:
        assert served.client.get(again.address, timeout=PATIENCE_SECONDS).status_code == 200
    finally:
        again.stop()


def test_six_connections_of_one_browser_are_answered_though_what_they_ask_comes_late(served: Served) -> None:
    """A browser opens six at once for the scripts of the page, before it has sent anything on them."""
    held = []
    for _one in range(6):
        held.append(socket.create_connection(("127.0.0.1", served.port), PATIENCE_SECONDS))
        time.sleep(0.1)  # a thread waits for it by now
    try:
        for connection in held:
            connection.sendall(
                f"GET /static/icons.js HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode()
            )
        answers = [connection.recv(9) for connection in held]
        assert answers == [b"HTTP/1.1 "] * 6, "not signed in, but answered"
    finally:
        for connection in held:
            connection.close()


@pytest.mark.first_set
@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nHost: ", b"POST /acts HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n{"],
    ids=["nothing", "head", "body"],
)
def test_connections_that_stall_keep_no_thread_from_the_gates_own_screen(
    served: Served, begun: bytes
) -> None:
    held = [socket.create_connection(("127.0.0.1", served.port), PATIENCE_SECONDS) for _ in range(60)]
    try:
        for connection in held:
            connection.sendall(begun)
        assert served.client.get(served.origin, timeout=PATIENCE_SECONDS).status_code == 200
        with events(served) as stream:
            next_view(stream)
    finally:
        for connection in held:
            connection.close()
