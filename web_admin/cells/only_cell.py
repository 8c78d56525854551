"""A server of one compound: an installation whose one cell answers every host and is open to the end.

It is opened before the server's processes are, so that what is wrong ends the command with a sentence. Later
it goes out for nothing: its app says itself what is wrong, and where another machine has taken the folder the
server ends.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from flask import Flask

from web_admin.cells.cell import Cell
from web_admin.cells.folders import CellFolder
from web_admin.cells.installation import Choices, Installation
from web_admin.cells.open_cell import InCommon, make_app, parts_of
from web_admin.cells.scheduler import JobRefused
from web_admin.cells.serving_lock import LeaseLost, ServingLock
from web_admin.core.config import WebConfig

_log = logging.getLogger(__name__)


class OnlyCell(Cell):
    is_only = True

    def __init__(
        self,
        config: WebConfig,
        lock: ServingLock,
        common: InCommon,
        prepare: Callable[[Cell, Flask], None],
        monotonic: Callable[[], float],
        end_server: Callable[[], None],
    ) -> None:
        """Open it, whose folder's lock is taken; raise CellOut and what database, keys and files raise."""
        # A wrapping key that is destroyed must not live on here: the files have it.
        config = replace(config, face_key=b"")
        super().__init__(CellFolder("", config.data_dir, (), config), common, prepare, monotonic)
        self._lock, self._end_server = lock, end_server
        menjin = parts_of(self.folder, config, common, self.keeps_open)
        self._menjin, self.only_app = menjin, make_app(menjin, common)
        self._app = self.only_app
        menjin.database.engine.dispose()

    def begin(self) -> None:
        assert self._menjin is not None  # noqa: S101 - it is open
        # A connection opened before the fork must not be used on both sides of it.
        self._menjin.database.engine.dispose(close=False)
        self._prepare(self, self.only_app)
        self._menjin.bell.start()

    def renew_lease(self) -> None:
        """Show other machines that this one serves the folder; end the server where another took it."""
        try:
            self._lock.renew()
        except LeaseLost as err:
            _log.critical("this server ends: %s; two may not serve one compound", err)
            self._end_server()
        except OSError as err:
            raise JobRefused(f"the lease of the folder cannot be renewed: {err.strerror}") from err

    def look_at_tables(self) -> None:
        """Go on, whatever version the tables have: an upgrade begins with every server stopped.

        One that was left running fails at each request that the tables no longer fit.
        """

    def close_if_idle(self, idle_seconds: float) -> None:
        """Stay open."""


class OneCompound(Installation):
    """The installation; no folder of cells is read."""

    def __init__(
        self,
        config: WebConfig,
        lock: ServingLock,
        common: InCommon,
        *,
        monotonic: Callable[[], float],
        end_server: Callable[[], None],
    ) -> None:
        """Open it; raise what OnlyCell raises."""
        self.only = OnlyCell(config, lock, common, self._prepared, monotonic, end_server)
        super().__init__(
            Choices(config.data_dir, trusted_proxies=config.trusted_proxies), common, monotonic=monotonic
        )

    def of_host(self, host: str | None) -> Cell:  # noqa: ARG002 - whatever a client calls it
        """Return the one."""
        return self.only

    def look(self) -> None:
        """Have the one: what its settings say later counts after a restart."""
        self._cells = {self.only.name: self.only}
