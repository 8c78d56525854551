"""The page of a lane's schedules: set and removed by the manager, and seen by a guard."""

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import delete, update

from gate_controller.contract.calendars import WEEKDAYS, Span
from tests.support.act_previews import done
from tests.support.compounds.resident import csrf_of
from web_admin.accounts.models import User
from web_admin.compound.models import CalendarDay, Hours, Lane
from web_admin.core.database import current_menjin
from web_admin.gates.sheet_models import LaneSheetRow

pytestmark = pytest.mark.publishing

# A Wednesday, 9:00 at the compound in Shanghai.
WEDNESDAY = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
MORNING = Span(WEEKDAYS[:5], 8 * 60, 10 * 60)


@pytest.fixture
def compound_begins():
    return WEDNESDAY


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


@pytest.fixture
def morning(rows, compound):
    def add(session):
        session.add(
            Hours(
                hours_id="morning",
                site_id=compound.site_id,
                name="Morning rush",
                spans=[msgspec.to_builtins(MORNING)],
            )
        )
        return "morning"

    return rows(add)


NEW = "/manage/lanes/north-in/schedules/new"


def send(client, page_path, path=None, **data):
    page = client.get(page_path).text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    return client.post(path or page_path, data={"csrf_token": csrf_of(page), "once": once} | data)


@pytest.mark.wide
def test_a_manager_holds_a_lane_open_by_schedule_sees_it_everywhere_and_removes_it(client, rows, morning):
    assert send(client, NEW, hours_id=morning, posture="held_open").status_code == 303
    for path in ("/manage/", "/manage/lanes/north-in"):
        page = client.get(path).text
        assert "Held open by schedule until 10:00, set by Property manager" in page
    page = client.get("/manage/lanes/north-in").text
    assert "On now, until 10:00" in page
    assert "Set by manager@example.org, 09:00" in page
    remove = f"/manage/lanes/north-in/schedules/{morning}/remove"
    assert send(client, "/manage/lanes/north-in", remove).status_code == 303
    assert rows(lambda s: s.get_one(Lane, "north-in").posture_hours) == {}
    assert "by schedule until" not in client.get("/manage/").text


def test_an_author_whose_account_has_no_address_any_more_keeps_their_name(client, compound, rows, morning):
    send(client, NEW, hours_id=morning, posture="held_open")
    guard = compound.signed_in("guard")
    rows(lambda s: s.execute(update(User).where(User.email == "manager@example.org").values(email=None)))
    assert "Held open by schedule until 10:00, set by Property manager" in guard.get("/manage/").text


def test_a_posture_set_by_hand_hides_the_schedule_for_its_time(client, compound, morning):
    send(client, NEW, hours_id=morning, posture="held_open")
    until = (WEDNESDAY + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M")
    send(
        client,
        "/manage/lanes/north-in",
        "/manage/lanes/north-in/posture",
        posture="lockdown",
        until=until,
        reason="drill",
    )
    assert "by schedule until" not in client.get("/manage/").text


def test_the_page_refuses_a_drive_beside_the_field_and_unknown_hours(client, rows, morning):
    def motor(session):
        row = session.get_one(LaneSheetRow, "north-in")
        row.live = dict(row.live) | {"lock": "barrier", "safety_input": "loop"}

    rows(motor)
    answer = send(client, NEW, hours_id=morning, posture="held_open")
    assert answer.status_code == 422
    assert re.search(r'id="posture-wrong-1">.*?cannot hold it open', answer.text, re.DOTALL)
    assert send(client, NEW, hours_id="gone", posture="lockdown").status_code == 422
    assert rows(lambda s: s.get_one(Lane, "north-in").posture_hours) == {}


def test_a_guard_sees_schedules_and_changes_none(client, compound, rows, morning):
    send(client, NEW, hours_id=morning, posture="held_open")
    guard = compound.signed_in("guard")
    page = guard.get("/manage/lanes/north-in").text
    assert "Morning rush" in page
    assert "/schedules/" not in page
    assert guard.get(NEW).status_code == 403
    token = {"csrf_token": csrf_of(page)}
    assert guard.post("/manage/lanes/north-in/schedules/morning/remove", data=token).status_code == 403
    assert rows(lambda s: s.get_one(Lane, "north-in").posture_hours) == {"morning": "held_open"}


def test_of_hours_that_never_come_the_page_says_so(client, rows, compound):
    def feasts_without_a_date(session):
        session.execute(delete(CalendarDay))
        feast = [msgspec.to_builtins(Span(("holiday",), 0, 60))]
        session.add(Hours(hours_id="feast", site_id=compound.site_id, name="Feast", spans=feast))

    rows(feasts_without_a_date)
    done(client, send(client, NEW, hours_id="feast", posture="disabled"))
    assert "These hours never come" in client.get("/manage/lanes/north-in").text
