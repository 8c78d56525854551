"""Serve the connections of one process: a thread handles only complete requests, and none waits to send.

Waitress reads and writes every connection in one thread and hands complete requests to others. Added here:
how long a client may take, how many connections it may have, and threads of their own for the gates' sync.
"""

import resource
import socket
from collections import Counter

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # it has no types
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]  # likewise

from web_admin.serving.channel import TimedChannel
from web_admin.serving.connection_limits import (
    CONNECTIONS,
    CONNECTIONS_OF_AN_ADDRESS,
    DRAINED_BYTES,
    HEAD_BYTES,
    connections_for,
)
from web_admin.serving.request_intake import Intakes, Refused
from web_admin.serving.shared_threads import SharedThreads
from web_admin.serving.socket_loop import Sockets

ACCEPTED_AT_ONCE = 64
CONNECTIONS_OF_MANY = 12_000
"""Where many compounds share the server: each gate keeps one between its questions."""
OPEN_FILES_WANTED = 2 * CONNECTIONS_OF_MANY
"""Databases and bodies need files too."""
MAX_ANSWER_BYTES_WAITING = 1024 * 1024
"""Bytes that a thread may be ahead of a slow client; streams and pages stay far below."""


class BufferingServer(TcpWSGIServer):  # type: ignore[misc]  # its base has no types
    """One listening socket and its connections."""

    channel_class = TimedChannel

    def __init__(
        self,
        app: object,
        listener: socket.socket,
        threads: SharedThreads,
        *,
        trusted_proxies: int = 0,
        is_of_many: bool = False,
    ) -> None:
        """Listen on a bound socket; `is_of_many`: compounds share it."""
        self.intakes, self.sockets, self.is_of_many = Intakes(trusted_proxies), Sockets(), is_of_many
        most, files_of_each = (CONNECTIONS_OF_MANY, 5 / 3) if is_of_many else (CONNECTIONS, 3)
        self._connections_at_most = connections_for(raise_open_files(), most, files_of_each)
        self._open_of: Counter[str] = Counter()
        adjustments = Adjustments(
            sockets=[listener],
            ident="",
            connection_limit=10**9,  # ours close the oldest instead
            channel_timeout=10**9,  # ours depend on what is waited for
            clear_untrusted_proxy_headers=False,  # the app trusts the configured number of proxies
            log_socket_errors=False,
            max_request_header_size=HEAD_BYTES,
            max_request_body_size=DRAINED_BYTES,
            outbuf_high_watermark=MAX_ANSWER_BYTES_WAITING,
            outbuf_overflow=64 * 1024,
        )
        super().__init__(
            app,
            self.sockets,
            _sock=listener,
            dispatcher=threads,
            adj=adjustments,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    @property
    def channels(self) -> list[TimedChannel]:
        return list(self.active_channels.values())

    def pull_trigger(self) -> None:
        """Wake the loop, once for all threads that would."""
        if self.sockets.is_first_call():
            super().pull_trigger()

    def handle_accept(self) -> None:
        """Take the connections that wait."""
        for _turn in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                return

    def admit(self, newest: TimedChannel) -> None:
        """Count a connection as one of its address; it may cost the place of one that waits longer."""
        self._open_of[newest.place] += 1
        self._make_room(newest)

    def forget(self, channel: TimedChannel) -> None:
        """Count a connection no longer as one of its address."""
        self._open_of[channel.place] -= 1
        if not self._open_of[channel.place]:
            del self._open_of[channel.place]

    def look(self, now: float) -> None:
        """Close connections that took too long, and replace threads that hang; `now` is monotonic."""
        for channel in self.channels:
            channel.close_if_late(now)
        if self.is_of_many:
            self.task_dispatcher.replace_hanging(channel for channel in self.channels if channel.hangs(now))
        self.sockets.look_at_some()

    def _make_room(self, newest: TimedChannel) -> None:
        crowd: list[TimedChannel] = []
        if not self.intakes.trusted_proxies and self._open_of[newest.place] > CONNECTIONS_OF_AN_ADDRESS:
            crowd = [channel for channel in self.channels if channel.place == newest.place]
        elif len(self.active_channels) > self._connections_at_most:
            if any(
                self.task_dispatcher.turn_one_away(is_sync=is_sync, of_more_than=CONNECTIONS_OF_AN_ADDRESS)
                for is_sync in (False, True)
            ):
                return
            crowd = self.channels
        if crowd:
            # One that only waits; where all are being answered there is no room for another.
            waiting = (channel for channel in crowd if not channel.is_working)
            min(waiting, key=lambda channel: channel.waits_since, default=newest).refuse(
                Refused(503, to_gate=False)
            )


def raise_open_files() -> int:
    """Raise this process's limit of open files as far as it is wanted and allowed; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_WANTED if hard == resource.RLIM_INFINITY else min(OPEN_FILES_WANTED, hard)
    if resource.RLIM_INFINITY != soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
