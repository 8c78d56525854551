"""Bring one gate from one version of its program to the next, at quiet moments, and back where it fails.

The sync thread hands in what the server orders, a worker fetches it, and the controller's thread alone
decides when to change: it asks `time_passed` at every tick and ends the gate when that says so. What runs
next is in the launcher's state by then.
"""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.updates import MAX_WHY_CHARS, UpdateOrder, UpdateStatus
from gate_controller.updates.launcher import (
    FETCHED,
    KEPT,
    ROLLED_BACK,
    SWITCHED,
    TRIAL,
    State,
    point_at,
    read_state,
    remove_others,
    rolled_back,
    write_state,
)
from gate_controller.updates.rules import TrialFacts, judge

log = logging.getLogger(__name__)

FETCH_AGAIN_SECONDS = 600.0
"""After a fetch that failed the same order is tried again."""
NEVER_SOUND = frozenset(
    {
        EventKind.ALARM_GATE_FAILED,
        EventKind.ALARM_GRANTED_NOT_OPENED,
        EventKind.ALARM_POLICY_REFUSED,
        EventKind.ALARM_POLICY_DAMAGED,
        EventKind.ALARM_JOURNAL_DAMAGED,
        EventKind.ALARM_LANE_MEMORY_DAMAGED,
    }
)
"""Events that a version on trial must not write."""


class NotDownloaded(Exception):
    """A file of the server was not read to its end; `status` is the server's answer, 0 without one."""

    def __init__(self, why: str, status: int = 0) -> None:
        """Note why, and what the server answered."""
        super().__init__(why)
        self.status = status


class NotFetched(Exception):
    """A version could not be fetched or is not what was signed; says why."""


class OlderVersion(NotFetched):
    """The version is older than the one that runs, and nothing signed lets gates go back to it."""


class Fetcher(Protocol):
    """Fetches and checks a version; raises NotFetched."""

    def __call__(self, version: str) -> None:
        """Lay the version beside the one that runs."""


