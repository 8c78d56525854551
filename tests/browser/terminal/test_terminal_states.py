"""Every state of the terminal page, looked at by a real browser.

With MENJIN_SCREENSHOTS=FOLDER each is also kept there as a picture.
"""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gate_controller.terminal.server import TerminalServer
from tests.browser.axe import axe, needs_axe
from tests.browser.terminal.conftest import RecordingController, new_server, open_page
from tests.browser.terminal.states import BOXES, COVERED, OVERFLOWS, SHOWN, keep_picture, shown

pytestmark = [pytest.mark.browser, pytest.mark.wide]

SIZES = {"wide": (1280, 800), "small": (800, 480), "tall": (1080, 1920)}


# One server and one page for all: nothing here depends on what was shown before.
@pytest.fixture(scope="module")
def server() -> Iterator[TerminalServer]:
    served = new_server(RecordingController())
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(context: BrowserContext, server: TerminalServer) -> Page:
    return open_page(context, server)


def newly_shown(server: TerminalServer, page: Page, state: str, language: str) -> None:
    """Show a state by way of another, so that the page cannot still be at a former one of its kind."""
    shown(server, page, SHOWN["waiting"], language)
    shown(server, page, SHOWN[state], language)


def faults(page: Page, width: int, height: int) -> list[object]:
    """Return what is too small, cut off, beyond the screen or covered."""
    boxes = page.evaluate(BOXES)
    small = [box for box in boxes if box["wide"] < 88 or box["high"] < 88 or box["clipped"]]
    outside = [
        box
        for box in boxes
        if box["right"] > width or box["bottom"] > height or box["left"] < 0 or box["top"] < 0
    ]
    return [*small, *outside, *page.evaluate(OVERFLOWS), *page.evaluate(COVERED)]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", ["small", "wide", "tall"])
def test_every_state_fits_every_screen_with_large_targets(
    server: TerminalServer, page: Page, language: str, size: str
) -> None:
    width, height = SIZES[size]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": width, "height": height})
    found = {}
    for state in SHOWN:
        newly_shown(server, page, state, language)
        keep_picture(page, f"{state}_{language}_{size}")
        found[state] = faults(page, width, height)
    assert {state: wrong for state, wrong in found.items() if wrong} == {}


@needs_axe
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(
    server: TerminalServer, page: Page, language: str, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme=scheme)
    found = {}
    for state in SHOWN:
        newly_shown(server, page, state, language)
        keep_picture(page, f"{state}_{language}_{scheme}")
        found[state] = axe(page)
    assert {state: wrong for state, wrong in found.items() if wrong} == {}


def test_the_first_screen_is_read_aloud_in_this_order(server: TerminalServer, page: Page) -> None:
    newly_shown(server, page, "idle", "en")
    expect(page.locator("body")).to_match_aria_snapshot("""
- banner
- main:
  - button "Card"
  - button "PIN"
  - button "QR code"
  - button "Face"
- navigation "Help and settings":
  - button "Help"
  - button "中文"
""")


def test_with_a_voice_the_fourth_button_fits_the_smallest_screen(server: TerminalServer, page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 480})
    shown(server, page, SHOWN["typing_home"])
    expect(page.locator("#read")).to_be_hidden()
    page.evaluate("document.getElementById('read').hidden = false")
    keep_picture(page, "read_en_small")
    boxes = page.evaluate(BOXES)
    assert "Read aloud" in [box["name"] for box in boxes]
    assert [box for box in boxes if box["high"] < 88 or box["clipped"] or box["bottom"] > 480] == []
