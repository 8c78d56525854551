"""The network between gates and server: it loses, doubles, delays and reorders, and keeps what went over
it.

A gate's own signed requests go through its own `ServerLink`; only the socket is missing. TLS is taken for
granted, so nothing is changed on the way; `Replayed` is a false server in the middle that answers with
what it heard before.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import requests
from flask.testing import FlaskClient

from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    GATE_HEADER,
    RECEIPTS_PATH,
    AskReply,
    ForgetReceipt,
    ReceiptBatch,
)
from tests.world.chance import Dice
from tests.world.disk import Pulled
from tests.world.server_state import ServerState

OK, LOST, ANSWER_LOST, DOUBLED, DELAYED, APART, REPLAYED = (
    "ok",
    "lost",
    "answer lost",
    "doubled",
    "delayed",
    "apart",
    "replayed",
)
FAULTS = (LOST, ANSWER_LOST, DOUBLED, DELAYED)
MAX_LATE = 12
"""By how many of a gate's requests a packet may be overtaken: a connection that is older has ended."""


@dataclass(frozen=True)
class Answer:
    """What came back, as the gate's link reads it."""

    status_code: int
    content: bytes
    url: str = "the world"


@dataclass(frozen=True)
class Exchange:
    """One request that reached the server, and what it answered."""

    at: datetime
    gate_id: str
    path: str
    counter: int
    body: bytes
    answer: Answer
    server: ServerState
    """The tables right after it answered."""
    by_thief: bool = False


@dataclass(frozen=True, order=True)
class Packet:
    """A request on its way."""

    due: datetime
    number: int
    gate_id: str = field(compare=False)
    path: str = field(compare=False)
    body: bytes = field(compare=False)
    headers: Mapping[str, str] = field(compare=False)


