"""The rules of who may take how long and how much, and requests that arrive in pieces."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace

import msgspec
import pytest
from waitress.adjustments import Adjustments

from gate_controller.contract.messages import (
    ASK_PATH,
    EVENTS_PATH,
    HANDOVER_PATH,
    MAX_BODY_BYTES,
    MAX_PAGE_BYTES,
    PAIR_PATH,
    RECEIPTS_PATH,
    TOMBSTONES_PATH,
    Refusal,
)
from web_admin.manage.people_import import MAX_REQUEST_BYTES
from web_admin.serving.buffering_server import BufferingServer
from web_admin.serving.connection_limits import (
    ANSWER_SECONDS,
    BODIES_OF_A_CLIENT,
    BODY_BYTES_IN_FILES,
    BODY_BYTES_IN_MEMORY,
    BODY_SECONDS,
    CONNECTIONS,
    PAGE_BODY_BYTES,
    PAGE_BYTES_OF_A_CLIENT,
    QUEUED_OF_GATES,
    QUEUED_REQUESTS,
    SLOWEST_BYTES_PER_SECOND,
    STALLED_ANSWER_SECONDS,
    SYNC_BODY_BYTES,
    SYNC_BYTES_OF_A_CLIENT,
    TOMBSTONES_BODY_BYTES,
    TOMBSTONES_BYTES_IN_FILES,
    Patience,
    client_of,
    connections_for,
)
from web_admin.serving.request_intake import ArrivingRequest, Intake, Intakes
from web_admin.serving.shared_threads import SharedThreads
from web_admin.sync.check_in import ASK_BODY
from web_admin.sync.routes import TOMBSTONES_BODY
from web_admin.web.limits import MAX_FORM_BYTES


@dataclass
class WaitingChannel:
    """A connection whose request is complete."""

    client: str
    is_sync: bool
    host: str = "localhost"
    is_answered: bool = False
    was_turned_away: bool = False
    requests: list[SimpleNamespace] = field(
        default_factory=lambda: [SimpleNamespace(error=None, was_tried=False)]
    )

    def turn_away(self) -> None:
        self.was_turned_away = True


def request_to(path, *, client="198.51.100.7", intakes=None, refuse=None, **headers):
    more = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", *more]
    request = ArrivingRequest(Adjustments(), client, intakes or Intakes(0), refuse)
    request.received("\r\n".join(lines).encode() + b"\r\n\r\n")
    return request


# -- how long ----------------------------------------------------------------------------------------


def late_after(*looks: tuple[float, int], most=BODY_SECONDS) -> bool:
    """Return whether the last look finds a body late; a look is a second and the bytes received by then."""
    patience = Patience(BODY_SECONDS, most, since=0.0)
    return [patience.is_late(second, moved) for second, moved in looks][-1]


def test_a_trickle_is_late_and_a_slow_uplink_is_not():
    assert late_after((BODY_SECONDS + 1, 40))
    assert not late_after((BODY_SECONDS, 0))
    assert not late_after((BODY_SECONDS + 30, 31 * SLOWEST_BYTES_PER_SECOND))
    steady = [(float(second), second * SLOWEST_BYTES_PER_SECOND) for second in range(1, 6000)]
    assert not late_after(*steady)


def test_bytes_that_came_fast_buy_no_time_to_stall_beyond_the_first_seconds():
    fast = 47 * 1024 * 1024
    assert not late_after((1, fast), (1 + BODY_SECONDS, fast))
    assert late_after((1, fast), (2 + BODY_SECONDS, fast))
    trickle = [(2.0 + second, fast + second) for second in range(60)]
    assert late_after((1, fast), *trickle)


def test_an_answer_that_a_proxy_took_ahead_has_some_minutes_and_no_hour():
    patience = Patience(ANSWER_SECONDS, STALLED_ANSWER_SECONDS, since=0.0)
    fast = 47 * 1024 * 1024
    assert not patience.is_late(1, fast)
    assert not patience.is_late(1 + STALLED_ANSWER_SECONDS, fast)
    assert patience.is_late(2 + STALLED_ANSWER_SECONDS, fast)


@dataclass
class Served:
    """A worker's server, without an app."""

    server: BufferingServer
    stack: ExitStack

    def connect(self, begun: bytes) -> socket.socket:
        """Return a connection whose bytes have arrived."""
        before = set(self.server.active_channels)
        client = self.stack.enter_context(socket.create_connection(self.server.socket.getsockname(), 10))
        client.sendall(begun)
        until = time.monotonic() + 10
        while not any(
            channel.request is not None and channel.request.headers_finished
            for number, channel in self.server.active_channels.items()
            if number not in before
        ):
            assert time.monotonic() < until
            self.server.sockets.turn(0.1)
        return client


