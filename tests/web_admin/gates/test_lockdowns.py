"""A lockdown is a band on every page of staff: since when, by whom, until when, and its end."""

from datetime import datetime, timedelta

import pytest

from tests.support.compounds.desk import served_with_card
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.support.compounds.managed import ROLES
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.acting_pages import hidden_of
from web_admin.gates.actions import save_lane
from web_admin.gates.lockdowns import lockdown_now
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheets import save_sheet

PAGES = {
    "manager": "/manage/people/",
    "guard": "/manage/alarms/",
    "installer": "/manage/gates/",
    "privacy_officer": "/manage/privacy/",
}


def lock(compound, client) -> datetime:
    until = (compound.clock() + timedelta(hours=9)).replace(second=0, microsecond=0)  # Shanghai's 8 and one
    sent = client.post(
        "/manage/lockdown",
        data={
            **hidden_of(client.get("/manage/lockdown").text),
            "reason": "a drill",
            "until": until.strftime("%Y-%m-%dT%H:%M"),
        },
    )
    assert sent.status_code == 303, sent.text
    return compound.clock()


@pytest.mark.wide
@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_of_a_lockdown_on_a_page_of_theirs(compound, role) -> None:
    lock(compound, compound.signed_in("manager"))
    page = compound.signed_in(role).get(PAGES[role]).text
    assert "Lockdown of all ways in" in page
    band = page.partition('class="lockdown-band"')[2].partition("</div>")[0]
    assert "since " in band
    assert "by Property manager" in band
    assert "until " in band
    assert "a drill" in band
    assert ("End the lockdown" in page) == (role in ("manager", "guard"))


@pytest.mark.wide
def test_the_band_knows_when_it_began_and_goes_with_its_end(compound) -> None:
    client = compound.signed_in("manager")
    began = lock(compound, client)
    compound.clock.now += timedelta(minutes=20)
    with compound.act() as act:
        found = lockdown_now(act.session, act.site_id, act.now)
        assert (found.since, found.is_whole, len(found.lanes)) == (began, True, 3)
        assert lockdown_now(act.session, act.site_id, act.now + timedelta(hours=2)) is None
    page = client.get("/manage/people/").text
    client.post("/manage/lockdown/end", data={"csrf_token": csrf_of(page)})
    assert "lockdown-band" not in client.get("/manage/people/").text


@pytest.mark.wide
def test_the_pages_of_a_visit_at_the_desk_have_the_band_and_its_end(compound) -> None:
    client = compound.signed_in("guard")
    lock(compound, compound.signed_in("manager"))
    served_with_card(client)
    page = client.get("/r/").text
    assert "At the desk for home" in page
    assert "Lockdown of all ways in" in page
    band = page.partition('class="lockdown-band"')[2].partition("</form>")[0]
    assert "until " in band
    assert 'action="/manage/lockdown/end"' in band
    client.post("/manage/lockdown/end", data={"csrf_token": csrf_of(page)})
    assert "lockdown-band" not in client.get("/r/").text


def test_a_lane_that_opens_for_no_one_yet_does_not_count(compound) -> None:
    """An installer who adds a lane during a lockdown does not make it one of some lanes."""
    lock(compound, compound.signed_in("manager"))
    with compound.act() as act:
        save_lane(act, "east", LaneSpec(lane_id="east-new", name="New", direction="in", methods=("card",)))
        assert lockdown_now(act.session, act.site_id, act.now).is_whole
        save_sheet(act, "east-new", WHOLE_SHEET)
        assert not lockdown_now(act.session, act.site_id, act.now).is_whole


def test_one_lane_that_is_locked_is_named(compound) -> None:
    client = compound.signed_in("manager")
    until = compound.clock() + timedelta(hours=9)
    client.post(
        "/manage/lanes/north-in/posture",
        data={
            **hidden_of(client.get("/manage/lanes/north-in").text),
            "reason": "broken glass",
            "posture": "lockdown",
            "until": until.strftime("%Y-%m-%dT%H:%M"),
        },
    )
    assert "Lockdown: 北门 · 进" in client.get("/manage/people/").text
