"""Alarms of a shift: seen, noted, handed over; threats shown to those who answer them alone."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from web_admin.alarms.actions import end_alarm, raise_alarm
from web_admin.alarms.models import Alarm, HandoverRow
from web_admin.compound.models import Lane
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def raised(compound, rows, kind, minutes_ago=0, lane_id="north-in"):
    at = compound.clock() - timedelta(minutes=minutes_ago)
    rows(lambda s: raise_alarm(s, compound.site_id, kind, at, gate_id="north", lane_id=lane_id))


def once_of(html, action):
    return re.search(rf'action="{action}".*?name="once"[^>]*value="([^"]+)"', html, re.DOTALL)[1]


def hand_over(client, note):
    page = client.get("/manage/alarms/").text
    data = {"csrf_token": csrf_of(page), "once": once_of(page, "/manage/alarms/hand-over"), "note": note}
    return client.post("/manage/alarms/hand-over", data=data), data


def kind_of_take_over(client):
    return re.search(r'class="btn ([a-z-]+)">[^T]*Take over', client.get("/manage/alarms/").text)[1]


def test_an_alarm_leads_to_its_lane_and_the_lane_to_its_events(compound):
    guard = compound.signed_in("guard")
    for page in ("/manage/", "/manage/alarms/"):
        alarm = guard.get(page).text.partition('class="card-box alarm')[2].partition("</article>")[0]
        assert 'href="/manage/lanes/east-in"' in alarm
    assert 'href="/manage/events/?lane=east-in"' in guard.get("/manage/lanes/east-in").text
    assert "/manage/events/" not in compound.signed_in("installer").get("/manage/lanes/east-in").text


def test_an_alarm_about_the_server_says_whose_it_is_and_leads_to_what_to_do(compound, rows):
    rows(lambda s: raise_alarm(s, compound.site_id, "alarm_server_disk", compound.clock()))
    shown = {}
    for role in ("manager", "guard"):
        for page in ("/manage/", "/manage/alarms/"):
            text = compound.signed_in(role).get(page).text
            shown[role, page] = next(a for a in text.split("<article") if "disk is nearly full" in a)
    for page in ("/manage/", "/manage/alarms/"):
        assert 'href="/manage/health"' in shown["manager", page].partition("</article>")[0]
        guards = shown["guard", page].partition("</article>")[0]
        assert ("/manage/health" in guards, "for the property manager" in guards) == (False, True)
    disk = select(Alarm.alarm_id).where(Alarm.kind == "alarm_server_disk")
    now = compound.clock()
    rows(lambda s: end_alarm(s, s.scalars(disk).one(), now, now))
    assert "What to do" not in compound.signed_in("manager").get("/manage/alarms/").text


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
    assert "Not seen yet" in page
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


def test_a_past_alarm_says_who_saw_it_and_what_they_noted(compound, rows):
    guard = compound.signed_in("guard")
    alarm_id = rows(lambda s: s.scalar(select(Alarm.alarm_id)))
    data = {
        "csrf_token": csrf_of(guard.get("/manage/alarms/").text),
        "note": "Leaf in the door",
        "back": "alarms",
    }
    answer = guard.post(f"/manage/alarms/{alarm_id}/acknowledge", data=data)
    assert answer.headers["Location"] == "/manage/alarms/"
    page = guard.get("/manage/alarms/").text
    assert "Leaf in the door" in page.partition("Past alarms")[2]
    assert "No open alarm" in page


def test_an_alarm_that_waits_too_long_is_highlighted(compound, rows):
    raised(compound, rows, "alarm_door_forced", minutes_ago=11)
    raised(compound, rows, "alarm_help", minutes_ago=9)
    page = compound.signed_in("guard").get("/manage/").text
    assert page.count("card-box alarm brief overdue") == 1
    assert "Waits for 11 minutes" in page


def test_a_threat_is_shown_only_to_those_who_answer_alarms(compound, rows):
    raised(compound, rows, "alarm_duress")
    word, elsewhere = "Someone may be under threat", {}
    for role in ("guard", "manager", "installer"):
        elsewhere[role] = word in compound.signed_in(role).get("/manage/").text
    assert elsewhere == {"guard": True, "manager": True, "installer": False}
    guard = compound.signed_in_again("guard")
    assert re.search(r'id="alarm-\w+" data-silent', guard.get("/manage/").text)


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


def test_an_unknown_alarm_answers_404(compound):
    guard = compound.signed_in("guard")
    token = csrf_of(guard.get("/manage/").text)
    for path in ("x/acknowledge", "hand-over/x/take"):
        assert guard.post(f"/manage/alarms/{path}", data={"csrf_token": token}).status_code == 404


def test_a_lane_is_held_open_for_a_move_in_two_steps_with_an_end(compound, rows):
    guard = compound.signed_in("guard")
    assert 'href="/manage/lanes/north-in/hold-open"' in guard.get("/manage/lanes/north-in").text
    page = guard.get("/manage/lanes/north-in/hold-open").text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    data = {"csrf_token": csrf_of(page), "once": once, "hours": "2", "reason": "Moving day"}
    assert guard.post("/manage/lanes/north-in/hold-open", data=data).status_code == 303
    lane = rows(lambda s: s.get_one(Lane, "north-in"))
    assert (lane.override_posture, lane.override_reason) == ("held_open", "Moving day")
    assert lane.override_until == compound.clock() + timedelta(hours=2)


def test_stopped_pins_name_their_home_and_what_resumes_them(compound, rows):
    rows(
        lambda s: raise_alarm(
            s, compound.site_id, "alarm_pin_stopped", compound.clock(), gate_id="north", detail="3-1203"
        )
    )
    page = compound.signed_in("guard").get("/manage/alarms/").text
    (alarm,) = [part for part in page.split("<article")[1:] if "hundred wrong numbers" in part]
    assert "· Home 3-1203" in alarm
    assert "then types the PIN, or gets a new PIN." in alarm
