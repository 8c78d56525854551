"""The interface for people and homes."""

import json
import re

import pytest
from sqlalchemy import select

from tests.web_admin.api.whole_lists import whole
from web_admin.compound.models import Home
from web_admin.journal.models import AuditEntry


@pytest.mark.wide
def test_a_family_moves_in_gets_cards_and_moves_out(caller):
    home = caller.post("/homes", {"number": "7-1203"})
    person = caller.post("/people", {"name": "李雷", "home_id": home["home_id"]})
    card = caller.post(f"/people/{person['person_id']}/cards", {"number": "0004999001"})
    assert caller.get("/cards?number=4999001")["cards"][0]["person_id"] == person["person_id"]
    assert (card["state"], "4999001" in json.dumps(card)) == ("active", False)
    caller.post(f"/people/{person['person_id']}/cards", {"number": "0004999002"})
    lost = caller.post(f"/cards/{card['card_id']}/suspend", {"reason": "lost"}, status=200)
    assert lost["state"] == "suspended"
    assert caller.post(f"/cards/{card['card_id']}/resume", status=200)["state"] == "active"
    gone = caller.post(f"/people/{person['person_id']}/move-out", status=200)
    assert gone["ended_at"] is not None
    assert caller.get(f"/people/{person['person_id']}/cards")["cards"][0]["state"] == "ended"
    assert caller.get(f"/people?home_id={home['home_id']}")["people"] == []


def test_lists_are_whole_page_by_page(caller, compound):
    names = {person["name"] for person in whole(caller, "/people", "people")}
    assert names == set(compound.persons)
    assert len(whole(caller, "/homes", "homes")) == 9


@pytest.mark.parametrize("field", ["balance", "unpaidSince", "欠费"])
def test_a_field_that_speaks_of_debt_is_refused_with_the_rule(caller, compound, field):
    path = f"/people/{compound.persons['王芳']}"
    answer = caller.call("PATCH", path, {"name": "王芳", field: 1})
    assert answer.status_code == 422
    assert "Civil Code 944(3)" in answer.get_json()["errors"]["json"][field][0]


def test_a_correction_is_recorded_with_before_and_after_and_leaves_the_rest(caller, compound, act):
    person_id = compound.persons["林薇"]
    answer = caller.call("PATCH", f"/people/{person_id}", {"name": "林微"})
    assert (answer.get_json()["name"], answer.get_json()["language"]) == ("林微", "zh")
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "person_edited")).one()
    assert entry.personal == {"name_before": "林薇", "name": "林微"}
    assert (entry.facts["actor_id"], entry.facts["channel"]) == (f"key:{caller.key_id}", "api")


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
