"""Threads that many hosts share: each host has its turn, and none has more than its part."""

from collections import Counter
from dataclasses import dataclass

import pytest

from web_admin.serving.fair_queue import FairQueue


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
