"""The phone page on a home screen: icons for every phone, drawn from our own SVGs."""

import json

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, BrowserContext

from tests.browser.draw_icons import FOLDER, ICONS, drawn
from tests.browser.resident_screen import Served, welcome

pytestmark = [pytest.mark.browser, pytest.mark.wide]

BIGGEST_ICON_BYTES = 12_000
MAX_DIFFERENT = 2.0
"""Mean difference of a colour, of 255: what a palette of 64 costs."""


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_is_the_drawing_in_its_size_and_small(browser: Browser, name: str) -> None:
    drawing, pixels = ICONS[name]
    kept = Image.open(FOLDER / name)
    assert (kept.size, kept.format) == ((pixels, pixels), "PNG")
    difference = ImageChops.difference(kept.convert("RGBA"), drawn(browser, drawing, pixels))
    assert max(ImageStat.Stat(difference).mean) < MAX_DIFFERENT
    assert (FOLDER / name).stat().st_size < BIGGEST_ICON_BYTES


def test_the_icon_for_ios_has_no_holes_that_it_would_paint_black() -> None:
    kept = Image.open(FOLDER / "apple-touch-icon.png")
    assert kept.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def test_chromium_finds_nothing_in_the_way_of_installing(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    page.evaluate("navigator.serviceWorker.ready")
    session = context.new_cdp_session(page)
    assert session.send("Page.getAppManifest")["errors"] == []
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Test browsers have a profile that keeps nothing; that is theirs, not the page's.
    assert [error["errorId"] for error in errors if error["errorId"] != "in-incognito"] == []


def test_every_icon_of_the_manifest_and_that_for_ios_is_there(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    address = page.locator("link[rel=manifest]").get_attribute("href")
    manifest = json.loads(page.request.get(f"{served.address}{address}").text())
    sizes = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"] if icon["type"] == "image/png"}
    assert sizes == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}
    touch = page.locator("link[rel=apple-touch-icon]").get_attribute("href") or ""
    addresses = [f"/static/resident/{icon['src']}" for icon in manifest["icons"]]
    assert [page.request.get(f"{served.address}{one}").status for one in [*addresses, touch]] == [200] * 6
