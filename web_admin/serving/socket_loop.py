"""Waitress's loop over its sockets, with epoll: a connection that only waits costs nothing.

Waitress asks every connection at every turn what it waits for. With 500 stalled ones that was as much work as
answering a gate. Here only those are asked whose state may have changed: after an event, and while a thread
answers them. A request that waits for a thread costs nothing either, or a long queue would slow down itself.
"""

import select
import threading
import time

from waitress import wasyncore  # type: ignore[import-untyped]  # it has no types

_READ = select.EPOLLIN | select.EPOLLPRI
_WRITE = select.EPOLLOUT
ROUND = 10


class Sockets(dict[int, wasyncore.dispatcher]):
    """Waitress's map of listener, connections and the pipe that wakes the loop."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._epoll = select.epoll()
        self._registered: dict[int, int] = {}
        self._changed: set[int] = set()
        self._looked = 0
        self._called = threading.Lock()
        """Held from the first call of the loop until its next turn begins."""

    def __setitem__(self, descriptor: int, waiting: wasyncore.dispatcher) -> None:
        super().__setitem__(descriptor, waiting)
        self._changed.add(descriptor)

    def __delitem__(self, descriptor: int) -> None:
        """Watch it no longer; it is still open."""
        super().__delitem__(descriptor)
        self._changed.discard(descriptor)
        self._register(descriptor, 0)

    def look_at(self, descriptor: int) -> None:
        """Ask this socket at the next turn what it waits for; safe from any thread."""
        self._changed.add(descriptor)

    def look_at_all(self) -> None:
        """Ask every socket at the next turn what it waits for."""
        self._changed.update(self)

    def look_at_some(self) -> None:
        """Do so for the next tenth of them: ten thousand at once would hold up every thread."""
        self._looked = (self._looked + 1) % ROUND
        self._changed.update(number for number in list(self) if number % ROUND == self._looked)

    def is_first_call(self) -> bool:
        """Return whether the loop has to be woken: nothing has done so since its last turn began."""
        return self._called.acquire(blocking=False)

    def turn(self, timeout_seconds: float, gather_seconds: float = 0.0) -> None:
        """Wait until something can be read or written, and let it.

        With `gather_seconds` that much later: what comes meanwhile costs one turn together.
        """
        if self._called.locked():
            self._called.release()  # before the look at what has changed: what changes later calls again
        for descriptor in list(self._changed):
            self._changed.discard(descriptor)  # first: a thread may mark it again meanwhile
            waiting = self.get(descriptor)
            if waiting is None:
                continue  # it was closed when a thread began to answer it
            # Of connections alone, and before their state: what a thread does after this is looked at again.
            is_answered = getattr(waiting, "is_answered", False)
            wanted = _READ if waiting.readable() else 0
            if not waiting.accepting and waiting.writable():
                wanted |= _WRITE
            self._register(descriptor, wanted)
            if is_answered:
                self._changed.add(descriptor)
        if gather_seconds:
            time.sleep(gather_seconds)
        events = self._epoll.poll(timeout_seconds)
        for descriptor, ready, flags in [(number, self.get(number), flags) for number, flags in events]:
            # Not where the one before it closed this one, and another has its number by now.
            if ready is not None and self.get(descriptor) is ready:
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
