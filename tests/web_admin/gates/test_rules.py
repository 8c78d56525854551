"""Lanes that wait for each other and lanes that count people: refused where they could trap someone."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from gate_controller.contract.calendars import Span
from tests.support.acting import add_lane, add_live_lane, gate_view
from web_admin.action.base import Action
from web_admin.compound.models import Lane
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import LaneSpec, spec_of
from web_admin.journal.models import AuditEntry

IN = LaneSpec("north-in", "North in", "in", ("card", "pin", "qr"))
OUT = LaneSpec("north-out", "North out", "out", ("card",))


def refusal(act: Action, spec: LaneSpec, gate_id: str = "north") -> ActionRefused:
    with pytest.raises(ActionRefused) as refused, act.session.begin_nested():
        save_lane(act, gate_id, spec)
    act.session.expire_all()
    return refused.value


@pytest.mark.wide
@pytest.mark.publishing
def test_a_gate_receives_all_settings_of_a_lane(act: Action) -> None:
    add_lane(act)
    add_live_lane(act, "north", replace(OUT, antipassback="soft"))
    hours = save_hours(act, None, "Market", [Span(("sat",), 480, 720)])
    save_lane(
        act,
        "north",
        replace(
            IN,
            interlock_with=("north-out",),
            antipassback="hard",
            staff_hold_minutes=90,
            posture_hours={hours.hours_id: "held_open"},
        ),
    )
    sent = gate_view(act).policy.lanes["north-in"]
    assert (sent.interlock_with, sent.antipassback, sent.staff_hold_minutes) == (("north-out",), "hard", 90)
    assert sent.posture_author_id == "manager-1"
    assert gate_view(act).policy.lanes["north-out"].antipassback == "soft"


def test_what_a_lane_says_survives_being_read_and_saved_again(act: Action) -> None:
    add_lane(act)
    save_lane(act, "north", replace(OUT, antipassback="soft", staff_hold_minutes=5))
    full = replace(IN, interlock_with=("north-out",), antipassback="soft", staff_hold_minutes=480)
    assert spec_of(save_lane(act, "north", full)) == full


@pytest.mark.publishing
def test_the_author_of_a_schedule_is_who_last_changed_it(act: Action) -> None:
    add_lane(act)
    hours = save_hours(act, None, "Market", [Span(("sat",), 480, 720)])
    scheduled = replace(IN, posture_hours={hours.hours_id: "held_open"})
    save_lane(act, "north", scheduled)
    save_lane(replace(act, actor_id="manager-2"), "north", replace(scheduled, name="Renamed"))
    assert gate_view(act).policy.lanes["north-in"].posture_author_id == "manager-1"
    shut = replace(scheduled, posture_hours={hours.hours_id: "lockdown"})
    save_lane(replace(act, actor_id="manager-2"), "north", shut)
    assert gate_view(act).policy.lanes["north-in"].posture_author_id == "manager-2"


@pytest.mark.wide
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (replace(IN, interlock_with=("north-in",)), "cannot wait for itself"),
        (replace(IN, interlock_with=("south-in",)), "south-in is no lane of this gate"),
        (replace(IN, interlock_with=("nowhere",)), "nowhere is no lane of this gate"),
        (replace(OUT, interlock_with=("north-in",)), "A way out never waits"),
    ],
)
def test_a_lane_waits_only_for_other_lanes_of_its_gate_and_a_way_out_for_none(
    act: Action, spec: LaneSpec, says: str
) -> None:
    add_lane(act)
    add_lane(act, "south")
    refused = refusal(act, spec)
    assert refused.field == "interlock_with"
    assert says in str(refused)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"antipassback": "strict"}, "antipassback"),
        ({"staff_hold_minutes": 0}, "staff_hold_minutes"),
        ({"staff_hold_minutes": 481}, "staff_hold_minutes"),
    ],
)
def test_words_and_minutes_outside_the_offered_ones_are_refused(
    act: Action, change: dict[str, object], field: str
) -> None:
    add_lane(act)
    assert refusal(act, replace(IN, **change)).field == field  # type: ignore[arg-type]


@pytest.mark.publishing
def test_no_person_is_refused_for_not_leaving_where_no_way_out_counts(act: Action) -> None:
    add_lane(act)
    hard = replace(IN, antipassback="hard")
    assert "no way out that counts" in str(refusal(act, hard))
    add_live_lane(act, "north", OUT)
    refused = refusal(act, hard)
    assert (refused.field, "North · out does not" in str(refused)) == ("antipassback", True)
    save_lane(act, "north", replace(OUT, antipassback="soft"))
    save_lane(act, "north", hard)
    assert gate_view(act).policy.lanes["north-in"].antipassback == "hard"


@pytest.mark.wide
@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (OUT, "antipassback"),
        (replace(OUT, direction="in", antipassback="soft"), "direction"),
        (replace(OUT, lane_id="north-back", name="Back"), "antipassback"),
    ],
)
def test_a_way_out_that_would_stop_counting_is_refused_naming_the_lane_that_relies_on_it(
    act: Action, spec: LaneSpec, field: str
) -> None:
    add_lane(act)
    save_lane(act, "north", replace(OUT, antipassback="soft"))
    save_lane(act, "north", replace(IN, antipassback="hard"))
    refused = refusal(act, spec)
    assert (refused.field, "North · in" in str(refused)) == (field, True)
    assert {lane.lane_id: lane.antipassback for lane in act.session.scalars(select(Lane))} == {
        "north-in": "hard",
        "north-out": "soft",
    }


def test_no_person_is_refused_for_having_left_by_another_gate(act: Action) -> None:
    add_lane(act)
    save_lane(act, "north", replace(OUT, antipassback="soft"))
    add_lane(act, "south")
    save_lane(act, "south", LaneSpec("south-out", "South out", "out", ("card",), antipassback="soft"))
    hard = replace(IN, antipassback="hard")
    refused = refusal(act, hard)
    assert (refused.field, "South · out" in str(refused)) == ("antipassback", True)
    save_lane(act, "north", replace(hard, area_is_closed=True))
    assert act.session.get_one(Lane, "north-in").area_is_closed


def test_a_way_out_refuses_no_person(act: Action) -> None:
    add_lane(act)
    assert refusal(act, replace(OUT, antipassback="hard")).field == "antipassback"


def test_the_audit_journal_keeps_what_a_lane_was_set_to(act: Action) -> None:
    add_gate(act, "north", "North")
    save_lane(act, "north", OUT)
    save_lane(act, "north", replace(IN, interlock_with=("north-out",), antipassback="soft"))
    entry = act.session.scalars(
        select(AuditEntry).where(AuditEntry.kind == "lane_saved").order_by(AuditEntry.seq.desc())
    ).first()
    assert entry is not None
    assert (entry.facts["interlock_with"], entry.facts["antipassback"]) == ("north-out", "soft")
