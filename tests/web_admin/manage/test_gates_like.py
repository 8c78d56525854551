"""The page that adds many gates like one: what it says, what it stores, what it refuses beside the list."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from sqlalchemy import select

from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.support.compounds.resident import csrf_of
from web_admin.compound.models import Gate, Lane
from web_admin.gates.actions import add_gate
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_status import lane_status
from web_admin.gates.sheets import save_sheet
from web_admin.manage.gates_like import MAX_LIST_CHARS, SHOWN_LINES

PAGE = "/manage/gates/garage/more"


@pytest.fixture
def compound_begins():
    return datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def client(compound):
    return compound.signed_in("installer")


def field(page: str, name: str) -> str:
    return unescape(re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1])


def form_of(client, gates: str) -> dict[str, str]:
    page = client.get(PAGE).text
    return {"gates": gates, "csrf_token": csrf_of(page), "once": field(page, "once")}


def send(client, gates: str):
    """Press the first of the two buttons: the list is looked through."""
    return client.post(PAGE, data=form_of(client, gates))


def shown_form(page: str, intent: str = "add") -> dict[str, str]:
    """Return what a button of the preview sends."""
    return {name: field(page, name) for name in ("gates", "shown", "once")} | {
        "csrf_token": csrf_of(page),
        "intent": intent,
    }


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of the preview's table."""
    body = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL)[1]
    rows = body.split("</tr>")[:-1]
    return [re.findall(r"<td[^>]*>(?:<span[^>]*>)?(.*?)(?:</span>)?</td>", row) for row in rows]


def with_lanes(gate: str) -> str:
    """Return the cell of a new gate's name, which has its lanes' as well."""
    return f'{gate}<br><span class="muted small">{gate}进, {gate}出'


def beside(page: str) -> list[str]:
    """Return the sentences beside the list."""
    return re.findall(r'id="gates-wrong-\d+">.*?<span>(.*?)</span>', page, re.DOTALL)


def gates_of(compound) -> dict[str, str]:
    with compound.act() as act:
        return dict(act.session.execute(select(Gate.gate_id, Gate.name)).all())


@pytest.mark.wide
def test_a_pasted_list_becomes_gates_whose_lanes_wait_for_their_sheets(client, compound) -> None:
    before = gates_of(compound)
    preview = send(client, "3栋1单元\r\n\r\n3栋2单元\tstair-32\r\nStair 12\r\n")
    assert preview.status_code == 200
    first = len(before) + 1
    assert rows_of(preview.text) == [
        ["1", with_lanes("3栋1单元"), f"gate-{first}", str(first)],
        ["3", with_lanes("3栋2单元"), "stair-32", str(first + 1)],
        ["4", with_lanes("Stair 12"), "stair-12", str(first + 2)],
    ]
    assert "3 gates would be added" in preview.text
    assert "Names can be changed later" in preview.text
    assert gates_of(compound) == before
    answer = client.post(PAGE, data=shown_form(preview.text))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/manage/gates/")
    added = {key: name for key, name in gates_of(compound).items() if key not in before}
    assert added == {f"gate-{len(before) + 1}": "3栋1单元", "stair-32": "3栋2单元", "stair-12": "Stair 12"}
    page = client.get("/manage/gates/").text
    assert "3 gates were added. Complete each lane&#39;s sheet at its door" in page
    assert page.count("Not live: lane sheet missing") >= len(added)
    with compound.act() as act:
        lane = act.session.get_one(Lane, "stair-12-out")
        assert (lane.gate_id, lane.name) == ("stair-12", "Stair 12出"), "garage's own is 车库出"


def test_a_list_that_is_sent_twice_is_added_once(client, compound) -> None:
    form = shown_form(send(client, "3栋1单元").text)
    assert client.post(PAGE, data=form).status_code == 303
    count = len(gates_of(compound))
    assert client.post(PAGE, data=form).status_code == 303
    assert len(gates_of(compound)) == count


def test_the_list_can_be_changed_after_it_was_shown(client, compound) -> None:
    before = gates_of(compound)
    preview = send(client, "Stair 1, s1\n3栋1单元")
    answer = client.post(PAGE, data=shown_form(preview.text, "change"))
    assert answer.status_code == 200
    assert re.search(r"<textarea[^>]*>\s*Stair 1, s1\n3栋1单元</textarea>", answer.text)
    assert not beside(answer.text)
    assert gates_of(compound) == before


