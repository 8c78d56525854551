"""The map of gates, and the dots on it."""

import io
import re
from itertools import combinations
from math import dist

import pytest
from sqlalchemy import delete, select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import Rows, once_of
from web_admin.compound.models import Gate
from web_admin.compound.place_models import Place
from web_admin.gates.actions import add_gate
from web_admin.gates.map import PER_MILLE, proposed_spots
from web_admin.journal.models import AuditEntry
from web_admin.manage.gate_states import GateState, Mark
from web_admin.manage.map_dots import APART, dots_of

PAGE = "/manage/map/"
DRAWN = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z" fill="#a33"/></svg>'


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def post(client, path, **fields):
    return client.post(f"{PAGE}{path}", data={**fields, "csrf_token": csrf_of(client.get(PAGE).text)})


def spots(rows):
    return rows(lambda s: {one.gate_id: (one.map_x, one.map_y) for one in s.scalars(select(Gate))})


def send_plan(client, content):
    page = client.get(PAGE).text
    form = page[page.index("multipart/form-data") :]
    fields = {"csrf_token": csrf_of(page), "once": once_of(form), "plan": (io.BytesIO(content), "plan.svg")}
    return client.post(f"{PAGE}plan", data=fields, content_type="multipart/form-data")


@pytest.mark.wide
def test_one_press_puts_each_gate_on_the_map_and_moves_none_that_is_there(client, rows):
    post(client, "gates/north", x="10", y="20")
    assert post(client, "rows").status_code == 303
    placed = spots(rows)
    assert placed["north"] == (10, 20)
    assert [gate_id for gate_id, spot in placed.items() if None in spot] == []
    page = client.get(PAGE).text
    assert "not on the map yet" not in page
    assert len(re.findall(r'class="dot \w+"\s+href', page)) == len(placed)


def test_a_gate_is_moved_by_numbers_and_arrows_and_taken_off_without_a_script(client, rows):
    assert post(client, "gates/north", x="990", y="5", move="right").status_code == 303
    post(client, "gates/north", x="1000", y="5", move="up")
    assert spots(rows)["north"] == (1000, 0)
    assert 'aria-label="北门 · ' in client.get(PAGE).text
    post(client, "gates/north", x="1", y="1", move="off")
    assert spots(rows)["north"] == (None, None)


@pytest.mark.wide
@pytest.mark.parametrize("typed", ["-1", "1001", "", "x", "9" * 40])
def test_a_spot_that_is_not_on_the_map_is_refused_beside_its_field(client, rows, typed):
    answer = post(client, "gates/north", x=typed, y="5")
    assert (answer.status_code, spots(rows)["north"]) == (422, (None, None))
    assert 'id="x-wrong-1"' in answer.text


def test_one_press_on_a_dot_opens_the_tile_with_its_actions_and_comes_back_to_the_map(client):
    post(client, "gates/north", x="10", y="20")
    page = client.get(PAGE, query_string={"gate": "north"}).text
    assert 'id="gate-north"' in page
    found = re.search(r'action="(/manage/lanes/north-in/open)"', page)[1]
    once = once_of(page[page.index(found) :])
    answer = client.post(
        found, data={"csrf_token": csrf_of(page), "once": once, "back": "map", "reason": "A delivery"}
    )
    assert answer.location.startswith(PAGE)


def test_a_stolen_gate_is_on_no_map(client, rows):
    post(client, "gates/north", x="10", y="20")
    rows(lambda s: setattr(s.get_one(Gate, "north"), "state", "stolen"))
    assert "北门" not in client.get(PAGE).text


@pytest.mark.wide
def test_a_guard_sees_the_map_and_places_nothing(compound, rows):
    guard = compound.signed_in("guard")
    page = guard.get(PAGE)
    assert (page.status_code, "data-spot" in page.text, "plan.svg" in page.text) == (200, False, False)
    for path in ("gates/north", "rows", "plan", "plan/remove"):
        assert post(guard, path, x="1", y="1").status_code == 403
    assert spots(rows)["north"] == (None, None)


def test_placing_is_recorded_by_ids_alone(client, rows):
    post(client, "gates/north", x="10", y="20")
    entry = rows(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "gate_on_map")).one().facts)
    assert (entry["gate_id"], "北门" in str(entry)) == ("north", False)


def test_a_drawing_is_shown_under_the_gates_and_taken_away(client):
    assert client.get(f"{PAGE}plan.svg").status_code == 404
    assert send_plan(client, DRAWN).status_code == 303
    shown = client.get(f"{PAGE}plan.svg")
    assert (shown.mimetype, "M0 0h8v8z" in shown.text) == ("image/svg+xml", True)
    assert 'href="/manage/map/plan.svg"' in client.get(PAGE).text
    post(client, "plan/remove")
    assert client.get(f"{PAGE}plan.svg").status_code == 404


