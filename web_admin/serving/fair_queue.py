"""Waiting requests that share threads: in turn by host, then by client, and so many of one host at once.

Where many compounds share them, a host is a compound's name, and one whose database hangs takes its share of
the threads and no more. Where one compound has them all, a host is a client's address.
"""

from collections import Counter, deque
from typing import Protocol

OF_STREAMS = " stream"
"""How the name of a host ends whose requests keep a page up to date: each holds its thread for minutes."""
OF_CALLS = f" calls{OF_STREAMS}"
"""Likewise where the page is a resident's, which waits for calls; these have threads of their own."""


class Waiting(Protocol):
    """A connection whose first request waits; `host` is whose threads it takes."""

    @property
    def client(self) -> str:
        """Return whose request it is: an address."""

    @property
    def host(self) -> str:
        """Return whose threads it takes."""

    def turn_away(self) -> None:
        """Refuse the request, and close the connection."""


class FairQueue:
    """It has what waitress's pool of threads asks of a deque, and is used under that pool's lock.

    It is false while requests of no host may begin, though some wait.
    """

    def __init__(self, at_once: int | None = None, *, streams_at_once: int | None = None) -> None:
        """Take how many requests of one host may be answered at a time, and how many of its open pages."""
        self._at_once, self._streams_at_once = at_once, streams_at_once or at_once
        self._of: dict[str, dict[str, deque[Waiting]]] = {}
        self._running: Counter[str] = Counter()
        self._count = 0

    def append(self, waiting: Waiting) -> None:
        """Add a request behind those of its host and client."""
        self._of.setdefault(waiting.host, {}).setdefault(waiting.client, deque()).append(waiting)
        self._count += 1

    def popleft(self) -> Waiting:
        """Return the first request of the host whose turn it is; raise IndexError when none may begin."""
        host = next((host for host in self._of if self._may_begin(host)), None)
        if host is None:
            raise IndexError("no request may begin")
        clients = self._of[host] = self._of.pop(host)  # behind the others, as its client
        client = next(iter(clients))
        waiting = clients[client] = clients.pop(client)
        if self._at_once is not None:
            self._running[host] += 1
        return self._without(host, client, waiting.popleft())

    def take_newest(self, client: str) -> Waiting:
        """Return the newest request of a client where it has most, and forget it."""
        host = max(self._of, key=lambda host: len(self._of[host].get(client, ())))
        return self._without(host, client, self._of[host][client].pop())

    def leave(self, host: str) -> None:
        self._running[host] -= 1
        if self._running[host] <= 0:
            del self._running[host]

    def counts(self) -> Counter[str]:
        """Return how many requests of each client wait, at all hosts."""
        counts: Counter[str] = Counter()
        for clients in self._of.values():
            counts.update({client: len(waiting) for client, waiting in clients.items()})
        return counts

    def __bool__(self) -> bool:
        """Return whether a request may begin."""
        return any(self._may_begin(host) for host in self._of)

    def __len__(self) -> int:
        """Return how many requests wait."""
        return self._count

    def _may_begin(self, host: str) -> bool:
        most = self._streams_at_once if host.endswith(OF_STREAMS) else self._at_once
        return most is None or self._running[host] < most

    def _without(self, host: str, client: str, taken: Waiting) -> Waiting:
        if not self._of[host][client]:
            del self._of[host][client]
        if not self._of[host]:
            del self._of[host]
        self._count -= 1
        return taken
