"""Serve the connections of one process: a thread handles only complete requests, and none waits to send.

Waitress reads and writes every connection in one thread and hands complete requests to others. Added here:
how long a client may take, how many connections it may have, and threads of their own for the gates' sync.
"""

import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # it has no types
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # likewise
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]  # likewise
from waitress.task import Task  # type: ignore[import-untyped]  # likewise

from web_admin.cells.rules import host_asked
from web_admin.serving.batch_worker import AnsweredTask, AppTask
from web_admin.serving.connection_limits import (
    ANSWER_SECONDS,
    BODY_SECONDS,
    CONNECTIONS,
    CONNECTIONS_OF_AN_ADDRESS,
    DRAINED_BYTES,
    HEAD_BYTES,
    HEAD_SECONDS,
    IDLE_SECONDS,
    STALLED_ANSWER_SECONDS,
    Patience,
    client_of,
    connections_for,
)
from web_admin.serving.host_queue import CONNECTIONS_OF_MANY, OF_STREAMS, connections_of_many
from web_admin.serving.request_intake import ArrivingRequest, Intakes, Refused, busy, too_slow
from web_admin.serving.shared_threads import SharedThreads
from web_admin.serving.socket_loop import Sockets
from web_admin.sync.fast_path import Answer

ACCEPTED_AT_ONCE = 64
FIRST_REQUEST_SECONDS = 2.0
ARRIVING_SECONDS = 5.0
"""For so long a server that ends waits for the first request of a connection, and for the rest of one."""
OPEN_FILES_WANTED = 3 * CONNECTIONS + 500
STREAM_PATH = "/manage/live/"
MAX_ANSWER_BYTES_WAITING = 1024 * 1024
"""What a thread may be ahead of a client that takes its time; streams and pages stay far below."""


