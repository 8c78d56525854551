"""The pages of alarms: the list, what is open, and what is noted."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.compounds.desk import read
from tests.support.compounds.resident import csrf_of
from web_admin.alarms.actions import end_alarm, raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Lane
from web_admin.core.database import current_menjin
from web_admin.journal.models import GateEvent


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def raised(compound, rows, kind, minutes_ago=0, lane_id="north-in"):
    at = compound.clock() - timedelta(minutes=minutes_ago)
    rows(lambda s: raise_alarm(s, compound.site_id, kind, at, gate_id="north", lane_id=lane_id))


def test_an_alarm_leads_to_its_lane_and_the_lane_to_its_events(compound):
    guard = compound.signed_in("guard")
    for page in ("/manage/", "/manage/alarms/"):
        alarm = guard.get(page).text.partition('class="card-box alarm')[2].partition("</article>")[0]
        assert 'href="/manage/lanes/east-in"' in alarm
    assert 'href="/manage/events/?lane=east-in"' in guard.get("/manage/lanes/east-in").text
    assert "/manage/events/" not in compound.signed_in("installer").get("/manage/lanes/east-in").text


@pytest.mark.wide
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


@pytest.mark.wide
def test_a_threat_is_shown_only_to_those_who_answer_alarms(compound, rows):
    raised(compound, rows, "alarm_duress")
    word, elsewhere = "Someone may be under threat", {}
    for role in ("guard", "manager", "installer"):
        elsewhere[role] = word in compound.signed_in(role).get("/manage/").text
    assert elsewhere == {"guard": True, "manager": True, "installer": False}
    guard = compound.signed_in_again("guard")
    assert re.search(r'id="alarm-\w+" data-silent', guard.get("/manage/").text)


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


ASK = "/manage/live/alarms"
CLOCK, SILENT = "alarm_gate_clock", "alarm_gate_silent"


def ring(compound, *kinds):
    for kind in kinds:
        read(
            compound,
            lambda s, kind=kind: raise_alarm(
                s, compound.site_id, kind, compound.clock(), gate_id="north", lane_id="north-in"
            ),
        )


def count_on(page):
    return int(page.partition("<span data-number>")[2].partition("<")[0])


@pytest.mark.parametrize(("role", "page"), [("guard", "/manage/people/"), ("installer", "/manage/gates/")])
def test_a_page_shows_how_many_wait_and_a_threat_to_those_who_answer_it(compound, role, page):
    ring(compound, "alarm_help", "alarm_duress")
    shown = compound.signed_in(role).get(page).text
    assert count_on(shown) == {"guard": 3, "installer": 2}[role]
    assert "under threat" not in shown


def test_what_pages_ask_for_is_figures_and_never_what_an_alarm_is(compound):
    client = compound.signed_in("guard")
    before = client.get(ASK).json
    ring(compound, "alarm_duress")
    threat = client.get(ASK).json
    assert (threat["count"], threat["calls"]) == (2, 0)
    assert threat["newest"] > before["newest"]
    assert threat["ringing"] == before["ringing"]  # a threat makes no sound anywhere
    ring(compound, "alarm_help")
    helped = client.get(ASK).json
    assert (helped["count"], helped["calls"], helped["ringing"] > before["ringing"]) == (3, 1, True)
    assert set(helped) == {"count", "newest", "ringing", "calls", "visitors"}


def test_a_quiet_compound_shows_no_number(compound):
    client = compound.signed_in("privacy_officer")
    assert "data-alarm-count" not in client.get("/manage/privacy").text
    assert client.get(ASK).status_code == 403


def test_the_badge_leaves_out_what_has_ended_and_the_page_still_asks_to_acknowledge_it(compound):
    client = compound.signed_in("guard")
    before = count_on(client.get("/manage/people/").text)
    ring(compound, "alarm_gate_clock", "alarm_help")
    assert count_on(client.get("/manage/people/").text) == before + 2
    end = compound.clock()
    alarm_id = read(compound, lambda s: s.scalars(select(Alarm.alarm_id).where(Alarm.kind == CLOCK)).one())
    assert read(compound, lambda s: end_alarm(s, alarm_id, end, end))
    assert count_on(client.get("/manage/people/").text) == before + 1
    assert client.get(ASK).json["count"] == before + 1
    shown = client.get("/manage/").text
    assert f'id="alarm-{alarm_id}"' in shown
    assert f'data-count="{before + 1}"' in shown


def test_a_door_that_has_shut_again_is_counted_no_more(compound):
    client = compound.signed_in("guard")
    ring(compound, "alarm_door_forced")
    forced = client.get(ASK).json["count"]
    read(compound, lambda s: s.add(shut_again(compound.clock() + timedelta(seconds=5))))
    assert client.get(ASK).json["count"] == forced - 1


def shut_again(at):
    """Return the entry of a gate whose door has closed."""
    return GateEvent(
        journal_id="j",
        gate_id="north",
        seq=900,
        kind="door_closed",
        lane_id="north-in",
        at=at,
        received_at=at,
        facts={"lane_id": "north-in"},
        personal={},
        salt=b"s",
        personal_digest=bytes(32),
        previous=bytes(32),
        digest=bytes(32),
    )


def test_gates_without_contact_are_one_line_that_leads_to_them_and_one_press_acknowledges_them(compound):
    for gate_id in ("north", "east"):
        read(
            compound,
            lambda s, gate_id=gate_id: raise_alarm(
                s, compound.site_id, SILENT, compound.clock(), gate_id=gate_id
            ),
        )
    client = compound.signed_in("guard")
    page = client.get("/manage/alarms/").text
    assert page.count("A gate has no contact with the server</h2>") == 1
    line = page[page.index("A gate has no contact with the server</h2>") :]
    assert '<a href="/manage/?state=no_contact">2 gates</a>' in line
    shown = re.search(r'name="shown" value="([0-9a-f]+,[0-9a-f]+)"', line)[1]
    data = {"csrf_token": csrf_of(page), "shown": shown, "back": "alarms"}
    assert client.post("/manage/alarms/acknowledge", data=data).status_code in (302, 303)
    waiting = select(func.count()).where(Alarm.kind == SILENT, Alarm.acknowledged_at.is_(None))
    assert read(compound, lambda s: s.scalar(waiting)) == 0
