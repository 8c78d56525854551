"""Forms that choose gates, sent with their defaults in a compound of 3 and of 300 gates: none is refused."""

from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from tests.support.compounds.many_gates import add_stairwells
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Home, Person, Site
from web_admin.core.database import current_menjin
from web_admin.people.actions import GrantSpec, all_lanes, set_grants
from web_admin.people.invitations import invite
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow

OFFICE = {
    "/manage/visitors/new": {"label": "Lift service"},
    "/manage/visitors/weekly/new": {"label": "Gardener", "days": ["mon"]},
}


class Form(HTMLParser):
    """Return the fields that a browser would send of the form that this field is in, as it was served."""

    def __init__(self, page: str, field: str) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._select = ""
        self.feed(page)
        self.fields = next(fields for fields in self.forms if field in fields)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = given.get("name")
        if tag == "form":
            self.forms.append({})
        elif tag == "select":
            self._select = name or ""
        elif tag == "option" and self._select and self.forms:
            chosen = self.forms[-1].setdefault(self._select, [given.get("value", "")])
            if "selected" in given:
                chosen[:] = [given.get("value", "")]
        elif tag == "input" and name and self.forms:
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            self.forms[-1].setdefault(name, []).extend([given.get("value") or ""] if ticked else [])


@pytest.fixture(params=(3, 300), ids="{}_gates".format)
def many(request, compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, compound.clock(), request.param - 3)
    return compound


@pytest.mark.parametrize("path", OFFICE)
def test_the_offices_passes_are_made_with_their_defaults(many, path):
    client = many.signed_in("manager")
    fields = Form(client.get(path).text, "label").fields
    answer = client.post(path, data={**fields, **OFFICE[path]})
    assert answer.status_code == 303, answer.text
    with many.app.app_context(), current_menjin().database.session() as session:
        kind = VisitorSeriesRow if "weekly" in path else VisitorPassRow
        made = session.scalars(select(kind).where(kind.label == OFFICE[path]["label"])).one()
        assert made.gate_set == "way"
        assert all(number < 100 or number >= 32768 for number in made.gate_numbers), "no stairwell"


@pytest.mark.wide
def test_a_family_and_a_person_are_added_with_their_defaults(many):
    client = many.signed_in("manager")
    fields = Form(client.get("/manage/people/move-in").text, "members-0-name").fields
    typed = {"number": "3-1-0909", "members-0-name": "Xu"}
    assert client.post("/manage/people/move-in", data={**fields, **typed}).status_code == 200
    with many.app.app_context(), current_menjin().database.session() as session:
        home = session.scalars(select(Home).where(Home.number == "3-1-0909")).one()
        (xu,) = home.persons
        way, home_id = lanes_of(xu), home.home_id
    assert {"east-in", "north-in"} <= way
    assert way <= {"east-in", "east-out", "north-in", "north-out", "b3-u1-in"}
    fields = Form(client.get(f"/manage/people/new?home={home_id}").text, "display_name").fields
    assert client.post("/manage/people/new", data={**fields, "display_name": "Yu"}).status_code == 303
    with many.app.app_context(), current_menjin().database.session() as session:
        assert lanes_of(session.scalars(select(Person).where(Person.display_name == "Yu")).one()) == way


def lanes_of(person: Person) -> set[str]:
    return {lane_id for grant in person.grants for lane_id in grant.lanes}


PHONE = {
    "a pass": ("/r/visitors", "label", {"label": "Aunt"}, VisitorPassRow),
    "a weekly pass": ("/r/visitors", "label", {"label": "Cleaner", "uses": "weekly"}, VisitorSeriesRow),
}


@pytest.mark.wide
@pytest.mark.parametrize("what", PHONE)
def test_a_residents_passes_are_made_with_their_defaults(many, what):
    path, field, typed, kind = PHONE[what]
    person_id = many.persons["王芳"]
    with many.act() as act:
        set_grants(act, person_id, [GrantSpec(all_lanes(act))])
        code = invite(act, person_id)
    client = many.app.test_client()
    press(client, "/r/welcome", seen_on="/r/welcome", code=code)
    page = client.get(path).text
    answer = client.post(path, data={**Form(page, field).fields, **typed})
    assert answer.status_code == 303, answer.text
    with many.app.app_context(), current_menjin().database.session() as session:
        assert session.scalars(select(kind).where(kind.label == typed["label"])).one().gate_set == "way"
    assert "单元" not in client.get(answer.location).text, "a building's name stands for its units"
