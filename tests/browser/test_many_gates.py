"""Now, gates and events of a compound with 300 gates: what differs first, found while typed, bounded."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.many_gates import add_stairwells, differ_somewhere
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin
from web_admin.gates.places import place_gates

pytestmark = [pytest.mark.browser, pytest.mark.wide]

STAIRS = 297
MOST_PX = {"phone": 4500, "desktop": 2700}
"""How long *Now* may be with three hundred gates of which four differ, on a phone and at a desk."""
MOST_WAYS_PX = 1800
"""How long the page of buildings and ways may be then at a desk."""
MOST_NODES, MOST_BYTES = 1100, 75_000


@pytest.fixture
def many(managed: ManagedCompound) -> ManagedCompound:
    """Give the compound stairwells, one of them without contact, one forced open."""
    with managed.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, managed.clock(), STAIRS)
        place_gates(session, managed.site_id, session.scalars(select(Gate).order_by(Gate.number)).all())
        differ_somewhere(session, managed.clock())
    return managed


def page_of(context: BrowserContext, address: str, size: str = "desktop", role: str = "manager") -> Page:
    page = context.new_page()
    page.set_viewport_size(SIZES[size])
    sign_in(page, address, role)
    page.wait_for_url("**/manage/")
    return page


def switch(page: Page, language: str) -> None:
    with page.expect_navigation():
        button = page.locator(f"button[name=language][value={language}], html[lang^={language}]").last
        button.evaluate("(found) => found.form ? found.form.requestSubmit(found) : location.reload()")


@pytest.mark.parametrize("size", sorted(SIZES))
def test_three_hundred_gates_are_a_short_page_with_what_differs_first(
    context: BrowserContext, many: ManagedCompound, address: str, size: str
) -> None:
    page = page_of(context, address, size)
    tiles = page.locator("#gates .tile h2")
    expect(tiles).to_have_text(["9栋1单元", "7栋2单元", "车库", "北门", "东门"])
    problems = []
    for language in ("zh", "en"):
        switch(page, language)
        for name, path in (
            ("now_300", "/manage/"),
            ("gates_300", "/manage/gates/"),
            ("events_300", "/manage/events/"),
        ):
            page.goto(address + path)
            problems += look(page, f"{name}-{language}-{size}")
    assert problems == []
    page.goto(f"{address}/manage/")
    height, nodes, weight = page.evaluate(
        "[document.documentElement.scrollHeight, document.querySelectorAll('*').length, "
        "document.documentElement.outerHTML.length]"
    )
    assert height <= MOST_PX[size]
    assert (nodes <= MOST_NODES, weight <= MOST_BYTES) == (True, True), (nodes, weight)


def test_a_gate_is_found_while_its_name_is_typed_and_opened_by_one_press(
    context: BrowserContext, many: ManagedCompound, address: str
) -> None:
    page = page_of(context, address, role="guard")
    page.locator("#find-gate").press_sequentially("3栋2")
    expect(page.locator("#gates .tile h2")).to_have_text(["3栋2单元"])
    expect(page.locator("#found")).to_contain_text("1 gate found")
    expect(page.locator("#find-gate")).to_be_focused()
    tile = page.locator("#gate-b3-u2")
    tile.locator(".opens-now").hover()
    tile.get_by_role("button", name="Delivery").click()
    expect(page.get_by_text("opens once.")).to_be_visible()
    expect(page.locator("#gates .tile h2")).to_have_text(["3栋2单元"])


def test_without_a_script_gates_are_found_by_the_form_and_by_their_building(
    context: BrowserContext, many: ManagedCompound, address: str
) -> None:
    page = page_of(context, address)
    page.route("**/*.js", lambda route: route.abort())
    page.goto(f"{address}/manage/")
    page.locator(".lines").get_by_role("link", name="3栋", exact=True).click()
    expect(page.locator(".lines a")).to_have_count(9)
    page.get_by_role("link", name="3栋2单元").click()
    expect(page.locator("#gates .tile h2")).to_have_text(["3栋2单元"])
    page.locator("#find-gate").fill("北门")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator("#gates .tile h2")).to_have_text(["北门"])


def test_news_reach_what_was_found_and_nothing_else_comes_back(
    context: BrowserContext, many: ManagedCompound, address: str
) -> None:
    page = page_of(context, address)
    page.locator("#find-gate").fill("3栋2")
    expect(page.locator("#gates .tile")).to_have_count(1)
    with many.app.app_context(), current_menjin().database.session() as session:
        held = {"lane_id": "b3-u2-in", "door": "held", "posture": "normal"}
        session.get_one(Gate, "b3-u2").lane_states = [held]
    expect(page.locator("#gate-b3-u2 .chip")).to_have_text("Open too long")
    expect(page.locator("#gates .tile")).to_have_count(1)


def test_events_are_narrowed_to_a_place_by_words_of_its_name(
    context: BrowserContext, many: ManagedCompound, address: str
) -> None:
    page = page_of(context, address)
    page.goto(f"{address}/manage/events/")
    expect(page.locator("select#gate, select#lane")).to_have_count(0)
    page.locator("#place").fill("东门 东门进")
    page.locator("main form").get_by_role("button", name="Filter").click()
    expect(page.locator("#place")).to_have_value("东门 东门进")
    places = page.locator("table.by-day td:nth-child(2)")
    assert set(places.all_inner_texts()) == {"东门 · 进"}
    page.locator("#place").fill("no such gate")
    page.locator("main form").get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No event fits this filter.")).to_be_visible()


def test_a_typed_number_is_the_beginning_of_one_and_opens_the_buildings_that_have_it(
    context: BrowserContext, many: ManagedCompound, address: str
) -> None:
    page = page_of(context, address)
    page.goto(f"{address}/manage/gates/places")
    assert page.evaluate("document.documentElement.scrollHeight") <= MOST_WAYS_PX
    summaries = page.locator("#places > details:visible > summary strong")
    expect(summaries).to_have_count(35)
    page.locator("#find_gate").press_sequentially("5栋")
    expect(summaries).to_have_text(["5栋"])
    expect(page.locator("#places label:visible")).to_have_count(9)
    page.locator("#find_gate").fill("25栋3")
    expect(page.locator("#places label:visible")).to_have_text(["25栋3单元"])
    page.locator("#places label:visible input").check()
    page.locator("#find_gate").fill("")
    expect(summaries).to_have_count(35)
    expect(page.locator("#places details[open] summary strong")).to_have_text(["25栋"])
    page.goto(f"{address}/manage/visitors/new")
    page.locator("details.more summary").click()
    page.locator("#find_gate").fill("3栋1")
    expect(page.locator("#gate_numbers label:visible")).to_have_text(["3栋1单元"])


def test_gates_that_differ_have_a_tile_with_what_differs_and_no_other_has_one(
    context: BrowserContext, many: ManagedCompound, address: str
) -> None:
    page = page_of(context, address)
    page.goto(f"{address}/manage/gates/")
    expect(page.locator("#found")).to_contain_text("3 differ from normal")
    tiles = page.locator("#gates .card-box")
    expect(tiles).to_have_count(3)
    expect(tiles.filter(has_text="9栋1单元")).to_contain_text("Forced open")
    expect(page.locator("#gates").get_by_text("In contact", exact=True)).to_have_count(0)
