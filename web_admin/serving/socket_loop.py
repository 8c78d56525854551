"""Waitress's loop over its sockets, with epoll: a connection that only waits costs nothing.

Waitress asks every connection at every turn what it waits for. With 500 stalled ones that was as much work as
answering a gate. Here only those are asked whose state may have changed.
"""

import select
from typing import Protocol

from waitress import wasyncore  # type: ignore[import-untyped]  # it has no types

_READ = select.EPOLLIN | select.EPOLLPRI
_WRITE = select.EPOLLOUT


class WaitsForSocket(Protocol):
    """What waitress keeps in its map: a listener, a connection, or the pipe that wakes the loop."""

    accepting: bool

    def readable(self) -> bool:
        """Return whether it waits for something to read."""

    def writable(self) -> bool:
        """Return whether it waits to write."""


class Sockets(dict[int, WaitsForSocket]):
    """Waitress's map of sockets by descriptor; it notes what comes and goes."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._epoll = select.epoll()
        self._registered: dict[int, int] = {}
        self._changed: set[int] = set()

    def __setitem__(self, descriptor: int, waiting: WaitsForSocket) -> None:
        """Watch a socket."""
        super().__setitem__(descriptor, waiting)
        self._changed.add(descriptor)

    def __delitem__(self, descriptor: int) -> None:
        """Watch it no longer; it is still open."""
        super().__delitem__(descriptor)
        self._changed.discard(descriptor)
        self._register(descriptor, 0)

    def look_at_all(self) -> None:
        """Ask every socket at the next turn what it waits for."""
        self._changed.update(self)

    def turn(self, timeout_seconds: float) -> None:
        """Wait until something can be read or written, and let it."""
        for descriptor in list(self._changed):
            waiting = self[descriptor]
            wanted = _READ if waiting.readable() else 0
            if not waiting.accepting and waiting.writable():
                wanted |= _WRITE
            self._register(descriptor, wanted)
            if wanted == _READ:
                # No thread works on it, so nothing changes before the next event.
                self._changed.discard(descriptor)
        for descriptor, flags in self._epoll.poll(timeout_seconds):
            ready = self.get(descriptor)
            if ready is not None:
                self._changed.add(descriptor)
                wasyncore.readwrite(ready, flags)

    def close(self) -> None:
        """Release the loop's own descriptors."""
        self._epoll.close()

    def _register(self, descriptor: int, wanted: int) -> None:
        before = self._registered.get(descriptor, 0)
        if wanted == before:
            return
        if not wanted:
            self._epoll.unregister(descriptor)
            del self._registered[descriptor]
            return
        (self._epoll.modify if before else self._epoll.register)(descriptor, wanted)
        self._registered[descriptor] = wanted
