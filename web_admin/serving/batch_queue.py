"""Batch gates' requests: one thread drains this queue and answers up to 128 by a few statements.

A request that has arrived in whole comes here before it gets a thread of its own. While some are answered,
others arrive: the more of them wait, the less each costs. What is not answered here goes on to the gates'
threads as it came, and is worked out in full.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]  # it has no types

from web_admin.serving.channel import TimedChannel
from web_admin.serving.fair_queue import FairQueue
from web_admin.serving.request_intake import ArrivingRequest
from web_admin.sync.fast_path import GATE_VARIABLE, Answer, FastPath, WholeRequest

AT_ONCE = 128
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Connections whose first requests are answered together, as one task of waitress's pool."""

    channels: Sequence[TimedChannel]
    answer: Callable[[Sequence[TimedChannel]], None]

    def service(self) -> None:
        self.answer([channel for channel in self.channels if channel.requests])  # none after a cancel

    def cancel(self) -> None:
        """Answer none."""
        for channel in self.channels:
            channel.cancel()


class BatchQueue(FairQueue):
    """The connections whose requests wait for the thread; it takes as many at once as wait."""

    def __init__(
        self, fast_path: FastPath, pass_on: Callable[[TimedChannel], None], threads: ThreadedTaskDispatcher
    ) -> None:
        """Start empty; `pass_on` takes a connection whose request is not answered here.

        `threads` send an answer where its client may have to be waited for.
        """
        super().__init__()
        self._fast_path, self._pass_on, self._threads = fast_path, pass_on, threads
        self.is_busy = False

    def takes(self, request: ArrivingRequest) -> bool:
        """Return whether a request that has arrived in whole may be answered here."""
        headers = request.headers
        if not request.is_sync or request.was_tried or request.error is not None or request.version != "1.1":
            return False
        if headers.get("CONNECTION", "").lower() not in ("", "keep-alive") or not request.is_in_memory:
            return False
        length, gate_id = headers.get("CONTENT_LENGTH", ""), headers.get(GATE_VARIABLE, "")
        return self._fast_path.may_answer(request.command, request.path, request.query, length, gate_id)

    def popleft(self) -> Batch:  # type: ignore[override]  # waitress's pool runs whatever it gets
        """Return those whose turn it is."""
        taken = [super(BatchQueue, self).popleft() for _turn in range(min(len(self), AT_ONCE))]
        return Batch(cast(Sequence[TimedChannel], taken), self._serve)

    def _serve(self, channels: Sequence[TimedChannel]) -> None:
        self.is_busy = True
        for channel, answer in zip(channels, self._answers(channels), strict=True):
            try:
                if answer is None:
                    channel.requests[0].note_tried()
                    self._pass_on(channel)
                elif channel.take_answer(answer):
                    channel.service()
                else:
                    self._threads.add_task(channel)
            except Exception:  # noqa: BLE001 - one connection ends no other's answers, and it is logged
                _log.exception("a connection failed")
        self.is_busy = False

    def _answers(self, channels: Sequence[TimedChannel]) -> Sequence[Answer | None]:
        requests = [channel.requests[0] for channel in channels]
        try:
            return self._fast_path.answer(
                [WholeRequest(one.command, one.path, one.query, one.headers, one.body) for one in requests]
            )
        except Exception:  # noqa: BLE001 - each is worked out in full, and it is logged
            _log.exception("answering a batch of %d requests of gates failed", len(requests))
            return [None] * len(requests)
