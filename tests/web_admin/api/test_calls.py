"""What other systems do through the interface, with the rules of the pages."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import show_code
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Home
from web_admin.journal.models import AuditEntry, GateEvent

LATER = timedelta(seconds=30)


def whole(caller, path, name):
    """Return all rows of a list, page by page."""
    found, after = [], ""
    for _page in range(40):
        page = caller.get(f"{path}{'&' if '?' in path else '?'}limit=3&after={after}")
        found += page[name]
        after = page["after"]
        if not after or not page[name]:
            return found
    raise AssertionError("the list does not end")


def test_a_family_moves_in_gets_cards_and_moves_out(caller):
    home = caller.post("/homes", {"number": "7-1203"})
    person = caller.post("/people", {"name": "李雷", "home_id": home["home_id"]})
    card = caller.post(f"/people/{person['person_id']}/cards", {"number": "0004999001"})
    assert caller.get("/cards?number=4999001")["cards"][0]["person_id"] == person["person_id"]
    assert (card["state"], "4999001" in json.dumps(card)) == ("active", False)
    assert caller.post(f"/cards/{card['card_id']}/suspend", status=200)["state"] == "suspended"
    assert caller.post(f"/cards/{card['card_id']}/resume", status=200)["state"] == "active"
    gone = caller.post(f"/people/{person['person_id']}/move-out", status=200)
    assert gone["ended_at"] is not None
    assert caller.get(f"/people/{person['person_id']}/cards")["cards"][0]["state"] == "ended"
    assert caller.get(f"/people?home_id={home['home_id']}")["people"] == []


def test_lists_are_whole_page_by_page(caller, compound):
    names = {person["name"] for person in whole(caller, "/people", "people")}
    assert names == set(compound.persons)
    assert len(whole(caller, "/homes", "homes")) == 9


def test_a_correction_is_recorded_with_before_and_after_and_leaves_the_rest(caller, compound, act):
    person_id = compound.persons["林薇"]
    answer = caller.call("PATCH", f"/people/{person_id}", {"name": "林微"})
    assert (answer.get_json()["name"], answer.get_json()["language"]) == ("林微", "zh")
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "person_edited")).one()
    assert entry.personal == {"name_before": "林薇", "name": "林微"}
    assert (entry.facts["actor_id"], entry.facts["channel"]) == (f"key:{caller.key_id}", "api")


def test_a_card_with_a_holder_is_not_given_again(caller, compound):
    person_id = compound.persons["保洁员"]
    answer = caller.call("POST", f"/people/{person_id}/cards", {"number": "4200000"})
    assert answer.status_code == 422
    assert "1-0101" in answer.get_json()["errors"]["json"]["number"][0]


def test_a_pass_opens_at_its_gate_until_it_is_withdrawn(caller, act):
    made = caller.post("/passes", {"label": "Lift engineer", "gates": [1], "uses": 1})
    assert show_code(act, made["code"]).opens
    act.session.commit()
    assert "code" not in caller.get("/passes")["passes"][0]
    assert caller.post(f"/passes/{made['pass_id']}/withdraw", status=200)["state"] == "withdrawn"
    act.session.expire_all()
    assert not show_code(act, made["code"]).opens


def test_a_courier_gets_a_code_of_the_home(caller, compound):
    wanted = {"person_id": compound.persons["林薇"], "minutes": 20}
    made = caller.post("/visitor-codes", wanted | {"gate": 2})
    assert (made["home_number"], made["gate"]) == ("1-0101", 2)
    assert (len(made["code"]), made["code"].isdigit()) == (8, True)
    for gates in ({}, {"gate": None}, {"gate": 9}):
        refused = caller.call("POST", "/visitor-codes", wanted | gates)
        assert (refused.status_code, list(refused.get_json()["errors"]["json"])) == (422, ["gate_number"])
    without_home = {"person_id": compound.persons["保洁员"]}
    assert caller.call("POST", "/visitor-codes", without_home).status_code == 422


def test_a_call_that_is_sent_twice_is_done_once(caller):
    body, once = {"name": "韩梅梅"}, {"Idempotency-Key": "move-in-2026-11-25-0001"}
    assert caller.call("POST", "/people", body, **once).status_code == 201
    again = caller.call("POST", "/people", body, **once)
    assert (again.status_code, "twice" in again.get_json()["message"]) == (409, True)
    assert [p["name"] for p in whole(caller, "/people", "people")].count("韩梅梅") == 1
    assert caller.call("POST", "/people", body, **{"Idempotency-Key": "short"}).status_code == 422


WRONG_PEOPLE = (
    {},
    {"name": ""},
    {"name": "x" * 121},
    {"name": "x", "kind": "king"},
    {"name": "x", "face": "no"},
    {"name": "x", "methods": ["face"]},
    {"name": 7},
    [],
    {"name": "x", "home_id": "nowhere"},
)


def test_a_wrong_field_is_named_and_nothing_is_made(caller, compound):
    answers = [caller.call("POST", "/people", body) for body in WRONG_PEOPLE]
    assert {answer.status_code for answer in answers} == {422}
    assert all(answer.get_json()["errors"]["json"] for answer in answers)
    assert caller.call("POST", "/people", {"name": "a\0b"}).status_code == 400
    assert caller.call("POST", "/people", {"name": "a\x7fb"}).status_code == 422
    assert len(whole(caller, "/people", "people")) == len(compound.persons)


@pytest.mark.parametrize("body", [{}, None])
def test_a_correction_of_nothing_is_refused(caller, compound, body):
    path = f"/people/{compound.persons['林薇']}"
    answer = caller.call("PATCH", path, body)
    assert (answer.status_code, list(answer.get_json()["errors"]["json"])) == (422, ["_schema"])
    document = caller.get("/openapi.json")
    assert document["components"]["schemas"]["PersonEdit"]["minProperties"] == 1


@pytest.mark.parametrize("number", ["0", "0-0", "000-00", "3-\n1", "1" * 60_000, "-1", "1-"])
def test_a_homes_number_is_what_the_document_says(caller, number):
    home = caller.get("/openapi.json")["components"]["schemas"]["NewHome"]
    assert re.search(home["properties"]["number"]["pattern"], number) is None
    assert caller.call("POST", "/homes", {"number": number}).status_code == 422


def test_every_text_that_goes_in_is_bounded_by_the_document(caller):
    document = caller.get("/openapi.json")
    loose = []
    for path, operations in document["paths"].items():
        for name, operation in operations.items():
            found = operation if name == "parameters" else operation.get("parameters", [])
            loose += [(path, one["name"]) for one in found if unbounded(one["schema"])]
    for name, schema in document["components"]["schemas"].items():
        taken = schema["properties"] if name.startswith("New") or name in TAKEN else {}
        loose += [(name, field) for field, what in taken.items() if unbounded(what)]
    assert loose == []


TAKEN = ("PersonEdit", "CardEnd", "AlarmSeen")


def unbounded(schema):
    """Return whether a text may be of any length or of any signs."""
    is_text = schema.get("type") == "string" and not {"enum", "format"} & set(schema)
    is_short = "maxLength" in schema or schema.get("pattern", "").endswith("{16}$")
    return is_text and not ("pattern" in schema and is_short)


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


def test_what_is_not_there_is_a_clear_no_in_json(caller):
    paths = ("/people/nobody", "/people/nobody/cards", "/cards/none", "/nothing")
    assert {caller.call("GET", path).get_json()["code"] for path in paths} == {404}
    assert caller.call("GET", "/people/%00").get_json()["code"] == 400


def test_a_wrong_verb_says_which_are_right(caller):
    answer = caller.call("DELETE", "/people")
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)


def test_a_homes_number_is_corrected_and_its_people_go_on(caller, act):
    home = caller.post("/homes", {"number": "7-1203"})
    caller.post("/people", {"name": "李雷", "home_id": home["home_id"]})
    path = f"/homes/{home['home_id']}"
    moved = caller.call("PATCH", path, {"number": "7-1204"})
    assert (moved.status_code, moved.get_json()) == (200, {**home, "number": "7-1204"})
    assert caller.get(path)["number"] == "7-1204"
    assert caller.call("PATCH", path, {"number": "7-1204"}).status_code == 200
    for number, said in (("3-1203", "exists already"), ("31203", "exists already"), ("0-0", "not all zeros")):
        refused = caller.call("PATCH", path, {"number": number})
        assert (refused.status_code, said in refused.text) == (422, True)
    row = act.session.get_one(Home, home["home_id"])
    assert (row.building, row.sort_key) == ("7", "017-041204")
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "home_corrected")).first()
    assert (entry.facts["before"], entry.facts["after"]) == ("7-1203", "7-1204")


def test_a_home_ends_once_it_has_no_members(caller, act):
    home = caller.post("/homes", {"number": "7-1203"})
    person = caller.post("/people", {"name": "李雷", "home_id": home["home_id"]})
    path = f"/homes/{home['home_id']}"
    refused = caller.call("POST", f"{path}/end")
    assert (refused.status_code, "People live in home 7-1203" in refused.text) == (422, True)
    assert caller.get(path) == home
    caller.post(f"/people/{person['person_id']}/move-out", status=200)
    assert caller.post(f"{path}/end", status=200) == home
    assert caller.call("GET", path).status_code == 404
    gone = caller.get(f"/people/{person['person_id']}")
    assert (gone["home_id"], gone["ended_at"] is not None) == (None, True)
    assert caller.post("/homes", {"number": "7-1203"})["home_id"] != home["home_id"]


def test_one_pass_is_read_without_the_text_that_opens(caller, caller_with):
    made = caller.post("/passes", {"label": "Plumber", "gates": [1]})
    shown = caller.get(f"/passes/{made['pass_id']}")
    assert shown == {name: value for name, value in made.items() if name != "code"}
    caller.post(f"/passes/{made['pass_id']}/withdraw", status=200)
    assert caller.get(f"/passes/{made['pass_id']}")["state"] == "withdrawn"
    assert caller.call("GET", "/passes/0123456789abcdef").status_code == 404
    other = caller_with("people:read")
    assert other.call("GET", f"/passes/{made['pass_id']}").status_code == 403
    assert other.call("PATCH", "/homes/0123456789abcdef", {"number": "1"}).status_code == 403
