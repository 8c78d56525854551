"""Readiness of the server for its work: the database takes a row, and the disk has room for the next.

For monitors of before there is a second probe, which only reads: whether pages can be shown.

Of several machines one may also wait for a key of faces, or be a copy of another: then the others serve.

A monitor asks often, and a broken database may answer never: one probe runs at a time, in a thread of its
own, and nothing waits for it longer than two seconds. What it found holds for a second.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

from web_admin.compound.queries import the_site
from web_admin.core.cell_in_hand import in_this_cell
from web_admin.core.database import DatabaseError, Menjin
from web_admin.operations.machines import machine_trouble
from web_admin.operations.marks import mark

ANSWER_WITHIN_SECONDS = 2.0
HOLDS_SECONDS = 1.0
LEAST_FREE_BYTES = 64 * 1024 * 1024
"""Below this a transaction of the next minutes may fail in the middle."""
PROBE = "readiness"
DATABASE, DISK = "database", "disk"

_log = logging.getLogger(__name__)


class Readiness:
    """The newest probe of one kind of one server process."""

    def __init__(
        self,
        menjin: Menjin,
        monotonic: Callable[[], float] = time.monotonic,
        look: Callable[[Menjin], list[str]] | None = None,
        name: str = "ready",
    ) -> None:
        """Take the parts of the server, a clock that only grows, what to look at and what that shows."""
        self.menjin = menjin
        self._look_at, self._name = look or can_work, name
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._probe: threading.Thread | None = None
        self._found: tuple[str, ...] = ()
        self._found_at: float | None = None
        self._said: tuple[str, ...] = ()

    def troubles(self) -> tuple[str, ...]:
        """Return what keeps the server from its work, in single words; () when it is ready."""
        with self._lock:
            fresh = self._found_at is not None and self._monotonic() - self._found_at < HOLDS_SECONDS
            if not fresh and (self._probe is None or not self._probe.is_alive()):
                self._probe = threading.Thread(
                    target=in_this_cell(self.menjin.keeps_open(self._look)), name="readiness", daemon=True
                )
                self._probe.start()
            probe = self._probe
        if probe is not None:
            probe.join(ANSWER_WITHIN_SECONDS)
        found = (DATABASE,) if probe is not None and probe.is_alive() else self._found
        self._say(found)
        return found

    def _look(self) -> None:
        found = self._look_at(self.menjin)
        self._found, self._found_at = tuple(found), self._monotonic()

    def _say(self, found: tuple[str, ...]) -> None:
        with self._lock:
            changed, self._said = found != self._said, found
        if changed:
            if found:
                _log.error("not %s: %s", self._name, ", ".join(found))
            else:
                _log.warning("%s again", self._name)


def can_work(menjin: Menjin) -> list[str]:
    """Write a row, and return what keeps the server from its work."""
    found: list[str] = []
    try:
        with menjin.database.session() as session:
            mark(session, PROBE, menjin.clock())
            trouble = machine_trouble(session, menjin)
            found += [trouble] if trouble is not None else []
    except (DatabaseError, OSError):
        found.append(DATABASE)
    try:
        if shutil.disk_usage(menjin.config.data_dir).free < LEAST_FREE_BYTES:
            found.append(DISK)
    except OSError:
        found.append(DISK)
    return found


def can_read(menjin: Menjin) -> list[str]:
    """Read a row, and return what keeps the server from showing pages."""
    try:
        with menjin.database.session() as session:
            the_site(session)
    except (DatabaseError, OSError):
        return [DATABASE]
    return []


def readiness(extensions: dict[str, Any]) -> Readiness:
    """Return the probe of whether the server can work that belongs to the app's present parts."""
    return _probe(extensions, "menjin_readiness", Readiness)


def readable(extensions: dict[str, Any]) -> Readiness:
    """Return the probe of whether pages can be read, likewise."""
    return _probe(
        extensions, "menjin_readable", lambda menjin: Readiness(menjin, look=can_read, name="readable")
    )


def _probe(extensions: dict[str, Any], name: str, make: Callable[[Menjin], Readiness]) -> Readiness:
    menjin: Menjin = extensions["menjin"]
    made = extensions.get(name)
    if not isinstance(made, Readiness) or made.menjin is not menjin:
        made = extensions[name] = make(menjin)
    return made
