"""Decide when a gate is silent: it has not called for longer than a few missed polls explain."""

from datetime import datetime, timedelta
from typing import Protocol

SILENT_AFTER = timedelta(minutes=2)
ASKS_WITH_BELL_SECONDS = SILENT_AFTER.total_seconds() / 2
"""For how long a gate that hears its bell may wait: one lost answer, repeated, is no silence."""


class Caller(Protocol):
    """Facts by which a gate is silent or not: a stored gate, or the columns of one."""

    @property
    def state(self) -> str:
        """Return whether it is paired."""

    @property
    def last_seen_at(self) -> datetime | None:
        """Return when it called last; None before the first call."""


def is_silent(gate: Caller, now: datetime) -> bool:
    """Return whether a paired gate has not called for a while, or never; an unpaired one is not silent."""
    return gate.state == "paired" and (gate.last_seen_at is None or now - gate.last_seen_at > SILENT_AFTER)
