"""The threads of one process: some for pages and streams, some for gates, one that answers batches."""

import logging
from collections import Counter
from collections.abc import Iterable

from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]  # it has no types

from web_admin.serving.batch_queue import BatchQueue
from web_admin.serving.channel import TimedChannel
from web_admin.serving.connection_limits import QUEUED_OF_GATES, QUEUED_REQUESTS
from web_admin.serving.fair_queue import OF_CALLS, FairQueue
from web_admin.sync.fast_path import FastPath
from web_admin.web.live_watch import CALL_STREAMS_AT_MOST, STREAMS_AT_MOST

STAND_INS = 200
"""Threads at most that replace those at a request that takes longer, where many hosts share them."""

CALL_THREADS = CALL_STREAMS_AT_MOST + 8
"""For residents' pages that wait for calls; the last of them say that there is no place left."""

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
        self._counts = {False: page_threads, True: sync_threads}
        half = {is_sync: max(1, count // 2) for is_sync, count in self._counts.items()}
        if is_of_many:
            pages, gates = FairQueue(half[False]), FairQueue(half[True])
        else:
            # An office is one address: its open pages take their places beside what it asks. One more than
            # may stay open: it is answered at once and asks again every few seconds instead.
            streams = min(STREAMS_AT_MOST + 1, max(1, page_threads * 3 // 4))
            pages, gates = FairQueue(half[False], streams_at_once=streams), FairQueue()
        self._pools = {False: _pool(pages, page_threads), True: _pool(gates, sync_threads)}
        # Begins without threads: most compounds have few homes that wait for calls.
        self._calls = _pool(FairQueue(CALL_THREADS // 2 if is_of_many else None), 0)
        batches = None if fast_path is None else BatchQueue(fast_path, self.add_task, self._pools[True])
        self._batch = None if batches is None else _pool(batches, 1)

    def add_task(self, channel: TimedChannel) -> None:
        """Queue a request for the right threads; where no more may wait, turn one away at once.

        That is the newest of the client that has most, so that a crowd at one address costs others no answer.
        """
        is_sync, request = channel.is_sync, channel.requests[0]
        # One that follows on its connection, or was counted already, takes the place of itself.
        is_new = not (channel.is_answered or request.was_tried)
        waiting = sum(len(pool.queue) for pool in self._pools_of(is_sync))
        if is_new and waiting >= (QUEUED_OF_GATES if is_sync else QUEUED_REQUESTS):
            of_client = self._counts_of_clients(is_sync)[channel.client]
            if not self.turn_one_away(is_sync=is_sync, of_more_than=of_client):
                channel.turn_away()
                return
        pool = self._batch
        if channel.host.endswith(OF_CALLS):
            pool = self._calls
            _grow(pool)
        elif pool is None or not pool.queue.takes(request):
            pool = self._pools[is_sync]
        pool.add_task(channel)

    def turn_one_away(self, *, is_sync: bool, of_more_than: int) -> bool:
        """Refuse the newest waiting request of the client that has most, if those are more than so many.

        Only the thread that reads connections may call it.
        """
        counts = self._counts_of_clients(is_sync)
        client, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
        if count <= of_more_than:
            return False
        for pool in self._pools_of(is_sync):
            with pool.lock:
                newest = pool.queue.take_newest(client) if pool.queue.counts()[client] else None
            if newest is not None:
                newest.turn_away()
                return True
        return False  # a thread has taken them meanwhile

    @property
    def are_busy_with_gates(self) -> bool:
        """Return whether a batch of gates' requests is being answered."""
        return self._batch is not None and self._batch.queue.is_busy

    def leave(self, host: str, *, is_sync: bool) -> None:
        """Note that a thread is free again for its host."""
        pool = self._calls if host.endswith(OF_CALLS) else self._pools[is_sync]
        with pool.lock:
            pool.queue.leave(host)

    def replace_hanging(self, hanging: Iterable[TimedChannel]) -> None:
        """Let other threads stand in for those that hang at one host's requests."""
        late = Counter(channel.is_sync for channel in hanging if not channel.host.endswith(OF_CALLS))
        for is_sync, pool in self._pools.items():
            pool.set_thread_count(self._counts[is_sync] + min(late[is_sync], STAND_INS))

    def shutdown(self) -> None:
        """End the threads; what still runs is given a second."""
        for pool in (*self._pools_of(True), *self._pools_of(False)):
            pool.shutdown(timeout=1)

    def _counts_of_clients(self, is_sync: bool) -> Counter[str]:
        counts: Counter[str] = Counter()
        for pool in self._pools_of(is_sync):
            with pool.lock:
                counts += pool.queue.counts()
        return counts

    def _pools_of(self, is_sync: bool) -> list[ThreadedTaskDispatcher]:
        beside = self._batch if is_sync else self._calls
        pools = [self._pools[is_sync]]
        return pools if beside is None else [*pools, beside]


def _grow(pool: ThreadedTaskDispatcher) -> None:
    """Let a pool have a thread for one request more, as far as it may."""
    with pool.lock:
        wanted, has = pool.active_count + len(pool.queue) + 1, len(pool.threads)
    if has < wanted <= CALL_THREADS:
        pool.set_thread_count(wanted)


def _pool(queue: FairQueue, threads: int) -> ThreadedTaskDispatcher:
    pool = ThreadedTaskDispatcher()
    pool.queue = queue
    pool.set_thread_count(threads)
    return pool
