"""Serve an installation: all cells of a folder, or the one compound of a data directory."""

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Flask
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]  # it has no types

from web_admin import create_app
from web_admin.cells.installation import LOOK_EVERY_SECONDS, Choices, Installation
from web_admin.cells.only_cell import OneCompound
from web_admin.cells.open_cell import InCommon
from web_admin.cells.periodic_jobs import PeriodicJobs
from web_admin.cells.scheduler import Scheduler
from web_admin.cells.serving_lock import ServingLock
from web_admin.cells.site import Site
from web_admin.core.config import SECRET_BYTES, WebConfig
from web_admin.core.request_times import cells_histogram
from web_admin.serving.memory import LongLooks
from web_admin.serving.workers import STOP_SECONDS, Listening, Served, serve
from web_admin.sync.fast_path import FastPath
from web_admin.web.live_watch import STREAMS_AT_MOST, StreamPlaces

STREAMS_OF_ALL = 150
"""Open pages of all cells in one process that learn of changes at once; later ones ask again instead."""
THREADS_OF_MANY, THREADS_OF_ONE = 4, 12
"""The scheduler's. The jobs of one compound have one each, so that none waits for another."""
NOWHERE = Path("/nonexistent")


def first_app(common: InCommon) -> Flask:
    """Return an app of no compound: it fills what all apps share, and lends words to work without a request.

    Its keys are of chance and its database is nowhere: whatever asked a record of it would fail.
    """

    def key() -> bytes:
        return secrets.token_bytes(SECRET_BYTES)

    config = WebConfig(
        public_url="https://cells.invalid",
        database_url=f"sqlite:///{NOWHERE / 'none.sqlite3'}",
        data_dir=NOWHERE,
        secrets_dir=NOWHERE,
        seal_key=key(),
        lookup_key=key(),
        face_key=key(),
        session_key=key(),
        totp_key=key(),
        password_salt=key(),
    )
    return create_app(config, clock=common.clock, shared=common.parts)


def serve_cells(choices: Choices, listening: Listening, clock: Callable[[], datetime]) -> int:
    """Serve every compound of a folder until SIGTERM or SIGINT; raise OSError where there is no folder."""
    looks = LongLooks(monotonic=time.monotonic)
    common = InCommon(clock, closed=looks.closed)
    cells_histogram()  # before there are threads
    words = first_app(common)
    installation = Installation(choices, common, monotonic=time.monotonic)
    return _serve(installation, words, listening, looks)


def serve_one(
    config: WebConfig, lock: ServingLock, listening: Listening, clock: Callable[[], datetime]
) -> int:
    """Serve one compound, whose folder's lock this process has, until SIGTERM or SIGINT.

    Raises CellOut, and what database, keys and files raise.
    """
    common = InCommon(clock, parts=None, statements=None)
    installation = OneCompound(
        config,
        lock,
        common,
        monotonic=time.monotonic,
        end_server=lambda: os.kill(os.getppid(), signal.SIGTERM),
    )
    app = installation.only.only_app
    return _serve(installation, app, listening, fast_path=app.extensions["menjin_fast_path"])


def _serve(
    installation: Installation,
    words: Flask,
    listening: Listening,
    looks: LongLooks | None = None,
    fast_path: FastPath | None = None,
) -> int:
    is_of_many = looks is not None
    scheduler = Scheduler(
        monotonic=time.monotonic,
        start_thread=_start_thread,
        threads=THREADS_OF_MANY if is_of_many else THREADS_OF_ONE,
    )

    def begin(worker: Worker) -> None:
        places = StreamPlaces(STREAMS_OF_ALL if is_of_many else STREAMS_AT_MOST)
        jobs = PeriodicJobs(scheduler, words, places, lambda: not worker.alive)
        if looks is not None:
            looks.begin()
        installation.prepare, installation.came, installation.went = jobs.prepare, jobs.add, jobs.remove
        installation.hanging = scheduler.hanging
        for cell in installation.cells():
            cell.begin()
            jobs.add(cell)

        def look() -> float:
            installation.look()
            installation.close_idle()
            return LOOK_EVERY_SECONDS

        scheduler.add(("", "folder"), look)
        scheduler.start()

    def end() -> None:
        scheduler.stop(STOP_SECONDS / 10)
        installation.close_all(STOP_SECONDS / 5)

    served = Served(
        site=Site(installation),
        trusted_proxies=installation.choices.trusted_proxies,
        begin=begin,
        end=end,
        is_of_many=is_of_many,
        fast_path=fast_path,
    )
    return serve(served, listening)


def _start_thread(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