@pytest.mark.wide
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "not an SVG drawing"),
        (b"\xff\xd8\xff\xe0" + bytes(64), "not an SVG drawing"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "not an SVG drawing"),
        (DRAWN.replace(b"<path", b"<script>x()</script><path"), "“script”"),
        (DRAWN.replace(b"<path", b'<image href="data:image/png;base64,AAAA"/><path'), "“image”"),
        (DRAWN.replace(b"<path", b"<foreignObject/><path"), "“foreignObject”"),
        (DRAWN.replace(b"<path", b'<a href="https://example.org"/><path'), "“a”"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + DRAWN, "not an SVG drawing"),
        (DRAWN + b" " * 262_144, "256 kB"),
        (DRAWN.replace(b"<path", b"<g/>" * 10_000 + b"<path"), "10000 shapes"),
        (b"", "Choose a file."),
    ],
)
def test_anything_but_a_drawing_gets_one_sentence_and_is_not_kept(client, content, said):
    answer = send_plan(client, content)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert client.get(f"{PAGE}plan.svg").status_code == 404


def test_a_file_of_thirty_megabytes_gets_the_sentence_beside_its_field(client):
    part = b'--x\r\nContent-Disposition: form-data; name="plan"; filename="plan.png"\r\n\r\n'
    whole = part + bytes(30_000_000) + b"\r\n--x--\r\n"
    answer = client.post(f"{PAGE}plan", data=whole, content_type="multipart/form-data; boundary=x")
    assert (answer.status_code, "256 kB" in answer.text) == (413, True)


@pytest.mark.wide
def test_many_gates_are_one_dot_a_building_and_a_bounded_page(compound, client):
    with compound.act() as act:
        for number in range(90):
            add_gate(act, f"s{number}", f"{1 + number // 9}栋{1 + number % 9}单元")
    post(client, "rows")
    page = client.get(PAGE).text
    labels = re.findall(r'aria-label="([^"]*90?[^"]*)"', page)
    assert any(label.startswith("3栋 · 9 gates") for label in labels)
    assert page.count('class="lines"') == 1
    assert "more gates are not listed" in page
    dot = re.search(r'href="([^"]*dot=s18)#panel"', page)[1]
    assert "3栋9单元" in client.get(dot.replace("&amp;", "&")).text


@pytest.mark.parametrize("path", ["/manage/map/", "/manage/gates/places/"])
def test_without_a_gate_the_page_leads_to_the_first(compound, path):
    with compound.act() as act:
        for gate in act.session.scalars(select(Gate)):
            gate.state, gate.place_id = "retired", None
        act.session.flush()
        act.session.execute(delete(Place))
    assert 'href="/manage/gates/new"' in compound.signed_in("manager").get(path).text


FORCED = Mark("alarm", "bad", "warning", "Forced")


def state(gate_id, spot, building="", *marks):
    return GateState(Gate(gate_id=gate_id, name=gate_id, map_x=spot[0], map_y=spot[1]), (), marks, building)


@pytest.mark.parametrize(("outer", "buildings"), [(3, 0), (2, 1), (0, 33), (6, 33), (10, 110)])
def test_proposed_spots_are_on_the_map_and_no_two_are_one(outer, buildings):
    gates = {f"outer{one}": "" for one in range(outer)}
    gates |= {f"b{one}-{unit}": f"{one}" for one in range(buildings) for unit in range(9)}
    spots = proposed_spots(gates)
    assert spots.keys() == gates.keys()
    assert all(x in PER_MILLE and y in PER_MILLE for x, y in spots.values())
    assert len(set(spots.values())) == len(spots)


@pytest.mark.parametrize("buildings", [1, 33, 400])
def test_dots_never_touch_and_hold_each_gate_once(buildings):
    gates = {f"b{one}-{unit}": f"{one}" for one in range(buildings) for unit in range(9)}
    spots = proposed_spots(gates)
    dots = dots_of([state(gate_id, spots[gate_id], building) for gate_id, building in gates.items()])
    assert sorted(one.gate.gate_id for dot in dots for one in dot.states) == sorted(gates)
    assert all(dist((a.x, a.y), (b.x, b.y)) >= APART for a, b in combinations(dots, 2))


def test_a_building_of_many_gates_is_one_dot_with_its_worst_state():
    many = [state(f"g{one}", (one * 60, 500), "3栋") for one in range(14)]
    forced = state("forced", (900, 500), "3栋", FORCED)
    (dot,) = dots_of([*many, forced])
    assert (dot.shape, dot.states[0].gate.gate_id, len(dot.states)) == ("bad", "forced", 15)


def test_the_chosen_gate_has_a_dot_alone():
    near = [state("a", (500, 500)), state("b", (501, 500))]
    assert [len(dot.states) for dot in dots_of(near)] == [2]
    assert [len(dot.states) for dot in dots_of(near, "b")] == [1, 1]


def test_a_gate_without_a_spot_has_no_dot():
    assert dots_of([state("a", (None, None))], "a") == []
