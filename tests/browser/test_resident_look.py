"""What a resident with weak sight must not take for something else: a locked switch, a date, a tab."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.resident_screen import Served, welcome

pytestmark = [pytest.mark.browser, pytest.mark.wide]

FILL = "(switch_) => getComputedStyle(switch_, '::before').borderTopColor"


def fill_of(page: Page, name: str) -> str:
    filled: str = page.get_by_role("switch", name=name, exact=True).evaluate(FILL)
    return filled


def test_a_switch_that_is_locked_on_looks_on_and_not_off(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    page.reload()
    card = page.get_by_role("switch", name="Card", exact=True)
    expect(card).to_have_attribute("aria-disabled", "true")
    locked, off = fill_of(page, "Card"), fill_of(page, "QR code")
    page.get_by_role("switch", name="PIN", exact=True).click()
    expect(card).not_to_have_attribute("aria-disabled", "true")
    assert locked == fill_of(page, "Card") != off


@pytest.mark.parametrize("width", [390, 360])
def test_the_word_of_the_page_where_one_is_takes_no_more_room_than_before(
    context: BrowserContext, served: Served, width: int
) -> None:
    page = welcome(context, served)
    page.set_viewport_size({"width": width, "height": 844})
    words = page.locator("nav.tabs span")
    page.goto(f"{served.address}/r/home")
    at_home = [word.bounding_box() for word in words.all()]
    page.goto(f"{served.address}/r/records")
    assert [word.bounding_box() for word in words.all()] == at_home


def test_the_switch_of_the_face_is_pressed_by_the_space_bar_as_the_others_are(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    page.get_by_role("switch", name="Face", exact=True).press("Space")
    expect(page.get_by_role("heading", name="Use your face?")).to_be_visible()


@pytest.mark.parametrize("width", [360, 390])
def test_the_head_of_a_page_is_one_line_with_help_in_it(
    context: BrowserContext, served: Served, width: int
) -> None:
    page = welcome(context, served)
    page.set_viewport_size({"width": width, "height": 780})
    boxes = [part.bounding_box() for part in page.locator(".top .place, .top .looks > *").all()]
    middles = [box["y"] + box["height"] / 2 for box in boxes if box is not None]
    assert len(middles) == 4
    assert max(middles) - min(middles) < 6
    assert page.locator("nav.tabs a").count() == 4
    page.get_by_role("link", name="Help").click()
    expect(page.get_by_role("heading", name="Help", level=1)).to_be_visible()
