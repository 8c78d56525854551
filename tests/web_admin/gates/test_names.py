"""Names of gates and lanes: what is a name, whose it is, what is written down and who is sent it."""

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, gate_view
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Site
from web_admin.core.refusal import ActionRefused
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.names import rename_gate, rename_lane
from web_admin.gates.orders import mark_gate
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry

BIDI = "Stair\u202e12"


def entries(act: Action, kind: str) -> list[dict[str, object]]:
    rows = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.seq))
    return [{**row.facts, **(row.personal or {})} for row in rows]


@pytest.mark.publishing
def test_a_gate_gets_another_name_and_no_gate_is_sent_anything(act: Action) -> None:
    add_lane(act)
    version = act.session.get_one(Site, act.site_id).version
    assert rename_gate(act, "north", "  3栋1单元  ").name == "3栋1单元"
    assert act.session.get_one(Site, act.site_id).version == version
    (entry,) = entries(act, "gate_renamed")
    assert (entry["gate_id"], entry["was"], entry["name"]) == ("north", "North", "3栋1单元")
    rename_gate(act, "north", "3栋1单元")
    assert len(entries(act, "gate_renamed")) == 1


@pytest.mark.publishing
def test_a_lanes_name_is_sent_to_its_gate_whose_screen_shows_it(act: Action) -> None:
    add_lane(act)
    rename_lane(act, "north-in", "进口")
    assert gate_view(act).policy.lanes["north-in"].name == "进口"
    rename_gate(act, "north", "North", {"north-in": "入口"})
    assert gate_view(act).policy.lanes["north-in"].name == "入口"
    entry = entries(act, "lane_renamed")[0]
    assert (entry["lane_id"], entry["was"], entry["name"]) == ("north-in", "In", "进口")


def test_lanes_that_begin_with_the_gates_name_follow_it_unless_they_get_another(act: Action) -> None:
    add_gate(act, "north", "北门")
    for lane_id, name in (("north-in", "北门进"), ("north-out", "北门出"), ("north-side", "侧门")):
        save_lane(act, "north", LaneSpec(lane_id, name, "in", ("card",)))
    rename_gate(act, "north", "正门", {"north-in": "北门进", "north-out": "出口"})
    assert [lane.name for lane in act.session.get_one(Gate, "north").lanes] == ["正门进", "出口", "侧门"]


def test_a_change_of_a_lane_writes_its_new_name_down_as_well(act: Action) -> None:
    add_lane(act)
    save_lane(act, "north", LaneSpec("north-in", "Entrance", "in", ("card",)))
    assert [entry["name"] for entry in entries(act, "lane_renamed")] == ["Entrance"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Please fill this in."),
        ("x" * 61, "at most 60 characters"),
        (BIDI, "an invisible sign"),
        ("Stair\u200f 12", "an invisible sign"),
        ("Stair\x0712", "an invisible sign"),
        ("Stair\ud800", "letters, digits and signs only"),
    ],
)
def test_what_is_no_name_is_refused_with_a_sentence(act: Action, name: str, said: str) -> None:
    add_lane(act)
    for rename in (
        lambda: rename_gate(act, "north", name),
        lambda: rename_lane(act, "north-in", name),
        lambda: add_gate(act, "south", name),
    ):
        with pytest.raises(ActionRefused, match=said) as refused:
            rename()
        assert refused.value.field == "name"


@pytest.mark.parametrize("name", ["South", " SOUTH", "Ｓｏｕｔｈ"])
def test_two_gates_have_two_names(act: Action, name: str) -> None:
    add_gate(act, "north", "North")
    add_gate(act, "south", "South")
    with pytest.raises(ActionRefused, match="Another gate is called"):
        rename_gate(act, "north", name)
    with pytest.raises(ActionRefused, match="Another gate is called"):
        add_gate(act, "third", name)
    assert rename_gate(act, "south", name).name == " ".join(name.split())


def test_the_name_of_a_gate_out_of_use_is_free_for_others(act: Action) -> None:
    add_gate(act, "old", "South")
    mark_gate(act, "old", "retired")
    assert add_gate(act, "south", "South").name == "South"


def test_only_gates_and_lanes_of_the_own_compound_are_renamed(act: Action) -> None:
    with pytest.raises(ActionRefused, match="no such"):
        rename_gate(act, "nowhere", "South")
    with pytest.raises(ActionRefused, match="no such"):
        rename_lane(act, "nowhere", "South")
