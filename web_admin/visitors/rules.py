"""Decide the window of a pass that a resident chooses by a word. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def window_of_tomorrow(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return from when until when tomorrow lasts at the site, from midnight to midnight."""
    day = (now.astimezone(zone) + timedelta(days=1)).date()
    begin, end = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return begin.astimezone(UTC), end.astimezone(UTC)
