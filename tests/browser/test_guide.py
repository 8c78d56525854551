"""The guide and the keys in a real browser: help keeps what was typed, ? is a sign where text is typed."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office_screen import SIZES, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.wide]


@pytest.fixture
def page(browser: Browser, address: str) -> Page:
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    page = context.new_page()
    sign_in(page, address)
    yield page
    context.close()


def test_help_opens_beside_a_form_and_leaves_what_was_typed(page: Page, address: str) -> None:
    page.goto(f"{address}/manage/people/new")
    page.locator("#display_name").fill("Lin Wei")
    with page.context.expect_page() as opened:
        page.locator(".side").get_by_role("link", name="Help").click()
    guide = opened.value
    expect(guide).to_have_url(f"{address}/manage/help/#people-homes-and-cards")
    expect(guide.get_by_role("heading", name="People, homes and cards")).to_be_in_viewport()
    expect(page.locator("#display_name")).to_have_value("Lin Wei")


def test_the_keys_are_shown_by_a_question_mark_and_never_while_text_is_typed(
    page: Page, address: str
) -> None:
    keys = page.get_by_role("dialog", name="Keys on the keyboard")
    page.goto(f"{address}/manage/people/new")
    for field in (page.locator("#display_name"), page.locator(".side [data-find]")):
        field.fill("")
        field.press("?")
        expect(field).to_have_value("?")
        expect(keys).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_commands_of_the_operator_are_folded(page: Page, address: str) -> None:
    page.goto(f"{address}/manage/help/#the-access-review")
    review = page.get_by_role("region", name="The access review")
    command = review.get_by_text("menjin audit access-review FILE")
    expect(command).to_be_hidden()
    review.get_by_text("For the operator").click()
    expect(command).to_be_visible()
