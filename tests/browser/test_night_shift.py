"""A guard at three in the morning, by keyboard alone: an alarm comes, is seen with a note, is handed over."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.office_screen import sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.alarms.actions import raise_alarm
from web_admin.core.database import current_menjin

pytestmark = [pytest.mark.browser, pytest.mark.wide]

SOON_MS = 15_000


def ring(managed: ManagedCompound, kind: str) -> None:
    with managed.app.app_context(), current_menjin().database.session() as session:
        raise_alarm(session, managed.site_id, kind, managed.clock(), gate_id="north", lane_id="north-in")


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until what has the focus is what the words say."""
    spoken = "(document.activeElement.labels?.[0] || document.activeElement).textContent.trim()"
    for _press in range(80):
        page.keyboard.press("Tab")
        page.wait_for_timeout(20)
        if page.evaluate(spoken) == wanted:
            return
    raise AssertionError(f"no Tab leads to {wanted!r}")


def keep(page: Page, name: str) -> None:
    folder = os.environ.get("MENJIN_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_an_alarm_comes_is_noted_and_handed_over_by_keyboard_alone(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    page = context.new_page()
    sign_in(page, address, "guard")
    page.goto(f"{address}/manage/alarms/")
    expect(page.locator("#live [data-live-on]")).not_to_have_attribute("hidden", "", timeout=SOON_MS)
    tab_to(page, "Note (may stay empty)")
    page.keyboard.type("leaf in")
    ring(managed, "alarm_help")
    expect(page.get_by_role("heading", name="Someone asks for help")).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("document.activeElement.value") == "leaf in"
    assert page.title().startswith("(2) ")
    keep(page, "night-alarm")
    page.keyboard.type(" the door")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Acknowledged.")).to_be_visible()
    expect(page.get_by_text("leaf in the door")).to_be_visible()
    tab_to(page, "What the next shift should know")
    page.keyboard.type("One call for help is open")
    tab_to(page, "Hand over to the next shift")
    page.keyboard.press("Enter")
    expect(page.get_by_text("One call for help is open")).to_be_visible()
    expect(page.get_by_text("Not acknowledged yet")).to_be_visible()
    keep(page, "night-handover")


@pytest.mark.wide
def test_a_new_alarm_rings_only_when_sound_is_on_and_a_threat_never(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    page = context.new_page()
    sign_in(page, address, "guard")
    sound, bar = page.locator("#sound"), page.locator("#live")
    expect(page.locator("#live [data-live-on]")).not_to_have_attribute("hidden", "", timeout=SOON_MS)
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.click()
    expect(bar).to_have_attribute("data-rung", "1")
    ring(managed, "alarm_duress")
    expect(page.get_by_role("heading", name="Someone may be under threat")).to_be_visible(timeout=SOON_MS)
    expect(bar).to_have_attribute("data-rung", "1")
    ring(managed, "alarm_door_forced")
    expect(bar).to_have_attribute("data-rung", "2", timeout=SOON_MS)
    keep(page, "night-now")


@pytest.mark.wide
def test_a_call_for_help_reaches_the_guard_on_any_page_and_sounds_until_it_is_seen(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    page = context.new_page()
    sign_in(page, address, "guard")
    page.locator("#sound").click()
    page.goto(f"{address}/manage/people/")
    number, news = page.locator(".side [data-number]"), page.locator("#alarm-news")
    expect(number).to_have_text("1")
    expect(page.get_by_text("A new alarm waits.")).to_be_hidden()
    ring(managed, "alarm_duress")
    expect(number).to_have_text("2", timeout=SOON_MS)
    expect(page.get_by_text("A new alarm waits.")).to_be_visible()
    assert news.get_attribute("data-rung") is None
    ring(managed, "alarm_help")
    expect(news).to_have_attribute("data-rung", "1", timeout=SOON_MS)
    expect(news).to_have_attribute("data-rung", "2", timeout=SOON_MS)
    keep(page, "night-people")
    page.get_by_role("link", name="Look at the alarms").click()
    for _alarm in range(3):
        page.get_by_role("button", name="Acknowledge").first.click()
    page.goto(f"{address}/manage/people/")
    expect(page.locator("[data-alarm-count]").first).to_be_hidden()
    expect(news).to_have_attribute("data-calls", "0")
