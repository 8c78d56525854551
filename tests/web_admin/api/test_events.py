"""Events through the interface: each once, in order, without persons, silent alarms or faces."""

import json
from datetime import timedelta

from tests.web_admin.api.whole_lists import LATER, whole
from web_admin.alarms.actions import raise_alarm
from web_admin.journal.models import GateEvent


def test_events_come_in_order_without_persons_silent_alarms_or_faces(caller, compound, act):
    now = compound.clock()
    for seq, kind in ((901, "alarm_duress"), (902, "face_enrolled"), (903, "door_closed")):
        act.session.add(
            GateEvent(
                journal_id="j",
                gate_id="north",
                seq=seq,
                kind=kind,
                lane_id="north-in",
                at=now,
                received_at=now,
                person_id=compound.persons["林薇"],
                facts={"lane_id": "north-in"},
                personal={"person_id": "x"},
                salt=b"s",
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
            )
        )
    raise_alarm(act.session, act.site_id, "alarm_duress", now, gate_id="north")
    act.session.commit()
    assert "door_closed" not in {event["kind"] for event in caller.get("/events?limit=200")["events"]}
    compound.clock.now += LATER
    listed = whole(caller, "/events", "events")
    assert len(listed) == 38
    assert all(event["facts"].get("opens", True) for event in listed)
    assert {event["kind"] for event in listed} == {"access", "held_open", "hold_ended", "door_closed"}
    assert not [word for word in (*compound.persons.values(), "person") if word in json.dumps(listed)]
    assert {alarm["kind"] for alarm in caller.get("/alarms")["alarms"]} == {"alarm_door_held"}


def test_polling_events_gives_each_once(caller, compound, act):
    compound.clock.now += LATER
    first = caller.get("/events?limit=200")
    assert caller.get(f"/events?after={first['after']}")["events"] == []
    late = compound.clock()
    act.session.add(
        GateEvent(
            journal_id="j",
            gate_id="east",
            seq=900,
            kind="door_closed",
            lane_id="east-in",
            at=late - timedelta(days=3),
            received_at=late,
            facts={},
            personal={},
            salt=b"s",
            personal_digest=bytes(32),
            previous=bytes(32),
            digest=bytes(32),
        )
    )
    act.session.commit()
    compound.clock.now += LATER
    news = caller.get(f"/events?after={first['after']}")["events"]
    assert [(event["gate_id"], event["kind"]) for event in news] == [("east", "door_closed")]


def test_a_made_up_place_in_the_events_is_refused(caller):
    naive = "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiIiwiIiwwXQ=="
    answers = [caller.call("GET", f"/events?after={after}") for after in ("x", "W10=", "bnVsbA==", naive)]
    assert {answer.status_code for answer in answers} == {422}
