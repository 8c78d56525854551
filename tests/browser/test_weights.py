"""What a first visit weighs, and that nothing on a page jumps while it comes up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.gallery.world import World, opened_world
from tests.browser.layout_shift import MOST, shift_of
from tests.browser.terminal.states import SHOWN

pytestmark = [pytest.mark.browser, pytest.mark.wide]

MOST_BYTES = 150_000
PAGES = [
    ("manager", "/manage/"),
    ("guard", "/manage/"),
    ("manager", "/manage/people/"),
    ("manager", "/manage/events/"),
    ("manager", "/manage/alarms/"),
    ("manager", "/manage/gates/north"),
    ("manager", "/manage/privacy"),
    ("resident", "/r/"),
    ("resident", "/r/code"),
    ("resident", "/r/visitors"),
    ("manager", "/report"),
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened_world() as opened:
        yield opened


class Visit:
    """A page with an empty cache, and what came for it."""

    def __init__(self, page: Page) -> None:
        """Begin to count."""
        self.page = page
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.loadingFinished", self._came)

    def _came(self, event: dict[str, float]) -> None:
        self.bytes += int(event["encodedDataLength"])


@pytest.mark.parametrize("role", ["manager", "guard"])
def test_a_first_visit_of_now_is_light(browser: Browser, world: World, role: str) -> None:
    visit = Visit(world.page_of(browser, role, "zh"))
    address = world.address + "/manage/"
    with visit.page.expect_event("requestfinished", lambda request: "/live/alarms" in request.url):
        visit.page.goto(address)
    visit.page.wait_for_selector("[data-live-on]:not([hidden])")
    assert 10_000 < visit.bytes <= MOST_BYTES
    visit.page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_jumps_while_a_page_comes_up(browser: Browser, world: World, width: int) -> None:
    jumps = {}
    for role, path in PAGES:
        page = world.page_of(browser, role, "en")
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(world.address + path, wait_until="load")
        shift, moved = shift_of(page)
        page.close()
        if shift > MOST:
            jumps[role, path] = moved
    assert jumps == {}


@pytest.mark.parametrize("size", [(1280, 800), (800, 480)])
def test_the_gates_screen_is_drawn_once(browser: Browser, world: World, size: tuple[int, int]) -> None:
    world.terminal.show(SHOWN["idle"])
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    answers: list[int] = []
    page.on("response", lambda response: answers.append(response.status))
    page.goto(world.terminal.launch_url)
    page.wait_for_selector("body:not(.starting)")
    shift, moved = shift_of(page)
    page.close()
    assert shift <= MOST, moved
    assert [status for status in answers if status >= 400] == []
