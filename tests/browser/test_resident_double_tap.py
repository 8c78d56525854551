"""A finger that taps twice, with the page's scripts and without them, and one that taps without network."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import select

from tests.browser.resident_screen import PHONE, Served, welcome
from web_admin.compound.models import CredentialRow

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def pins_ever(served: Served) -> int:
    with served.compound.session() as session:
        return len(session.scalars(select(CredentialRow).where(CredentialRow.kind == "pin")).all())


def test_a_double_tap_sends_one_form_and_shows_one_pin(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    pin = page.locator("[data-pin]")
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    page.get_by_role("switch", name="PIN").dblclick()
    expect(pin).to_be_visible()
    first = pin.inner_text()
    page.get_by_role("button", name="New PIN").click()
    page.get_by_role("button", name="Make a new one").dblclick()
    expect(pin).to_be_visible()
    expect(pin).not_to_have_text(first)
    assert len(sent) == 3
    assert pins_ever(served) == 2


def test_a_button_shows_that_its_form_is_on_its_way(context: BrowserContext, served: Served) -> None:
    """On a slow network nothing else on the page says that the tap was taken."""
    page = welcome(context, served)
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")  # after the page's own
    page.get_by_role("switch", name="PIN").click()
    expect(page.locator("#pin button[aria-busy=true]")).to_have_css("opacity", "0.6")


def test_without_scripts_the_second_answer_shows_the_pin_of_the_first(
    browser: Browser, served: Served
) -> None:
    context = browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False)
    page = welcome(context, served)
    page.get_by_role("switch", name="PIN").dblclick()
    expect(page.locator("[data-pin]")).to_be_visible()
    assert pins_ever(served) == 1
    context.close()


def test_a_second_press_goes_through_where_the_browser_is_wrong_about_the_network(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    context.add_init_script("Object.defineProperty(navigator, 'onLine', { get: () => false })")
    page.get_by_role("link", name="Visitors").click()
    page.get_by_label("For whom?").fill("Courier")
    page.get_by_role("button", name="Make the pass").dblclick()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is still here")
    page.wait_for_timeout(1000)
    expect(page.get_by_label("For whom?")).to_have_value("Courier")
    page.get_by_role("button", name="Make the pass").click()
    expect(page.locator("#link")).to_be_visible()


def test_what_was_typed_stays_while_there_is_no_network(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    page.get_by_role("link", name="Visitors").click()
    page.get_by_label("For whom?").fill("Courier")
    context.set_offline(True)
    page.get_by_role("button", name="Make the pass").click()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is still here")
    expect(page.get_by_label("For whom?")).to_have_value("Courier")
    context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Make the pass").click()
    expect(page.locator("#link")).to_be_visible()
