"""A page says which gates are silent, and which it offers."""

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.support.act_previews import done, is_preview
from tests.support.compounds.desk import card_of, read
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.forms import send as press
from tests.web_admin.manage.lane_sheet_form import EDIT, FORM
from web_admin.accounts.models import ApiKey, User
from web_admin.compound.models import Gate
from web_admin.core.job_models import LongJob
from web_admin.credentials.models import EmergencyCode
from web_admin.custody.models import GateFaceRow
from web_admin.web.gate_sets import LONG_LIST, OfferedGates

PRODUCT = Path(__file__).parents[3] / "web_admin"
SILENT = "No contact: 北门. They receive this when they are in contact again"


@pytest.fixture
def paired_compound(compound):
    with compound.act() as act:
        for gate in act.session.scalars(select(Gate)):
            gate.state, gate.last_seen_at = "paired", act.now
            gate.card_key_sealed = act.sealer.seal(bytes(32), purpose="gate-key")
            gate.pin_key_sealed = act.sealer.seal(bytes(32), purpose="gate-key")
    return compound


@pytest.fixture
def client(paired_compound):
    return paired_compound.signed_in("manager")


def fall_silent(compound):
    with compound.act() as act:
        act.session.get_one(Gate, "north").last_seen_at = act.now - timedelta(hours=1)


def send(client, page_path, path, **data):
    """Press a button of a page, follow where it leads, and return what is read there."""
    page = client.get(page_path).text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)
    typed = {"csrf_token": csrf_of(page), "once": once[1] if once else "", **data}
    answer = done(client, client.post(path, data=typed))
    return client.get(answer.location).text if answer.location else answer.text


def suspend_card(compound, client):
    person_id = compound.persons["王芳"]
    card = read(compound, lambda s: card_of(s, person_id))
    return send(client, f"/manage/people/{person_id}", f"/manage/cards/{card}/suspend")


def suspend_person(compound, client):
    page = f"/manage/people/{compound.persons['王芳']}"
    until = compound.clock().astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(days=3)
    typed = {"reason": "moved_out", "until": until.strftime("%Y-%m-%dT%H:%M")}
    return send(client, page, f"{page}/suspend", **typed)


def suspend_lost_card(compound, client):
    card = read(compound, lambda s: card_of(s, compound.persons["王芳"]))
    return send(client, "/manage/lost-card", f"/manage/lost-card/{card}")


def end_code(compound, client):
    code = read(compound, lambda s: s.scalars(select(EmergencyCode.credential_id)).first())
    return send(client, "/manage/emergency/", f"/manage/emergency/{code}/end")


def clear_tampering(compound, client):
    with compound.act() as act:
        act.session.add(GateFaceRow(gate_id="north", tamper_id="aa", tampered_at=act.now))
    return send(client, "/manage/gates/north", "/manage/gates/north/tampering-cleared", tamper_id="aa")


CHANGES = {
    suspend_card: "The card is suspended.",
    suspend_person: "The person is suspended.",
    suspend_lost_card: "The card is suspended.",
    end_code: "The code has ended.",
    clear_tampering: "The tamper alarm is cleared.",
}


@pytest.mark.wide
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_names_the_gates_that_do_not_have_it(paired_compound, client, change) -> None:
    fall_silent(paired_compound)
    page = change(paired_compound, client)
    assert CHANGES[change] in page
    assert SILENT in page
    assert "within seconds" not in page


@pytest.mark.wide
@pytest.mark.parametrize("change", CHANGES)
def test_with_all_gates_in_contact_there_is_no_warning(paired_compound, client, change) -> None:
    page = change(paired_compound, client)
    assert re.search(rf"{re.escape(CHANGES[change])} The gates? knows? within seconds\.", page)
    assert "No contact" not in page


def ends(compound, client):
    """Return the pages that say what follows from ending a key, an account and an emergency code."""
    press(client, "/manage/keys/new", name="Couriers", scopes=["people:read"], days="30")
    key = read(compound, lambda s: s.scalars(select(ApiKey)).one()).key_id
    guard = read(compound, lambda s: s.scalar(select(User.id).where(User.email == "guard@example.org")))
    code = read(compound, lambda s: s.scalars(select(EmergencyCode.credential_id)).first())
    account = f"/manage/staff/{guard}"
    return [
        press(client, "/manage/keys/", f"/manage/keys/{key}/end"),
        press(client, account, f"{account}/close"),
        press(client, "/manage/emergency/", f"/manage/emergency/{code}/end"),
    ]


@pytest.mark.wide
def test_only_the_end_of_what_gates_know_names_those_without_contact(paired_compound, client) -> None:
    fall_silent(paired_compound)
    pages = ends(paired_compound, client)
    assert [is_preview(page) for page in pages] == [True, True, True]
    assert [SILENT in page.text for page in pages] == [False, False, True]