class TimedChannel(HTTPChannel):  # type: ignore[misc]  # its base has no types
    """One connection and since when it has been doing what it does."""

    request: ArrivingRequest | None

    def __init__(
        self,
        server: "BufferingServer",
        sock: socket.socket,
        addr: tuple[str, int],
        adj: Adjustments,
        map: Sockets | None = None,
    ) -> None:
        """Take a connection that was accepted."""
        self._begin_to_wait()
        self.is_new = True
        self._answered_by: int | None = None
        self._answer_patience: Patience | None = None
        self._answer: Answer | None = None
        self._was_turned_away = False
        self.sent_bytes = 0
        super().__init__(server, sock, addr, adj, map=map)

    def parser_class(self, adjustments: Adjustments) -> ArrivingRequest:
        """Return the next request of this connection."""
        return ArrivingRequest(adjustments, self.addr[0], self.server.intakes)

    def task_class(self, channel: "TimedChannel", request: ArrivingRequest) -> Task:
        """Return what answers a request of this connection: the app, or an answer that is known."""
        answer, self._answer = self._answer, None
        return AppTask(channel, request) if answer is None else AnsweredTask(channel, request, answer)

    @property
    def client(self) -> str:
        """Return whose request waits to be answered."""
        return str(self.requests[0].client) if self.requests else str(self.addr[0])

    @property
    def is_sync(self) -> bool:
        """Return whether the request that waits to be answered is on a gates' path, signed or not."""
        return bool(self.requests and self.requests[0].is_sync)

    @property
    def host(self) -> str:
        """Return whose threads the request takes: its compound's where many share them, or its client's."""
        if not self.requests:
            return ""
        request = self.requests[0]
        if self.server.is_of_many:
            host = host_asked(request.headers, self.server.intakes.trusted_proxies) or ""
        else:
            host = self.client
        return host + OF_STREAMS if request.path == STREAM_PATH else host

    @property
    def place(self) -> str:
        """Return whose connection it is; that is the proxy's where one is in front."""
        return client_of({}, str(self.addr[0]), 0)

    def _begin_to_wait(self) -> None:
        self.waits_since = time.monotonic()
        self.is_new = False
        self._body_patience = Patience(BODY_SECONDS, BODY_SECONDS, self.waits_since)

    def received(self, data: bytes) -> bool:
        """Take bytes; note when a request began."""
        before = self.request
        taken = bool(super().received(data))
        if self._was_turned_away:
            self._forget_requests()  # what came behind it too
            return taken
        if self.request is not None and self.request is not before:
            self._begin_to_wait()
        displaced = self.request.displaced if self.request is not None else None
        if displaced is not None and self.request is not None:
            self.request.displaced = None
            self.server.close_sender_of(displaced)
        return taken

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the client takes; return how many bytes that was."""
        # The loop alone closes: in a thread it would take the connection from under the loop's hands.
        may_close = do_close and self._answered_by != threading.get_ident()
        sent = int(super().send(data, do_close=may_close))
        self.sent_bytes += sent
        return sent

    def service(self) -> None:
        """Answer one request; the time until the next one begins counts from here."""
        threads, host, is_sync = self.server.task_dispatcher, self.host, self.is_sync
        threads.begins(self, time.monotonic())
        self._answered_by = me = threading.get_ident()
        if self._fileno is not None:
            self.server.sockets.look_at(self._fileno)
        try:
            super().service()
        finally:
            threads.ends(self, host, is_sync=is_sync)
            if self._answered_by == me:  # else another thread is at this connection's next request by now
                self._answered_by = None
        self._begin_to_wait()

    def take_answer(self, answer: Answer) -> bool:
        """Take what answers the first request; return whether `service` sends it without a wait.

        Not where another request or an answer is on this connection: waitress may wait until it is sent.
        """
        self._answer = answer
        with self.requests_lock:
            return len(self.requests) == 1 and not self.total_outbufs_len

    @property
    def is_answered(self) -> bool:
        """Return whether a thread answers a request of this connection now."""
        return self._answered_by is not None

    @property
    def is_working(self) -> bool:
        """Return whether a request is complete and not yet answered in whole."""
        return bool(self.requests or self.total_outbufs_len)

    def close_if_late(self, now: float) -> None:
        """Close the connection when its client took too long; `now` is monotonic."""
        if self.total_outbufs_len:
            if self._answer_patience is None:
                self._answer_patience = Patience(ANSWER_SECONDS, STALLED_ANSWER_SECONDS, now)
                self.sent_bytes = 0
            if self._answer_patience.is_late(now, self.sent_bytes):
                self.handle_close()
            return
        self._answer_patience = None
        request, waited = self.request, now - self.waits_since
        if self.requests or self.close_when_flushed:
            return
        if request is None:
            if waited > (HEAD_SECONDS if self.is_new else IDLE_SECONDS):
                self.handle_close()
        elif not request.headers_finished:
            if waited > HEAD_SECONDS:
                self.refuse(too_slow(request.is_sync))
        elif self._body_patience.is_late(now, request.body_bytes_received):
            self.refuse(too_slow(request.is_sync))

    def refuse(self, refused: Refused) -> None:
        """Send this answer, as far as the client takes it at once, and close the connection.

        Where a part of another answer still waits, the connection is closed without.
        """
        if self.total_outbufs_len:
            self.handle_close()
            return
        status, headers, body = refused.to_response()
        lines = [
            f"HTTP/1.1 {status}",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in headers),
        ]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body, do_close=False)
        self.handle_close()

    def turn_away(self) -> None:
        """Refuse the request that waits for a thread and has none, and close the connection."""
        self._was_turned_away = True
        self.refuse(busy(self.is_sync))
        self._forget_requests()

    def _forget_requests(self) -> None:
        # The list keeps its length: an empty one would let what came behind begin another task.
        for request in (*self.requests, self.request):
            if request is not None:
                request.close()

    def handle_close(self) -> None:
        """Close the connection and give back what lies of a request that did not arrive in whole."""
        if self.request is not None:
            self.request.close()
            self.request = None
        super().handle_close()

    def del_channel(self, map: Sockets | None = None) -> None:
        """Count it no longer."""
        if self._fileno is not None:
            self.server.forget(self)
        super().del_channel(map)


class BufferingServer(TcpWSGIServer):  # type: ignore[misc]  # its base has no types
    """One listening socket and its connections."""

    channel_class = TimedChannel

    def __init__(
        self,
        app: object,
        listener: socket.socket,
        threads: SharedThreads,
        intakes: Intakes,
        sockets: Sockets,
        *,
        is_of_many: bool = False,
    ) -> None:
        """Listen on a bound socket; `is_of_many`: compounds share it."""
        self.intakes, self.sockets, self.is_of_many = intakes, sockets, is_of_many
        self._connections_at_most = (
            connections_of_many(raise_open_files(2 * CONNECTIONS_OF_MANY))
            if is_of_many
            else connections_for(raise_open_files(OPEN_FILES_WANTED))
        )
        self._open_of: Counter[str] = Counter()
        adjustments = Adjustments(
            sockets=[listener],
            ident="",
            connection_limit=10**9,  # ours close the oldest instead
            clear_untrusted_proxy_headers=False,  # the app trusts the configured number of proxies
            log_socket_errors=False,
            max_request_header_size=HEAD_BYTES,
            max_request_body_size=DRAINED_BYTES,
            outbuf_high_watermark=MAX_ANSWER_BYTES_WAITING,
            outbuf_overflow=64 * 1024,
        )
        address = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            app,
            sockets,
            _sock=listener,
            dispatcher=threads,
            adj=adjustments,
            sockinfo=address,
            bind_socket=False,
        )

    @property
    def channels(self) -> Iterable[TimedChannel]:
        """Return the open connections."""
        return list(self.active_channels.values())

    def pull_trigger(self) -> None:
        """Wake the loop, once for all threads that would."""
        if self.sockets.is_first_call():
            super().pull_trigger()

    def readable(self) -> bool:
        """Return true: connections are accepted in any number."""
        return bool(self.accepting)

    def handle_accept(self) -> None:
        """Take the connections that wait; each may cost the place of one that waits longer."""
        for _turn in range(ACCEPTED_AT_ONCE):
            try:
                accepted = self.accept()
                if accepted is None:
                    return
                connection, address = accepted
                self.set_socket_options(connection)
            except OSError:
                # Gone before it was taken, or no file left for it: the next look tries again.
                return
            newest = TimedChannel(self, connection, address, self.adj, map=self._map)
            self._open_of[newest.place] += 1
            self._make_room(newest)

    def forget(self, channel: TimedChannel) -> None:
        """Count a connection no longer as one of its address."""
        self._open_of[channel.place] -= 1
        if not self._open_of[channel.place]:
            del self._open_of[channel.place]

    def close_sender_of(self, request: ArrivingRequest) -> None:
        """Close the connection on which this request has been arriving, at any listener of this process."""
        for channel in list(self._map.values()):
            if isinstance(channel, TimedChannel) and channel.request is request:
                channel.refuse(busy(request.is_sync))
                return

    def close_late(self, now: float) -> None:
        """Close connections that took too long; `now` is monotonic."""
        for channel in self.channels:
            channel.close_if_late(now)

    def close_idle(self, now: float) -> None:
        """Close the connections on which nothing is being answered; `now` is monotonic.

        One that was just made, or whose request has just begun, keeps a while: no other server gets it.
        """
        for channel in self.channels:
            patience = FIRST_REQUEST_SECONDS if channel.is_new else ARRIVING_SECONDS if channel.request else 0
            if not channel.is_working and now - channel.waits_since >= patience:
                channel.handle_close()

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
            crowd = list(self.channels)
        if crowd:
            # One that only waits; where all are being answered there is no room for another.
            waiting = (channel for channel in crowd if not channel.is_working)
            min(waiting, key=lambda channel: channel.waits_since, default=newest).refuse(busy(False))


def raise_open_files(most: int) -> int:
    """Raise this process's limit of open files as far as it is wanted and allowed; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft if soft != resource.RLIM_INFINITY else most
