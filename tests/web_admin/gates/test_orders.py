"""Orders for gates: to open once, to change a mode, to lock down."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    add_live_lane,
    by_phone,
    household,
    show_card,
)
from tests.support.compounds.desk import served_with_card
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.support.compounds.managed import ROLES
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.acting_pages import hidden_of
from web_admin.action.base import Action, begin
from web_admin.compound.models import Lane, Site
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.gates import orders
from web_admin.gates.actions import save_lane
from web_admin.gates.lockdowns import lockdown_now
from web_admin.gates.orders import (
    clear_override,
    lockdown_site,
    order_open,
    set_override,
    unlock_site,
)
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheets import save_sheet
from web_admin.journal.models import AuditEntry


@pytest.mark.publishing
def test_a_lockdown_shuts_lanes_in_and_leaves_lanes_out(act: Action) -> None:
    add_lane(act)
    add_live_lane(act, "north", LaneSpec("north-out", "Out", "out", ("card",)))
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    assert lockdown_site(act, "drill", act.now + timedelta(hours=1)) == ["north-in"]
    assert show_card(act, 77).reason is Reason.LANE_LOCKDOWN
    assert show_card(act, 77, "north-out").opens
    clear_override(act, "north-in")
    assert show_card(act, 77).opens


def test_the_end_of_a_lockdown_is_published_once_with_all_lanes_as_they_are_under_the_lock(
    act: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gate_id in ("north", "south", "east"):
        add_lane(act, gate_id)
    lockdown_site(act, "drill", act.now + timedelta(hours=1))
    clear_override(act, "east-in")
    clear_override(act, "south-in")
    published: list[tuple[object, object]] = []

    class Noting(NoEffects):
        def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True) -> None:
            published.append((person_ids, gate_ids))

    def after_another_act(waiting: Action) -> Site:
        site = begin(waiting)
        waiting.session.get_one(Lane, "south-in").override_posture = "lockdown"
        return site

    monkeypatch.setattr(orders, "begin", after_another_act)
    unlock_site(replace(act, effects=Noting()))
    assert published == [((), ["north", "south"])]
    assert {lane.override_posture for lane in act.session.query(Lane)} == {None}
    cleared = act.session.query(AuditEntry).filter_by(kind="posture_cleared").order_by(AuditEntry.seq).all()
    assert [entry.facts["lane_id"] for entry in cleared[2:]] == ["north-in", "south-in"]
    with pytest.raises(ActionRefused):
        unlock_site(by_phone(act, "a resident"))


@pytest.mark.wide
@pytest.mark.parametrize(
    ("posture", "hours", "reason"),
    [
        ("lockdown", 0, "x"),
        ("lockdown", 31 * 24, "x"),
        ("held_open", 25, "x"),
        ("ajar", 1, "x"),
        ("lockdown", 1, " "),
    ],
)
def test_an_override_needs_a_known_posture_a_reason_and_a_near_end(
    act: Action, posture: str, hours: int, reason: str
) -> None:
    add_lane(act)
    with pytest.raises(ActionRefused):
        set_override(act, "north-in", posture, reason, act.now + timedelta(hours=hours))


def test_an_order_to_open_lives_seconds_and_only_staff_give_it(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    assert order_open(act, "north-in", "courier").valid_seconds <= 15
    with pytest.raises(ActionRefused):
        order_open(by_phone(act, person.person_id), "north-in", "me")


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
