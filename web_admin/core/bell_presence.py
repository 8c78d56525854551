"""Gates that hear the bell, by the broker's own words: a hint for pages, and nothing is decided by it.

The broker says when a gate connects and when it goes, and once a minute who is there: a broker of a cluster
that dies says nothing of its gates. Which gate it is, is what the connection calls itself.
"""

from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from gate_controller.broker.words import BrokerMessage

EVERY_SECONDS = 60.0
GATHER_SECONDS = 5.0
"""For so long the brokers of a cluster may answer who is there."""
LONGEST_WORD = 1024 * 1024
MOST_CONNECTIONS = 20_000

Short = Annotated[str, msgspec.Meta(max_length=120)]


class _Server(msgspec.Struct):
    id: Short


class _Client(msgspec.Struct):
    id: int
    name: Short = ""


class _Connection(msgspec.Struct):
    cid: int
    name: Short = ""


class _Connections(msgspec.Struct):
    connections: list[_Connection] = []


class _Event(msgspec.Struct):
    server: _Server
    client: _Client | None = None
    data: _Connections | None = None


@dataclass(slots=True)
class _NamesByConnection:
    names: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(self, server: str, number: int, name: str) -> None:
        if len(self.names) < MOST_CONNECTIONS:
            self.names[server, number] = name


class Presence:
    """The gates that are connected to the brokers of this compound's account."""

    def __init__(self, account: str) -> None:
        """Know nothing yet."""
        self.connects = f"$SYS.ACCOUNT.{account}.CONNECT"
        self.goes = f"$SYS.ACCOUNT.{account}.DISCONNECT"
        self.asks = f"$SYS.REQ.ACCOUNT.{account}.CONNZ"
        self._known: dict[tuple[str, int], str] | None = None
        self._gathered: _NamesByConnection | None = None
        self._due = 0.0

    def forget(self) -> None:
        """Know nothing any more: no broker is connected."""
        self._known = self._gathered = None
        self._due = 0.0

    def is_due(self, now: float) -> bool:
        """Return whether to ask who is there; settle what was gathered when that was asked before."""
        if now < self._due:
            return False
        if self._gathered is not None:
            self._known, self._gathered = self._gathered.names, None
            self._due = now + EVERY_SECONDS - GATHER_SECONDS
            return False
        self._gathered = _NamesByConnection()
        self._due = now + GATHER_SECONDS
        return True

    def take(self, heard: BrokerMessage) -> None:
        """Note what a broker said; words that are none of its own are passed over."""
        try:
            event = msgspec.json.decode(heard.payload, type=_Event)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        server = event.server.id
        if event.client is not None:
            for names in (self._known, None if self._gathered is None else self._gathered.names):
                if names is None:
                    continue
                if heard.subject == self.goes:
                    names.pop((server, event.client.id), None)
                elif heard.subject == self.connects and len(names) < MOST_CONNECTIONS:
                    names[server, event.client.id] = event.client.name
        elif event.data is not None and self._gathered is not None:
            for one in event.data.connections:
                self._gathered.add(server, one.cid, one.name)

    def connected(self) -> frozenset[str] | None:
        """Return the subjects that are heard now; None while that is not known."""
        known = self._known
        return None if known is None else frozenset(known.copy().values())
