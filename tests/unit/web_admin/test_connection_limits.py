"""The rules of who may take how long and how much, and requests that arrive in pieces."""

from dataclasses import dataclass

import msgspec
import pytest
from waitress.adjustments import Adjustments

from gate_controller.sync_contract import ASK_PATH, PAIR_PATH, Refusal
from web_admin import MAX_FORM_BYTES
from web_admin.connection_limits import (
    BODIES_OF_A_CLIENT,
    BODY_BYTES_IN_FILES,
    BODY_BYTES_IN_MEMORY,
    BODY_SECONDS,
    CONNECTIONS,
    PAGE_BODY_BYTES,
    PAGE_BYTES_OF_A_CLIENT,
    SLOWEST_BYTES_PER_SECOND,
    SYNC_BODY_BYTES,
    SYNC_BYTES_OF_A_CLIENT,
    BodyBudget,
    FairQueue,
    client_of,
    connections_for,
    is_late,
)
from web_admin.import_pages import MAX_REQUEST_BYTES
from web_admin.request_intake import ArrivingRequest, Intakes
from web_admin.sync_api import ASK_BODY, EVENTS_BODY, RECEIPTS_BODY


@dataclass(frozen=True)
class Waiting:
    client: str
    number: int


def request_to(path, *, client="198.51.100.7", intakes=None, **headers):
    more = [f"{name}: {value}" for name, value in headers.items()]
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", *more]
    request = ArrivingRequest(Adjustments(), client, intakes or Intakes(0))
    request.received("\r\n".join(lines).replace("Content_Length", "Content-Length").encode() + b"\r\n\r\n")
    return request


# -- how long ----------------------------------------------------------------------------------------


def test_a_trickle_is_late_and_a_slow_uplink_is_not():
    assert is_late(BODY_SECONDS + 1, BODY_SECONDS, 40)
    assert not is_late(BODY_SECONDS, BODY_SECONDS, 0)
    assert not is_late(BODY_SECONDS + 30, BODY_SECONDS, 31 * SLOWEST_BYTES_PER_SECOND)


# -- how many ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("open_files", "connections"), [(1024, 274), (100, 50), (20_000, CONNECTIONS)])
def test_connections_fit_into_the_open_files_that_are_allowed(open_files, connections):
    assert connections_for(open_files) == connections