class GateUpdates:
    """The updates of one gate; `time_passed` and `entry_written` belong to the controller's thread."""

    def __init__(
        self,
        root: Path,
        fetch: Fetcher,
        rest_relays: Callable[[], bool],
        watched: Collection[str],
        monotonic_seconds: Callable[[], float],
    ) -> None:
        """Take up what the launcher's state says; `rest_relays` gives every relay the order to rest.

        `watched` are the devices that report at each start; a relay board does so only when it was lost.
        """
        self._root = root
        self._fetch = fetch
        self._rest_relays = rest_relays
        self._watched = frozenset(watched)
        self._seconds = monotonic_seconds
        self._lock = threading.Lock()
        self._state = read_state(root)
        self._began = monotonic_seconds()
        self._trial: TrialFacts | None = None
        if self._state.step == TRIAL:
            self._trial = TrialFacts(self._state.had_policy, frozenset(self._state.healthy))
        self._order: UpdateOrder | None = None
        self._failed: UpdateStatus | None = None
        self._refused: UpdateStatus | None = None
        """An order for an older version, until it is in the journal."""
        self._refused_orders: set[str] = set()
        """Orders whose refusal was written or waits to be."""
        self._fetch_again_at = 0.0
        self._worker: threading.Thread | None = None

    # -- from the sync thread ----------------------------------------------------------------------

    def ordered(self, order: UpdateOrder | None) -> None:
        """Take the server's answer: the version it orders, None where it orders none (any more)."""
        with self._lock:
            self._order, state = order, self._state
            if order is None or order.order_id == state.order_id or order.version == state.running:
                return
            if self._is_fetching() or state.step in (SWITCHED, TRIAL):
                return
            failed = self._failed is not None and self._failed.order_id == order.order_id
            if failed and self._seconds() < self._fetch_again_at:
                return
            self._worker = threading.Thread(target=self._work, args=(order,), name="updates", daemon=True)
            self._worker.start()

    def reported(self) -> None:
        """Note that the server answered a whole turn of this version."""
        if self._trial is not None:
            self._trial.has_reported = True

    @property
    def is_on_trial(self) -> bool:
        """Return whether the version before this one may still be started again."""
        with self._lock:
            return self._state.step in (SWITCHED, TRIAL)

    def status(self) -> UpdateStatus:
        """Return how far this gate is, for the server."""
        with self._lock:
            state, order = self._state, self._order
            if order is not None and self._is_fetching():
                return UpdateStatus(step="fetching", version=order.version, order_id=order.order_id)
            if self._failed is not None and order is not None and self._failed.order_id == order.order_id:
                return self._failed
        return UpdateStatus(
            step=state.step, version=state.version, order_id=state.order_id, why=state.why[:MAX_WHY_CHARS]
        )

    def _is_fetching(self) -> bool:
        return self._worker is not None and self._worker.is_alive()

    def _work(self, order: UpdateOrder) -> None:
        """Fetch a version, in a thread of its own: the gate opens meanwhile."""
        try:
            # Here, where nothing else is being unpacked.
            remove_others(self._root, (self._state.running, self._state.previous))
            self._fetch(order.version)
            with self._lock:
                self._put(State(FETCHED, order.version, self._state.running, order.order_id))
                self._failed = None
            log.warning("version %s lies ready", order.version)
        except Exception as err:  # whatever is wrong with an update, the gate goes on
            if not isinstance(err, NotFetched):
                log.exception("version %s was not fetched", order.version)
            why = str(err) if isinstance(err, NotFetched) else type(err).__name__
            log.error("version %s was not fetched: %s", order.version, why)
            failed = UpdateStatus(
                step="failed", version=order.version, order_id=order.order_id, why=why[:MAX_WHY_CHARS]
            )
            with self._lock:
                if isinstance(err, OlderVersion) and order.order_id not in self._refused_orders:
                    self._refused_orders.add(order.order_id)
                    self._refused = failed
                self._fetch_again_at = self._seconds() + FETCH_AGAIN_SECONDS
                self._failed = failed

    def _put(self, state: State) -> None:
        write_state(self._root, state)
        self._state = state

    # -- from the controller's thread --------------------------------------------------------------

    def entry_written(self, kind: EventKind, facts: Facts, personal: Facts) -> None:
        """Take an entry of the journal, of which a version on trial is judged."""
        trial = self._trial
        if trial is None:
            return
        if kind in NEVER_SOUND:
            trial.failed = kind.value
        elif kind is EventKind.ACCESS and facts.get("opens"):
            trial.opened += 1
        elif kind is EventKind.ACCESS and personal.get("person_id"):
            trial.turned_away += 1

    def time_passed(
        self,
        record: Callable[[EventKind, Facts, Facts], None],
        *,
        is_quiet: bool,
        well: Collection[str],
        has_policy: bool,
    ) -> bool:
        """Do what is due and return whether the gate is to end now, so that another version runs.

        `well` are the devices that work. That is only ever so while `is_quiet`: no person passes, no lane is
        held open, no fire.
        """
        try:
            with self._lock:
                if self._trial is not None:
                    trial = self._trial
                    return self._judge(trial, record, is_quiet=is_quiet, well=well, has_policy=has_policy)
                self._report(record)
                return is_quiet and self._switch(well, has_policy=has_policy)
        except OSError as err:
            log.error("an update waits: %s", err)
            return False

    def _switch(self, well: Collection[str], *, has_policy: bool) -> bool:
        """Let the version that lies ready run next, if it is still ordered."""
        state, order = self._state, self._order
        if state.step != FETCHED or order is None or order.order_id != state.order_id:
            return False
        healthy = tuple(sorted(self._watched.intersection(well)))
        self._put(replace(state, step=SWITCHED, healthy=healthy, had_policy=has_policy))
        point_at(self._root, state.version)
        log.warning("the gate ends so that version %s runs", state.version)
        return True

    def _judge(
        self,
        trial: TrialFacts,
        record: Callable[[EventKind, Facts, Facts], None],
        *,
        is_quiet: bool,
        well: Collection[str],
        has_policy: bool,
    ) -> bool:
        trial.well, trial.has_policy = set(well), has_policy
        seconds = self._seconds() - self._began
        judged = judge(trial, seconds)
        if judged.verdict == "test_relays" and is_quiet:
            trial.relays_tested = self._rest_relays()
            judged = judge(trial, seconds)
        if judged.verdict == "keep":
            self._put(replace(self._state, step=KEPT, why="", reported=False))
            self._trial = None
            self._report(record)
            return False
        if judged.verdict != "roll_back":
            return False
        if not is_quiet:
            if not self._state.waits:
                self._put(replace(self._state, waits=True, why=judged.why[:200]))
            return False
        self._put(rolled_back(self._state, judged.why))
        point_at(self._root, self._state.running)
        log.error("version %s is rolled back: %s", self._state.version, judged.why)
        return True

    def _report(self, record: Callable[[EventKind, Facts, Facts], None]) -> None:
        """Put an outcome, and an order that was refused, into the journal once."""
        if self._refused is not None:
            refused, self._refused = self._refused, None
            record(
                EventKind.ALARM_UPDATE_REFUSED, {"version": refused.version, "detail": refused.why[:200]}, {}
            )
        state = self._state
        if state.reported:
            return
        if state.step == KEPT:
            record(EventKind.UPDATE_KEPT, {"version": state.version}, {})
        elif state.step == ROLLED_BACK:
            facts: Facts = {"version": state.version, "detail": state.why}
            record(EventKind.ALARM_UPDATE_ROLLED_BACK, facts, {})
        self._put(replace(state, reported=True))
