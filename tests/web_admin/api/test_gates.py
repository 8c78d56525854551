"""The interface for gates and their alarms."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.web_admin.api.whole_lists import LATER
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.gates.names import rename_gate
from web_admin.gates.orders import mark_gate


def by_id(caller, query: str = "") -> dict[str, dict[str, object]]:
    return {gate["gate_id"]: gate for gate in caller.get(f"/gates{query}")["gates"]}


def test_gates_and_lanes_are_listed_with_both_names_and_renamed(caller) -> None:
    gate = by_id(caller)["north"]
    assert (gate["name"], gate["out_of_use"]) == ("北门", False)
    assert gate["lanes"][0] == {"lane_id": "north-in", "name": "北门进", "direction": "in"}
    renamed = caller.call("PATCH", "/gates/north", {"name": "正门"})
    assert (renamed.status_code, renamed.get_json()["name"]) == (200, "正门")
    assert renamed.get_json()["lanes"][0]["name"] == "正门进"
    lane = caller.call("PATCH", "/lanes/north-in", {"name": "进口"})
    assert (lane.status_code, lane.get_json()["name"]) == (200, "进口")
    assert by_id(caller)["north"]["lanes"][0]["name"] == "进口"


def test_an_alarm_has_ids_that_stay_and_the_names_of_today(caller, act) -> None:
    raise_alarm(act.session, act.site_id, "alarm_door_forced", act.now, gate_id="north", lane_id="north-in")
    rename_gate(act, "north", "正门")
    act.session.commit()
    alarm = next(one for one in caller.get("/alarms")["alarms"] if one["lane_id"] == "north-in")
    assert (alarm["gate_id"], alarm["gate_name"], alarm["lane_name"]) == ("north", "正门", "正门进")


@pytest.mark.parametrize(
    ("name", "said"),
    [("东门", "Another gate is called"), ("a\u202eb", "invisible sign"), (" ", "fill this in")],
)
def test_what_is_no_name_is_refused(caller, name, said) -> None:
    refused = caller.call("PATCH", "/gates/north", {"name": name})
    assert (refused.status_code, said in refused.text) == (422, True)
    assert caller.call("PATCH", "/gates/nowhere", {"name": "x"}).status_code == 404
    assert caller.call("PATCH", "/lanes/nowhere", {"name": "x"}).status_code == 404


def test_gates_out_of_use_are_listed_when_asked_for(caller, act) -> None:
    mark_gate(act, "north", "retired")
    act.session.commit()
    assert "north" not in by_id(caller)
    assert by_id(caller, "?with_out_of_use=true")["north"]["out_of_use"] is True


def test_an_alarm_is_acknowledged_once_and_a_silent_one_is_not_there(caller, compound, act):
    raise_alarm(act.session, act.site_id, "alarm_duress", compound.clock(), gate_id="north")
    act.session.commit()
    silent = act.session.scalars(select(Alarm.alarm_id).where(Alarm.kind == "alarm_duress")).one()
    act.session.commit()
    held = caller.get("/alarms")["alarms"][0]["alarm_id"]
    seen = caller.post(f"/alarms/{held}/acknowledge", {"note": "closed it"}, status=200)
    assert datetime.fromisoformat(seen["acknowledged_at"]).astimezone(UTC) == compound.clock()
    compound.clock.now += LATER
    assert caller.post(f"/alarms/{held}/acknowledge", {}, status=200) == seen
    assert caller.get("/alarms")["alarms"] == []
    assert caller.call("POST", f"/alarms/{silent}/acknowledge", {}).status_code == 404
