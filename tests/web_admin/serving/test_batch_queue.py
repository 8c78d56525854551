"""Requests wait in queues that are fair."""

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from gate_controller.contract.messages import ASK_PATH
from web_admin.serving import shared_threads
from web_admin.serving.buffering_server import BufferingServer
from web_admin.serving.fair_queue import FairQueue
from web_admin.serving.shared_threads import SharedThreads
from web_admin.sync.fast_path import WAS_TRIED, Answer

GATE = {"Menjin-Gate": "north"}
LONG = 8 * 1024 * 1024
TRIED = []
"""Of each request that reached the app, whether a batch had left it."""


class Fast:
    """What would answer gates: it repeats each body, but for one that says `alone`."""

    def __init__(self):
        self.batches, self.fault = [], None
        self.is_open = threading.Event()
        self.is_open.set()

    def may_answer(self, method, path, query, length, gate_id):
        return (method, path, query, gate_id) == ("POST", ASK_PATH, "", "north") and int(length) < 99_999

    def answer(self, requests):
        self.batches.append([request.body for request in requests])
        assert self.is_open.wait(10)
        if self.fault is not None:
            raise self.fault
        return [
            None
            if request.body == b"alone"
            else known(b"x" * LONG if request.body == b"long" else b"together:" + request.body)
            for request in requests
        ]


def known(body):
    return Answer("200 OK", (("Content-Length", str(len(body))), ("X-Request-ID", "1")), body)


def app(environ, start_response):
    TRIED.append(WAS_TRIED in environ)
    body = b"app:" + environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Served:
    """A listener with its loop in a thread, as a process of the server has it."""

    def __init__(self, stack):
        self.fast_path, self._stack, self._ends = Fast(), stack, False
        self.threads = SharedThreads(page_threads=1, sync_threads=1, fast_path=self.fast_path)
        self.server = BufferingServer(app, socket.create_server(("127.0.0.1", 0)), self.threads)
        self._loop = threading.Thread(target=self._turn)
        self._loop.start()

    def _turn(self):
        while not self._ends:
            self.server.sockets.turn(0.05, 0.001 if self.threads.are_busy_with_gates else 0.0)

    def connect(self):
        line = http.client.HTTPConnection(*self.server.socket.getsockname(), timeout=10)
        self._stack.callback(line.close)
        return line

    def ask(self, body, line=None, path=ASK_PATH, **headers):
        line = line or self.connect()
        line.request(
            "POST", path, body, GATE | {name.replace("_", "-"): value for name, value in headers.items()}
        )
        return line

    def wait(self, is_so):
        until = time.monotonic() + 10
        while not is_so():
            assert time.monotonic() < until
            time.sleep(0.005)

    def close(self):
        self.fast_path.is_open.set()
        self._ends = True
        self._loop.join()
        self.threads.shutdown()
        for channel in self.server.channels:
            channel.handle_close()
        self.server.close()
        self.server.sockets.close()


@pytest.fixture
def served() -> Iterator[Served]:
    with ExitStack() as stack:
        made = Served(stack)
        stack.callback(made.close)
        yield made


def said(line):
    return line.getresponse().read()


def waiting_behind(served, bodies):
    """Return connections whose requests wait while one before them is being answered."""
    served.fast_path.is_open.clear()
    first = served.ask(b"first")
    served.wait(lambda: served.fast_path.batches)
    lines = [served.ask(body) for body in bodies]
    served.wait(lambda: len(served.threads._batch.queue) == len(bodies))
    return first, lines


def test_requests_that_wait_are_answered_together_each_on_its_own_connection(served):
    bodies = [b"%d" % number for number in range(9)]
    first, lines = waiting_behind(served, bodies)
    served.fast_path.is_open.set()
    assert [said(line) for line in (first, *lines)] == [b"together:" + body for body in (b"first", *bodies)]
    assert [sorted(batch) for batch in served.fast_path.batches] == [[b"first"], bodies]


def test_a_connection_is_kept_and_its_answers_come_in_order(served):
    line = served.connect()
    for body in (b"1", b"alone", b"2"):
        served.ask(body, line)
        kept = line.sock
        answered = line.getresponse()
        assert (answered.status, answered.read()) == (
            200,
            b"app:alone" if body == b"alone" else b"together:" + body,
        )
        assert line.sock is kept is not None
    assert served.fast_path.batches == [[b"1"], [b"alone"], [b"2"]]


def test_the_app_is_asked_in_full_for_what_a_batch_left(served):
    TRIED.clear()
    assert said(served.ask(b"alone")) == b"app:alone"
    assert said(served.ask(b"1", path="/sync/v1/events")) == b"app:1"
    assert TRIED == [True, False]


def test_two_requests_sent_at_once_are_answered_in_their_order(served):
    with socket.create_connection(served.server.socket.getsockname(), 10) as line:
        head = f"POST {ASK_PATH} HTTP/1.1\r\nHost: x\r\nMenjin-Gate: north\r\nContent-Length: 5\r\n\r\n"
        line.sendall(head.encode() + b"alone" + head.encode() + b"other")
        got = b""
        while b"together:other" not in got:
            got += line.recv(4096)
    assert got.index(b"app:alone") < got.index(b"together:other")


def test_a_client_that_reads_nothing_holds_up_no_other(served):
    """Two requests at once, and answers longer than the client's buffers: waitress waits until it reads."""
    served.fast_path.is_open.clear()
    head = f"POST {ASK_PATH} HTTP/1.1\r\nHost: x\r\nMenjin-Gate: north\r\nContent-Length: 4\r\n\r\n"
    with socket.create_connection(served.server.socket.getsockname(), 10) as line:
        line.sendall((head + "long" + head + "long").encode())
        served.wait(lambda: served.fast_path.batches)
        served.fast_path.is_open.set()
        for number in range(3):
            assert said(served.ask(b"%d" % number)) == b"together:%d" % number
        got = 0
        while got < 2 * LONG:
            got += len(line.recv(1 << 20))


