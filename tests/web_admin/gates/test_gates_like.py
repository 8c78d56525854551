"""Many gates like one: what they get of it, what they do not, what is refused, and what it costs."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import event, func, select

from gate_controller.contract.calendars import Span
from gate_controller.contract.lane_sheet import LaneFacts, LaneSheet, must_findings
from tests.support.acting import add_lane, manager, offer_face, pair
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.support.gate_to_copy import IN, NEW, OUT, make_north
from web_admin.action.base import Action
from web_admin.compound.models import Gate, GrantRow, Lane, Site
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.gates import actions
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.gate_list import NewGate
from web_admin.gates.gates_like import KIND_OF_DOOR, add_gates_like
from web_admin.gates.hours import save_hours
from web_admin.gates.orders import mark_gate, set_override
from web_admin.gates.rules import LaneSpec
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_status import lane_status, stored_sheet
from web_admin.gates.sheets import save_draft, save_sheet
from web_admin.journal.ledger import verify_audit
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person


@pytest.mark.both_databases
def test_each_new_gate_gets_lanes_of_its_own_with_the_same_settings(act: Action) -> None:
    make_north(act)
    added = add_gates_like(act, "north", NEW)
    assert [(gate.gate_id, gate.name, gate.number, gate.state) for gate in added] == [
        ("stair-1", "Stair 1", 2, "new"),
        ("stair-2", "Stair 2", 3, "new"),
    ]
    act.session.expire_all()
    like = act.session.get_one(Lane, "north-in")
    for gate in added:
        assert [lane.lane_id for lane in gate.lanes] == [f"{gate.gate_id}-in", f"{gate.gate_id}-out"]
        way_in, way_out = gate.lanes
        for name in (
            "name",
            "direction",
            "methods",
            "method_hours",
            "pulse_seconds",
            "slow_pulse_seconds",
            "staff_hold_minutes",
        ):
            assert getattr(way_in, name) == getattr(like, name)
        assert (way_in.interlock_with, way_out.interlock_with) == ([way_out.lane_id], [])
        assert (way_in.direction, way_out.direction, way_out.antipassback) == ("in", "out", "soft")


def test_what_is_true_of_one_door_is_not_taken_over(act: Action) -> None:
    make_north(act)
    set_override(act, "north-out", "lockdown", "a drill", act.now + timedelta(hours=1))
    add_person(act, display_name="Li Wei")
    before = grants(act)
    add_gates_like(act, "north", NEW)
    way_in = act.session.get_one(Lane, "stair-1-in")
    assert (way_in.posture, way_in.posture_hours, way_in.schedule_authors) == ("normal", {}, {})
    assert (way_in.antipassback, way_in.area_is_closed) == ("soft", False)
    assert act.session.get_one(Lane, "stair-1-out").override_posture is None
    assert before == [["north-in", "north-out"]]
    assert grants(act) == before


def grants(act: Action) -> list[list[str]]:
    """Return the lanes of every grant, as they are stored by now."""
    act.session.flush()
    act.session.expire_all()
    return [sorted(grant.lanes) for grant in act.session.scalars(select(GrantRow))]


def test_face_is_left_out_with_its_hours(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    hours = save_hours(act, None, "Daytime", [Span(("mon",), 480, 1200)])
    save_lane(
        act,
        "north",
        LaneSpec(
            "north-in", "In", "in", ("card", "pin", "qr", "face"), method_hours={"face": hours.hours_id}
        ),
    )
    add_gates_like(act, "north", NEW)
    lane = act.session.get_one(Lane, "stair-1-in")
    assert (lane.methods, lane.method_hours) == (["card", "pin", "qr"], {})


def test_no_new_lane_is_live_and_its_draft_keeps_only_the_kind_of_door(act: Action) -> None:
    make_north(act)
    save_lane(act, "north", replace(OUT, lane_id="north-side"))
    save_lane(act, "north", replace(IN, lane_id="north-side-in"))
    save_sheet(act, "north-out", WHOLE_SHEET)
    save_draft(act, "north-out", LaneSheet(lock="barrier"))
    save_draft(act, "north-side", LaneSheet(lock="turnstile", reader_heights_mm=(1000,)))
    save_draft(act, "north-side-in", LaneSheet(emergency_access="key box"))
    add_gates_like(act, "north", NEW)
    rows = {row.lane_id: row for row in act.session.scalars(select(LaneSheetRow))}
    assert stored_sheet(rows["stair-2-out"].draft) == LaneSheet(lock="fail_secure_strike", fails="secure")
    assert stored_sheet(rows["stair-2-side"].draft) == LaneSheet(lock="turnstile")
    assert rows["stair-2-side"].drafted_at == act.now
    assert not {"stair-2-in", "stair-2-side-in"} & set(rows), "no sheet, or one that says nothing of the door"
    for gate_id in ("stair-1", "stair-2"):
        for lane in act.session.get_one(Gate, gate_id).lanes:
            assert not lane_status(rows.get(lane.lane_id)).is_live


@pytest.mark.parametrize(
    "sheet",
    [
        WHOLE_SHEET,
        LaneSheet(lock="fail_safe_magnet", fails="safe", on_escape_route=False),
        LaneSheet(
            lock="turnstile",
            fails="safe",
            on_escape_route=True,
            free_exit="button_cuts_power",
            fire_release="wired_to_lock_power",
            manual_release=True,
        ),
        LaneSheet(lock="barrier", fails="secure", on_escape_route=False, safety_input="loop"),
        LaneSheet(lock="pulse_motor", fails="safe", on_escape_route=False, safety_input="photocell"),
    ],
)
def test_no_draft_meets_every_rule_whatever_the_live_sheet_says(act: Action, sheet: LaneSheet) -> None:
    make_north(act)
    save_sheet(act, "north-out", sheet)
    add_gates_like(act, "north", NEW[:1])
    draft = stored_sheet(act.session.get_one(LaneSheetRow, "stair-1-out").draft)
    assert draft == LaneSheet(lock=sheet.lock, fails=sheet.fails)
    assert must_findings(draft, LaneFacts())


def test_a_draft_keeps_every_key_or_leaves_it_to_the_door() -> None:
    at_the_door = {
        "on_escape_route",
        "free_exit",
        "fire_release",
        "manual_release",
        "safety_input",
        "exit_sign_photo",
        "exit_sign_date",
        "reader_heights_mm",
        "opening_width_mm",
        "is_accessible_lane",
        "emergency_access",
        "last_drill",
        "camera_location",
        "camera_view",
        "camera_sign_photo",
        "camera_sign_date",
    }
    assert {*KIND_OF_DOOR, *at_the_door} == {one.name for one in msgspec.structs.fields(LaneSheet)}
    assert not at_the_door & set(KIND_OF_DOOR)


def test_lanes_without_the_gates_short_name_get_it_and_none_are_confused(act: Action) -> None:
    add_gate(act, "north", "North")
    for lane_id in ("in", "north-in", "lobby"):
        save_lane(act, "north", replace(IN, lane_id=lane_id))
    add_gates_like(act, "north", NEW[:1])
    assert [lane.lane_id for lane in act.session.get_one(Gate, "stair-1").lanes] == [
        "stair-1-in",
        "stair-1-lobby",
        "stair-1-north-in",
    ]


def test_the_journal_says_the_same_as_of_single_acts(act: Action) -> None:
    make_north(act)
    save_sheet(act, "north-out", WHOLE_SHEET)
    before = act.session.scalar(select(func.max(AuditEntry.seq)))
    add_gates_like(act, "north", NEW)
    entries = act.session.scalars(
        select(AuditEntry).where(AuditEntry.seq > before).order_by(AuditEntry.seq)
    ).all()
    assert [entry.kind for entry in entries] == 2 * [
        "gate_added",
        "lane_saved",
        "lane_saved",
        "lane_sheet_drafted",
    ]
    actor = {"actor_id": act.actor_id, "channel": act.channel}
    assert entries[0].facts == {"gate_id": "stair-1", **actor}
    assert entries[1].facts == {
        "lane_id": "stair-1-in",
        "gate_id": "stair-1",
        "direction": "in",
        "methods": "card pin qr",
        "posture": "normal",
        "interlock_with": "stair-1-out",
        "antipassback": "soft",
        "staff_hold_minutes": 45,
        **actor,
    }
    assert entries[3].facts == {"lane_id": "stair-1-out", **actor}
    verify_audit(act.session, act.site_id)


def test_numbers_go_on_and_none_is_given_twice(act: Action, monkeypatch: pytest.MonkeyPatch) -> None:
    make_north(act)
    act.session.get_one(Gate, "north").number = 40
    add_gates_like(act, "north", NEW)
    mark_gate(act, "stair-2", "retired")
    added = add_gates_like(act, "north", [NewGate("", "3栋2单元"), NewGate("", "Stair 12")])
    assert [(gate.gate_id, gate.number) for gate in added] == [("gate-43", 43), ("stair-12", 44)]
    monkeypatch.setattr(actions, "MAX_GATE_NUMBER", 45)
    with pytest.raises(ActionRefused, match="only 1 gate number"):
        add_gates_like(act, "north", [NewGate("a", "A"), NewGate("b", "B")])
    add_gates_like(act, "north", [NewGate("a", "A")])
    with pytest.raises(ActionRefused, match="no gate numbers left"):
        add_gates_like(act, "north", [NewGate("b", "B")])


def test_nothing_is_published(act: Action) -> None:
    make_north(act)
    published = []

    class Noting(NoEffects):
        def publish(self, *_words, **_named) -> None:
            published.append(True)

    version = act.session.get_one(Site, act.site_id).version
    add_gates_like(replace(act, effects=Noting()), "north", NEW)
    assert not published
    assert act.session.get_one(Site, act.site_id).version == version


@pytest.mark.publishing
def test_a_new_gate_is_completed_and_paired_like_any_other(act: Action) -> None:
    add_lane(act)
    add_gates_like(act, "north", NEW)
    save_sheet(act, "stair-1-in", WHOLE_SHEET)
    pair(act, "stair-1")
    assert act.session.get_one(Gate, "stair-1").state == "paired"


def statements_for(database, sealer, site, now, count: int) -> int:
    """Return how many statements so many gates take, in one act that is undone."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    with database.open_session() as session:
        act = manager(session, sealer, site, now, NoEffects())
        event.listen(database.engine, "before_cursor_execute", note)
        add_gates_like(act, "north", [NewGate("", f"Stair {number}") for number in range(count)])
        event.remove(database.engine, "before_cursor_execute", note)
        session.rollback()
    return len(seen)


@pytest.mark.both_databases
def test_twenty_gates_take_as_many_statements_as_two(database, sealer, site, now) -> None:
    with database.session() as session:
        act = manager(session, sealer, site, now, NoEffects())
        make_north(act)
        save_sheet(act, "north-out", WHOLE_SHEET)
    two, twenty = (statements_for(database, sealer, site, now, count) for count in (2, 20))
    assert two == twenty
    assert twenty <= 24
