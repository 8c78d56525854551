"""The desk and what is printed there, in a real browser: by keyboard alone, in both languages, on paper."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.axe import axe, needs_axe
from tests.browser.office_screen import SMALL_TARGETS, sign_in
from tests.support.compounds.desk import card_of, give_pins, read, show_at_a_gate, use_before_today
from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import CredentialRow

pytestmark = pytest.mark.browser

A_MM_IN_POINTS = 72 / 25.4


def page_of(browser: Browser, address: str, role: str, locale: str, width: int = 1280) -> Page:
    """Return a page on which a member of staff is signed in."""
    page = browser.new_context(locale=locale, viewport={"width": width, "height": 844}).new_page()
    sign_in(page, address, role)
    return page


def open_visit(page: Page, managed: ManagedCompound) -> None:
    """Begin with a card by keyboard alone, and show it at a gate."""
    use_before_today(managed.app)
    page.keyboard.type("4200005\n")
    page.locator("form[action$='/desk/proof'] button").wait_for()
    show_at_a_gate(managed.app)
    page.locator("form[action$='/desk/proof'] button").press("Enter")
    page.wait_for_url("**/r/")


def pause(page: Page) -> None:
    """Stop the page's clock, so that no time is between two keys."""
    page.clock.pause_at(datetime.fromtimestamp(page.evaluate("Date.now() / 1000") + 1, UTC))


def problems_of(page: Page) -> list[str]:
    """Return what axe, the targets' sizes and the width of the page complain of."""
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*axe(page), *page.evaluate(SMALL_TARGETS), *(["wide"] * bool(wide))]


def paper_of(page: Page) -> list[tuple[float, float]]:
    """Return the sizes in mm of the pages that come out of the printer."""
    pdf = page.pdf(prefer_css_page_size=True)
    count = len(re.findall(rb"/Type\s*/Page[^s]", pdf))
    sizes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(sizes) == count
    return [(float(w) / A_MM_IN_POINTS, float(h) / A_MM_IN_POINTS) for w, h in sizes]


@pytest.mark.wide
@needs_axe
@pytest.mark.parametrize(("locale", "width"), [("en-GB", 390), ("zh-CN", 1280)])
def test_a_card_and_enter_open_the_desk_and_its_pages_pass_axe(
    browser: Browser, managed: ManagedCompound, address: str, locale: str, width: int
) -> None:
    page = page_of(browser, address, "guard", locale, width)
    page.goto(f"{address}/manage/desk")
    assert problems_of(page) == []
    open_visit(page, managed)
    assert problems_of(page) == []
    size = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert size >= 20
    for path in ("/r/visitors", "/r/records", "/r/face", "/r/code"):
        page.goto(f"{address}{path}")
        assert (path, problems_of(page)) == (path, [])
    page.context.close()


@pytest.mark.wide
def test_a_tap_begins_a_visit_wherever_the_focus_is(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    page = page_of(browser, address, "guard", "en-GB")
    page.clock.install()
    page.goto(f"{address}/manage/desk")
    page.wait_for_load_state("load")
    page.keyboard.type("no card\n")
    expect(page.locator("[data-problems]")).to_be_focused()
    for place in ("[data-problems]", "form[action$='/desk/card'] button", "#home", "#pin", "#form"):
        page.wait_for_load_state("load")
        page.locator(place).focus()
        pause(page)  # no time between the keys: a reader
        page.keyboard.type("4200005\n")
        again = page.get_by_role("button", name="Begin again")
        again.wait_for()
        page.wait_for_load_state("load")
        page.locator("form[action$='/proof/pin'] #pin").focus()
        page.keyboard.type("4200005\n")  # shown once more, beside the PIN
        expect(page.locator("form[action$='/proof/pin'] #pin")).to_have_value("")
        again.click()
        page.clock.resume()
        expect(page.locator("[data-tap]")).to_be_focused()
    page.locator("#home").focus()
    pause(page)
    for digit in "31203333":
        page.keyboard.type(digit)
        page.clock.run_for(70)  # a person
    page.keyboard.press("Enter")
    expect(page.locator("#home")).to_have_value("31203333")
    expect(page.locator("[data-tap]")).to_have_value("")
    page.context.close()


@pytest.mark.wide
def test_what_is_on_the_screen_goes_with_the_visit(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    page = page_of(browser, address, "guard", "en-GB")
    page.clock.install()
    page.goto(f"{address}/manage/desk")
    open_visit(page, managed)
    page.goto(f"{address}/r/records")
    page.clock.run_for(9 * 60_000 + 30_000)
    expect(page.locator("[data-desk-said]")).to_have_text("ends in less than a minute")
    page.clock.run_for(31_000)
    page.wait_for_url("**/manage/desk?over=1")
    page.context.close()


def test_three_steps_by_keyboard_alone_stop_a_lost_card_and_print_on_58_mm(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    page = page_of(browser, address, "guard", "zh-CN")
    page.goto(f"{address}/manage/lost-card")
    page.keyboard.type("3-1203\n")
    expect(page.locator("ul.rows button").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("ul.rows button").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/lost-card/slip/*")
    expect(page.locator("[data-print]")).to_be_focused()
    states = read(
        managed,
        lambda s: [
            s.get_one(CredentialRow, card_of(s, managed.persons[name])).state for name in ("王芳", "王磊")
        ],
    )
    assert sorted(states) == ["active", "suspended"]
    assert "王" not in page.locator(".slip").inner_text()
    ((width, height),) = paper_of(page)
    assert abs(width - 58) < 0.5
    assert height < 155
    page.context.close()


@pytest.mark.wide
def test_a_printed_code_is_as_large_as_a_bank_card(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    page = page_of(browser, address, "guard", "en-GB")
    page.goto(f"{address}/manage/desk")
    open_visit(page, managed)
    page.get_by_role("button", name="Make a printed code").click()
    box = page.locator("article.card").bounding_box()
    assert box is not None
    assert abs(box["width"] / 96 * 25.4 - 85.6) < 0.3
    assert abs(box["height"] / 96 * 25.4 - 54) < 0.3
    assert len(paper_of(page)) == 1
    page.context.close()


@pytest.mark.wide
@needs_axe
def test_a_run_is_made_printed_one_page_a_person_and_handed_out(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    give_pins(managed)
    page = page_of(browser, address, "manager", "en-GB")
    page.goto(f"{address}/manage/print")
    assert problems_of(page) == []
    page.get_by_label("Sealed PIN slips").check(force=True)
    page.locator("[name=buildings][value='3']").check(force=True)
    page.get_by_role("button", name="Begin").click()
    show = page.get_by_role("button", name="Show the pages and print")
    expect(show).to_be_visible()
    assert problems_of(page) == []
    show.click()
    expect(page.locator(".sheet")).to_have_count(2)
    assert [(round(width), round(height)) for width, height in paper_of(page)] == [(210, 297)] * 2
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="They were handed out").click()
    page.locator("#typed-word").fill("end")
    page.locator("form[data-act-preview] button[type=submit]").first.click()
    expect(page.locator(".flash.success")).to_contain_text("2 of 2 new PINs work now")
    pins = select(CredentialRow).where(CredentialRow.kind == "pin", CredentialRow.state == "active")
    assert len(read(managed, lambda s: s.scalars(pins).all())) == 4  # with 王芳's own and her duress PIN
    page.context.close()
