"""The map in a browser: dragged, moved by keys, saved, read without a mouse, with 3 and with 300 gates."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.many_gates import add_stairwells, draw_map
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin

pytestmark = [pytest.mark.browser, pytest.mark.wide]

MOST_NODES = 1500


def opened(context: BrowserContext, address: str, size: str) -> Page:
    page = context.new_page()
    page.set_viewport_size(SIZES[size])
    sign_in(page, address, "manager")
    page.wait_for_url("**/manage/")
    page.goto(f"{address}/manage/map/")
    return page


def spot(managed: ManagedCompound, gate_id: str) -> tuple[int | None, int | None]:
    with managed.app.app_context(), current_menjin().database.session() as session:
        gate = session.get_one(Gate, gate_id)
        return gate.map_x, gate.map_y


def test_a_gate_is_dragged_moved_by_arrow_keys_and_saved(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    page = opened(context, address, "desktop")
    page.get_by_role("button", name="Put them on the map").click()
    page.locator("#map a.dot[aria-label^='北门']").click()
    expect(page.locator("#gate-north")).to_be_visible()
    dot = page.locator("#map .dot.chosen")
    box, ground = dot.bounding_box(), page.locator("#map .ground").bounding_box()
    assert box is not None
    assert ground is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    page.mouse.down()
    page.mouse.move(ground["x"] + ground["width"] * 0.75, ground["y"] + ground["height"] * 0.5, steps=4)
    page.mouse.up()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    expect(page.locator("#x")).to_have_value("750")
    dot.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    page.locator("[data-spot]").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert spot(managed, "north") == (740, 501)


@pytest.mark.parametrize("stairs", [0, 297])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_the_map_is_read_in_both_languages_with_few_and_with_many_gates(
    context: BrowserContext, managed: ManagedCompound, address: str, size: str, stairs: int
) -> None:
    with managed.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, managed.clock(), stairs)
    page = opened(context, address, size)
    page.locator("#missing .btn-accent").click()
    problems = []
    for language in ("zh", "en"):
        with page.expect_navigation():
            button = page.locator(f"button[name=language][value={language}], html[lang^={language}]").last
            button.evaluate("(found) => found.form ? found.form.requestSubmit(found) : location.reload()")
        page.goto(f"{address}/manage/map/?gate=north")
        problems += look(page, f"map_gate_{stairs}-{language}-{size}")
        page.goto(f"{address}/manage/map/")
        problems += look(page, f"map_{stairs}-{language}-{size}")
    assert problems == []
    assert page.evaluate("document.querySelectorAll('*').length") <= MOST_NODES
    page.locator("#map a.dot").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel > *")).to_be_visible()


@pytest.mark.parametrize("size", sorted(SIZES))
def test_a_dot_that_is_pressed_shows_its_gate_without_scrolling(
    context: BrowserContext, managed: ManagedCompound, address: str, size: str
) -> None:
    with managed.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, managed.clock(), 297)
        draw_map(session, site)
    page = opened(context, address, size)
    page.locator("#map a.dot[aria-label^='3栋']").click()
    expect(page.locator("#panel #near-title")).to_be_in_viewport()
    page.locator("#panel").get_by_role("link", name="3栋2单元").click()
    expect(page.locator("#panel #gate-b3-u2 .opens-now > summary")).to_be_in_viewport(ratio=1)
