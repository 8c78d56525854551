"""Every page of staff says how many alarms wait; a threat is counted for those who answer it alone."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.compounds.desk import read
from tests.support.compounds.resident import csrf_of
from web_admin.alarms.actions import end_alarm, raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.journal.models import GateEvent

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
