"""The page that adds many gates like one: what it says, what it stores, what it refuses beside the list."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from tests.support.compounds.resident import csrf_of
from web_admin.compound.models import Gate, Lane
from web_admin.gates.actions import add_gate
from web_admin.manage.gates_like import SHOWN_LINES

PAGE = "/manage/gates/garage/more"


@pytest.fixture
def compound(web_config, database):
    made = make_managed_compound(web_config, SetClock(datetime(2026, 3, 4, 4, 0, tzinfo=UTC)))
    yield made
    made.close()


@pytest.fixture
def client(compound):
    return compound.signed_in("installer")


def form_of(client, gates: str) -> dict[str, str]:
    page = client.get(PAGE).text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    return {"gates": gates, "csrf_token": csrf_of(page), "once": once}


def send(client, gates: str):
    return client.post(PAGE, data=form_of(client, gates))


def beside(page: str) -> list[str]:
    """Return the sentences beside the list."""
    return re.findall(r'id="gates-wrong-\d+">.*?<span>(.*?)</span>', page, re.DOTALL)


def gates_of(compound) -> dict[str, str]:
    with compound.act() as act:
        return dict(act.session.execute(select(Gate.gate_id, Gate.name)).all())


def test_a_pasted_list_becomes_gates_whose_lanes_wait_for_their_sheets(client, compound) -> None:
    before = gates_of(compound)
    answer = send(client, "3栋1单元\r\n\r\n3栋2单元\tstair-32\r\nStair 12\r\n")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/manage/gates/")
    added = {key: name for key, name in gates_of(compound).items() if key not in before}
    assert added == {f"gate-{len(before) + 1}": "3栋1单元", "stair-32": "3栋2单元", "stair-12": "Stair 12"}
    page = client.get("/manage/gates/").text
    assert "3 gates were added. Complete each lane&#39;s sheet at its door" in page
    assert page.count("Not live: lane sheet missing") >= len(added)
    with compound.act() as act:
        assert act.session.get_one(Lane, "stair-12-out").gate_id == "stair-12"


def test_a_list_that_is_sent_twice_is_added_once(client, compound) -> None:
    form = form_of(client, "3栋1单元")
    assert client.post(PAGE, data=form).status_code == 303
    count = len(gates_of(compound))
    assert client.post(PAGE, data=form).status_code == 303
    assert len(gates_of(compound)) == count


def test_each_wrong_line_has_a_sentence_and_the_list_stays_as_typed(client, compound) -> None:
    before = gates_of(compound)
    answer = send(client, "Stair 1\nStair 2, north\n北门\nStair 4, <b>\n,s5")
    assert answer.status_code == 422
    assert beside(answer.text) == [
        "Line 2, “Stair 2”: A gate with the short name north exists already. Write another short name behind "
        "the name.",
        "Line 3, “北门”: A gate with this name exists already. Leave the line out, or choose another name.",
        "Line 4, “Stair 4”: “&lt;b&gt;” is no short name. Use small letters, digits and dashes, at most 40, "
        "such as north.",
        "Line 5: The name is missing. Write it before the short name.",
    ]
    assert "Stair 2, north" in answer.text
    assert gates_of(compound) == before


def test_a_list_with_very_many_wrong_lines_says_how_many_more_there_are(client) -> None:
    said = beside(send(client, "北门\n" * (SHOWN_LINES + 3)).text)
    assert len(said) == SHOWN_LINES + 1
    assert said[-1] == "3 more lines have something to correct."


@pytest.mark.parametrize(("gates", "words"), [
    ("", "Type at least one gate"), (" , \n\t\n", "Type at least one gate"),
    ("x\n" * 1001, "At most 1000 gates"),
])
def test_a_list_as_a_whole_is_refused_beside_it(client, gates, words) -> None:
    answer = send(client, gates)
    assert answer.status_code == 422
    assert words in beside(answer.text)[0]


def test_the_button_is_for_gates_with_lanes_and_people_who_may_change_them(client, compound) -> None:
    with compound.act() as act:
        add_gate(act, "bare", "Bare")
    assert PAGE in client.get("/manage/gates/garage").text
    assert "/bare/more" not in client.get("/manage/gates/bare").text
    assert PAGE not in compound.signed_in("guard").get("/manage/gates/garage").text
    assert compound.signed_in("guard").get(PAGE).status_code == 403
    refused = client.post("/manage/gates/bare/more", data=form_of(client, "Stair 1"))
    assert "Bare has no lanes yet" in beside(refused.text)[0]


def test_the_page_says_that_refusing_becomes_reporting_only_where_a_lane_refuses(client, compound) -> None:
    assert "only reports them" not in client.get(PAGE).text
    with compound.act() as act:
        act.session.scalars(select(Lane).where(Lane.gate_id == "garage")).first().antipassback = "hard"
    assert "only reports them" in client.get(PAGE).text
