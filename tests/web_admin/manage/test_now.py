"""The page of now and what is done from it: a lane opened, a lockdown, another mode, an alarm seen."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.act_previews import done
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, local, once_of, send
from web_admin.compound.models import Gate, Lane
from web_admin.compound.policy_models import OrderRow


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_now_shows_gates_alarms_and_passages_but_no_names(client, compound):
    page = client.get("/manage/").text
    assert "北门" in page
    assert "Door open too long" in page
    assert "chip" not in re.search(r'id="gate-north">(.*?)</header>', page, re.DOTALL)[1].replace("chips", "")
    assert [name for name in compound.persons if name in page] == []


@pytest.mark.wide
def test_a_lane_opens_once_with_a_reason_and_not_twice_for_a_double_press(client, rows):
    page = client.get("/manage/lanes/north-in").text
    data = {"csrf_token": csrf_of(page), "once": once_of(page), "reason": "courier"}
    assert client.post("/manage/lanes/north-in/open", data=data).status_code == 303
    assert client.post("/manage/lanes/north-in/open", data=data).status_code == 303
    orders = rows(lambda s: s.scalars(select(OrderRow)).all())
    assert [(order.lane_id, order.reason) for order in orders] == [("north-in", "courier")]
    assert "not done twice" in client.get("/manage/").text


def test_opening_without_a_reason_says_so_beside_the_field(client, rows):
    answer = send(client, "/manage/lanes/north-in", "/manage/lanes/north-in/open", reason="")
    assert answer.status_code == 422
    assert re.search(r'id="reason-wrong-1">.*?Say why\.', answer.text, re.DOTALL)
    assert rows(lambda s: s.scalar(select(func.count(OrderRow.order_id)))) == 0


@pytest.fixture
def silent_gate(rows, compound):
    def fall_silent(session):
        session.get_one(Gate, "north").last_seen_at = compound.clock() - timedelta(hours=1)

    rows(fall_silent)


def test_an_order_to_a_gate_without_contact_is_not_called_done(client, silent_gate):
    assert "Orders and changes do not reach it now." in client.get("/manage/lanes/north-in").text
    send(client, "/manage/lanes/north-in", "/manage/lanes/north-in/open", reason="locked out")
    page = client.get("/manage/lanes/north-in").text
    assert "this gate has no contact" in page
    assert "Ordered:" not in page


def test_a_lockdown_names_the_gates_that_do_not_receive_it(client, compound, silent_gate):
    until = local(compound.clock() + timedelta(hours=1))
    send(client, "/manage/lockdown", reason="drill", until=until)
    assert "No contact: 北门. They receive this when" in client.get("/manage/").text


def test_a_gate_in_contact_gets_a_change_without_a_warning(client, compound):
    until = local(compound.clock() + timedelta(hours=1))
    send(
        client,
        "/manage/lanes/north-in",
        "/manage/lanes/north-in/posture",
        posture="held_open",
        reason="delivery",
        until=until,
    )
    page = client.get("/manage/lanes/north-in").text
    assert "Done. It ends automatically" in page
    assert "No contact" not in page


def test_nothing_is_opened_from_here_before_a_controller_is_paired(client):
    assert 'href="/manage/lanes/garage-in">' in client.get("/manage/").text
    page = client.get("/manage/lanes/garage-in").text
    assert "This gate has no controller yet" in page
    assert 'action="/manage/lanes/garage-in/open"' not in page


def test_lockdown_shuts_the_ways_in_until_its_end_and_can_be_ended(client, compound, rows):
    until = local(compound.clock() + timedelta(hours=1))
    assert send(client, "/manage/lockdown", reason="drill", until=until).status_code == 303
    postures = rows(lambda s: {lane.lane_id: lane.override_posture for lane in s.scalars(select(Lane))})
    assert (postures["north-in"], postures["north-out"]) == ("lockdown", None)
    client.post("/manage/lockdown/end", data={"csrf_token": csrf_of(client.get("/manage/").text)})
    assert rows(lambda s: s.get_one(Lane, "north-in").override_posture) is None


@pytest.mark.wide
@pytest.mark.parametrize(("form", "hours"), [(0, 1), (1, 1), (1, 4)])
def test_a_lockdown_lasts_for_its_hours_from_the_press_on_a_page_of_an_hour_ago(
    client, compound, rows, form, hours
):
    page = client.get("/manage/lockdown").text
    shown = re.findall(r'<form class="card-box".*?</form>', page, re.DOTALL)[form]
    given = [tag for tag in re.findall(r"<input[^>]*>", shown) if "radio" not in tag or "checked" in tag]
    fields = dict(re.search(r'name="([^"]+)".*?value="([^"]*)"', tag).groups() for tag in given)
    compound.clock.now += timedelta(minutes=61)
    chosen = {"hours": str(hours)} if hours != 1 else {}
    assert client.post("/manage/lockdown", data=fields | {"reason": "Drill"} | chosen).status_code == 303
    lane = rows(lambda s: s.get_one(Lane, "north-in"))
    end = lane.override_until
    assert (lane.override_posture, end) == ("lockdown", compound.clock() + timedelta(hours=hours))


def test_another_mode_of_a_lane_lasts_for_its_hours_from_the_press(client, compound, rows):
    page = client.get("/manage/lanes/north-in").text
    compound.clock.now += timedelta(minutes=61)
    sent = client.post(
        "/manage/lanes/north-in/posture",
        data={
            "csrf_token": csrf_of(page),
            "once": once_of(page),
            "posture": "disabled",
            "reason": "Paint",
            "hours": "2",
            "until": "",
        },
    )
    assert done(client, sent).status_code == 303
    lane = rows(lambda s: s.get_one(Lane, "north-in"))
    assert lane.override_until == compound.clock() + timedelta(hours=2)