def test_a_body_that_comes_later_than_its_head_is_answered_whole(served):
    with socket.create_connection(served.server.socket.getsockname(), 10) as line:
        line.sendall(
            f"POST {ASK_PATH} HTTP/1.1\r\nHost: x\r\nMenjin-Gate: north\r\n"
            "Content-Length: 4\r\n\r\nab".encode()
        )
        time.sleep(0.1)
        assert served.fast_path.batches == []
        line.sendall(b"cd")
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.read() == b"together:abcd"


def test_a_fault_of_the_fast_path_is_no_fault_of_the_gates(served, caplog):
    served.fast_path.fault = ValueError("a fault")
    assert said(served.ask(b"1")) == b"app:1"
    assert "answering a batch of 1 requests of gates failed" in caplog.text
    served.fast_path.fault = None
    assert said(served.ask(b"2")) == b"together:2"


@pytest.mark.parametrize(
    "otherwise",
    [
        {"Connection": "close"},
        {"path": "/sync/v1/events"},
        {"path": f"{ASK_PATH}?a=1"},
        {"body": b"x" * 20_000},
        {"Menjin_Gate": "unknown"},
    ],
    ids=str,
)
def test_other_requests_reach_the_app_at_once(served, otherwise):
    sent = {"body": b"1"} | otherwise
    assert said(served.ask(**sent)) == b"app:" + sent["body"]
    assert served.fast_path.batches == []


def test_a_request_of_http_1_0_reaches_the_app(served):
    with socket.create_connection(served.server.socket.getsockname(), 10) as line:
        line.sendall(f"POST {ASK_PATH} HTTP/1.0\r\nMenjin-Gate: north\r\nContent-Length: 1\r\n\r\n1".encode())
        got = b""
        while part := line.recv(4096):
            got += part
    assert got.endswith(b"app:1")


def test_a_client_that_goes_away_while_it_waits_keeps_no_answer_from_others(served):
    _first, (gone, other) = waiting_behind(served, [b"1", b"2"])
    gone.close()
    served.fast_path.is_open.set()
    assert said(other) == b"together:2"
    assert said(served.ask(b"3")) == b"together:3"


def test_a_request_beyond_those_that_may_wait_is_refused(served, monkeypatch):
    monkeypatch.setattr(shared_threads, "QUEUED_OF_GATES", 3)
    _first, lines = waiting_behind(served, [b"1", b"2", b"3"])
    refused = served.ask(b"4").getresponse()
    assert refused.status == 503
    assert b"server_busy" in refused.read()
    served.fast_path.is_open.set()
    assert [said(line) for line in lines] == [b"together:1", b"together:2", b"together:3"]


def test_the_thread_ends_with_the_server(served):
    assert said(served.ask(b"1")) == b"together:1"
    served.threads.shutdown()
    assert served.threads._batch.threads == set()


@dataclass(frozen=True)
class Waiting:
    """A request that waits."""

    host: str
    client: str
    number: int = 0


def test_hosts_take_turns_and_within_a_host_its_clients():
    queue = FairQueue(10)
    for one in (Waiting("a", "x", 1), Waiting("a", "x", 2), Waiting("a", "y"), Waiting("b", "z")):
        queue.append(one)
    order = [queue.popleft() for _number in range(4)]
    assert order == [Waiting("a", "x", 1), Waiting("b", "z"), Waiting("a", "y"), Waiting("a", "x", 2)]


def test_many_requests_of_one_client_wait_behind_one_of_another():
    queue = FairQueue()
    crowd, gate = [Waiting("a", "crowd", number) for number in range(3)], Waiting("a", "gate")
    for one in (*crowd, gate):
        queue.append(one)
    assert [queue.popleft() for _turn in range(len(queue))] == [crowd[0], gate, *crowd[1:]]
    with pytest.raises(IndexError):
        queue.popleft()


def test_a_host_whose_part_is_taken_waits_until_one_of_its_requests_is_answered():
    queue = FairQueue(2)
    for number in range(3):
        queue.append(Waiting("a", "x", number))
    queue.popleft()
    queue.popleft()
    assert not queue
    assert len(queue) == 1
    with pytest.raises(IndexError):
        queue.popleft()
    queue.append(Waiting("b", "x"))
    assert queue.popleft() == Waiting("b", "x")
    queue.leave("a")
    assert queue
    assert queue.popleft() == Waiting("a", "x", 2)


def test_open_pages_of_a_client_take_places_of_their_own_beside_what_it_asks():
    queue = FairQueue(1, streams_at_once=2)
    for number, host in enumerate(["office stream"] * 3 + ["office"] * 2):
        queue.append(Waiting(host, "office", number))
    begun = [queue.popleft() for _number in range(3)]
    assert Counter(one.host for one in begun) == {"office stream": 2, "office": 1}
    assert not queue


def test_the_newest_request_of_a_client_is_taken_where_it_has_most():
    queue = FairQueue(1)
    for one in (Waiting("a", "x", 1), Waiting("b", "x", 2), Waiting("b", "x", 3), Waiting("b", "y")):
        queue.append(one)
    assert queue.counts() == {"x": 3, "y": 1}
    assert queue.take_newest("x") == Waiting("b", "x", 3)
    left = [queue.take_newest("x"), queue.take_newest("x"), queue.popleft()]
    assert {(one.client, one.number) for one in left} == {("y", 0), ("x", 1), ("x", 2)}
    assert (len(queue), bool(queue), queue.counts()) == (0, False, {})
