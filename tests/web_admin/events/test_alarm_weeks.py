"""Alarms are counted by week and by what they are about."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from web_admin.alarms.actions import raise_alarm
from web_admin.core.database import current_menjin
from web_admin.events.alarm_weeks import alarms_by_week

NOW = datetime(2026, 3, 5, 4, 10, tzinfo=UTC)
"""A Thursday, 12:10 at the site."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def compound_begins():
    return NOW


@pytest.fixture
def read(compound):
    def inside(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return inside


@pytest.mark.both_databases
def test_alarms_are_counted_by_week_and_by_what_they_are_about(compound, read):
    def raise_all(session):
        for kind, days in (
            ("alarm_help", 1),
            ("alarm_door_held", 1),
            ("alarm_door_held", 8),
            ("alarm_device_lost", 8),
            ("alarm_duress", 8),
            ("alarm_help", 200),
        ):
            raise_alarm(session, compound.site_id, kind, NOW - timedelta(days=days), gate_id="north")

    before = read(lambda s: alarms_by_week(s, compound.site_id, NOW, SHANGHAI, with_silent=True))
    read(raise_all)
    weeks = read(lambda s: alarms_by_week(s, compound.site_id, NOW, SHANGHAI, with_silent=True))
    added = [
        {about: week.counts[about] - was.counts[about] for about in week.counts}
        for was, week in zip(before, weeks, strict=True)
    ]
    assert len(weeks) == 12
    assert weeks[-1].monday.isoformat() == "2026-03-02"
    assert added[-1] == {"people": 1, "doors": 1, "devices": 0}
    assert added[-2] == {"people": 1, "doors": 1, "devices": 1}
    assert sum(sum(week.values()) for week in added) == 5
    quiet = read(lambda s: alarms_by_week(s, compound.site_id, NOW, SHANGHAI, with_silent=False))
    assert sum(week.total for week in weeks) - sum(week.total for week in quiet) == 1
