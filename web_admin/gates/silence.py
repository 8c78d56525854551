"""Decide when a gate is silent: it has not called for longer than a few missed polls explain."""

from datetime import datetime, timedelta

SILENT_AFTER = timedelta(minutes=2)


def has_been_silent(last_seen_at: datetime | None, now: datetime) -> bool:
    """Return whether the gate has not called for a while, or never."""
    return last_seen_at is None or now - last_seen_at > SILENT_AFTER
