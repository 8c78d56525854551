"""A shift is handed over with what is open, and taken over once."""

import re

import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from web_admin.alarms.models import Alarm, HandoverRow
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def once_of(html, action):
    return re.search(rf'action="{action}".*?name="once"[^>]*value="([^"]+)"', html, re.DOTALL)[1]


def hand_over(client, note):
    page = client.get("/manage/alarms/").text
    data = {"csrf_token": csrf_of(page), "once": once_of(page, "/manage/alarms/hand-over"), "note": note}
    return client.post("/manage/alarms/hand-over", data=data), data


def kind_of_take_over(client):
    return re.search(r'class="btn ([a-z-]+)">[^T]*Take over', client.get("/manage/alarms/").text)[1]


@pytest.mark.wide
def test_a_shift_is_handed_over_with_what_is_open_and_taken_over_once(compound, rows):
    guard = compound.signed_in("guard")
    answer, data = hand_over(guard, "The electrician comes at six")
    assert answer.status_code == 303
    guard.post("/manage/alarms/hand-over", data=data)
    handed = rows(lambda s: s.scalars(select(HandoverRow)).one())
    still_open = rows(lambda s: s.scalars(select(Alarm.alarm_id)).all())
    assert (handed.note, handed.open_alarm_ids) == ("The electrician comes at six", list(still_open))

    assert kind_of_take_over(guard) == "btn-quiet"

    manager = compound.signed_in("manager")
    assert kind_of_take_over(manager) == "btn-accent"
    page = manager.get("/manage/alarms/").text
    assert "The electrician comes at six" in page
    assert "Not acknowledged yet" in page
    for _press in range(2):
        take = f"/manage/alarms/hand-over/{handed.handover_id}/take"
        manager.post(take, data={"csrf_token": csrf_of(page)})
    assert "Taken over by Property manager" in manager.get("/manage/alarms/").text
    kinds = rows(lambda s: s.scalars(select(AuditEntry.kind).where(AuditEntry.kind.like("shift%"))).all())
    assert list(kinds) == ["shift_handed_over", "shift_taken_over"]


def test_a_note_that_is_too_long_is_refused_and_stays_typed(compound, rows):
    answer, _data = hand_over(compound.signed_in("guard"), "x" * 501)
    assert answer.status_code == 422
    assert "Write it shorter" in answer.text
    assert "x" * 501 in answer.text
    assert rows(lambda s: s.scalars(select(HandoverRow)).all()) == []
