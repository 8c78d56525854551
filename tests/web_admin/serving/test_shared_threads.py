"""Threads are shared, and memory is bounded."""

import gc
import http.client
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from web_admin.serving.buffering_server import BufferingServer
from web_admin.serving.channel import CALL_STREAM_PATH, HANGS_AFTER_SECONDS
from web_admin.serving.memory import SETTLES_SECONDS, LongLooks
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


class Node:
    """A part of a cycle."""

    def __init__(self) -> None:
        self.itself = self


class Clocks:
    """A clock that is set, and one by which each look takes so long."""

    def __init__(self) -> None:
        self.now = self.spent = self.look_seconds = 0.0

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        self.spent += self.look_seconds
        return self.spent


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def looks(clocks: Clocks) -> Iterator[LongLooks]:
    frozen = gc.get_freeze_count()
    gc.collect()
    made = LongLooks(monotonic=clocks.monotonic, thread_time=clocks.thread_time, long_look_seconds=0.1)
    made.begin()
    yield made
    gc.callbacks.remove(made.notice)
    if not frozen:
        gc.unfreeze()


@pytest.mark.wide
@pytest.mark.usefixtures("looks")
def test_only_what_outlived_a_long_look_through_everything_is_kept(clocks: Clocks) -> None:
    before = gc.get_freeze_count()
    clocks.look_seconds = 0.05
    gc.collect()
    assert gc.get_freeze_count() == before
    clocks.look_seconds = 0.5
    gc.collect(1)
    assert gc.get_freeze_count() == before
    gc.collect()
    assert gc.get_freeze_count() > before


@pytest.mark.wide
def test_a_cycle_that_was_kept_goes_when_a_compound_was_closed_and_the_rest_is_kept_again(
    looks: LongLooks, clocks: Clocks
) -> None:
    clocks.look_seconds = 0.5
    node = Node()
    seen = weakref.ref(node)
    gc.collect()
    del node
    gc.collect()
    assert seen() is not None, "it is excluded"
    looks.closed()
    gc.collect()
    assert seen() is not None, "its threads may still run"
    clocks.now += SETTLES_SECONDS
    clocks.look_seconds = 0.05
    gc.collect()
    assert seen() is None
    assert gc.get_freeze_count() > 1000, "what was kept is kept again, however quick that look was"
