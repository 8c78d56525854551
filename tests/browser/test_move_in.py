"""A Saturday of moving in, in a real browser: families, two thousand people, cards one after another.

With MENJIN_SCREENSHOTS=FOLDER each step is also kept there as a picture, in both languages.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from tests.browser.axe import needs_axe
from tests.browser.import_forms import send
from tests.browser.office_screen import SIZES, look, sign_in
from tests.browser.resident_screen import PHONE, read_code, shown
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import Compound
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin

pytestmark = pytest.mark.browser


def test_from_the_move_in_to_the_first_entry(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    office = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    page = office.new_page()
    sign_in(page, address)
    page.goto(f"{address}/manage/people/move-in")
    expect(page.get_by_label("Home number")).to_be_focused()
    page.keyboard.type("7-0101")
    page.locator("#members-0-name").focus()
    page.keyboard.type("何静")
    page.locator("#members-0-card").focus()
    page.keyboard.type("7100001")
    page.keyboard.press("Enter")  # the desk reader's own Enter
    expect(page.locator("#members-1-card")).to_be_focused()
    expect(page.get_by_role("heading", name="A family moves in")).to_be_visible()
    page.get_by_role("button", name="Move them in").focus()
    page.keyboard.press("Enter")
    code = page.locator(".code").inner_text()
    office.close()

    pocket = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="en-GB", has_touch=True)
    phone = pocket.new_page()
    managed.clock.now = datetime.now(UTC)
    phone.goto(f"{address}/r/welcome/{code}")
    phone.get_by_role("button", name="Open my page").click()
    phone.get_by_role("link", name="Not now").click()  # an invitation read in English opens an English page
    phone.get_by_role("button", name="Switch on the QR code").click()
    shown(phone, "phone")
    text = read_code(phone)
    managed.clock.now = datetime.now(UTC)
    with managed.app.app_context(), current_menjin().database.session() as session:
        person_id = session.scalars(select(Person.person_id).where(Person.display_name == "何静")).one()
    at_gate = Compound(managed.app, managed.clock, managed.site_id, person_id, "", "", "")
    decision = at_gate.decide(text)
    assert (decision.opens, decision.person_id) == (True, person_id)
    pocket.close()


@pytest.mark.wide
@pytest.mark.parametrize(
    ("size", "language", "more", "added"),
    [
        ("desktop", "en", "and 1800 more rows", "Read in: added: 2000."),
        pytest.param(
            "phone",
            "zh",
            "另有 1800 行",
            "已读入：新增 2000 人。",
            marks=[pytest.mark.slow],
        ),
    ],
)
def test_two_thousand_people_are_read_in_while_the_page_is_left(
    browser: Browser,
    managed: ManagedCompound,
    address: str,
    tmp_path: Path,
    size: str,
    language: str,
    more: str,
    added: str,
) -> None:
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale)
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/manage/people/import")
    rows = "".join(f"{70 + i // 300}-{i % 300 // 3 + 1},何静 {i},,{8_000_000 + i}\n" for i in range(2000))
    (tmp_path / "people.csv").write_text("home,name,kind,card\n" + rows, encoding="utf-8")
    page.locator("#file").set_input_files(tmp_path / "people.csv")
    page.locator("form[enctype] button").press("Enter")
    expect(page.get_by_text(more)).to_be_visible()
    page.locator("form[action$='/confirm'] button:not([name])").press("Enter")
    expect(page.locator("#progress")).to_be_visible()
    where = page.url
    page.goto(f"{address}/manage/people/")  # left; the work goes on
    page.goto(where)
    expect(page.get_by_text(added)).to_be_visible(timeout=60_000)
    with managed.app.app_context(), current_menjin().database.session() as session:
        found = session.scalar(select(func.count()).where(Person.display_name.startswith("何静 ")))
    assert found == 2000
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    context.close()


@pytest.mark.wide
def test_a_reader_that_types_gives_one_card_after_another_by_keyboard_alone(
    browser: Browser, managed: ManagedCompound, address: str, tmp_path: Path
) -> None:
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/manage/people/import")
    send(
        page,
        "Sheet as a CSV file or Excel workbook",
        "Check the file",
        tmp_path,
        b"home,name\n9-10,A\n9-2,B\n9-9,C\n",
    )
    page.get_by_role("button", name="Read in 3 rows").press("Enter")
    page.goto(f"{address}/manage/cards/batch?building=9")
    turns = []
    for number in ("7200001", "7200002", "7200003"):
        expect(page.get_by_label("Card number")).to_be_focused()
        turns.append(page.locator("#turn").inner_text())
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"Home {turns[-1]} has its card.")).to_be_visible()
    expect(page.get_by_text("Every home has a card")).to_be_visible()
    assert turns == ["9-2", "9-9", "9-10"]
    context.close()


@pytest.mark.wide
@needs_axe
@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [
        ("phone", "zh", "light"),
        pytest.param("phone", "en", "dark", marks=pytest.mark.slow),
        pytest.param("desktop", "en", "light", marks=pytest.mark.slow),
        pytest.param("desktop", "zh", "dark", marks=pytest.mark.slow),
    ],
)
def test_each_page_of_moving_is_accessible_and_fits_in_each_of_its_states(
    browser: Browser,
    managed: ManagedCompound,
    address: str,
    tmp_path: Path,
    size: str,
    language: str,
    scheme: str,
) -> None:
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale, color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(page, address)

    def see(name: str) -> None:
        problems.extend(look(page, f"{name}-{language}-{size}-{scheme}"))

    sheet = (
        "home,name,kind,card\n7-0101,何静,,7100001\n7-0101,,,7100002\n3-1203,王芳,helper,7100003\n"
        "3-1203,Rimsky-Korsakov,resident,6EB26C\n1-0101,林薇,,\n"
    )
    (tmp_path / "people.csv").write_text(sheet, encoding="utf-8")
    page.goto(f"{address}/manage/people/import")
    page.locator("#file").set_input_files(tmp_path / "people.csv")
    page.locator("#is_complete").check()
    page.locator("form[enctype] button").click()
    see("import-changes")
    page.locator("#tap1").fill("1")
    page.locator("#tap2").fill("2")
    page.locator("#prove button").click()
    see("import-unproven")
    page.locator("form[action$='/confirm'] button:not([name])").click()
    see("import-takes")
    page.locator("[data-act-preview] .btn-bad").click()
    page.goto(f"{address}/manage/people/move-in")
    page.locator("#number").fill("3-1203")
    page.locator("#members-0-name").fill("何静")
    page.locator("#members-0-card").fill("7100001")
    submit(page)
    see("move-in-wrong")
    page.locator("#joins").check()
    submit(page)
    see("move-in-wrong-card")
    page.locator("#members-0-card").fill("7100010")
    submit(page)
    see("moved-in")
    page.goto(f"{address}/manage/people/?building=3")
    see("people-of-a-building")
    page.locator(".list a.number").first.click()
    page.goto(page.url + "/move-out")
    see("home-moves-out")
    page.goto(f"{address}/manage/people/?state=unnamed")
    page.locator(".list td a:not(.number)").first.click()
    see("unnamed-cards")
    page.locator("a[href$='/holder']").first.click()
    see("card-holder")
    page.goto(page.url.replace("/holder", "/replace"))
    see("card-replace")
    page.goto(f"{address}/manage/cards/batch")
    see("card-batch")
    page.goto(f"{address}/manage/people/staff/new")
    see("staff-new")
    page.goto(f"{address}/manage/cards/")
    see("cards")
    context.close()
    assert problems == []


def submit(page: Page) -> None:
    """Press the form's main button."""
    page.locator("main form[data-tap-form] button.btn-accent").click()
    expect(page.locator("h1")).to_be_visible()
