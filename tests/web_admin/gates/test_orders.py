"""Orders and overrides: by staff alone, for seconds or until a near end, published once with the lanes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    add_live_lane,
    by_phone,
    household,
    show_card,
)
from web_admin.action.base import Action, begin
from web_admin.compound.models import Lane, Site
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.gates import orders
from web_admin.gates.orders import (
    clear_override,
    lockdown_site,
    order_open,
    set_override,
    unlock_site,
)
from web_admin.gates.rules import LaneSpec
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
