"""A connection is asked what it waits for after an event and while a thread answers it, and not otherwise."""

import socket
from collections.abc import Iterator

import pytest

from web_admin.serving.socket_loop import ROUND, Sockets


class Connection:
    """One end of a connection, which counts how often it is asked."""

    accepting = False
    connected = True
    connecting = closing = False

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.asked = 0
        self.has_request = self.is_answered = self.has_output = self.ends_meanwhile = False
        self.read = self.written = 0

    def readable(self) -> bool:
        self.asked += 1
        return not self.has_request

    def writable(self) -> bool:
        if self.ends_meanwhile:
            self.ends_meanwhile = self.has_request = self.is_answered = False
        return self.has_output

    def handle_read_event(self) -> None:
        self.near.recv(100)
        self.read += 1

    def handle_write_event(self) -> None:
        self.written += 1
        self.has_output = False

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


@pytest.fixture
def connections(sockets: Sockets) -> Iterator[list[Connection]]:
    made = [Connection() for _number in range(20)]
    for each in made:
        sockets[each.near.fileno()] = each
    sockets.turn(0.0)
    yield made
    for each in made:
        each.close()


def test_requests_that_wait_for_a_thread_cost_the_loop_nothing(
    sockets: Sockets, connections: list[Connection]
) -> None:
    for each in connections:
        each.far.send(b"x")
    sockets.turn(0.0)
    assert [each.read for each in connections] == [1] * 20
    for each in connections:
        each.has_request = True
        sockets.look_at(each.near.fileno())
    sockets.turn(0.0)
    for each in connections:
        each.asked = 0
        each.far.send(b"x")  # and what arrives meanwhile is not read
    for _turn in range(10):
        sockets.turn(0.0)
    assert [each.asked for each in connections] == [0] * 20
    assert [each.read for each in connections] == [1] * 20


def test_what_a_thread_changes_is_seen_at_the_next_turn(
    sockets: Sockets, connections: list[Connection]
) -> None:
    first, *others = connections
    first.has_request = first.is_answered = True
    sockets.look_at(first.near.fileno())
    for each in others:
        each.asked = 0
    for turn in range(1, 4):
        sockets.turn(0.0)
        first.has_output = True
        sockets.turn(0.0)
        assert first.written == turn
    first.has_request = first.is_answered = False
    first.far.send(b"x")
    sockets.turn(0.0)
    assert first.read == 1
    assert [each.asked for each in others] == [0] * 19


def test_a_connection_that_closed_before_its_thread_began_is_passed_over(
    sockets: Sockets, connections: list[Connection]
) -> None:
    gone = connections[0].near.fileno()
    del sockets[gone]
    sockets.look_at(gone)
    sockets.turn(0.0)
    assert gone not in sockets


def test_every_connection_is_looked_at_again_within_a_round(
    sockets: Sockets, connections: list[Connection]
) -> None:
    """What no event and no thread showed is noticed late, and not never; and never all at once."""
    for each in connections:
        each.asked = 0
        each.has_output = True
    most = 0
    for _second in range(ROUND):
        before = sum(each.asked for each in connections)
        sockets.look_at_some()
        sockets.turn(0.0)
        most = max(most, sum(each.asked for each in connections) - before)
    assert [each.written for each in connections] == [1] * 20
    assert most < 20


def test_an_answer_that_ends_while_its_connection_is_looked_at_is_not_missed(
    sockets: Sockets, connections: list[Connection]
) -> None:
    first = connections[0]
    first.has_request = first.is_answered = first.ends_meanwhile = True
    sockets.look_at(first.near.fileno())
    sockets.turn(0.0)
    first.far.send(b"x")
    sockets.turn(0.0)  # its thread wakes the loop at its end
    assert first.read == 1


def test_the_loop_is_woken_once_by_all_that_call_it_before_its_next_turn(sockets: Sockets) -> None:
    assert [sockets.is_first_call() for _thread in range(3)] == [True, False, False]
    sockets.turn(0.0)
    assert sockets.is_first_call()


def test_what_comes_while_it_gathers_costs_one_turn(
    sockets: Sockets, connections: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    def arrives(seconds: float) -> None:
        assert seconds == 0.004
        for each in connections[:5]:
            each.far.send(b"x")

    monkeypatch.setattr("web_admin.serving.socket_loop.time.sleep", arrives)
    sockets.turn(0.0, 0.004)
    assert sum(each.read for each in connections) == 5
