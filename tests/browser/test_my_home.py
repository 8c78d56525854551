"""My home in a real browser: a helper with a PIN, an invitation from phone to phone, every page's look."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import needs_axe
from tests.browser.phone_pages import look, set_language
from tests.browser.resident_screen import Served, welcome
from tests.support.compounds.cards import card_was_shown
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import add_person

pytestmark = [pytest.mark.browser, pytest.mark.wide]

SMALL = {"width": 320, "height": 640}


def test_an_invited_adult_opens_their_own_page_from_the_link(
    context: BrowserContext, browser: Browser, served: Served
) -> None:
    page = welcome(context, served)
    page.get_by_role("link", name="My home").click()
    page.get_by_text("Someone who lives here").click()
    page.get_by_label("Name or nickname").first.fill("Chen Li")
    page.get_by_role("button", name="Make the invitation").click()
    link = page.get_by_label("Link for Chen Li").input_value()
    other = browser.new_context(viewport=SMALL, locale="zh-CN", service_workers="block")
    guest = other.new_page()
    guest.goto(link)
    guest.locator("main form button").click()
    guest.goto(f"{served.address}/r/home")
    expect(guest.get_by_text("Chen Li")).to_be_visible()
    other.close()


def test_a_helper_is_added_by_keyboard_and_shown_a_pin_once(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    page.goto(f"{served.address}/r/home")
    page.get_by_text("A helper", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Xiao Wang")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Xiao Wang")).to_be_visible()
    page.get_by_role("button", name="Give a PIN").click()
    assert len(page.locator("[data-pin]").inner_text().replace(" ", "")) == 6
    page.get_by_role("link", name="Done").click()
    assert page.locator("[data-pin]").count() == 0


@needs_axe
@pytest.mark.parametrize(
    ("scheme", "language"),
    [pytest.param("light", "en", marks=pytest.mark.slow), ("light", "zh"), ("dark", "zh")],
)
def test_every_page_of_the_home_passes_axe_and_fits_its_screen(
    browser: Browser, served: Served, language: str, scheme: str
) -> None:
    made = browser.new_context(
        viewport=SMALL, locale={"en": "en-GB", "zh": "zh-CN"}[language], color_scheme=scheme, bypass_csp=True
    )
    page = made.new_page()
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.locator("main form button").click()
    card_was_shown(served.compound.app, served.compound.person_id)
    set_language(page, language)
    child = with_a_child(served)
    problems = shown(page, served, "empty", "/r/home", language, scheme)
    page.locator("details summary").nth(2).click()
    page.locator("#helper-name").fill({"en": "Xiao Wang", "zh": "小王"}[language])
    page.locator("[name=gates]").first.uncheck(force=True)
    page.locator("[name=gates]").last.uncheck(force=True)
    page.locator("details[open] button").click()
    problems += look(page, "home_errors", language, scheme)
    page.locator("[name=gates]").first.check(force=True)
    page.locator("details[open] button").click()
    page.locator(".part button", has_text="PIN" if language == "en" else "密码").click()
    problems += look(page, "home_helper", language, scheme)
    problems += shown(page, served, "child", f"/r/home/with/{child}", language, scheme)
    page.goto(f"{served.address}/r/home")
    page.locator("details summary").nth(0).click()
    page.locator("#member-name").fill("Chen Li")
    page.locator("details[open] button").click()
    problems += look(page, "home_code", language, scheme)
    problems += shown(page, served, "full", "/r/home", language, scheme)
    assert problems == []
    made.close()


def with_a_child(served: Served) -> str:
    """Add a wife and a child with a card to the home; return the child's id."""
    with served.compound.act() as act:
        home_id = act.session.get_one(Person, served.compound.person_id).home_id
        add_person(act, display_name="Wang Fang", home_id=home_id)
        child = add_person(act, display_name="Bao", home_id=home_id)
        issue_card(act, child.person_id, 4_242_019, label="")  # before a guardian was asked about cards
        child.age_band = "under_14"
        return child.person_id


def shown(page: Page, served: Served, name: str, path: str, language: str, scheme: str) -> list[str]:
    page.goto(served.address + path)
    return look(page, f"home_{name}", language, scheme)
