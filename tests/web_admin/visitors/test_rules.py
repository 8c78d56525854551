"""Tomorrow is a day of the site, also where a day has 23 hours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from web_admin.visitors.rules import window_of_tomorrow


@pytest.mark.parametrize(
    ("now", "zone", "begin", "hours"),
    [
        ("2026-03-02T15:59Z", "Asia/Shanghai", "2026-03-02T16:00Z", 24),
        ("2026-03-02T16:00Z", "Asia/Shanghai", "2026-03-03T16:00Z", 24),
        ("2026-03-28T12:00Z", "Europe/Berlin", "2026-03-28T23:00Z", 23),
    ],
)
def test_tomorrow_lasts_from_midnight_to_midnight(now: str, zone: str, begin: str, hours: int) -> None:
    begins_at = datetime.fromisoformat(begin)
    window = window_of_tomorrow(datetime.fromisoformat(now), ZoneInfo(zone))
    assert window == (begins_at, begins_at + timedelta(hours=hours))
