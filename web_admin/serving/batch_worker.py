"""Batch gates' requests: one thread drains the queue and answers up to 128 by a few statements.

A request that has arrived in whole comes here before it gets a thread of its own. While some are answered,
others arrive: the more of them wait, the less each costs. What is not answered here goes on to the gates'
threads as it came, and is worked out in full.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import cast

from waitress.task import Task, ThreadedTaskDispatcher, WSGITask  # type: ignore[import-untyped]  # it has no types
from waitress.utilities import build_http_date  # type: ignore[import-untyped]  # likewise

from web_admin.serving.channel import Channel
from web_admin.serving.connection_limits import FairQueue
from web_admin.serving.request_intake import ArrivingRequest
from web_admin.sync.fast_path import GATE_VARIABLE, WAS_TRIED, Answer, FastPath, WholeRequest

AT_ONCE = 128
_log = logging.getLogger(__name__)


class AnsweredTask(Task):  # type: ignore[misc]  # its base has no types
    """Sends an answer that is already known; the connection is kept."""

    def __init__(self, channel: Channel, request: ArrivingRequest, answer: Answer) -> None:
        """Take the answer to a request of this connection."""
        super().__init__(channel, request)
        self._answer = answer

    def execute(self) -> None:
        """Send it in one piece."""
        lines = [
            f"HTTP/1.1 {self._answer.status}",
            f"Date: {build_http_date(self.start_time)}",
            *(f"{name}: {value}" for name, value in self._answer.headers),
        ]
        self.wrote_header = True
        self.channel.write_soon("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self._answer.body)


class AppTask(WSGITask):  # type: ignore[misc]  # likewise
    """Has the app answer; of a request that the batch left, in full at once."""

    def get_environment(self) -> dict[str, object]:
        """Return the request as WSGI has it."""
        environ: dict[str, object] = super().get_environment()
        environ[WAS_TRIED] = self.request.was_tried
        return environ


class BatchWorker:
    """The thread, and the connections whose requests wait for it."""

    def __init__(
        self, fast_path: FastPath, pass_on: Callable[[Channel], None], threads: ThreadedTaskDispatcher
    ) -> None:
        """Start it; `pass_on` takes a connection whose request is not answered here.

        `threads` send an answer where its client may have to be waited for.
        """
        self._fast_path, self._pass_on, self._threads = fast_path, pass_on, threads
        self._waiting = threading.Condition()
        self.lock: AbstractContextManager[object] = self._waiting
        self.queue = FairQueue()
        self._stops = self.is_busy = False
        self._thread = threading.Thread(target=self._work, name="batch", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Return how many requests wait."""
        return len(self.queue)

    def takes(self, request: ArrivingRequest) -> bool:
        """Return whether a request that has arrived in whole may be answered here."""
        headers = request.headers
        if not request.is_sync or request.error is not None or request.version != "1.1":
            return False
        if headers.get("CONNECTION", "").lower() not in ("", "keep-alive") or not request.is_in_memory:
            return False
        length, gate_id = headers.get("CONTENT_LENGTH", ""), headers.get(GATE_VARIABLE, "")
        return self._fast_path.may_answer(request.command, request.path, request.query, length, gate_id)

    def add(self, channel: Channel) -> None:
        """Take a connection whose first request waits."""
        with self._waiting:
            self.queue.append(channel)
            self._waiting.notify()

    def stop(self, timeout_seconds: float) -> None:
        """End the thread; what it answers now is given this long, what waits is not answered."""
        with self._waiting:
            self._stops = True
            self._waiting.notify()
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        while True:
            with self._waiting:
                self.is_busy = False
                self._waiting.wait_for(lambda: len(self.queue) or self._stops)
                if self._stops:
                    return
                self.is_busy = True
                count = min(len(self.queue), AT_ONCE)
                channels = [cast(Channel, self.queue.popleft()) for _turn in range(count)]
            try:
                self._serve([channel for channel in channels if channel.requests])  # none after a cancel
            except Exception:  # noqa: BLE001 - the thread goes on whatever it is, and it is logged
                _log.exception("%d connections failed", len(channels))

    def _serve(self, channels: Sequence[Channel]) -> None:
        answers = self._answers([channel.requests[0] for channel in channels])
        for channel, answer in zip(channels, answers, strict=True):
            try:
                if answer is None:
                    self._pass_on(channel)
                elif channel.take_answer(answer):
                    channel.service()
                else:
                    self._threads.add_task(channel)
            except Exception:  # noqa: BLE001 - one connection ends no other's answers, and it is logged
                _log.exception("a connection failed")

    def _answers(self, requests: Sequence[ArrivingRequest]) -> Sequence[Answer | None]:
        try:
            return self._fast_path.answer(
                [WholeRequest(one.command, one.path, one.query, one.headers, one.body) for one in requests]
            )
        except Exception:  # noqa: BLE001 - each is worked out in full, and it is logged
            _log.exception("answering a batch of %d requests of gates failed", len(requests))
            return [None] * len(requests)
