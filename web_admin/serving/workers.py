"""Serve the app with gunicorn: threads in one process, or several processes over PostgreSQL."""

import gc
import logging
import os
import sys
from collections.abc import Mapping

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]  # it has no types
from gunicorn.config import Config  # type: ignore[import-untyped]  # it has no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # it has no types
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]  # it has no types

from web_admin.core.database import Menjin
from web_admin.manage.live import live_watch
from web_admin.messages.outbox import start_delivery
from web_admin.operations import machines, watch
from web_admin.operations.housekeeping import start_timer
from web_admin.serving.kept_socket import keep, listening_socket
from web_admin.serving.worker import BufferingWorker
from web_admin.web.live_watch import STREAMS_AT_MOST

LONGEST_REQUEST_SECONDS = 60
STOP_SECONDS = 10


class _Log(Logger):  # type: ignore[misc]  # likewise
    """Gunicorn's words among all others, in their form."""

    def setup(self, cfg: Config) -> None:  # noqa: ARG002 - gunicorn calls it so
        """Leave the lines to the root's handler."""
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


class _Server(BaseApplication):  # type: ignore[misc]  # likewise
    """Gunicorn with settings from us, never from its own files or environment."""

    def __init__(self, app: Flask, settings: Mapping[str, object]) -> None:
        self._app = app
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Take the settings that were given."""
        for key, value in self._settings.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        """Return the app, built before any worker starts: a fault shows at once."""
        return self._app


def keep_what_is_loaded() -> None:
    """Exclude everything loaded so far from garbage collection; all of it stays to the end.

    It would walk through that again and again, a tenth of a second in the middle of a page.
    """
    gc.collect()
    gc.freeze()


def serve_app(app: Flask, *, host: str, port: int, threads: int, workers: int, ready_fd: int | None) -> int:
    """Serve until SIGTERM or SIGINT; say the address on standard output and on `ready_fd`."""
    listener = listening_socket(host, port)
    keep(listener)
    bound = listener.getsockname()[1]
    address = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"
    menjin: Menjin = app.extensions["menjin"]

    def say_ready(_arbiter: Arbiter) -> None:
        sys.stdout.write(f"menjin web: ready at {address}\n")
        sys.stdout.flush()
        if ready_fd is not None:
            os.write(ready_fd, f"{address}\n".encode())
            os.close(ready_fd)

    def begin_worker(_arbiter: Arbiter, worker: Worker) -> None:
        # A connection opened before the fork must not be used on both sides of it.
        menjin.database.engine.dispose(close=False)
        menjin.bell.start()
        machines.start_timer(menjin)
        start_timer(menjin)
        watch.start_timer(app, menjin)
        start_delivery(menjin)
        live_watch(app).stop_when(lambda: not worker.alive)

    settings = {
        "bind": f"fd://{listener.fileno()}",
        "worker_class": BufferingWorker,
        "workers": workers,
        # A page's stream keeps a thread for minutes: streams have theirs, requests keep all of `threads`.
        "threads": threads + STREAMS_AT_MOST,
        "preload_app": True,
        "timeout": LONGEST_REQUEST_SECONDS,
        "graceful_timeout": STOP_SECONDS,
        "when_ready": say_ready,
        "post_fork": begin_worker,
        "accesslog": None,
        "logger_class": _Log,
        "proc_name": "menjin-web",
        "control_socket_disable": True,
    }
    menjin.database.engine.dispose()
    keep_what_is_loaded()
    try:
        _Server(app, settings).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
