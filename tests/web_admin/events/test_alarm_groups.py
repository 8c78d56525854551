"""Alarms by group and by week."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.core.database import current_menjin
from web_admin.events.alarm_weeks import alarms_by_week
from web_admin.journal.models import GateEvent

PATH = "/manage/alarms/"


def entry(act, seq, kind, at, device):
    act.session.add(
        GateEvent(
            journal_id="j",
            gate_id="north",
            seq=seq,
            kind=kind,
            lane_id=None,
            at=at,
            received_at=at,
            person_id=None,
            facts={"device": device},
            personal={},
            salt=b"s",
            personal_digest=bytes(32),
            previous=bytes(32),
            digest=bytes(32),
        )
    )


def lost(act, seq, minutes_ago, device):
    at = act.now - timedelta(minutes=minutes_ago)
    entry(act, seq, "alarm_device_lost", at, device)
    raise_alarm(
        act.session,
        act.site_id,
        "alarm_device_lost",
        at,
        gate_id="north",
        detail=f"/dev/serial/{device}: no answer",
    )


def fill(compound) -> None:
    with compound.act() as act:
        for index in range(4):
            lost(act, 300 + index, 30 - index, "reader")
        lost(act, 310, 20, "relay")
        entry(act, 311, "device_back", act.now - timedelta(minutes=5), "reader")
        raise_alarm(act.session, act.site_id, "alarm_help", act.now - timedelta(hours=1), gate_id="north")
        raise_alarm(act.session, act.site_id, "alarm_door_forced", act.now, gate_id="east", lane_id="east-in")


def lines(page):
    return page.partition('id="alarms"')[2].partition("</section>")[0].split("<article")[1:]


def test_people_come_first_then_doors_then_devices_and_equal_ones_are_one_line(compound) -> None:
    fill(compound)
    shown = lines(compound.signed_in("guard").get(PATH).text)
    kinds = [
        "Someone asks for help",
        "Door forced open",
        "Door open too long",
        "A device does not answer",
        "A device does not answer",
    ]
    assert [next(kind for kind in kinds if kind in line) for line in shown] == kinds
    assert ["4 times" in line for line in shown] == [False, False, False, False, True]
    assert ["back at " in line for line in shown] == [False, False, False, False, True]
    assert "card-box alarm over" in shown[4]


def test_raw_text_of_a_device_is_behind_details(compound) -> None:
    fill(compound)
    line = lines(compound.signed_in("guard").get(PATH).text)[3]
    assert "/dev/serial" not in line.partition("<details>")[0]
    assert "/dev/serial/relay" in line.partition("<details>")[2]


def test_now_shows_three_lines_and_where_the_others_are(compound) -> None:
    fill(compound)
    page = compound.signed_in("guard").get("/manage/").text
    assert len(lines(page)) == 3
    assert "8 alarms are open." in page


@pytest.mark.wide
@pytest.mark.parametrize(("which", "left"), [("shown", 1), ("chosen", 4)])
def test_several_are_acknowledged_at_once_but_never_those_about_people(compound, which, left) -> None:
    fill(compound)
    guard = compound.signed_in("guard")
    with compound.act() as act:
        rows = act.session.scalars(select(Alarm).where(Alarm.acknowledged_at.is_(None))).all()
        every = [row.alarm_id for row in rows]
        chosen = [row.alarm_id for row in rows if row.detail.startswith("/dev/serial/reader")]
    sent = guard.post(
        f"{PATH}acknowledge",
        data={
            "csrf_token": csrf_of(guard.get(PATH).text),
            "which": which,
            "shown": ",".join(every),
            "alarm_ids": ",".join(chosen),
            "back": "alarms",
        },
    )
    assert sent.headers["Location"] == PATH
    with compound.act() as act:
        waiting = act.session.scalars(select(Alarm).where(Alarm.acknowledged_at.is_(None))).all()
    assert len(waiting) == left
    assert "alarm_help" in {row.kind for row in waiting}
    assert f"{8 - left} alarms acknowledged." in guard.get(PATH).text


def test_choosing_none_is_said(compound) -> None:
    fill(compound)
    guard = compound.signed_in("guard")
    data = {"csrf_token": csrf_of(guard.get(PATH).text), "which": "chosen", "back": "alarms"}
    page = guard.post(f"{PATH}acknowledge", data=data, follow_redirects=True).text
    assert "Choose at least one alarm." in page.partition("data-problems")[2].partition("</div>")[0]


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
