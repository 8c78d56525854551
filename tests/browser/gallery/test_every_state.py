"""Every state of the gallery's list, asked the same questions: axe, targets, narrow screens, large text."""

from collections.abc import Iterator
from itertools import chain

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import axe
from tests.browser.gallery.states import LANGUAGES, MANAGER, MANY, SIZES
from tests.browser.gallery.tab_order import nameless, problems_with_tab
from tests.browser.gallery.walk import Shown, shown_pages
from tests.browser.gallery.world import STAIRWELLS, World, opened_world

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOKS = {"zh": (("phone", "light"), ("desktop", "dark")), "en": (("phone", "dark"), ("desktop", "light"))}
SMALL_TARGETS = """
(thumb) => [...document.querySelectorAll("a, button, summary, select, textarea, input:not([type=hidden])")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.matches(".skip, .map .dot"))
  .filter((e) => !(e.matches("a") && getComputedStyle(e).display === "inline" && e.closest("p, li, td, dd")
    && e.closest("p, li, td, dd").textContent.trim().length > e.textContent.trim().length))
  .map((e) => e.matches("[type=checkbox], [type=radio]") ? e.closest("li, label") ?? e : e)
  .filter((e) => e.getBoundingClientRect().height < 43.5 || thumb && e.getBoundingClientRect().width < 43.5)
  .map((e) => e.outerHTML.slice(0, 100))
"""
"""Links within a sentence may be as high as its line, and dots of a map have a list of lines beside them
(WCAG 2.5.8); everything else is 44 px high, and on pages for thumbs as wide."""
FOR_THUMBS = ("phone", "desk", "visitor", "many_phone")
OFFICE_WIDTHS = (768, 1024, 1280, 1920)
CUT_COLUMNS = """
[...document.querySelectorAll(".table-box")]
  .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth)
  .map((e) => `a table of ${e.scrollWidth} px in ${e.clientWidth}`)
"""
TOO_WIDE = """
[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility()
    && !e.closest(".table-box, svg, .skip, [data-scrolls]") && getComputedStyle(e).position !== "absolute"
    && e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.outerHTML.slice(0, 90))
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened_world() as opened:
        yield opened


@pytest.fixture(scope="module")
def large() -> Iterator[World]:
    with opened_world(STAIRWELLS) as opened:
        yield opened


def everywhere(browser: Browser, world: World, large: World, language: str) -> Iterator[Shown]:
    """Go through what is there of the list; that nothing is missing is asked in `test_gallery.py`."""
    found = chain(
        shown_pages(browser, world, languages=(language,)), shown_pages(browser, large, MANY, (language,))
    )
    return (state for state in found if isinstance(state, Shown))


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_all_targets_are_large_and_named(
    browser: Browser, world: World, large: World, language: str
) -> None:
    problems: list[str] = []
    for shown in everywhere(browser, world, large, language):
        for size, scheme in LOOKS[shown.language]:
            page = shown.page
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two words
            resize(page, *SIZES[size])
            name = f"{shown.group}-{shown.name}-{shown.language}-{size}-{scheme}"
            thumb = shown.group in FOR_THUMBS
            problems += [f"{name}: small target {html}" for html in page.evaluate(SMALL_TARGETS, thumb)]
            problems += [f"{name}: {found}" for found in axe(page)]
        problems += [f"{shown.group}-{shown.name}: {what}" for what in nameless(shown.page)]
        shown.page.emulate_media(color_scheme="light")
    assert problems == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off_at_320_pixels_or_with_letters_twice_as_large(
    browser: Browser, world: World, large: World, language: str
) -> None:
    problems: list[str] = []
    for shown in everywhere(browser, world, large, language):
        page, name = shown.page, f"{shown.group}-{shown.name}-{shown.language}"
        resize(page, 320, 640)
        problems += [f"{name} at 320 px: {html}" for html in too_wide(page)]
        resize(page, 640, 800)
        page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
        problems += [f"{name} at 200 %: {html}" for html in too_wide(page)]
    assert problems == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_the_office_scrolls_sideways_or_cuts_a_column_from_768_to_1920_pixels(
    browser: Browser, world: World, large: World, language: str
) -> None:
    problems: list[str] = []
    office = tuple(state for state in MANY if state.group == "many")
    few, many = (
        shown_pages(browser, world, MANAGER, (language,)),
        shown_pages(browser, large, office, (language,)),
    )
    for shown in chain(few, many):
        if isinstance(shown, Shown):
            for width in OFFICE_WIDTHS:
                resize(shown.page, width, 800)
                name = f"{shown.name}-{language} at {width} px"
                problems += [f"{name}: {what}" for what in too_wide(shown.page)]
                problems += [f"{name}: {what}" for what in shown.page.evaluate(CUT_COLUMNS)]
            resize(shown.page, *SIZES["desktop"])
    assert problems == []


def resize(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})


def too_wide(page: Page) -> list[str]:
    """Return what makes a page wider than its screen, if anything does."""
    over = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return (page.evaluate(TOO_WIDE) or ["the page"]) if over else []


def test_the_tab_key_follows_the_document_and_shows_where_it_is(
    browser: Browser, world: World, large: World
) -> None:
    problems: list[str] = []
    for shown in everywhere(browser, world, large, "en"):
        resize(shown.page, *SIZES[{"manager": "desktop", "many": "desktop"}.get(shown.group, "phone")])
        problems += [f"{shown.group}-{shown.name}: {what}" for what in problems_with_tab(shown.page)]
    assert problems == []
