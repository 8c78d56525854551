"""Drop stalled connections to the terminal page: the oldest makes room for the next.

Cheroot gives a thread to each connection that it reads, and its time-out starts again at each byte. Another
program of this machine could so take all threads, and the gate's own screen would be dark. What the screen
sends arrives in one piece: only strangers are ever waited for.
"""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cheroot.makefile import StreamReader, StreamWriter

BUFFER_BYTES = 8192


class StalledReaders:
    """The connections for whose bytes a thread waits now; safe to call from several threads."""

    def __init__(self, at_most: int) -> None:
        """Take how many threads may wait at a time."""
        self._at_most = at_most
        self._lock = threading.Lock()
        self._waiting: dict[int, socket.socket] = {}

    @contextmanager
    def waits_for(self, connection: socket.socket) -> Iterator[None]:
        """Count this connection while its bytes are waited for; end the one that is waited for longest."""
        with self._lock:
            if len(self._waiting) >= self._at_most:
                oldest = next(iter(self._waiting))
                # Its thread sees the end of the stream and is free; one that is gone already is no trouble.
                with suppress(OSError):
                    self._waiting.pop(oldest).shutdown(socket.SHUT_RDWR)
            self._waiting[id(connection)] = connection
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(id(connection), None)

    def make_file(self, connection: socket.socket, mode: str, bufsize: int) -> StreamReader | StreamWriter:
        """Return what cheroot reads a connection with, or writes to it."""
        if "r" not in mode:
            return StreamWriter(connection, mode, bufsize)
        return _WatchedReader(connection, self)


class _WatchedSocket(socket.SocketIO):
    def __init__(self, connection: socket.socket, stalled: StalledReaders) -> None:
        super().__init__(connection, "rb")
        self._connection, self._stalled = connection, stalled

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # as SocketIO has it
        # Read received bytes at once: that neither waits nor takes another connection's place.
        if _has_bytes(self._connection):
            return super().readinto(buffer)
        with self._stalled.waits_for(self._connection):
            return super().readinto(buffer)


def _has_bytes(connection: socket.socket) -> bool:
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(look.poll(0))


class _WatchedReader(StreamReader):
    def __init__(self, connection: socket.socket, stalled: StalledReaders) -> None:
        super().__init__(connection, "rb", BUFFER_BYTES)
        self._raw = _WatchedSocket(connection, stalled)
