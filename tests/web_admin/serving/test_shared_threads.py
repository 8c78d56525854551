"""No client and no host has all threads, and those that hang at one host's requests are replaced."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from web_admin.serving.buffering_server import BufferingServer
from web_admin.serving.channel import CALL_STREAM_PATH, HANGS_AFTER_SECONDS
from web_admin.serving.shared_threads import SharedThreads


class Served:
    """A listener with its loop in a thread; its app answers once it may."""

    def __init__(self, *, is_of_many: bool) -> None:
        self._stack, self._ends, self._asked = ExitStack(), False, 0
        self.may_answer, self.begun = threading.Event(), []
        threads = SharedThreads(page_threads=2, sync_threads=1, is_of_many=is_of_many)
        listener = socket.create_server(("127.0.0.1", 0))
        self.server = BufferingServer(self._app, listener, threads, is_of_many=is_of_many)
        loop = threading.Thread(target=self._turn)
        loop.start()
        self._stack.callback(self.server.sockets.close)
        self._stack.callback(self.server.close)
        self._stack.callback(lambda: [channel.handle_close() for channel in self.server.channels])
        self._stack.callback(threads.shutdown)
        self._stack.callback(loop.join)

    def _app(self, environ, start_response):
        self.begun.append(environ["HTTP_HOST"])
        assert self.may_answer.wait(60)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    def _turn(self) -> None:
        while not self._ends:
            self.server.sockets.turn(0.02)

    def ask(self, host: str, path: str = "/") -> socket.socket:
        """Return a connection whose request has arrived."""
        line = self._stack.enter_context(socket.create_connection(self.server.socket.getsockname(), 10))
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self._asked += 1
        self.wait(lambda: sum(each.is_working for each in self.server.channels) == self._asked)
        return line

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Return once something is so."""
        until = time.monotonic() + 10
        while not is_so():
            assert time.monotonic() < until
            time.sleep(0.005)

    def close(self) -> None:
        """Let everything end."""
        self.may_answer.set()
        self._ends = True
        self._stack.close()


def read_answer(line: socket.socket) -> bytes:
    """Return the body that the server sends; its head may arrive alone."""
    answer = http.client.HTTPResponse(line)
    answer.begin()
    return answer.read()


@pytest.fixture(params=[False, True], ids=["one", "many"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    made = Served(is_of_many=request.param)
    yield made
    made.close()


def test_a_client_or_host_has_half_of_the_threads_and_has_them_again_when_it_was_answered(served):
    lines = [served.ask("a.example") for _request in range(3)]
    served.wait(lambda: served.begun)
    waits = [each for each in served.server.channels if not each.is_answered]
    assert (served.begun, len(waits)) == (["a.example"], 2)
    served.may_answer.set()
    assert [read_answer(line) for line in lines] == [b"done"] * 3


def test_pages_that_wait_for_calls_take_no_thread_of_other_pages(served):
    lines = [served.ask(f"{number}.example", CALL_STREAM_PATH) for number in range(6)]
    served.wait(lambda: len(served.begun) == 6)
    lines.append(served.ask("a.example"))
    served.wait(lambda: len(served.begun) == 7)
    served.server.look(time.monotonic() + HANGS_AFTER_SECONDS + 1)
    lines += [served.ask(f"{name}.example") for name in "bcd"]
    served.may_answer.set()
    assert [read_answer(line) for line in lines] == [b"done"] * 10


@pytest.mark.parametrize("served", [True], indirect=True, ids=["many"])
def test_threads_that_hang_at_their_hosts_are_replaced(served):
    for host in ("a.example", "b.example", "c.example"):
        served.ask(host)
    served.wait(lambda: len(served.begun) == 2)
    served.server.look(time.monotonic() + HANGS_AFTER_SECONDS / 2)
    assert served.begun == ["a.example", "b.example"]
    served.server.look(time.monotonic() + HANGS_AFTER_SECONDS + 1)
    served.wait(lambda: "c.example" in served.begun)
