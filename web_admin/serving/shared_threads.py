"""The threads of one process: some for pages and streams, some for gates, one that answers batches."""

import logging
from collections import Counter
from contextlib import AbstractContextManager
from typing import cast

from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]  # it has no types

from web_admin.serving.batch_worker import BatchWorker
from web_admin.serving.channel import Channel
from web_admin.serving.connection_limits import QUEUED_OF_GATES, QUEUED_REQUESTS, FairQueue
from web_admin.serving.host_queue import HostQueue
from web_admin.sync.fast_path import FastPath
from web_admin.web.live_watch import STREAMS_AT_MOST

HANGS_AFTER_SECONDS = 2.0
STAND_INS = 200
"""Threads at most that replace those at a request that takes longer, where many hosts share them."""

# A queue of requests is no fault to write down each time.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class SharedThreads:
    """Threads for pages and streams, and others for requests on the gates' paths, taken in turn by client.

    The path decides, not the signature: what a stranger sends there has such a thread until it is refused.
    """

    def __init__(
        self,
        *,
        page_threads: int,
        sync_threads: int,
        is_of_many: bool = False,
        fast_path: FastPath | None = None,
    ) -> None:
        """Start the threads: no client may have more than half of those of pages, besides its open pages.

        Where they are of many hosts, none of these may have more than half of either.
        With a fast path one thread more answers gates' requests by it, as many at a time as wait.
        """
        self._is_of_many = is_of_many
        self._pools = {False: ThreadedTaskDispatcher(), True: ThreadedTaskDispatcher()}
        self._counts = {False: page_threads, True: sync_threads}
        self._began: dict[Channel, tuple[bool, float]] = {}
        for is_sync, pool in self._pools.items():
            count = self._counts[is_sync]
            half = max(1, count // 2)
            # One more than may stay open: it is answered at once and asks again every few seconds instead.
            streams = min(STREAMS_AT_MOST + 1, max(1, count * 3 // 4))
            if is_of_many:
                pool.queue = HostQueue(half)
            else:
                # An office is one address: its open pages take their places beside what it asks.
                pool.queue = FairQueue() if is_sync else HostQueue(half, streams_at_once=streams)
            pool.set_thread_count(count)
        of_gates = self._pools[True]
        self._batch = None if fast_path is None else BatchWorker(fast_path, self._pass_on, of_gates)

    def add_task(self, channel: Channel) -> None:
        """Queue a request for the right threads; where no more may wait, turn one away at once.

        That is the newest of the client that has most, so that a crowd at one address costs others no answer.
        """
        is_sync, request, batch = channel.is_sync, channel.requests[0], self._batch
        pool = self._pools[is_sync]
        waiting = len(pool.queue) + (len(batch) if batch is not None and is_sync else 0)
        # One that follows on its connection, or was counted already, takes the place of itself.
        is_new = not (channel.is_answered or request.was_tried)
        is_full = is_new and waiting >= (QUEUED_OF_GATES if is_sync else QUEUED_REQUESTS)
        if is_full and not self.turn_one_away(
            is_sync=is_sync, of_more_than=self._count_of(channel.client, is_sync)
        ):
            channel.turn_away()
            return
        if batch is not None and not request.was_tried and batch.takes(request):
            batch.add(channel)
        else:
            pool.add_task(channel)

    def turn_one_away(self, *, is_sync: bool, of_more_than: int) -> bool:
        """Refuse the newest waiting request of the client that has most, if those are more than so many.

        Only the thread that reads connections may call it.
        """
        counts: Counter[str] = Counter()
        for queue, lock in self._queues(is_sync):
            with lock:
                counts.update({client: queue.count_of(client) for client in queue.clients()})
        client, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
        if count <= of_more_than:
            return False
        for queue, lock in self._queues(is_sync):
            with lock:
                newest = queue.take_newest(client) if queue.count_of(client) else None
            if newest is not None:
                cast(Channel, newest).turn_away()
                return True
        return False  # a thread has taken them meanwhile

    def _count_of(self, client: str, is_sync: bool) -> int:
        count = 0
        for queue, lock in self._queues(is_sync):
            with lock:
                count += queue.count_of(client)
        return count

    def _queues(self, is_sync: bool) -> "list[tuple[FairQueue | HostQueue, AbstractContextManager[object]]]":
        pool, batch = self._pools[is_sync], self._batch
        of_batch = [(batch.queue, batch.lock)] if batch is not None and is_sync else []
        return [(pool.queue, pool.lock), *of_batch]

    @property
    def are_busy_with_gates(self) -> bool:
        """Return whether a batch of gates' requests is being answered."""
        return self._batch is not None and self._batch.is_busy

    def _pass_on(self, channel: Channel) -> None:
        channel.requests[0].was_tried = True
        self.add_task(channel)

    def begins(self, channel: Channel, now: float) -> None:
        """Note that a thread has begun to answer; `now` is monotonic."""
        self._began[channel] = (channel.is_sync, now)

    def ends(self, channel: Channel, host: str, *, is_sync: bool) -> None:
        """Note that a thread is free again for its host."""
        self._began.pop(channel, None)
        pool = self._pools[is_sync]
        if isinstance(pool.queue, HostQueue):
            with pool.lock:
                pool.queue.leave(host)

    def replace_hanging(self, now: float) -> None:
        """Let other threads stand in for those that hang at one host's requests; `now` is monotonic."""
        if not self._is_of_many:
            return
        late = Counter(
            is_sync for is_sync, since in list(self._began.values()) if now - since > HANGS_AFTER_SECONDS
        )
        for is_sync, pool in self._pools.items():
            pool.set_thread_count(self._counts[is_sync] + min(late[is_sync], STAND_INS))

    def shutdown(self) -> None:
        """End the threads; what still runs is given a second."""
        if self._batch is not None:
            self._batch.stop(1)
        for pool in self._pools.values():
            pool.shutdown(timeout=1)
