"""The page of now while things happen: news reach a tile that has the focus, the gates stay in sight."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.office_screen import sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin

pytestmark = pytest.mark.browser

SOON_MS = 15_000
PHONE = {"width": 390, "height": 844}
FIRST_TILE_ABOVE_PX = 560
NEAR_DELIVERY = "form[action$='/north-in/open'] button:has-text('Delivery')"


def door_is(managed: ManagedCompound, door: str) -> None:
    """Let the north gate report its door."""
    with managed.app.app_context(), current_menjin().database.session() as session:
        gate = session.get_one(Gate, "north")
        others = [state for state in gate.lane_states or [] if state.get("lane_id") != "north-in"]
        gate.lane_states = [*others, {"lane_id": "north-in", "door": door, "posture": "normal"}]


def now_of(context: BrowserContext, address: str, role: str, size: dict[str, int]) -> Page:
    page = context.new_page()
    page.set_viewport_size(size)
    sign_in(page, address, role)
    page.wait_for_url("**/manage/")
    return page


@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desktop"])
def test_news_reach_a_tile_that_has_the_focus_and_the_focus_stays_on_its_control(
    context: BrowserContext, managed: ManagedCompound, address: str, size: dict[str, int]
) -> None:
    page = now_of(context, address, "guard", size)
    tile = page.locator("#gate-north")
    tile.locator("summary").first.press("Enter")
    page.locator(NEAR_DELIVERY).focus()
    for door, word in (("open", "Open"), ("forced", "Forced open")):
        door_is(managed, door)
        expect(tile.locator(".chip", has_text=word).first).to_be_visible(timeout=SOON_MS)
        expect(page.locator(NEAR_DELIVERY)).to_be_focused()
        expect(page.locator(NEAR_DELIVERY)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("opens once.")).to_be_visible()


def test_a_note_that_was_begun_stays_while_the_tiles_move_on_and_goes_once_it_is_empty(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    page = now_of(context, address, "guard", {"width": 1280, "height": 800})
    note = page.get_by_label("Note (may stay empty)")
    note.fill("leaf in")
    door_is(managed, "open")
    expect(page.locator("#gate-north .chip", has_text="Open").first).to_be_visible(timeout=SOON_MS)
    expect(note).to_have_value("leaf in")
    expect(note).to_be_focused()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("role", ["guard", "manager"])
def test_three_alarms_leave_the_first_gate_in_sight_on_a_phone(
    context: BrowserContext, managed: ManagedCompound, address: str, role: str, language: str
) -> None:
    with managed.app.app_context(), current_menjin().database.session() as session:
        for kind in ("alarm_help", "alarm_door_forced"):
            raise_alarm(session, managed.site_id, kind, managed.clock(), gate_id="north", lane_id="north-in")
    page = now_of(context, address, role, PHONE)
    if language == "zh":
        page.locator("summary", has_text="Menu").click()
        with page.expect_navigation(wait_until="load"):  # its style has come
            page.locator("details.menu button[name=language][value=zh]").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("#alarms > article")).to_have_count(3)
    top = page.evaluate("document.querySelector('#gates .tile').getBoundingClientRect().top + scrollY")
    assert top < FIRST_TILE_ABOVE_PX
    for press in page.locator("#alarms button").all():
        box = press.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    page.locator("#alarms button").first.click()
    expect(page.locator("#alarms > article")).to_have_count(2)
