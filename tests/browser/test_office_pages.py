"""Staff and settings in a real browser: by keyboard alone, and from an invitation to the first page."""

import re
import time

import pytest
from passlib.totp import TOTP
from playwright.sync_api import Browser, Page, expect

from tests.browser.office_screen import SIZES, sign_in
from tests.support.compounds.managed import ManagedCompound
from tests.support.peers import hook_peer
from web_admin.core.database import current_menjin
from web_admin.messages.delivery import deliver

pytestmark = [pytest.mark.browser, pytest.mark.wide]

OWN_PASSWORD = "three words nobody owns"


@pytest.fixture
def page(browser: Browser) -> Page:
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    yield context.new_page()
    context.close()


def into_the_content(page: Page) -> None:
    """Jump over the navigation as staff without a mouse do."""
    page.locator("h1").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")


def test_a_guard_is_invited_by_keyboard_and_begins_with_password_and_authenticator_of_their_own(
    browser: Browser, page: Page, managed: ManagedCompound, address: str
) -> None:
    sign_in(page, address)
    page.goto(f"{address}/manage/staff/new")
    into_the_content(page)
    for text in ("", "li@example.org", "Guard at the north gate"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Guard", exact=True)).to_be_checked()
    page.keyboard.press("Enter")
    code = page.locator(".once .code").inner_text()

    stranger = browser.new_context(viewport=SIZES["phone"], locale="en-GB").new_page()
    stranger.goto(f"{address}/staff/join?code={code}")
    stranger.get_by_label("Your new password").fill("short")
    stranger.get_by_role("button", name="Next").click()
    expect(stranger.locator(".wrong").get_by_text("Use at least 10 characters.")).to_be_visible()
    expect(stranger.get_by_label("Code")).to_have_value(code)
    stranger.get_by_label("Your new password").fill(OWN_PASSWORD)
    stranger.get_by_role("button", name="Next").click()
    stranger.locator("#email").fill("li@example.org")
    stranger.locator("#password").fill(OWN_PASSWORD)
    stranger.locator("main form button").click()
    stranger.get_by_role("button", name="Show the QR code").click()
    key = re.sub(r"\W", "", stranger.locator("main .number").first.inner_text())
    stranger.locator("#code").fill(TOTP(key).generate(time.time()).token)
    stranger.get_by_role("button", name="Finish").click()
    stranger.goto(f"{address}/manage/account")
    expect(stranger.locator("#shown_name")).to_have_value("Guard at the north gate")
    refused = stranger.goto(f"{address}/manage/staff/")
    assert refused is not None
    assert refused.status == 403
    stranger.context.close()


def test_a_webhook_is_added_by_keyboard_tried_and_its_end_is_read(
    page: Page, managed: ManagedCompound, address: str
) -> None:
    sign_in(page, address)
    with hook_peer() as peer:
        page.goto(f"{address}/manage/settings/webhooks/new")
        into_the_content(page)
        for text in ("", "Property software", peer.url):
            page.keyboard.press("Tab")
            page.keyboard.type(text)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.locator(".once")).to_contain_text("whsec_")
        page.wait_for_load_state()  # its scripts may move the focus until then
        done = page.get_by_role("link", name="Done")
        done.focus()
        expect(done).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Send a test").press("Enter")
        expect(page.get_by_text("Waiting")).to_be_visible()
        with managed.app.app_context():
            assert deliver(current_menjin()).sent == 1
        page.reload()
        expect(page.get_by_text("Sent", exact=True)).to_be_visible()
        assert b'"test"' in peer.taken[0][1]


def test_a_colour_of_the_sites_own_is_on_staffs_and_residents_pages_in_light_and_dark(
    browser: Browser, page: Page, address: str
) -> None:
    sign_in(page, address)
    page.goto(f"{address}/manage/settings/look")
    page.get_by_label("Colour of buttons and links").fill("#7a1f3d")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(f"{address}/manage/settings/look")
    colour = "e => getComputedStyle(e).backgroundColor"
    assert page.locator(".btn-accent").first.evaluate(colour) == "rgb(122, 31, 61)"
    for scheme, expected in (("light", "#7a1f3d"), ("dark", "#caa5b1")):
        context = browser.new_context(viewport=SIZES["phone"], color_scheme=scheme, locale="en-GB")
        phone = context.new_page()
        phone.goto(f"{address}/r/sign-in")
        green = "getComputedStyle(document.documentElement).getPropertyValue('--green').trim()"
        assert phone.evaluate(green) == expected
        context.close()


def test_a_file_can_be_taken_twice_from_the_same_page(
    page: Page, managed: ManagedCompound, address: str
) -> None:
    del managed
    sign_in(page, address)
    page.goto(f"{address}/manage/events/?result=refused")
    page.locator("summary", has_text="Export…").focus()
    page.keyboard.press("Enter")
    page.get_by_label("What is it for?").fill("The chair asked for refusals")
    button = page.get_by_role("button", name="Export without names")
    for _time in range(2):
        expect(button).not_to_have_attribute("aria-disabled", "true")
        with page.expect_download() as taken:
            button.click()
        assert "Refused" in taken.value.path().read_text(encoding="utf-8-sig")


def test_a_wrong_group_of_choices_has_the_focus(page: Page, managed: ManagedCompound, address: str) -> None:
    del managed
    sign_in(page, address)
    page.goto(f"{address}/manage/hours/new")
    page.get_by_label("Name").fill("Cleaning")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-problems]")).to_be_focused()
    page.get_by_role("link", name="Fill in at least one row.").click()
    expect(page.get_by_role("checkbox", name="Monday").first).to_be_focused()


def test_a_closed_fold_opens_when_a_field_in_it_is_refused_by_the_browser(page: Page, address: str) -> None:
    sign_in(page, address)
    page.goto(f"{address}/manage/gates/north/lanes/new")
    page.locator("#name").fill("Cellar")
    page.locator("#lane_id").fill("north-cellar")
    fold = page.locator("main details").filter(has=page.locator("#staff_hold_minutes"))
    minutes = page.locator("#staff_hold_minutes")
    summary = fold.locator("summary")
    summary.click()
    minutes.fill("999")
    summary.click()
    expect(minutes).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    expect(minutes).to_be_focused()
    minutes.fill("30")
    summary.click()
    expect(minutes).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_a_summary_of_refusals_leads_into_a_fold(page: Page, address: str) -> None:
    sign_in(page, address)
    page.goto(f"{address}/manage/gates/north/lanes/new")
    page.locator("#name").fill("Cellar")
    page.locator("#lane_id").fill("north-cellar")
    fold = page.locator("main details").filter(has=page.locator("#staff_hold_minutes"))
    fold.locator("summary").click()
    page.locator("#pulse_seconds").fill("20")
    fold.locator("summary").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-problems]")).to_be_focused()
    expect(page.locator("#slow_pulse_seconds")).to_be_visible()
    fold.locator("summary").click()
    page.locator("[data-problems] a").click()
    expect(page.locator("#slow_pulse_seconds")).to_be_focused()