@pytest.fixture
def served() -> Iterator[Served]:
    with ExitStack() as stack:
        threads = SharedThreads(page_threads=1, sync_threads=1)
        stack.callback(threads.shutdown)
        server = BufferingServer(None, socket.create_server(("127.0.0.1", 0)), threads)
        stack.callback(server.sockets.close)
        stack.callback(server.close)
        stack.callback(lambda: [channel.handle_close() for channel in server.channels])
        yield Served(server, stack)


BEGUN = b"POST /sync/v1/tombstones HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"


def test_a_connection_whose_body_stalls_after_a_fast_start_is_closed(served):
    client = served.connect(BEGUN)
    (channel,) = served.server.channels
    client.sendall(b"a" * 2_000_000)
    until = time.monotonic() + 10
    while channel.request.body_bytes_received < 2_000_000:
        assert time.monotonic() < until
        served.server.sockets.turn(0.1)
    start = time.monotonic()
    channel.close_if_late(start)
    channel.close_if_late(start + BODY_SECONDS - 1)
    assert served.server.channels == [channel]
    channel.close_if_late(start + BODY_SECONDS + 1)
    assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_waitress_closes_nothing_by_its_own_clock(served):
    served.connect(BEGUN)
    (channel,) = served.server.channels
    served.server.maintenance(time.time() + STALLED_ANSWER_SECONDS)
    assert not channel.will_close


def test_the_connection_of_the_oldest_body_of_a_client_is_closed(served):
    oldest = served.connect(BEGUN)
    others = [served.connect(BEGUN) for _body in range(BODIES_OF_A_CLIENT)]
    assert oldest.recv(100).startswith(b"HTTP/1.1 503 ")
    assert len(served.server.active_channels) == len(others)


# -- how many ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("open_files", "connections"), [(1024, 274), (100, 50), (20_000, CONNECTIONS)])
def test_connections_fit_into_the_open_files_that_are_allowed(open_files, connections):
    assert connections_for(open_files) == connections


