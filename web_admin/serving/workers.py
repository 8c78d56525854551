"""Serve an app with gunicorn: threads in one process, or several processes over PostgreSQL."""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]  # it has no types
from gunicorn.config import Config  # type: ignore[import-untyped]  # it has no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # it has no types
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]  # it has no types

from web_admin.serving.kept_socket import listening_socket
from web_admin.serving.memory import keep_what_is_loaded
from web_admin.serving.worker import BufferingWorker
from web_admin.sync.fast_path import FastPath
from web_admin.web.live_watch import STREAMS_AT_MOST

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LONGEST_REQUEST_SECONDS = 60
STOP_SECONDS = 10


class _Log(Logger):  # type: ignore[misc]  # likewise
    """Gunicorn's words among all others, in their form."""

    def setup(self, cfg: Config) -> None:  # noqa: ARG002 - gunicorn calls it so
        """Leave the lines to the root's handler."""
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where to listen and with how many threads and processes; `ready_fd` gets the address."""

    host: str
    port: int
    threads: int
    workers: int
    ready_fd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Application that is served, and the calls at the beginning and end of each process."""

    site: "WSGIApplication"
    trusted_proxies: int
    begin: Callable[[Worker], None]
    end: Callable[[], None]
    is_of_many: bool = False
    """Many compounds share the threads: none may take them all."""
    fast_path: FastPath | None = None
    """Answers a batch of gates' requests, where one compound is served."""


class Server(BaseApplication):  # type: ignore[misc]  # likewise
    """Gunicorn with settings from us, never from its own files or environment."""

    def __init__(self, served: Served, settings: Mapping[str, object]) -> None:
        self.served = served
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for key, value in self._settings.items():
            self.cfg.set(key, value)

    def load(self) -> "WSGIApplication":
        """Return the app, built before any worker starts: a fault shows at once."""
        return self.served.site


def serve(served: Served, listening: Listening) -> int:
    """Serve until SIGTERM or SIGINT; say the address on standard output and on `ready_fd`."""
    listener = listening_socket(listening.host, listening.port)
    bound = listener.getsockname()[1]
    host, ready_fd = listening.host, listening.ready_fd
    address = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"

    def say_ready(_arbiter: Arbiter) -> None:
        sys.stdout.write(f"menjin web: ready at {address}\n")
        sys.stdout.flush()
        if ready_fd is not None:
            os.write(ready_fd, f"{address}\n".encode())
            os.close(ready_fd)

    settings = {
        "bind": f"fd://{listener.fileno()}",
        "worker_class": BufferingWorker,
        "workers": listening.workers,
        # A page's stream keeps a thread for minutes: streams have theirs, requests keep all of `threads`.
        "threads": listening.threads + STREAMS_AT_MOST,
        "preload_app": True,
        "timeout": LONGEST_REQUEST_SECONDS,
        "graceful_timeout": STOP_SECONDS,
        "when_ready": say_ready,
        "post_fork": lambda _arbiter, worker: served.begin(worker),
        "worker_exit": lambda _arbiter, _worker: served.end(),
        "accesslog": None,
        "logger_class": _Log,
        "proc_name": "menjin-web",
        "control_socket_disable": True,
    }
    keep_what_is_loaded()
    try:
        Server(served, settings).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
