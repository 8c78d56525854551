"""Run gunicorn's worker process with connections read and written by waitress."""

import os
import time

from gunicorn.workers.base import Worker  # type: ignore[import-untyped]  # it has no types

from web_admin.serving.buffering_server import BufferingServer
from web_admin.serving.connection_limits import SYNC_THREADS
from web_admin.serving.shared_threads import SharedThreads

LOOK_EVERY_SECONDS = 1.0
GATHER_SECONDS = 0.004


class BufferingWorker(Worker):  # type: ignore[misc]  # its base has no types
    """Gunicorn starts it, watches that its loop lives and stops it; see decision 32."""

    _server: BufferingServer | None = None

    def run(self) -> None:
        """Serve until a signal to stop, or until the process that started this one is gone."""
        served, (listener,) = self.app.served, self.sockets
        threads = SharedThreads(
            page_threads=self.cfg.threads,
            sync_threads=SYNC_THREADS,
            is_of_many=served.is_of_many,
            fast_path=served.fast_path,
        )
        self._server = server = BufferingServer(
            self.wsgi,
            listener.sock,
            threads,
            trusted_proxies=served.trusted_proxies,
            is_of_many=served.is_of_many,
        )
        next_look = 0.0
        while self.alive and self.ppid == os.getppid():
            now = time.monotonic()
            if now >= next_look:
                next_look = now + LOOK_EVERY_SECONDS
                self.notify()
                server.look(now)
            server.sockets.turn(LOOK_EVERY_SECONDS, GATHER_SECONDS if threads.are_busy_with_gates else 0.0)
        self._finish(server)
        threads.shutdown()
        server.sockets.close()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Begin to stop at once, not at the next look."""
        super().handle_exit(sig, frame)
        if self._server is not None:
            self._server.trigger.pull_trigger()  # whatever else has woken the loop

    def _finish(self, server: BufferingServer) -> None:
        """Accept no more connections and finish the running requests."""
        until = time.monotonic() + self.cfg.graceful_timeout - 2 * LOOK_EVERY_SECONDS
        server.accepting = False
        server.del_channel()
        while time.monotonic() < until:
            self.notify()
            for channel in server.channels:
                channel.close_if_idle(time.monotonic())
            if not server.active_channels:
                return
            server.sockets.look_at_all()
            server.sockets.turn(LOOK_EVERY_SECONDS / 4)
