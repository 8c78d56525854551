"""What staff read of a lane without a reader, on *Now* and on its gate's page, with the time of the pause."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from web_admin.compound.models import Gate, Lane, Site

NOON = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
PAGES = ["/manage/", "/manage/gates/north"]


@pytest.fixture
def compound_begins():
    return NOON


def lose(compound, *, hours_ago: float, paused: bool = False, face: bool = True) -> None:
    since = (compound.clock.now - timedelta(hours=hours_ago)).isoformat()
    card = {"method": "card", "since": since, "counts_as_none": paused}
    with compound.act() as act:
        act.session.scalars(select(Site)).one().face_pause_hours = 6
        act.session.get_one(Gate, "north").lane_states = [
            {"lane_id": "north-in", "door": "closed", "posture": "normal", "lost": [card]}
        ]
        if face:
            lane = act.session.get_one(Lane, "north-in")
            lane.methods = [*lane.methods, "face"]


def said(compound, path: str, language: str) -> str:
    page = compound.signed_in(language=language).get(path).text.partition('data-lost="card"')[2]
    return " ".join(re.sub(r"<[^>]+>", "", page.partition(">")[2].partition("</p>")[0]).split())


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("language", "lost", "pauses", "paused"),
    [
        (
            "en",
            "Card: no working reader since 11:00.",
            "Face pauses at 17:00 for everyone without another way here.",
            "Face is paused for everyone without another way here.",
        ),
        (
            "zh",
            "门卡：自 11:00 起没有可用的设备。",
            "在此处没有其他方式的人，刷脸将于 17:00 暂停。",
            "在此处没有其他方式的人，刷脸已暂停。",
        ),
    ],
)
def test_staff_read_since_when_and_when_face_pauses(
    compound, path: str, language: str, lost: str, pauses: str, paused: str
) -> None:
    assert said(compound, path, language) == ""
    lose(compound, hours_ago=1, face=False)
    assert said(compound, path, language) == lost
    lose(compound, hours_ago=1)
    assert said(compound, path, language) == f"{lost} {pauses}"
    lose(compound, hours_ago=1, paused=True, face=False)
    assert said(compound, path, language) == f"{lost} {paused}"
