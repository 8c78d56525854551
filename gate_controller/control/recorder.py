"""Write entries into the gate's journal, and let the server know soon."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from gate_controller.contract.event_kinds import EventKind, is_alarm
from gate_controller.contract.journal_chain import Facts
from gate_controller.storage.clock import GateClock
from gate_controller.storage.journal import Journal

log = logging.getLogger(__name__)

SilentAlarm = tuple[EventKind, Facts, Facts]


class Recorder:
    """The one writer of a gate's loop; every method raises sqlite3.Error when the disk does not take it."""

    def __init__(
        self,
        journal: Journal,
        clock: GateClock,
        nudge_sync: Callable[[], None],
        written: Callable[[EventKind, Facts, Facts], None] | None = None,
    ) -> None:
        """Remember the parts; `nudge_sync` wakes the sync thread, `written` gets each entry on the disk."""
        self._written = written
        self._journal = journal
        self._clock = clock
        self._nudge_sync = nudge_sync
        self._silent: SilentAlarm | None = None

    def record(self, kind: EventKind, facts: Facts, personal: Facts) -> None:
        """Write one entry and let the server know soon; an alarm that is not silent is in the log too."""
        self.write(kind, facts, personal, self._clock.now())
        if is_alarm(kind) and kind is not EventKind.ALARM_DURESS:
            log.warning("%s %s", kind, facts.get("lane_id") or facts.get("device") or "")
        self._nudge_sync()

    def write(
        self,
        kind: EventKind,
        facts: Facts,
        personal: Facts,
        at: datetime,
        *,
        used_credential_id: str | None = None,
        second: int | None = None,
    ) -> None:
        """Write one entry and the use it counts; do not wake the sync thread."""
        silent, self._silent = self._silent, None
        self._journal.append(
            kind, facts, personal, at, used_credential_id=used_credential_id, second=second, silent=silent
        )
        if self._written is not None:
            self._written(kind, facts, personal)

    @contextmanager
    def with_silent(self, alarm: SilentAlarm | None) -> Iterator[None]:
        """Write an alarm in one write with the block's first entry, so that it cannot be timed.

        Where the block writes none, the alarm is written at its end.
        """
        if alarm is not None:
            self._silent = alarm
        try:
            yield
            if self._silent is not None:
                silent, self._silent = self._silent, None
                self.record(*silent)
        finally:
            self._silent = None