@pytest.mark.wide
def test_gates_that_are_cloned_or_stolen_are_named_and_retired_ones_hold_up_no_sentence(
    paired_compound, client
) -> None:
    with paired_compound.act() as act:
        act.session.get_one(Gate, "garage").state = "retired"
    assert "The gates know within seconds." in suspend_person(paired_compound, client)
    with paired_compound.act() as act:
        act.session.get_one(Gate, "north").forked_at = act.now
        act.session.get_one(Gate, "garage").state = "stolen"
    page = suspend_card(paired_compound, client)
    assert "Two controllers use one key: 北门. Which of the two has this is unknown" in page
    assert "Reported stolen: 车库. The server no longer answers it" in page
    assert "within seconds" not in page


@pytest.mark.wide
@pytest.mark.parametrize("state", ["new", "stolen", "silent"])
@pytest.mark.first_set
def test_many_gates_are_one_sentence_that_leads_to_them_and_the_cookie_stays_small(
    paired_compound, client, state
) -> None:
    with paired_compound.act() as act:
        sealed = act.sealer.seal(bytes(32), purpose="gate-key")
        for number in range(1000):
            stored = "paired" if state == "silent" else state
            name = f"桂花苑{number % 7}栋{number}单元东门"
            act.session.add(
                Gate(
                    gate_id=f"stair-{number}",
                    site_id=act.site_id,
                    number=100 + number,
                    name=name,
                    state=stored,
                    card_key_sealed=sealed,
                    pin_key_sealed=sealed,
                )
            )
    page = client.get("/manage/hours/new").text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)
    typed = {"name": "Nights", "span1-days": ["sat"], "span1-start": "22:00", "span1-end": "23:00"}
    answer = client.post("/manage/hours/new", data={"csrf_token": csrf_of(page), "once": once[1], **typed})
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    assert max(map(len, cookies)) < 2000
    said = client.get("/manage/gates/").text
    assert "/manage/?state=differs" in said
    assert re.findall(r"(\d+) gates do not have this yet", said) == ["1000"]


@pytest.mark.parametrize("number", ["4200005", "4299999"])
def test_a_found_card_warns_alike_for_every_number(paired_compound, client, number) -> None:
    fall_silent(paired_compound)
    page = send(client, "/manage/lost-card", "/manage/lost-card/number", number=number)
    assert "If this card worked here, it is suspended now" in page
    assert SILENT in page


@pytest.mark.wide
@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("paired", "The lane is live. The gate knows within seconds."),
        ("new", "Without a controller: 车库. They get it once they are paired."),
    ],
)
def test_a_lane_that_goes_live_speaks_of_its_own_gate(paired_compound, state, says) -> None:
    fall_silent(paired_compound)
    with paired_compound.act() as act:
        act.session.get_one(Gate, "garage").state = state
    page = send(paired_compound.signed_in("installer"), EDIT, EDIT, intent="live", **FORM)
    assert "The lane is live." in page
    assert says in page
    assert "No contact" not in page.partition("The lane is live.")[2].partition("</div>")[0]


@pytest.mark.wide
def test_the_page_of_a_sheet_that_was_read_in_names_the_silent_gates(paired_compound, client) -> None:
    fall_silent(paired_compound)
    with paired_compound.act() as act:
        act.session.add(
            LongJob(
                job_id="one",
                site_id=paired_compound.site_id,
                kind="import_people",
                author_id="tests",
                state="done",
                total=3,
                result={"added": 3},
                created_at=act.now,
            )
        )
    page = client.get("/manage/people/import/jobs/one").text.partition('id="progress"')[2]
    assert "added: 3" in page
    assert SILENT in page
    assert "within seconds" not in page


@pytest.mark.wide
def test_no_other_text_promises_that_gates_know_within_seconds() -> None:
    calls = re.compile(r"\b(?:_l?|n?gettext)\((.*?)\)", re.DOTALL)
    sources = [
        (path.name, path.read_text(encoding="utf-8"))
        for pattern in ("*.py", "*.html")
        for path in PRODUCT.rglob(pattern)
        if path.name != "silent_gates.py"
    ]
    said = [
        (name, text)
        for name, source in sources
        if "within seconds" in source  # looking for calls in all of them takes seconds
        for text in calls.findall(source)
        if "within seconds" in text
    ]
    assert [found for found in said if "ates that are online" not in found[1]] == []
    assert said, "the sentences of gates that are online are found too"


def test_of_a_way_that_is_longer_than_the_list_the_rest_comes_first_under_more() -> None:
    gates = [Gate(gate_id=f"g{number:02}", number=number) for number in range(30)]
    way, nearest = gates[18:], gates[25]
    offered = OfferedGates(gates, way, nearest, [])
    assert (len(offered.near), offered.near[0]) == (LONG_LIST, nearest)
    assert {*offered.near, *offered.far[: len(way) - LONG_LIST]} == set(way)
    assert len({*offered.near, *offered.far}) == len(gates)


def test_few_gates_are_shown_at_once_those_beside_the_way_under_more() -> None:
    gates = [Gate(gate_id=f"g{number}", number=number) for number in range(4)]
    assert OfferedGates(gates, gates[:2], gates[0], []).near == gates[:2]
    assert OfferedGates(gates, gates[:2], gates[0], []).far == gates[2:]
    assert (OfferedGates(gates, [], gates[0], []).near, OfferedGates(gates, [], gates[0], []).far) == (
        gates,
        [],
    )
