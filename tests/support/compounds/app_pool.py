"""Apps that tests use one after another: building one takes longer than most of what a test asks of it.

An app keeps nothing but its routes and settings; database, keys and clock are new parts for each test.
What a test changed in the settings is put back, and an app goes to one test at a time.
"""

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import Flask

from tests.support.scheduling import renew_watch
from web_admin import create_app, make_parts
from web_admin.core.config import WebConfig
from web_admin.manage.live import live_watch
from web_admin.resident.call_stream import call_watch
from web_admin.web.one_time_secrets import OneTimeSecrets

KINDS_KEPT = 4
YOUNG_THEN_ALL = (1, 2)
"""Generations of the search for rings: what one test made is young, and looking at all of it takes long."""
NOWHERE = Path()


@dataclass
class _Lent:
    """An app, what it was made for, and its settings as they were then."""

    kind: WebConfig
    app: Flask
    settings: dict[str, object]


_free: dict[WebConfig, _Lent] = {}
_given_back: list[_Lent] = []
_owners: list[weakref.ref[object]] = []


def take_app(config: WebConfig, clock: Callable[[], datetime]) -> _Lent:
    """Return an app with parts of its own: one that an earlier test gave back, or a new one."""
    kind = replace(config, database_url="", data_dir=NOWHERE, secrets_dir=NOWHERE, backup_dir=None)
    lent = _free.pop(kind, None)
    if lent is None:
        app = create_app(config, clock=clock)
        renew_watch(app)
        return _Lent(kind, app, dict(app.config))
    lent.app.extensions["menjin"] = make_parts(config, clock=clock)
    lent.app.extensions["menjin_one_time_secrets"] = OneTimeSecrets()
    renew_watch(lent.app)
    return lent


def give_back_with(owner: object, lent: _Lent) -> None:
    """Take an app back once its owner has gone; `settle` lets the next test have it."""
    weakref.finalize(owner, _given_back.append, lent).atexit = False
    _owners.append(weakref.ref(owner))


def settle() -> None:
    """Make apps ready whose owners have gone; call it between two tests."""
    for generation in YOUNG_THEN_ALL:
        # An error that a request kept holds its frames, and they their owner, until rings are looked for.
        if any(owner() is not None for owner in _owners):
            gc.collect(generation)
    _owners.clear()
    while _given_back:
        lent = _given_back.pop()
        live_watch(lent.app).close()
        call_watch(lent.app).close()
        lent.app.extensions["menjin"].database.engine.dispose()
        lent.app.config.clear()
        lent.app.config.update(lent.settings)
        _free[lent.kind] = lent
        while len(_free) > KINDS_KEPT:
            del _free[next(iter(_free))]
