"""Buffer events in order while the journal cannot be written.

A door that was forced while the disk was full is an alarm once it is not. Each entry brings along what is
to be remembered on the disk of the lanes once it is written, so that a power cut between loses neither.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

from gate_controller.contract.event_kinds import EventKind, is_alarm
from gate_controller.contract.journal_chain import Facts

log = logging.getLogger(__name__)

Record = Callable[[EventKind, Facts, Facts], None]
KEPT = 1000


def _nothing() -> None:
    """Remember nothing."""


class _Entry(NamedTuple):
    kind: EventKind
    facts: Facts
    at_seconds: float
    then: Callable[[], None]


class PendingEvents:
    """Entries that wait to be written; used from the controller's thread only."""

    def __init__(self) -> None:
        """Begin with nothing to write."""
        self._entries: list[_Entry] = []

    def __len__(self) -> int:
        """Return how many entries wait."""
        return len(self._entries)

    def add(
        self, kind: EventKind, facts: Facts, at_seconds: float, then: Callable[[], None] = _nothing
    ) -> None:
        """Put an entry at the end; `at_seconds` is monotonic, `then` is called once it is written.

        The oldest that is no alarm is dropped beyond KEPT.
        """
        if len(self._entries) >= KEPT:
            kinds = [entry.kind for entry in self._entries]
            place = next((n for n, old in enumerate(kinds) if not is_alarm(old)), 0)
            log.error("%s can neither be written nor kept any longer", kinds[place])
            del self._entries[place]
        self._entries.append(_Entry(kind, facts, at_seconds, then))

    def write(self, record: Record, now_seconds: float) -> None:
        """Write the waiting events, oldest first; propagate what `record` raises and keep the rest."""
        while self._entries:
            kind, facts, at_seconds, then = self._entries[0]
            late = round(now_seconds - at_seconds)
            record(kind, {**facts, "late_seconds": late} if late else facts, {})
            del self._entries[0]
            then()
