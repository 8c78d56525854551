"""Serve all cells of an installation: the same server, threads and processes as for one compound."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Flask
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]  # it has no types

from web_admin import create_app
from web_admin.cells.installation import LOOK_EVERY_SECONDS, Choices, Installation
from web_admin.cells.open_cell import InCommon
from web_admin.cells.site import Site
from web_admin.cells.turns import Turns
from web_admin.cells.works import Works
from web_admin.core.config import SECRET_BYTES, WebConfig
from web_admin.core.request_times import cells_histogram
from web_admin.serving.memory import LongLooks
from web_admin.serving.workers import STOP_SECONDS, Listening, Served, serve
from web_admin.web.live_watch import StreamPlaces

STREAMS_OF_ALL = 150
"""Open pages of all cells in one process that learn of changes at once; later ones ask again instead."""
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
    """Serve until SIGTERM or SIGINT; raise OSError where there is no folder of cells."""
    looks = LongLooks()
    common = InCommon(clock, closed=looks.closed)
    cells_histogram()  # before there are threads
    words = first_app(common)
    installation = Installation(choices, common)
    turns = Turns()

    def begin(worker: Worker) -> None:
        works = Works(turns, words, StreamPlaces(STREAMS_OF_ALL), lambda: not worker.alive)
        looks.begin()
        installation.prepare, installation.came, installation.went = works.prepare, works.add, works.remove
        installation.hanging = turns.hanging
        for cell in installation.cells():
            works.add(cell)

        def look() -> float:
            installation.look()
            installation.close_idle()
            return LOOK_EVERY_SECONDS

        turns.add(("", "folder"), look)
        turns.start()

    def end() -> None:
        turns.stop(STOP_SECONDS / 10)
        installation.close_all(STOP_SECONDS / 5)

    served = Served(
        site=Site(installation),
        trusted_proxies=choices.trusted_proxies,
        begin=begin,
        end=end,
        is_of_many=True,
    )
    return serve(served, listening)
