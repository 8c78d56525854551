"""Homes through the interface: a number that is corrected, and an end without members."""

import re

import pytest
from sqlalchemy import select

from web_admin.compound.models import Home
from web_admin.journal.models import AuditEntry


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
