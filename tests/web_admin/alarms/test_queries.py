"""Alarms as they are read: those that wait too long, past ones page by page, threats for their own people."""

import re
from datetime import timedelta

import pytest

from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.core.database import current_menjin


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def raised(compound, rows, kind, minutes_ago=0, lane_id="north-in"):
    at = compound.clock() - timedelta(minutes=minutes_ago)
    rows(lambda s: raise_alarm(s, compound.site_id, kind, at, gate_id="north", lane_id=lane_id))


@pytest.mark.wide
def test_an_alarm_that_waits_too_long_is_highlighted(compound, rows):
    raised(compound, rows, "alarm_door_forced", minutes_ago=11)
    raised(compound, rows, "alarm_help", minutes_ago=9)
    page = compound.signed_in("guard").get("/manage/").text
    assert page.count("card-box alarm brief overdue") == 1
    assert "Waits for 11 minutes" in page


def test_past_alarms_are_paged_without_losing_or_repeating_one(compound, rows):
    now = compound.clock()

    def add(session):
        for number in range(120):
            session.add(
                Alarm(
                    alarm_id=f"{number:016x}",
                    site_id=compound.site_id,
                    kind="alarm_help",
                    raised_at=now - timedelta(minutes=number // 3),
                    acknowledged_at=now,
                    acknowledged_by="staff-2",
                    note=f"note {number}.",
                )
            )

    rows(add)
    guard, path, noted = compound.signed_in("guard"), "/manage/alarms/", []
    for _page in range(3):
        page = guard.get(path).text
        noted += re.findall(r"note (\d+)\.", page)
        path = (re.findall(r'rel="next" href="([^"]+)"', page) or [""])[0].replace("&amp;", "&")
    assert path == ""
    assert sorted(map(int, noted)) == list(range(120))
