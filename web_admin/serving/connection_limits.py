"""Limits on a client's time and buffered bytes, and the rules made of them.

Times are those of a monotonic clock, in seconds. Every number is that of one server process.
"""

from collections.abc import Mapping

from gate_controller.contract.client_places import place_of_address

HEAD_SECONDS = 10.0
"""For a connection's first byte, and again from there to the end of the head."""
BODY_SECONDS = 20.0
ANSWER_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 8 * 1024
"""A client that sends or takes at least this much has more time than the seconds above."""
STALLED_ANSWER_SECONDS = 300.0
"""For an answer that stalls after a fast start: a proxy takes megabytes ahead of a slow client."""
IDLE_SECONDS = 75.0
"""Between two requests of one connection; longer than proxies keep theirs."""

CONNECTIONS = 2000
CONNECTIONS_OF_AN_ADDRESS = 100
"""Where no proxy is in front; behind one, all connections are the proxy's."""
BODIES_OF_A_CLIENT = 50
"""Begun and not complete at a time."""
QUEUED_REQUESTS = 500
"""Of pages, complete and waiting for a thread. The next one costs the client with most of them its
newest, or is refused itself where no other has more."""
QUEUED_OF_GATES = 1500
"""Likewise of gates: all of a large compound ask at once when a change is published. They are answered within
the ten seconds that a gate waits, where a refused one would ask again and cost as much."""

HEAD_BYTES = 32 * 1024
BODY_BYTES_IN_MEMORY = 16 * 1024
"""Of each body; the rest of it goes into a file without a name."""
BODY_BYTES_IN_FILES = 64 * 1024 * 1024
"""Of all bodies together, once for pages and once for what gates send every day."""
PAGE_BYTES_OF_A_CLIENT = 16 * 1024 * 1024
SYNC_BYTES_OF_A_CLIENT = 16 * 1024 * 1024
TOMBSTONES_BYTES_IN_FILES = 48 * 1024 * 1024
"""One of the largest at a time, beside the others: after a restore, from gates of an older version."""
PAGE_BODY_BYTES = 8 * 1024 * 1024
SYNC_BODY_BYTES = 2 * 1024 * 1024
TOMBSTONES_BODY_BYTES = 48 * 1024 * 1024
DRAINED_BYTES = 64 * 1024 * 1024
"""A larger body than may be kept is read to its end up to here, or its sender would never see the answer."""

SYNC_THREADS = 4


class Patience:
    """How long a transfer may still take: its seconds and one more for each 8 KB, never more than `most`."""

    def __init__(self, allowed_seconds: float, most_seconds: float, since: float) -> None:
        """Begin at `since` with nothing transferred."""
        self._left, self._most = allowed_seconds, most_seconds
        self._looked_at, self._moved_bytes = since, 0

    def is_late(self, now: float, moved_bytes: int) -> bool:
        """Return whether the seconds are used up; `moved_bytes` are all since the beginning."""
        earned = (moved_bytes - self._moved_bytes) / SLOWEST_BYTES_PER_SECOND
        self._left = min(self._most, self._left - (now - self._looked_at) + earned)
        self._looked_at, self._moved_bytes = now, moved_bytes
        return self._left < 0


def connections_for(open_files: int, most: int = CONNECTIONS, files_of_each: float = 3) -> int:
    """Return how many connections fit into a limit of open files: each may need others beside itself."""
    return max(50, min(most, int((open_files - 200) / files_of_each)))


def client_of(headers: Mapping[str, str], peer: str, trusted_proxies: int) -> str:
    """Return who the client is: the peer's place, or what trusted proxies say; headers as WSGI names them.

    A place is an address of IPv4 or a /64 of IPv6: who has one of the latter has 2^64 addresses.
    """
    forwarded = [part.strip() for part in headers.get("X_FORWARDED_FOR", "").split(",") if part.strip()]
    is_forwarded = trusted_proxies and len(forwarded) >= trusted_proxies
    return place_of_address(forwarded[-trusted_proxies] if is_forwarded else peer)
