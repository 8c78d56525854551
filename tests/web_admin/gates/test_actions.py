"""Gates, lanes, hours, postures and orders as the forms give them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gate_controller.contract.calendars import Span
from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    add_live_lane,
    by_phone,
    gate_view,
    household,
    offer_face,
    pair,
    show_card,
)
from tests.support.compounds.assessments import assess
from web_admin.action.base import Action, begin
from web_admin.compound.models import Lane, Site
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.events.why_refused import NothingPublished, why_refused
from web_admin.face.actions import disable_face, face_state, give_face_consent
from web_admin.gates import orders
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.orders import (
    clear_override,
    lockdown_site,
    mark_gate,
    order_open,
    set_override,
    unlock_site,
)
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import GrantSpec, set_grants

SPEC = LaneSpec("north-in", "In", "in", ("card", "pin", "qr"))


def test_gate_numbers_grow_and_short_names_are_unique_slugs(act: Action) -> None:
    assert [add_gate(act, name, name).number for name in ("north", "south-2")] == [1, 2]
    for taken_or_wrong in ("north", "North", "north gate", "", "n" * 41):
        with pytest.raises(ActionRefused) as refused:
            add_gate(act, taken_or_wrong, "x")
        assert refused.value.field == "gate_id"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"direction": "up"}, "direction"),
        ({"pulse_seconds": 0.1}, "pulse_seconds"),
        ({"pulse_seconds": float("nan")}, "pulse_seconds"),
        ({"slow_pulse_seconds": 121.0}, "slow_pulse_seconds"),
        ({"slow_pulse_seconds": 1.0}, "slow_pulse_seconds"),
        ({"methods": ("card", "iris")}, "methods"),
        ({"method_hours": {"face": "x"}}, "methods"),
        ({"method_hours": {"pin": "missing"}}, "hours"),
        ({"posture": "ajar"}, "posture"),
        ({"methods": ("card", "pin", "face")}, "methods"),
        ({"name": " "}, "name"),
    ],
)
def test_a_lane_that_breaks_a_rule_is_refused_beside_its_field(
    act: Action, change: dict[str, object], field: str
) -> None:
    add_gate(act, "north", "North")
    with pytest.raises(ActionRefused) as refused:
        save_lane(act, "north", replace(SPEC, **change))  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.publishing
def test_hours_and_special_days_reach_the_gate_and_decide(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    hours = save_hours(act, None, "Wednesday noon", [Span(("wed",), 600, 840)])
    set_grants(act, person.person_id, [GrantSpec(("north-in",), hours_id=hours.hours_id)])
    assert show_card(act, 77).opens
    set_calendar_day(act, date(2026, 3, 4), "holiday", "Spring")
    assert show_card(act, 77).reason is Reason.OUTSIDE_HOURS
    set_calendar_day(act, date(2026, 3, 4), None)
    assert show_card(act, 77).opens


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


@pytest.mark.publishing
def test_a_face_lane_a_new_controller_and_a_stolen_gate_change_the_shares(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    add_lane(act, "south")
    assert face_state(act.session, person.person_id).gate_ids == ("north",)
    assess(act)
    save_lane(act, "south", LaneSpec("south-in", "In", "in", ("card", "pin", "qr", "face")))
    assert face_state(act.session, person.person_id).gate_ids == ("north", "south")
    save_lane(act, "south", LaneSpec("south-in", "In", "in", ("card", "pin", "qr")))
    assert face_state(act.session, person.person_id).gate_ids == ("north",)
    pair(act, "north")
    assert face_state(act.session, person.person_id).gate_ids == ("north",)
    mark_gate(act, "north", "stolen")
    assert face_state(act.session, person.person_id).gate_ids == ()
    assert not gate_view(act).policy.persons


@pytest.mark.publishing
def test_switching_face_off_takes_it_from_every_lane_and_person(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    disable_face(act)
    assert Method.FACE not in gate_view(act).policy.lanes["north-in"].methods
    assert (person.methods, face_state(act.session, person.person_id).state) == (["card"], "not_offered")
    assert show_card(act, 77).opens


@pytest.mark.publishing
def test_why_refused_gives_the_gates_own_reason(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    card = issue_card(act, person.person_id, 77, valid_until=act.now + timedelta(days=1))

    def why(method: Method, days: int = 0) -> Reason:
        at = act.now + timedelta(days=days)
        return why_refused(act.session, act.sealer, person.person_id, "north-in", method, at)

    assert (why(Method.CARD), why(Method.CARD, 2)) == (Reason.GRANTED, Reason.EXPIRED)
    assert (why(Method.PIN), why(Method.FACE)) == (Reason.CREDENTIAL_UNKNOWN, Reason.METHOD_NOT_OFFERED)
    set_grants(act, person.person_id, [])
    assert not [reason for reason in [why(Method.CARD)] if reason is Reason.GRANTED]
    assert card.state == "active"
    add_gate(act, "east", "East")
    save_lane(act, "east", replace(SPEC, lane_id="east-in"))
    with pytest.raises(NothingPublished):
        why_refused(act.session, act.sealer, person.person_id, "east-in", Method.CARD, act.now)
