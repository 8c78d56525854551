"""Large type by the page's own switch, and text at twice its size: nothing is cut off or sticks out."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.resident_screen import Served, settled_offline, shown, switch_on_code, welcome

pytestmark = [pytest.mark.browser, pytest.mark.wide]

NARROW = {"width": 320, "height": 640}
PAGES = (
    "/r/",
    "/r/code",
    "/r/visitors",
    "/r/records",
    "/r/requests",
    "/r/help",
    "/r/password",
    "/r/face",
    "/r/records/delete",
    "/r/home",
    "/r/messages",
)
STICKING_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  return [...document.querySelectorAll("main *, header *, nav *")].filter((part) => {
    const box = part.getBoundingClientRect();
    const seen = box.width > 1 && box.height > 1 && getComputedStyle(part).visibility !== "hidden";
    return seen && (box.right > wide + 1 || box.left < -1);
  }).map((part) => {
    const text = part.textContent.trim().slice(0, 30);
    return [location.pathname, part.tagName, part.className, text].join(" ");
  });
}"""
BROKEN_WORDS = """() => [...document.querySelectorAll("nav.tabs span")].flatMap((label) => {
  const text = label.firstChild;
  return [...text.data.matchAll(/\\S+/g)].filter((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size > 1;
  }).map((word) => `${location.pathname} breaks ${word[0]}`);
})"""
SMALL_TARGETS = """() => {
  const targets = document.querySelectorAll("main button, main a.button, header button, nav a");
  return [...targets].filter((part) => {
    const box = part.getBoundingClientRect();
    return box.width > 0 && (box.height < 43.5 || box.width < 43.5);
  }).map((part) => `${location.pathname} ${part.textContent.trim().slice(0, 30)}`);
}"""


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("MENJIN_SCREENSHOTS", "")
    _KEEP[bool(folder)](page, Path(folder) / f"{name}.png")


_KEEP = {
    False: lambda _page, _path: None,
    True: lambda page, path: page.screenshot(path=path, full_page=True),
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_in_large_type_every_page_fits_320_pixels_with_targets_for_fingers(
    context: BrowserContext, served: Served, language: str
) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    page.get_by_role("button", name="Large type").click()
    expect(page.get_by_role("button", name="Large type")).to_have_attribute("aria-pressed", "true")
    for button in page.locator(f".language button[value={language}]").all():
        button.click()
    page.set_viewport_size(NARROW)
    problems = []
    for path in PAGES:
        page.goto(served.address + path)
        assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 22
        problems += page.evaluate(STICKING_OUT) + page.evaluate(SMALL_TARGETS) + page.evaluate(BROKEN_WORDS)
        keep_picture(page, f"large-{language}{path.replace('/', '-')}")
    for width in (360, 390, 430):  # the usual phones: the tabs leave the page the rest of the screen
        page.set_viewport_size({"width": width, "height": 844})
        problems += page.evaluate(STICKING_OUT) + page.evaluate(SMALL_TARGETS) + page.evaluate(BROKEN_WORDS)
        tops = page.locator("nav.tabs a").evaluate_all("all => all.map((tab) => tab.offsetTop)")
        assert len(tops) == 4
        assert len(set(tops)) == 1
    assert not problems, "\n".join(problems)


def test_with_text_at_twice_its_size_every_page_fits_320_pixels(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    page.set_viewport_size(NARROW)
    problems = []
    for path in PAGES:
        page.goto(served.address + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        problems += page.evaluate(STICKING_OUT) + page.evaluate(BROKEN_WORDS)
        keep_picture(page, f"twice{path.replace('/', '-')}")
    assert not problems, "\n".join(problems)


def test_large_type_stays_after_signing_out_and_without_network(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    page.get_by_role("button", name="Large type").click()
    shown(page, "phone")
    settled_offline(page, context)
    page.reload()
    shown(page, "phone")
    expect(page.locator("html")).to_have_class("large")
    context.set_offline(False)
    page.goto(f"{served.address}/r/help")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Large type").click()
    expect(page.locator("html")).not_to_have_class("large")