def test_a_long_list_is_shown_in_part(client) -> None:
    page = send(client, "\n".join(f"Stair {number}" for number in range(SHOWN_LINES + 3))).text
    assert len(rows_of(page)) == SHOWN_LINES
    assert "and 3 more gates" in page
    assert f"Add these {SHOWN_LINES + 3} gates" in page


def test_what_came_out_different_meanwhile_is_shown_again_and_not_added(client, compound) -> None:
    preview = send(client, "3栋1单元\nStair 12")
    with compound.act() as act:
        add_gate(act, "bare", "Bare")
    before = gates_of(compound)
    again = client.post(PAGE, data=shown_form(preview.text))
    assert again.status_code == 422
    assert "Something changed meanwhile, so nothing was added." in again.text
    assert gates_of(compound) == before
    assert rows_of(again.text)[0][2] == f"gate-{len(before) + 1}" != rows_of(preview.text)[0][2]
    assert client.post(PAGE, data=shown_form(again.text)).status_code == 303
    assert len(gates_of(compound)) == len(before) + 2


def test_what_is_wrong_by_then_has_its_sentence_beside_the_list(client, compound) -> None:
    preview = send(client, "3栋1单元\nStair 12")
    with compound.act() as act:
        add_gate(act, "bare", "Stair 12")
    before = gates_of(compound)
    answer = client.post(PAGE, data=shown_form(preview.text))
    assert answer.status_code == 422
    assert len(beside(answer.text)) == 1
    assert beside(answer.text)[0].startswith("Line 2, “Stair 12”: A gate with this name exists already.")
    assert gates_of(compound) == before


@pytest.mark.parametrize("shown", [None, "", "made up"])
def test_nothing_is_added_that_was_not_shown(client, compound, shown) -> None:
    before = gates_of(compound)
    form = form_of(client, "3栋1单元") | {"intent": "add"} | ({} if shown is None else {"shown": shown})
    assert client.post(PAGE, data=form).status_code == 422
    assert gates_of(compound) == before


def test_a_draft_sent_as_it_is_puts_no_lane_live(client, compound) -> None:
    with compound.act() as act:
        for lane in act.session.scalars(select(Lane).where(Lane.gate_id == "garage")):
            save_sheet(act, lane.lane_id, WHOLE_SHEET)
    client.post(PAGE, data=shown_form(send(client, "Stair 12").text))
    edit = "/manage/lanes/stair-12-out/sheet/edit"
    page = client.get(edit).text
    answer = client.post(edit, data=as_it_is(page) | {"intent": "live"})
    assert answer.status_code == 422
    assert "Say whether people leave through this lane in an emergency." in answer.text
    with compound.act() as act:
        assert not lane_status(act.session.get_one(LaneSheetRow, "stair-12-out")).is_live


def as_it_is(page: str) -> dict[str, str]:
    """Return what a browser sends of the sheet's form when no field of it was touched."""
    form = re.search(r'<form class="card-box[^"]*" method="post".*?</form>', page, re.DOTALL)[0]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") not in ("radio", "checkbox") or re.search(r"\schecked\b", tag):
            sent[said["name"]] = unescape(said.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        sent[name] = chosen[1] if chosen else ""
    assert (sent["lock"], sent["fails"]) == ("fail_secure_strike", "secure")
    assert "on_escape_route" not in sent
    return sent


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


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        ("", "Type at least one gate"),
        (" , \n\t\n", "Type at least one gate"),
        ("x\n" * 1001, "At most 1000 gates"),
        ("北" * (MAX_LIST_CHARS + 1), "This list is too long"),
    ],
)
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


def test_the_page_says_who_may_pass_later_and_what_is_tried_at_each_door(client) -> None:
    page = client.get(PAGE).text
    assert "People who are added later may pass the new lanes too, unless lanes are chosen for them." in page
    assert "how people get out is tried at each door" in page


def test_the_page_says_that_refusing_becomes_reporting_only_where_a_lane_refuses(client, compound) -> None:
    assert "only reports them" not in client.get(PAGE).text
    with compound.act() as act:
        act.session.scalars(select(Lane).where(Lane.gate_id == "garage")).first().antipassback = "hard"
    assert "only reports them" in client.get(PAGE).text
