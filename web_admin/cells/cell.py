"""One cell of a running installation: opened when it is asked, closed when idle, out alone when it cannot be.

Each request and each task in it is counted: it is closed under none. A request that finds it closed opens
it, one at a time; other cells do not wait for that.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from web_admin.cells.folders import CellFolder
from web_admin.cells.open_cell import InCommon, make_app, of_os_error, open_parts, refuse_tables
from web_admin.cells.serving_lock import LeaseLost, ServingLock
from web_admin.cells.trouble import CellOut, Kind, Trouble
from web_admin.core.database import Menjin, Work

CLOSES_WITHIN_SECONDS = 10.0
"""For so long a request waits for a cell that is opened once more."""
TRY_AGAIN_SECONDS = 2.0
"""After it could not be opened; requests until then get the same answer at once."""

_log = logging.getLogger(__name__)


class Cell:
    """A folder and what is open of it."""

    is_only = False
    """True of the one compound of a server."""

    def __init__(
        self,
        folder: CellFolder,
        common: InCommon,
        prepare: Callable[["Cell", Flask], None],
        monotonic: Callable[[], float],
    ) -> None:
        """Start closed; `prepare` gets each app that is built."""
        self.folder = folder
        self._common, self._prepare, self._monotonic = common, prepare, monotonic
        self._opening = threading.Lock()
        self._changed = threading.Condition()
        self._inside = 0
        self._menjin: Menjin | None = None
        self._app: Flask | None = None
        self._lock = self._new_lock()
        self._is_ending = False
        self._refused: tuple[Trouble, float] | None = None
        self._said: Trouble | None = None
        self.asked_at = monotonic()
        """When a request came last."""
        self.say(folder.trouble)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def trouble(self) -> Trouble | None:
        """Return why it is out as far as that is known, None while it is served or closed."""
        return self.folder.trouble or (self._refused[0] if self._refused is not None else None)

    @property
    def is_open(self) -> bool:
        """Return whether it has an app, or its parts are open."""
        return self._menjin is not None

    @property
    def is_ending(self) -> bool:
        """Return whether it refuses everyone and waits for those inside."""
        return self._is_ending

    @property
    def app(self) -> Flask | None:
        """Return its app, where it was asked for since it was opened."""
        return self._app

    def _new_lock(self) -> ServingLock:
        return ServingLock(self.folder.path, alone=self.folder.is_sqlite)

    def begin(self) -> None:
        """Begin in a process of the server; one of many is opened when it is asked."""

    # -- inside ------------------------------------------------------------------------------------

    def enter(self) -> Flask:
        """Return the app to one request and count it; raise CellOut. Each `enter` has its `leave`."""
        self.asked_at = self._monotonic()
        self._go_in()
        app = self._app
        if app is not None:
            return app  # it stays for those who are inside
        try:
            with self._opening:
                menjin = self._opened()
                if self._app is None:
                    app = make_app(menjin, self._common)
                    self._prepare(self, app)
                    menjin.bell.start()
                    self._app = app
                return self._app
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            if self._is_ending and not self._inside:
                self._close()

    @contextmanager
    def at_work(self) -> Iterator[Menjin]:
        """Give the open parts to work that no request asked for; raise CellOut."""
        self._go_in()
        try:
            with self._opening:
                menjin = self._opened()
            yield menjin
        finally:
            self.leave()

    def keeps_open(self, work: Work) -> Work:
        """Count a thread of its own from now until its work ends."""
        with self._changed:
            self._inside += 1

        def counted() -> None:
            try:
                work()
            finally:
                self.leave()

        return counted

    def _go_in(self) -> None:
        with self._changed:
            if self.folder.trouble is not None:
                raise CellOut(self.folder.trouble)
            if self._refused is not None and self._monotonic() - self._refused[1] < TRY_AGAIN_SECONDS:
                raise CellOut(self._refused[0])
            if not self._changed.wait_for(lambda: not self._is_ending, CLOSES_WITHIN_SECONDS):
                raise CellOut(
                    Trouble(
                        Kind.FAULT,
                        "what runs in it does not end",
                        str(self.folder.path),
                        "The log says more; it is retried automatically",
                    )
                )
            if self.folder.trouble is not None:  # for which it was closed
                raise CellOut(self.folder.trouble)
            self._inside += 1

    def _opened(self) -> Menjin:
        """Return the parts, opened now where they are not; call it in the turn to open."""
        if self._menjin is None:
            now = self._monotonic()
            try:
                self._menjin = open_parts(self.folder, self._common, self._lock, self.keeps_open, now)
            except CellOut as out:
                self.refuse(out.trouble)
                raise
            self._refused = None
            self.say(None)
        return self._menjin

    # -- out ---------------------------------------------------------------------------------------

    def refuse(self, trouble: Trouble) -> None:
        """Be out for a moment; then it is tried again."""
        self._refused = (trouble, self._monotonic())
        self.say(trouble)

    def say(self, trouble: Trouble | None) -> None:
        """Write into the log what changed, once."""
        if trouble == self._said:
            return
        self._said = trouble
        facts = {"cell": self.name, **({"kind": str(trouble.kind)} if trouble is not None else {})}
        if trouble is not None:
            _log.error("out: %s", trouble.sentence(), extra={"event": "cell_out", "facts": facts})
        else:
            _log.warning("served again", extra={"event": "cell_back", "facts": facts})

    def take_folder(self, folder: CellFolder) -> None:
        """Take what the folder says now; what was open by the old settings ends when no one is inside."""
        same = (folder.config, folder.trouble) == (self.folder.config, self.folder.trouble)
        self.folder = folder
        if same:
            return
        self._refused = None
        self.say(folder.trouble)
        self.end()
        with self._changed:
            if self._menjin is None:
                self._lock = self._new_lock()

    def renew_lease(self) -> None:
        """Show other machines that this one serves the folder; end what is open where another took it."""
        if self._menjin is None:
            return
        try:
            self._lock.renew()
        except LeaseLost as err:
            place = str(self.folder.path)
            self._end_with(Trouble(Kind.ELSEWHERE, str(err), place, "End one of the servers"))
        except OSError as err:
            self._end_with(of_os_error(self.folder, err))

    def look_at_tables(self) -> None:
        """End what is open where the tables are of another version by now; raise DatabaseError."""
        menjin, config = self._menjin, self.folder.config
        if menjin is None or config is None:
            return
        try:
            refuse_tables(self.folder, config, menjin.database)
        except CellOut as out:
            self._end_with(out.trouble)

    def _end_with(self, trouble: Trouble) -> None:
        self.end()
        self.refuse(trouble)

    def end(self) -> None:
        """Refuse everyone from now on, and close once all have left."""
        with self._changed:
            self._is_ending = True
            if not self._inside:
                self._close()

    def close_if_idle(self, idle_seconds: float) -> None:
        """Close it where no one is inside and no request came for so long."""
        with self._changed:
            if not self._inside and self._monotonic() - self.asked_at >= idle_seconds:
                self._close()

    def wait_closed(self, seconds: float) -> bool:
        """Wait so long for those inside to leave a cell that ends; return whether it is closed."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_ending, seconds)

    def _close(self) -> None:
        """Close what is open; call it with the condition held and no one inside."""
        menjin, lock, had_app = self._menjin, self._lock, self._app is not None
        self._menjin = self._app = None
        self._is_ending = False
        try:
            if menjin is not None:
                # It waits for its broker's answer, and uses neither records nor keys meanwhile.
                threading.Thread(target=menjin.bell.close, name="bell ends", daemon=True).start()
                menjin.database.engine.dispose()
                self._lock = self._new_lock()
                lock.give_back()
        finally:
            if had_app:
                self._common.closed()
            self._changed.notify_all()
