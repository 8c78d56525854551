"""Emergency access in the manager's pages: shown once, ended, replaced after a use, and who may."""

import re
from datetime import timedelta

import pytest

from tests.support.act_previews import done
from tests.web_admin.manage.emergency_pages import code_of, override, send
from web_admin.compound.models import Gate, Lane, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.models import EmergencyCode


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


# -- codes -------------------------------------------------------------------------------------------


def test_a_code_is_shown_once_with_what_to_type_and_never_again(client, rows):
    shown = send(client, "/manage/emergency/new", label="Police 110", lanes=["north-in"], hold_minutes="30")
    digits = re.search(r"0 # (\d{8}) #", shown.text)[1]
    assert "Holds it open for 30 minutes" in shown.text
    made = code_of(rows, "Police 110")
    assert (made.lanes, made.hold_minutes) == (["north-in"], 30)
    later = client.get("/manage/emergency/").text
    assert digits not in later
    assert "Police 110" in later


def test_a_code_for_no_lane_says_so_beside_the_lanes(client, rows):
    answer = send(client, "/manage/emergency/new", label="Police 110", hold_minutes="0")
    assert answer.status_code == 422
    assert re.search(r'id="lanes-wrong-1">.*?Choose at least one lane', answer.text, re.DOTALL)
    assert code_of(rows, "Police 110") is None


@pytest.mark.wide
def test_a_used_code_asks_for_a_new_one_which_ends_the_old(client, compound, rows):
    old = code_of(rows, "急救 120")

    def use(session):
        code = session.get_one(EmergencyCode, old.credential_id)
        code.last_used_at, code.last_used_lane_id = compound.clock(), "north-in"

    assert "make a new one" not in client.get("/manage/emergency/").text
    rows(use)
    assert "The crew has seen it, so make a new one." in client.get("/manage/emergency/").text
    path = f"/manage/emergency/new?instead_of={old.credential_id}"
    assert 'value="急救 120"' in client.get(path).text
    done(client, send(client, path, label="急救 120", lanes=["north-in"], hold_minutes="0"))
    assert rows(lambda s: s.get_one(EmergencyCode, old.credential_id).state) == "ended"
    assert code_of(rows, "急救 120").state == "active"
    assert "make a new one" not in client.get("/manage/emergency/").text


def test_a_code_is_ended_for_good(client, rows):
    code = code_of(rows, "急救 120")
    done(client, send(client, "/manage/emergency/", f"/manage/emergency/{code.credential_id}/end"))
    assert code_of(rows, "急救 120").state == "ended"


# -- staff -------------------------------------------------------------------------------------------


@pytest.mark.wide
def test_the_right_to_open_in_lockdown_is_given_seen_and_taken_away(client, compound, rows):
    person_id = compound.persons["保洁员"]
    path = f"/manage/people/{person_id}"
    send(client, path, f"{path}/override", may_override="1")
    assert rows(lambda s: s.get_one(Person, person_id).may_override)
    assert "Opens in lockdown" in client.get(path).text
    assert client.get("/manage/people/").text.count("Opens in lockdown") == 2
    send(client, path, f"{path}/override", may_override="0")
    assert not rows(lambda s: s.get_one(Person, person_id).may_override)


def test_a_resident_is_offered_no_such_right_and_refused_it(client, compound, rows):
    person_id = compound.persons["王芳"]
    path = f"/manage/people/{person_id}"
    assert f"{path}/override" not in client.get(path).text
    assert send(client, path, f"{path}/override", may_override="1").status_code == 422
    assert not rows(lambda s: s.get_one(Person, person_id).may_override)


# -- lanes -------------------------------------------------------------------------------------------

LANE = {
    "name": "N",
    "direction": "in",
    "methods": ["card", "pin"],
    "hours_card": "",
    "hours_pin": "",
    "hours_qr": "",
    "hours_face": "",
    "pulse_seconds": "5",
    "slow_pulse_seconds": "15",
    "antipassback": "off",
    "staff_hold_minutes": "45",
}


def test_a_lane_is_set_to_wait_to_count_and_how_long_staff_hold_it(client, rows):
    path = "/manage/gates/north/lanes/north-in"
    settings = LANE | {"interlock_with": "north-out", "antipassback": "soft"}
    assert done(client, send(client, path, **settings)).status_code == 303
    lane = rows(lambda s: s.get_one(Lane, "north-in"))
    assert (lane.interlock_with, lane.antipassback, lane.staff_hold_minutes) == (["north-out"], "soft", 45)
    page = client.get(path).text
    assert len(re.findall(r"<input[^>]*checked[^>]*>", page)) == 4
    assert re.search(r'<input checked[^>]*name="interlock_with"[^>]*value="north-out"', page)


def test_hard_antipassback_is_refused_beside_its_field_naming_the_lane_out(client):
    answer = send(client, "/manage/gates/north/lanes/north-in", **LANE | {"antipassback": "hard"})
    assert answer.status_code == 422
    assert re.search(r'id="antipassback-wrong-1">.*?北门 · 出 does not', answer.text, re.DOTALL)


def test_a_lane_offers_only_other_lanes_of_its_gate_to_wait_for(client):
    page = client.get("/manage/gates/north/lanes/north-in").text
    offered = re.findall(r'name="interlock_with"[^>]*value="([^"]+)"', page)
    assert offered == ["north-out"]
    refused = send(client, "/manage/gates/north/lanes/north-in", **LANE | {"interlock_with": "east-in"})
    assert refused.status_code == 422


@pytest.mark.parametrize("path", ["north/1?journal=j", "north/102?journal=j", "north/x", "no/1"])
def test_passages_and_facts_without_a_person_cannot_be_asked_for(client, path):
    assert client.get(f"/manage/events/who/{path}").status_code == 404


# -- now ---------------------------------------------------------------------------------------------


@pytest.mark.wide
@pytest.mark.parametrize(("minutes", "shown"), [(30, True), (-1, False)])
def test_a_lane_that_staff_hold_open_is_shown_as_such_with_its_end(client, compound, rows, minutes, shown):
    end = compound.clock() + timedelta(minutes=minutes)

    def hold(session):
        gate = session.get_one(Gate, "north")
        gate.lane_states = [{"lane_id": "north-in", "door": "open", "posture": "held_open"}]
        held = override("staff_card", None, "c", compound.clock() - timedelta(minutes=5))
        held.kind = "held_open"
        held.facts = {"lane_id": "north-in", "by": "staff_card", "until": end.isoformat()}
        session.add(held)

    rows(hold)
    for path in ("/manage/", "/manage/lanes/north-in"):
        page = client.get(path).text
        assert "Held open" in page
        assert ("Held open until" in page) is shown


@pytest.mark.wide
def test_try_it_knows_that_a_staff_card_opens_in_lockdown(client, compound, rows):
    captain = compound.persons["保安队长"]
    send(client, f"/manage/cards/give/{captain}", number="7700001")
    until = (compound.clock() + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M")
    send(client, "/manage/lockdown", reason="drill", until=until)
    at = (compound.clock() + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
    asked = {"lane_id": "north-in", "method": "card", "at": at, "reason": "the drill"}
    answers = [
        send(client, f"/manage/try?person={person_id}", person_id=person_id, **asked).text
        for person_id in (captain, compound.persons["王芳"])
    ]
    assert "The gate would open" in answers[0]
    assert "The gate would open" not in answers[1]