@pytest.mark.parametrize(
    ("told", "proxies", "client"),
    [
        ("203.0.113.9", 0, "peer"),
        ("203.0.113.9", 1, "203.0.113.9"),
        ("made.up, 203.0.113.9", 1, "203.0.113.9"),
        ("made.up, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("", 1, "peer"),
        ("203.0.113.9", 2, "peer"),
    ],
)
def test_the_client_is_who_the_trusted_proxies_say_it_is(told, proxies, client):
    assert client_of({"X_FORWARDED_FOR": told}, "peer", proxies) == client


def test_many_requests_of_one_client_wait_behind_one_of_another():
    queue = FairQueue()
    for number in range(3):
        queue.append(Waiting("crowd", number))
    queue.append(Waiting("gate", 9))
    taken = [queue.popleft() for _turn in range(len(queue))]
    assert taken == [Waiting("crowd", 0), Waiting("gate", 9), Waiting("crowd", 1), Waiting("crowd", 2)]
    with pytest.raises(IndexError):
        queue.popleft()


def test_the_oldest_unfinished_body_of_a_client_makes_room_for_its_newest():
    intakes = Intakes(0)
    first, *_others = [request_to("/x", intakes=intakes, Content_Length=9) for _ in range(BODIES_OF_A_CLIENT)]
    other = request_to("/x", client="198.51.100.8", intakes=intakes, Content_Length=9)
    newest = request_to("/x", intakes=intakes, Content_Length=9)
    assert newest.displaced is first
    assert other.displaced is None


# -- how much ----------------------------------------------------------------------------------------


def test_no_client_has_all_the_room_for_bodies_and_what_ends_is_given_back():
    budget = BodyBudget(total_bytes=100, client_bytes=60)
    assert budget.take("a", 60)
    assert not budget.take("a", 1)
    assert budget.take("b", 40)
    assert not budget.take("c", 1)
    budget.give_back("a", 60)
    assert budget.take("c", 50)
    assert budget.kept_bytes == 90


def test_the_largest_body_of_a_gate_fits_beside_all_that_one_client_may_have_lying():
    assert max(ASK_BODY, EVENTS_BODY, RECEIPTS_BODY) <= SYNC_BODY_BYTES <= SYNC_BYTES_OF_A_CLIENT
    assert SYNC_BYTES_OF_A_CLIENT <= BODY_BYTES_IN_FILES
    assert max(MAX_FORM_BYTES, MAX_REQUEST_BYTES) <= PAGE_BODY_BYTES
    assert PAGE_BODY_BYTES <= PAGE_BYTES_OF_A_CLIENT < BODY_BYTES_IN_FILES


def test_a_small_body_is_in_memory_alone_and_a_larger_one_is_counted():
    intakes = Intakes(0)
    small = request_to("/x", intakes=intakes, Content_Length=BODY_BYTES_IN_MEMORY)
    small.received(b"a" * BODY_BYTES_IN_MEMORY)
    assert (small.completed, intakes.pages.budget.kept_bytes) == (True, 0)
    large = request_to("/x", intakes=intakes, Content_Length=BODY_BYTES_IN_MEMORY + 1000)
    large.received(b"a" * (BODY_BYTES_IN_MEMORY + 900))
    assert intakes.pages.budget.kept_bytes == 900
    large.close()
    large.close()
    assert intakes.pages.budget.kept_bytes == 0


def test_a_body_that_is_too_large_is_read_to_its_end_and_not_kept():
    intakes = Intakes(0)
    request = request_to("/x", intakes=intakes, Content_Length=PAGE_BODY_BYTES + 1)
    request.received(b"a" * PAGE_BODY_BYTES)
    assert intakes.pages.budget.kept_bytes == PAGE_BODY_BYTES - BODY_BYTES_IN_MEMORY
    request.received(b"a")
    assert (request.completed, request.error) == (True, None)
    assert intakes.pages.budget.kept_bytes == 0
    assert request.headers["CONTENT_LENGTH"] == str(PAGE_BODY_BYTES + 1)
    assert request.get_body_stream().read() == b""


def test_a_sender_that_asks_first_is_refused_before_it_sends_too_much():
    request = request_to("/x", Content_Length=PAGE_BODY_BYTES + 1, Expect="100-continue")
    assert (request.completed, request.expect_continue) == (True, False)
    assert request.headers["CONNECTION"] == "close"


def test_where_no_room_is_left_a_gate_is_answered_in_its_own_form():
    intakes = Intakes(0)
    intakes.sync.budget.take("others", BODY_BYTES_IN_FILES - SYNC_BYTES_OF_A_CLIENT)
    intakes.sync.budget.take("198.51.100.7", SYNC_BYTES_OF_A_CLIENT)
    request = request_to(ASK_PATH, intakes=intakes, Content_Length=BODY_BYTES_IN_MEMORY + 1)
    request.received(b"a" * (BODY_BYTES_IN_MEMORY + 1))
    status, _headers, body = request.error.to_response()
    assert status == "503 Service Unavailable"
    assert msgspec.json.decode(body, type=Refusal).error == "server_busy"


def test_an_endless_line_between_chunks_ends_the_request():
    request = ArrivingRequest(Adjustments(), "198.51.100.7", Intakes(0))
    request.received(b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    request.received(b"5;" + b"a" * 5000)
    assert request.completed
    assert request.error.to_response()[0] == "400 Bad Request"


# -- whose -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "is_sync"),
    [(ASK_PATH, True), (f"{ASK_PATH}?x=1", True), (PAIR_PATH, False), (f"{PAIR_PATH}/state", False),
     (f"{PAIR_PATH}/commit", False), (f"{PAIR_PATH}/reveal", False),
     ("/staff/sign-in", False), ("/manage/sync/v1/ask", False)],
)
def test_only_what_a_paired_gate_sends_has_the_gates_threads(path, is_sync):
    assert request_to(path).is_sync is is_sync
