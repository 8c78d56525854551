"""One connection of a process: what is on its way, whose it is, and since when."""

import socket
import threading
import time

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # it has no types
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # likewise
from waitress.task import Task, WSGITask  # type: ignore[import-untyped]  # likewise
from waitress.utilities import build_http_date  # type: ignore[import-untyped]  # likewise

from web_admin.cells.rules import host_asked
from web_admin.serving.connection_limits import (
    ANSWER_SECONDS,
    BODY_SECONDS,
    HEAD_SECONDS,
    IDLE_SECONDS,
    STALLED_ANSWER_SECONDS,
    Patience,
    client_of,
)
from web_admin.serving.fair_queue import OF_CALLS, OF_STREAMS
from web_admin.serving.request_intake import ArrivingRequest, Refused
from web_admin.sync.fast_path import Answer

FIRST_REQUEST_SECONDS = 2.0
ARRIVING_SECONDS = 5.0
"""For so long a server that ends waits for the first request of a connection, and for the rest of one."""
HANGS_AFTER_SECONDS = 2.0
STREAM_PATH = "/manage/live/"
CALL_STREAM_PATH = "/r/call/stream"
_OF_PATH = {STREAM_PATH: OF_STREAMS, CALL_STREAM_PATH: OF_CALLS}


class AnsweredTask(Task):  # type: ignore[misc]  # its base has no types
    """Sends an answer that is already known; the connection is kept."""

    def __init__(self, channel: "TimedChannel", request: ArrivingRequest, answer: Answer) -> None:
        super().__init__(channel, request)
        self._answer = answer

    def execute(self) -> None:
        """Send it in one piece."""
        head = _head(self._answer.status, ("Date", build_http_date(self.start_time)), *self._answer.headers)
        self.wrote_header = True
        self.channel.write_soon(head + self._answer.body)


class TimedChannel(HTTPChannel):  # type: ignore[misc]  # its base has no types
    """A connection of a `BufferingServer`, its requests and since when it has been doing what it does."""

    request: ArrivingRequest | None
    requests: list[ArrivingRequest]

    def __init__(
        self, server: object, sock: socket.socket, addr: tuple[str, int], adj: Adjustments, map: object
    ) -> None:
        """Take a connection that was accepted."""
        self._begin_to_wait()
        self.is_new = True
        self._answered: tuple[int, float] | None = None
        """By which thread, and since when."""
        self._answer_patience: Patience | None = None
        self._answer: Answer | None = None
        self._was_turned_away = False
        self.sent_bytes = 0
        super().__init__(server, sock, addr, adj, map=map)
        self.server.admit(self)

    def parser_class(self, adjustments: Adjustments) -> ArrivingRequest:
        return ArrivingRequest(adjustments, self.addr[0], self.server.intakes, self.refuse)

    def task_class(self, channel: "TimedChannel", request: ArrivingRequest) -> Task:
        """Return what answers a request of this connection: the app, or an answer that is known."""
        answer, self._answer = self._answer, None
        return WSGITask(channel, request) if answer is None else AnsweredTask(channel, request, answer)

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
        return host + _OF_PATH.get(request.path, "")

    @property
    def place(self) -> str:
        """Return whose connection it is; that is the proxy's where one is in front."""
        return client_of({}, str(self.addr[0]), 0)

    @property
    def is_answered(self) -> bool:
        """Return whether a thread answers a request of this connection now."""
        return self._answered is not None

    @property
    def is_working(self) -> bool:
        """Return whether a request is complete and not yet answered in whole."""
        return bool(self.requests or self.total_outbufs_len)

    def hangs(self, now: float) -> bool:
        """Return whether its answer takes long; `now` is monotonic."""
        answered = self._answered  # a thread may end it meanwhile
        return answered is not None and now - answered[1] > HANGS_AFTER_SECONDS

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
        return taken

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the client takes; return how many bytes that was."""
        # The loop alone closes: in a thread it would take the connection from under the loop's hands.
        answered = self._answered
        may_close = do_close and (answered is None or answered[0] != threading.get_ident())
        sent = int(super().send(data, do_close=may_close))
        self.sent_bytes += sent
        return sent

    def service(self) -> None:
        """Answer one request; the time until the next one begins counts from here."""
        threads, host, is_sync = self.server.task_dispatcher, self.host, self.is_sync
        self._answered = mine = (threading.get_ident(), time.monotonic())
        if self._fileno is not None:
            self.server.sockets.look_at(self._fileno)
        try:
            super().service()
        finally:
            threads.leave(host, is_sync=is_sync)
            if self._answered is mine:  # else another thread is at this connection's next request by now
                self._answered = None
        self._begin_to_wait()

    def take_answer(self, answer: Answer) -> bool:
        """Take what answers the first request; return whether `service` sends it without a wait.

        Not where another request or an answer is on this connection: waitress may wait until it is sent.
        """
        self._answer = answer
        with self.requests_lock:
            return len(self.requests) == 1 and not self.total_outbufs_len

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
                self.refuse(Refused(408, to_gate=request.is_sync))
        elif self._body_patience.is_late(now, request.body_bytes_received):
            self.refuse(Refused(408, to_gate=request.is_sync))

    def close_if_idle(self, now: float) -> None:
        """Close the connection where nothing is being answered on it; `now` is monotonic.

        One that was just made, or whose request has just begun, keeps a while: no other server gets it.
        """
        patience = FIRST_REQUEST_SECONDS if self.is_new else ARRIVING_SECONDS if self.request else 0
        if not self.is_working and now - self.waits_since >= patience:
            self.handle_close()

    def refuse(self, refused: Refused) -> None:
        """Send this answer, as far as the client takes it at once, and close the connection.

        Where a part of another answer still waits, the connection is closed without.
        """
        if not self.total_outbufs_len:
            status, headers, body = refused.to_response()
            length = ("Content-Length", str(len(body)))
            self.send(_head(status, length, ("Connection", "close"), *headers) + body, do_close=False)
        self.handle_close()

    def turn_away(self) -> None:
        """Refuse the request that waits for a thread and has none, and close the connection."""
        self._was_turned_away = True
        self.refuse(Refused(503, to_gate=self.is_sync))
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

    def del_channel(self, map: object = None) -> None:
        """Count it no longer."""
        if self._fileno is not None:
            self.server.forget(self)
        super().del_channel(map)


def _head(status: str, *headers: tuple[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