class Network:
    """All wires of the compound."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        client: Callable[[], FlaskClient],
        tables: Callable[[], ServerState],
    ) -> None:
        """Begin with nothing on the way; `client` reaches the server that runs now, `tables` reads it."""
        self._clock = clock
        self._client = client
        self._tables = tables
        self.server_is_down = False
        self.heard: list[tuple[str, AskReply, ServerState | None]] = []
        """Answers to questions that reached their gate, and the tables of that moment; None for a replay."""
        self._number = 0
        self.on_the_way: list[Packet] = []
        self.apart: set[str] = set()
        self.exchanges: list[Exchange] = []
        self.sent: list[bytes] = []
        self.unanswered: list[tuple[str, str]] = []
        """Gates and paths of requests whose answer did not come."""
        self.recorded: dict[tuple[str, str], list[Answer]] = {}
        self.dice = Dice(0)
        self.fault_of_ten = 0
        self.replays: int | None = None

    def carry(self, gate_id: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Carry one request and its answer, or fail as a socket does."""
        self.sent.append(body)
        try:
            return self._carried(gate_id, path, body, headers)
        except requests.RequestException:
            self.unanswered.append((gate_id, path))
            raise

    def _carried(self, gate_id: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        fate = self._fate(gate_id)
        if fate in (APART, LOST):
            raise requests.ConnectionError(fate)
        if fate == REPLAYED:
            old = self.recorded.get((gate_id, path))
            if not old:
                raise requests.ConnectionError(fate)
            return self._heard(gate_id, path, _chosen(old, self.replays or 0), None)
        if fate == DELAYED:
            seconds = self.dice.choice((0.5, 3.0, 8.0))
            self._number += 1
            due = self._clock() + timedelta(seconds=seconds)
            heapq.heappush(self.on_the_way, Packet(due, self._number, gate_id, path, body, dict(headers)))
            raise requests.ReadTimeout(fate)
        exchange = self.deliver(gate_id, path, body, headers)
        if fate == DOUBLED:
            self.deliver(gate_id, path, body, headers)
        if fate == ANSWER_LOST:
            raise requests.ReadTimeout(fate)
        return self._heard(gate_id, path, exchange.answer, exchange.server)

    def _heard(self, gate_id: str, path: str, answer: Answer, server: ServerState | None) -> Answer:
        if path == ASK_PATH and answer.status_code == 200:
            self.heard.append((gate_id, msgspec.json.decode(answer.content, type=AskReply), server))
        return answer

    def _fate(self, gate_id: str) -> str:
        if gate_id in self.apart:
            return APART
        if self.replays is not None:
            return REPLAYED
        faulty = self.dice.randrange(10) < self.fault_of_ten
        return self.dice.choice(FAULTS) if faulty else OK

    def deliver(
        self, gate_id: str, path: str, body: bytes, headers: Mapping[str, str], *, by_thief: bool = False
    ) -> Exchange:
        """Hand a request to the server and keep what it answers; raise ConnectionError where it stops."""
        if self.server_is_down:
            raise requests.ConnectionError("the server is down")
        sent = {name: value for name, value in headers.items() if name != "Content-Type"}
        try:
            response = self._client().post(path, data=body, headers=sent, content_type="application/json")
        except Pulled:
            self.server_is_down = True
            raise requests.ConnectionError("the server went down") from None
        answer = Answer(response.status_code, response.data)
        exchange = Exchange(
            self._clock(), gate_id, path, int(headers[COUNTER_HEADER]), body, answer, self._tables(), by_thief
        )
        self.exchanges.append(exchange)
        if answer.status_code == 200 and path == ASK_PATH:
            self.recorded.setdefault((gate_id, path), []).append(answer)
        return exchange

    def arrive(self, packet: Packet, newest_counter: int) -> None:
        """Hand over a packet that was delayed, unless its connection has ended meanwhile."""
        if packet.gate_id in self.apart or newest_counter - int(packet.headers[COUNTER_HEADER]) > MAX_LATE:
            return
        with suppress(requests.ConnectionError):
            self.deliver(packet.gate_id, packet.path, packet.body, packet.headers)

    def forget_all(self) -> None:
        """Drop what is on its way to a server that is lost."""
        self.on_the_way.clear()

    def forget(self, gate_id: str) -> None:
        """Drop what a gate sent before its power was cut."""
        self.on_the_way = [packet for packet in self.on_the_way if packet.gate_id != gate_id]
        heapq.heapify(self.on_the_way)


def _chosen(recorded: Sequence[Answer], number: int) -> Answer:
    """Return one of what a false server recorded: as often as not one that brought a whole policy."""
    whole = [answer for answer in recorded if brings_whole_policy(answer)] if number % 2 else []
    among = whole or recorded
    return among[number // 2 % len(among)]


def brings_whole_policy(answer: Answer) -> bool:
    """Return whether an answer to a question has a policy that is taken from nothing."""
    change = msgspec.json.decode(answer.content, type=AskReply).change
    return change is not None and (change.base_epoch, change.base_version) == (0, 0)


class Wire:
    """What a gate's `ServerLink` has in place of a session of `requests`."""

    def __init__(self, network: Network) -> None:
        """Take the network that this gate is connected to."""
        self._network = network

    def post(self, url: str, *, data: bytes, headers: Mapping[str, str], **_options: object) -> Answer:
        """Carry one request."""
        path = url[url.index("/sync/") :]
        return self._network.carry(headers[GATE_HEADER], path, data, headers)

    def close(self) -> None:
        """End nothing: there is no socket."""


class ThiefsWire(Wire):
    """The wire of a thief who holds a gate's key: it works, and what comes back is theirs."""

    def post(self, url: str, *, data: bytes, headers: Mapping[str, str], **_options: object) -> Answer:
        """Carry one request of the thief."""
        path = url[url.index("/sync/") :]
        return self._network.deliver(headers[GATE_HEADER], path, data, headers, by_thief=True).answer


def receipts_in(exchange: Exchange) -> tuple[str, ...]:
    """Return the consents whose receipts a request brought."""
    if exchange.path != RECEIPTS_PATH:
        return ()
    signed = msgspec.json.decode(exchange.body, type=ReceiptBatch).receipts
    return tuple(msgspec.json.decode(one.receipt, type=ForgetReceipt).consent_id for one in signed)


def asked(exchange: Exchange) -> AskReply | None:
    """Return the answer to a question, None for any other exchange."""
    if exchange.path != ASK_PATH or exchange.answer.status_code != 200:
        return None
    return msgspec.json.decode(exchange.answer.content, type=AskReply)