@pytest.mark.parametrize(
    ("forwarded", "proxies", "client"),
    [
        ("203.0.113.9", 0, "peer"),
        ("203.0.113.9", 1, "203.0.113.9"),
        ("made.up, 203.0.113.9", 1, "203.0.113.9"),
        ("made.up, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("", 1, "peer"),
        ("203.0.113.9", 2, "peer"),
    ],
)
def test_the_client_is_who_the_trusted_proxies_say_it_is(forwarded, proxies, client):
    assert client_of({"X_FORWARDED_FOR": forwarded}, "peer", proxies) == client


def test_all_addresses_of_one_ipv6_network_are_one_client():
    one, other = ("2001:db8:1:2::5", "2001:db8:1:2:ffff::9")
    client = client_of({}, one, 0)
    assert client == client_of({}, other, 0) == client_of({"X_FORWARDED_FOR": other}, "peer", 1)
    assert client_of({}, one, 0) != client_of({}, "2001:db8:1:3::5", 0)
    assert client_of({}, "::ffff:203.0.113.9", 0) == "203.0.113.9"
    intakes = Intakes(0)
    assert request_to("/x", client=one, intakes=intakes).client == client_of({}, other, 0)


@pytest.mark.parametrize(("is_sync", "most"), [(False, QUEUED_REQUESTS), (True, QUEUED_OF_GATES)])
def test_a_request_beyond_those_that_may_wait_is_refused_at_once(is_sync, most):
    threads = SharedThreads(page_threads=0, sync_threads=0)
    waiting = [WaitingChannel("crowd", is_sync) for _number in range(most + 1)]
    for channel in waiting:
        threads.add_task(channel)
    assert [channel.was_turned_away for channel in waiting] == [False] * most + [True]


@pytest.mark.parametrize(("is_sync", "most"), [(False, QUEUED_REQUESTS), (True, QUEUED_OF_GATES)])
@pytest.mark.parametrize("is_of_many", [False, True])
def test_the_client_with_most_waiting_requests_makes_room_for_another(is_sync, most, is_of_many):
    threads = SharedThreads(page_threads=0, sync_threads=0, is_of_many=is_of_many)
    crowd = [WaitingChannel("crowd", is_sync, f"{number % 3}.example") for number in range(most)]
    others = [WaitingChannel(f"198.51.100.{number}", is_sync) for number in range(200)]
    for channel in (*crowd, *others):
        threads.add_task(channel)
    assert [channel.was_turned_away for channel in others] == [False] * 200
    assert sum(channel.was_turned_away for channel in crowd) == 200
    assert not crowd[0].was_turned_away, "not the newest"
    one_more = WaitingChannel("crowd", is_sync)
    threads.add_task(one_more)
    assert one_more.was_turned_away


def test_a_request_behind_another_of_its_connection_is_not_counted_as_one_more():
    threads = SharedThreads(page_threads=0, sync_threads=0)
    for _number in range(QUEUED_REQUESTS):
        threads.add_task(WaitingChannel("crowd", False))
    next_one = WaitingChannel("crowd", False, is_answered=True)
    threads.add_task(next_one)
    assert not next_one.was_turned_away


def test_the_oldest_unfinished_body_of_a_client_makes_room_for_its_newest():
    intakes, refused = Intakes(0), []

    def begins(name, client="198.51.100.7"):
        def refuse(answer):
            refused.append((name, answer.code))

        request_to("/x", client=client, intakes=intakes, refuse=refuse, Content_Length=9)

    for number in range(BODIES_OF_A_CLIENT):
        begins(number)
    begins("other", client="198.51.100.8")
    assert refused == []
    begins("newest")
    assert refused == [(0, 503)]


# -- how much ----------------------------------------------------------------------------------------


def test_no_client_has_all_the_room_for_bodies_and_what_ends_is_given_back():
    budget = Intake(body_bytes=9, client_bytes=60, total_bytes=100)
    assert budget.take("a", 60)
    assert not budget.take("a", 1)
    assert budget.take("b", 40)
    assert not budget.take("c", 1)
    budget.give_back("a", 60)
    assert budget.take("c", 50)
    assert budget.kept_bytes == 90


def test_the_largest_body_fits_into_what_one_client_may_have_and_that_is_a_quarter_of_all():
    assert max(ASK_BODY, MAX_BODY_BYTES, MAX_PAGE_BYTES) == SYNC_BODY_BYTES <= SYNC_BYTES_OF_A_CLIENT
    assert TOMBSTONES_BODY == TOMBSTONES_BODY_BYTES <= TOMBSTONES_BYTES_IN_FILES
    assert max(MAX_FORM_BYTES, MAX_REQUEST_BYTES) <= PAGE_BODY_BYTES <= PAGE_BYTES_OF_A_CLIENT
    assert max(PAGE_BYTES_OF_A_CLIENT, SYNC_BYTES_OF_A_CLIENT) * 4 <= BODY_BYTES_IN_FILES


def test_one_client_of_the_gates_paths_leaves_three_quarters_to_others():
    budget, quarter = Intakes(0).sync, BODY_BYTES_IN_FILES // 4
    strangers = [f"203.0.113.{number}" for number in range(5)]
    assert not budget.take(strangers[0], quarter + 1)
    assert [budget.take(one, quarter) for one in strangers] == [True] * 4 + [False]


def test_tombstones_have_room_for_one_body_and_take_none_from_events():
    intakes = Intakes(0)
    assert intakes.tombstones.take("198.51.100.7", TOMBSTONES_BODY_BYTES)
    assert not intakes.tombstones.take("198.51.100.8", 1)
    assert intakes.sync.take("198.51.100.7", SYNC_BYTES_OF_A_CLIENT)


def test_a_body_that_is_larger_than_events_is_kept_on_the_path_of_tombstones_alone():
    for path in (ASK_PATH, EVENTS_PATH, RECEIPTS_PATH, HANDOVER_PATH, "/sync/v1/nothing"):
        intakes = Intakes(0)
        request = request_to(path, intakes=intakes, Content_Length=MAX_BODY_BYTES + 9)
        request.received(b"a" * MAX_BODY_BYTES)
        assert intakes.sync.kept_bytes == MAX_BODY_BYTES - BODY_BYTES_IN_MEMORY
        request.received(b"a")
        assert intakes.sync.kept_bytes == 0
    intakes = Intakes(0)
    request = request_to(TOMBSTONES_PATH, intakes=intakes, Content_Length=MAX_BODY_BYTES + 9)
    request.received(b"a" * (MAX_BODY_BYTES + 1))
    assert intakes.tombstones.kept_bytes == MAX_BODY_BYTES + 1 - BODY_BYTES_IN_MEMORY
    assert intakes.sync.kept_bytes == 0
    request.close()
    assert intakes.tombstones.kept_bytes == 0


def test_a_small_body_is_in_memory_alone_and_a_larger_one_is_counted():
    intakes = Intakes(0)
    small = request_to("/x", intakes=intakes, Content_Length=BODY_BYTES_IN_MEMORY)
    small.received(b"a" * BODY_BYTES_IN_MEMORY)
    assert (small.completed, intakes.pages.kept_bytes) == (True, 0)
    large = request_to("/x", intakes=intakes, Content_Length=BODY_BYTES_IN_MEMORY + 1000)
    large.received(b"a" * (BODY_BYTES_IN_MEMORY + 900))
    assert intakes.pages.kept_bytes == 900
    large.close()
    large.close()
    assert intakes.pages.kept_bytes == 0


def test_a_body_that_is_too_large_is_read_to_its_end_and_not_kept():
    intakes = Intakes(0)
    request = request_to("/x", intakes=intakes, Content_Length=PAGE_BODY_BYTES + 1)
    request.received(b"a" * PAGE_BODY_BYTES)
    assert intakes.pages.kept_bytes == PAGE_BODY_BYTES - BODY_BYTES_IN_MEMORY
    request.received(b"a")
    assert (request.completed, request.error) == (True, None)
    assert intakes.pages.kept_bytes == 0
    assert request.headers["CONTENT_LENGTH"] == str(PAGE_BODY_BYTES + 1)
    assert request.get_body_stream().read() == b""


def test_a_body_in_chunks_that_is_too_large_is_said_to_be_as_long_as_it_was():
    request, length = request_to("/x", Transfer_Encoding="chunked"), PAGE_BODY_BYTES + 1
    request.received(b"%x\r\n" % length + b"a" * length + b"\r\n0\r\n\r\n")
    assert (request.completed, request.error) == (True, None)
    assert request.headers["CONTENT_LENGTH"] == str(length)
    assert request.get_body_stream().read() == b""


def test_a_sender_that_asks_first_is_refused_before_it_sends_too_much():
    request = request_to("/x", Content_Length=PAGE_BODY_BYTES + 1, Expect="100-continue")
    assert (request.completed, request.expect_continue) == (True, False)
    assert request.headers["CONNECTION"] == "close"


def test_where_no_room_is_left_a_gate_is_answered_in_its_own_form():
    intakes = Intakes(0)
    intakes.sync.take("198.51.100.7", SYNC_BYTES_OF_A_CLIENT)
    request = request_to(ASK_PATH, intakes=intakes, Content_Length=BODY_BYTES_IN_MEMORY + 1)
    request.received(b"a" * (BODY_BYTES_IN_MEMORY + 1))
    status, _headers, body = request.error.to_response()
    assert status == "503 Service Unavailable"
    assert msgspec.json.decode(body, type=Refusal).error == "server_busy"


def test_an_endless_line_between_chunks_ends_the_request():
    request = request_to("/x", Transfer_Encoding="chunked")
    request.received(b"5;" + b"a" * 5000)
    assert request.completed
    assert request.error.to_response()[0] == "400 Bad Request"


# -- whose -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "is_sync"),
    [
        (ASK_PATH, True),
        (f"{ASK_PATH}?x=1", True),
        (PAIR_PATH, False),
        (f"{PAIR_PATH}/state", False),
        (f"{PAIR_PATH}/commit", False),
        (f"{PAIR_PATH}/reveal", False),
        ("/staff/sign-in", False),
        ("/manage/sync/v1/ask", False),
    ],
)
def test_only_requests_on_the_gates_paths_have_the_gates_threads(path, is_sync):
    assert request_to(path).is_sync is is_sync
