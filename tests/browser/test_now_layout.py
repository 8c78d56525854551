"""How the page of now is laid out: no hole beside the last gate, whole words, reasons under the finger."""

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import select

from gate_controller.contract.calendars import DAY_KINDS, Span
from tests.browser.office_screen import sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.accounts.models import User
from web_admin.accounts.staff import set_own_profile
from web_admin.gates.hours import save_hours
from web_admin.gates.schedules import set_schedule

pytestmark = [pytest.mark.browser, pytest.mark.wide]

PHONE = {"width": 390, "height": 844}
WIDTHS = (768, 1280, 1440, 1920)
LONG_NAME = "wangxiaoming@willowcourt.example.org"
SAME_PX = 1.5

HOLES = """
(count) => {
  const list = document.querySelector("#gates"), first = list.querySelector(".tile");
  while (list.children.length > 1) list.lastElementChild.remove();
  while (list.children.length < count) list.append(first.cloneNode(true));
  const box = (one) => one.getBoundingClientRect(), near = (a, b) => Math.abs(a - b) < 1.5;
  const tiles = [...list.children].map(box), whole = box(list), wrong = [];
  for (const top of new Set(tiles.map((tile) => Math.round(tile.top)))) {
    const row = tiles.filter((tile) => Math.round(tile.top) === top);
    if (!near(Math.max(...row.map((tile) => tile.right)), whole.right)) wrong.push(`beside ${row.length}`);
    if (!row.every((tile) => near(tile.bottom, row[0].bottom))) wrong.push("below one");
  }
  return wrong;
}
"""
"""With so many gates: rows that end before the list does, and tiles that end before their neighbour."""

BROKEN_WORDS = r"""
(element) => {
  const text = element.firstChild, broken = [];
  for (const word of text.data.matchAll(/\S+/g)) {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    if (range.getClientRects().length > 1) broken.push(word[0]);
  }
  return broken;
}
"""


def now_of(context: BrowserContext, address: str, role: str, size: dict[str, int], language: str) -> Page:
    page = context.new_page()
    page.set_viewport_size(size)
    sign_in(page, address, role)
    page.wait_for_url("**/manage/")
    with page.expect_navigation():
        button = page.locator(f"button[name=language][value={language}], html[lang^={language}]").last
        button.evaluate("(found) => found.form ? found.form.requestSubmit(found) : location.reload()")
    expect(page.locator("html")).to_have_attribute("lang", {"zh": "zh-Hans", "en": "en"}[language])
    return page


def corners(place: Locator) -> dict[str, float]:
    box = place.bounding_box()
    assert box is not None
    return {**box, "bottom": box["y"] + box["height"], "right": box["x"] + box["width"]}


@pytest.mark.parametrize("width", WIDTHS)
def test_any_number_of_gates_leaves_no_hole_between_them(
    context: BrowserContext, managed: ManagedCompound, address: str, width: int
) -> None:
    page = now_of(context, address, "guard", {"width": width, "height": 900}, "en")
    page.route("**/manage/**", lambda route: route.abort())  # what is put in here is not to be renewed
    assert {count: page.evaluate(HOLES, count) for count in range(1, 8)} == {
        count: [] for count in range(1, 8)
    }


def test_a_schedule_is_said_in_whole_words_over_the_width_of_its_tile(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    with managed.act() as act:
        author = act.session.scalars(select(User).where(User.email == "manager@example.org")).one()
        set_own_profile(act, author, LONG_NAME, "en")
        author_id = f"staff-{author.id}"
        market = save_hours(act, None, "集市", [Span(DAY_KINDS, 0, 1440)])
    with managed.act("manager", author_id) as act:
        set_schedule(act, "north-in", market.hours_id, "held_open")
    page = now_of(context, address, "guard", PHONE, "en")
    said = page.locator("#gate-north .by-schedule")
    expect(said).to_contain_text(LONG_NAME)
    assert said.evaluate(BROKEN_WORDS) == []
    line, row = corners(said), corners(page.locator("#gate-north .rows > li").first)
    assert (line["x"], line["right"]) == pytest.approx((row["x"], row["right"]), abs=SAME_PX)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_a_phone_what_was_pressed_stays_and_the_reasons_come_below(
    context: BrowserContext, managed: ManagedCompound, address: str, language: str
) -> None:
    page = now_of(context, address, "guard", PHONE, language)
    lane = page.locator("#gate-north .rows > li").first
    pressed, reasons = lane.locator("summary"), lane.locator("form")
    before, below = corners(pressed), corners(page.locator("#gate-north .rows > li").nth(1))
    expect(reasons).to_be_hidden()
    pressed.click()
    expect(reasons).to_be_visible()
    after, shown = corners(pressed), corners(reasons)
    assert after == pytest.approx(before, abs=SAME_PX), "the button moved from under the finger"
    assert shown["y"] >= after["bottom"]
    assert shown["bottom"] <= corners(page.locator("#gate-north .rows > li").nth(1))["y"] > below["y"]
    for press in reasons.locator("button, a").all():
        box = corners(press)
        assert min(box["width"], box["height"]) >= 43.5
        assert box["x"] >= shown["x"] - SAME_PX
        assert box["right"] <= corners(lane)["right"] + SAME_PX
    pressed.click()
    expect(reasons).to_be_hidden()
    assert corners(pressed) == pytest.approx(before, abs=SAME_PX)
    pressed.click()
    reasons.locator("button").first.click()
    expect(page.locator(".flash.success")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_mouse_that_points_at_the_button_of_a_lane_has_its_reasons_in_one_line_and_no_other_lanes(
    context: BrowserContext, managed: ManagedCompound, address: str, language: str, width: int
) -> None:
    page = now_of(context, address, "guard", {"width": width, "height": 900}, language)
    lanes = page.locator(".tile .rows > li:has(.opens-now)")
    for number, lane in enumerate(lanes.all()):
        others = [corners(other.locator("summary")) for other in lanes.all() if other is not lane]
        expect(lane.locator("form")).to_be_hidden()
        lane.locator(".opens-now").hover()
        expect(lane.locator("form")).to_be_visible()
        reasons = [corners(press) for press in lane.locator("form button, form a").all()]
        assert len(reasons) > 3
        assert max(box["y"] for box in reasons) - min(box["y"] for box in reasons) < 8, reasons
        row = corners(lane)
        assert row["x"] - SAME_PX <= min(box["x"] for box in reasons)
        assert max(box["right"] for box in reasons) <= row["right"] + SAME_PX
        below = [box for box in others if box["y"] >= row["bottom"] - SAME_PX]
        assert all(box["bottom"] <= one["y"] + SAME_PX for box in reasons for one in below), number
        page.keyboard.press("Escape")
        expect(lane.locator("form")).to_be_hidden()
