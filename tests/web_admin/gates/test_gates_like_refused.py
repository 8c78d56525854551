"""Many gates like one: what is refused of a list, and that no other list is added than was shown."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from tests.support.gate_to_copy import IN, NEW, OUT, make_north
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Site
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.gate_list import LinesRefused, NewGate
from web_admin.gates.gates_like import MOST_GATES, PlanChanged, add_gates_like, plan_gates_like
from web_admin.gates.orders import mark_gate


def refused_lines(act: Action, *gates: NewGate) -> dict[int, str]:
    """Return what is wrong with each line; nothing is stored."""
    before = act.session.scalar(select(func.count()).select_from(Gate))
    with pytest.raises(LinesRefused) as refused:
        add_gates_like(act, "north", gates)
    assert refused.value.field == "gates"
    assert act.session.scalar(select(func.count()).select_from(Gate)) == before
    return {problem.line: str(problem.message) for problem in refused.value.problems}


@pytest.mark.wide
@pytest.mark.both_databases
def test_every_wrong_line_is_said_and_nothing_is_stored(act: Action) -> None:
    make_north(act)
    add_gate(act, "a-b", "A B")
    save_lane(act, "a-b", replace(IN, lane_id="a-in"))
    problems = refused_lines(
        act,
        NewGate("right", "Right", 1),
        NewGate("Wrong!", "Wrong", 2),
        NewGate("north", "Another", 4),
        NewGate("fine", "north", 5),
        NewGate("right", "Left", 6),
        NewGate("ok", "RIGHT", 7),
        NewGate("s" * 38, "Long", 8),
        NewGate("x", " ", 9),
        NewGate("y", "y" * 61, 10),
        NewGate("a", "A", 11),
        NewGate("bell\0", "z", 12),
        NewGate("", "bell\x07", 13),
    )
    assert list(problems) == [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    for line, words in {
        2: "“Wrong!” is no short name",
        4: "short name north exists already",
        5: "with this name exists",
        6: "Line 1 has the short name right too",
        7: "Line 1 has the same name",
        8: "more than 40",
        9: "name is missing",
        10: "at most 60",
        11: "lane with the short name a-in exists",
        12: "is no short",
        13: "an invisible sign",
    }.items():
        assert words in problems[line]


def test_two_lines_whose_lanes_would_share_a_short_name_name_each_other(act: Action) -> None:
    make_north(act)
    save_lane(act, "north", replace(OUT, lane_id="north-side-out"))
    problems = refused_lines(act, NewGate("a", "A", 3), NewGate("a-side", "B", 5))
    assert list(problems) == [5]
    assert "Line 3 would have a lane with the short name a-side-out too" in problems[5]


@pytest.mark.wide
@pytest.mark.parametrize("heading", ["Name", "gate", "名称", "序号", "门", "No", "nr"])
def test_the_heading_of_a_column_is_no_gate(act: Action, heading: str) -> None:
    make_north(act)
    problems = refused_lines(act, NewGate("", heading, 2), NewGate("", "Stair 1", 3))
    assert problems == {2: "This is the heading of a column. Leave the line out."}
    add_gates_like(act, "north", [NewGate("", "Stair 1", 1), NewGate("", heading, 2)])


def test_the_name_of_a_gate_that_was_taken_down_is_free_again(act: Action) -> None:
    make_north(act)
    add_gate(act, "old", "Old")
    mark_gate(act, "old", "retired")
    add_gates_like(act, "north", [NewGate("new", "Old")])
    assert list(refused_lines(act, NewGate("newer", "Old"))) == [1]


def test_an_act_is_refused_for_no_gate_too_many_gates_and_a_gate_without_lanes(act: Action) -> None:
    make_north(act)
    for gates, words in (((), "at least one gate"), (NEW[:1] * (MOST_GATES + 1), "At most 1000 gates")):
        with pytest.raises(ActionRefused, match=words) as refused:
            add_gates_like(act, "north", gates)
        assert refused.value.field == "gates"
    add_gate(act, "bare", "Bare")
    with pytest.raises(ActionRefused, match="has no lanes yet"):
        add_gates_like(act, "bare", NEW)
    with pytest.raises(ActionRefused, match="no such"):
        add_gates_like(act, "missing", NEW)


def test_a_gate_of_another_site_is_no_model(act: Action, now) -> None:
    make_north(act)
    act.session.add(
        Site(site_id="other", name="Other", timezone="Asia/Shanghai", root_public_key=b"k", created_at=now)
    )
    act.session.flush()
    act.session.get_one(Gate, "north").site_id = "other"
    with pytest.raises(ActionRefused, match="no such"):
        add_gates_like(act, "north", NEW)


def test_a_plan_stores_nothing_and_is_what_is_added(act: Action) -> None:
    make_north(act)
    gates = [NewGate("", " Stair 1 ", 1), NewGate("", "3栋2单元", 3)]
    plan = plan_gates_like(act, "north", gates)
    shown = [(gate.line, gate.name, gate.gate_id, gate.number) for gate in plan.gates]
    assert shown == [(1, "Stair 1", "stair-1", 2), (3, "3栋2单元", "gate-3", 3)]
    assert not act.session.new
    assert act.session.scalars(select(Gate.gate_id)).all() == ["north"]
    added = add_gates_like(act, "north", gates, shown=plan.digest)
    assert [(gate.name, gate.gate_id, gate.number) for gate in added] == [one[1:] for one in shown]


def test_another_plan_than_the_shown_one_is_not_added(act: Action) -> None:
    make_north(act)
    shown = plan_gates_like(act, "north", NEW).digest

    def is_refused() -> bool:
        with pytest.raises(PlanChanged):
            add_gates_like(act, "north", NEW, shown=shown)
        return act.session.get(Gate, "stair-1") is None

    save_lane(act, "north", replace(OUT, name="Way out"))
    assert is_refused(), "a lane is another"
    save_lane(act, "north", OUT)
    assert plan_gates_like(act, "north", NEW).digest == shown
    add_gate(act, "south", "South")
    assert is_refused(), "the numbers are others"
