"""The page that changes the names of a gate and its lanes, and the pages that show them at once."""

import re

import pytest

from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import Gate

PAGE = "/manage/gates/north/names"


@pytest.fixture
def client(compound):
    return compound.signed_in("installer")


@pytest.fixture
def rows(compound):
    return Rows(compound)


@pytest.mark.wide
def test_a_gate_and_its_lanes_are_renamed_and_every_page_shows_it_at_once(client, compound, rows) -> None:
    assert f'href="{PAGE}"' in client.get("/manage/gates/north").text
    assert f'href="{PAGE}"' in client.get("/manage/lanes/north-in").text
    names = {"name": "3栋1单元", "lane-north-in": "北门进", "lane-north-out": "去花园"}
    assert send(client, PAGE, **names).status_code == 303
    assert rows(lambda s: [lane.name for lane in s.get_one(Gate, "north").lanes]) == ["3栋1单元进", "去花园"]
    manager = compound.signed_in("manager")
    for page in ("/manage/", "/manage/gates/", "/manage/lanes/north-in", "/manage/visitors/new"):
        shown = manager.get(page).text
        assert ("3栋1单元" in shown, "北门" in shown) == (True, False), page
    events = manager.get("/manage/events/?gate=north").text
    assert re.search("<td>3栋1单元 · 进", events)
    assert "3栋1单元 · 去花园" in events


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "东门", "Another gate is called 东门."),
        ("name", "门\u202e1", "There is an invisible sign in this name."),
        ("name", "", "Type a name."),
        ("lane-north-in", "进\u200f口", "There is an invisible sign in this name."),
    ],
)
def test_what_is_no_name_is_refused_beside_its_field(client, rows, field, typed, said) -> None:
    whole = {"name": "北门", "lane-north-in": "北门进", "lane-north-out": "北门出", field: typed}
    answer = send(client, PAGE, **whole)
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-wrong-1">.*?{re.escape(said)}', answer.text, re.DOTALL)
    assert rows(lambda s: s.get_one(Gate, "north").name) == "北门"


def test_longer_names_of_before_stay_while_the_others_are_saved(client, rows) -> None:
    of_gate, of_lane = "北" * 70, "北门进" * 30

    def lengthen(session):
        gate = session.get_one(Gate, "north")
        gate.name, gate.lanes[0].name = of_gate, of_lane

    rows(lengthen)
    names = {"name": of_gate, "lane-north-in": of_lane, "lane-north-out": "去花园"}
    assert send(client, PAGE, **names).status_code == 303
    saved = rows(lambda s: [s.get_one(Gate, "north").name, *(x.name for x in s.get_one(Gate, "north").lanes)])
    assert saved == [of_gate, of_lane, "去花园"]
    refused = send(client, PAGE, **{**names, "lane-north-in": of_lane[1:]})
    assert refused.status_code == 422
    assert re.search(r'id="lane-north-in-wrong-1">', refused.text)
