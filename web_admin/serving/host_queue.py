"""Waiting requests that share threads: in turn by host, then by client, and so many of one at once.

Where many compounds share them, a host is a compound's name, and one whose database hangs takes its share of
the threads and no more. Where one compound has them all, a host is a client's address.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from web_admin.serving.connection_limits import FairQueue, OfClient

CONNECTIONS_OF_MANY = 12_000
"""Of all hosts: each gate keeps one between its questions."""


def connections_of_many(open_files: int) -> int:
    """Return how many fit where many compounds share the server: databases and bodies need files too."""
    return max(50, min(CONNECTIONS_OF_MANY, (open_files - 200) * 6 // 10))


OF_STREAMS = " stream"
"""How the name of a host ends whose requests keep a page up to date: each holds its thread for minutes."""


class OfHost(OfClient, Protocol):
    """A request that waits; `host` is whose threads it takes."""

    @property
    def host(self) -> str:
        """Return whose threads it takes."""


class HostQueue:
    """It has what waitress's pool of threads asks of a deque, and is used under that pool's lock.

    It is false while requests of no host may begin, though some wait.
    """

    def __init__(self, at_once: int, *, streams_at_once: int | None = None) -> None:
        """Take how many requests of one host may be answered at a time, and how many of its open pages."""
        self._at_once, self._streams_at_once = at_once, streams_at_once or at_once
        self._of: dict[str, FairQueue] = {}
        self._running: Counter[str] = Counter()
        self._count = 0

    def append(self, waiting: OfHost) -> None:
        """Add a request behind those of its host and client."""
        self._of.setdefault(waiting.host, FairQueue()).append(waiting)
        self._count += 1

    def popleft(self) -> OfClient:
        """Return the first request of the host whose turn it is; raise IndexError when none may begin."""
        host = next((host for host in self._of if self._may_begin(host)), None)
        if host is None:
            raise IndexError("no request may begin")
        of_host = self._of.pop(host)
        first = of_host.popleft()
        if of_host:
            self._of[host] = of_host
        self._count -= 1
        self._running[host] += 1
        return first

    def leave(self, host: str) -> None:
        """Note that a request of this host was answered."""
        self._running[host] -= 1
        if self._running[host] <= 0:
            del self._running[host]

    def count_of(self, client: str) -> int:
        """Return how many requests of this client wait, at all hosts."""
        return sum(of_host.count_of(client) for of_host in self._of.values())

    def clients(self) -> Iterable[str]:
        """Return whose requests wait."""
        return {client for of_host in self._of.values() for client in of_host.clients()}

    def take_newest(self, client: str) -> OfClient:
        """Return the newest request of a client where it has most, and forget it."""
        host = max(self._of, key=lambda host: self._of[host].count_of(client))
        newest = self._of[host].take_newest(client)
        if not self._of[host]:
            del self._of[host]
        self._count -= 1
        return newest

    def __bool__(self) -> bool:
        """Return whether a request may begin."""
        return any(self._may_begin(host) for host in self._of)

    def _may_begin(self, host: str) -> bool:
        most = self._streams_at_once if host.endswith(OF_STREAMS) else self._at_once
        return self._running[host] < most

    def __len__(self) -> int:
        """Return how many requests wait."""
        return self._count
