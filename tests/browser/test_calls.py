"""A call in real browsers: two phones of one home ring, one answers and opens, the other stops."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.resident_screen import PATIENCE_MS, PHONE, Served, welcome
from tests.support.calls_at_home import another_at_home, call_now, change, rings, take_calls
from tests.support.gates.waiting import until

SHAKES = (
    "navigator.vibrate = (pattern) => { window.shaken = [...(window.shaken ?? []), pattern]; return true; }"
)


@pytest.fixture
def home(browser: Browser, served: Served) -> Iterator[tuple[Page, Page]]:
    """Return a page of each of two people of one home, which takes calls."""
    take_calls(served.compound)
    other = replace(served.compound, person_id=another_at_home(served.compound))
    contexts: list[BrowserContext] = []
    pages = []
    for compound in (served.compound, other):
        context = browser.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(SHAKES)
        contexts.append(context)
        page = welcome(context, Served(compound, served.address))
        page.goto(f"{served.address}/r/help")
        pages.append(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def test_two_phones_ring_one_opens_and_the_other_stops(home: tuple[Page, Page], served: Served) -> None:
    first, second = home
    first.get_by_text("My phone is lost").click()  # a touch, after which a page may sound
    rings(served.compound)
    for page in home:
        expect(page.get_by_role("alert")).to_contain_text("Call from North gate")
        page.get_by_role("link", name="Answer the call").click()
        expect(page.get_by_role("heading", name="Someone is calling")).to_be_visible()
    first.get_by_role("button", name="Answer the call").click()
    expect(first.get_by_role("heading", name="You answered")).to_be_visible()
    expect(second.get_by_role("heading", name="Answered at home")).to_be_visible()
    expect(second.get_by_text("Lin Wei has answered")).to_be_visible()
    expect(second.locator("[data-call] button")).to_have_count(0)
    media = first.locator("[data-call-media]").element_handle()
    first.get_by_role("button", name="Please wait a moment.").click()
    expect(first.get_by_role("button", name="Please wait a moment.")).to_have_class("button quiet said")
    first.get_by_role("button", name="Open the gate").dblclick()
    expect(first.get_by_text("The gate was asked to open.")).to_be_visible()
    call = call_now(served.compound)
    assert (call.reply, call.order_person_id) == ("wait", served.compound.person_id)
    change(served.compound, stage="over", end="opened")
    for page in home:
        expect(page.get_by_text("The gate opened.")).to_be_visible()
    assert first.evaluate("(media) => media.isConnected", media)


def test_a_call_that_no_one_answers_stops_ringing_and_is_missed(
    home: tuple[Page, Page], served: Served
) -> None:
    page, other = home
    rings(served.compound)
    expect(other.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Answer the call").click()
    expect(page.get_by_role("heading", name="Someone is calling")).to_be_visible()
    until(lambda: page.evaluate("window.shaken?.length > 0"))
    change(served.compound, stage="over", end="no_answer", to_guard=True)
    expect(page.get_by_role("heading", name="Missed call")).to_be_visible()
    expect(page.locator("[data-call] button")).to_have_count(0)
    expect(other.locator("[data-call-band]")).to_be_hidden()
    assert page.evaluate("window.shaken.at(-1)") == 0


def test_a_phone_that_was_silenced_rings_no_more_in_this_call(
    home: tuple[Page, Page], served: Served
) -> None:
    page, _other = home
    rings(served.compound)
    page.get_by_role("link", name="Answer the call").click()
    page.wait_for_url("**/r/call/one")
    page.get_by_role("link", name="Silence on this phone").click()
    expect(page.get_by_role("heading", name="Calls from the gate")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Call from North gate")
    page.get_by_role("heading", name="Calls from the gate").click()  # a touch, after which a page may shake
    page.wait_for_timeout(2600)  # longer than between two rings
    assert page.evaluate("window.shaken ?? []") == []
    change(served.compound, stage="over", end="cancelled")
    expect(page.locator("[data-call-band]")).to_be_hidden()
    rings(served.compound, "two")
    expect(page.get_by_role("alert")).to_contain_text("Call from North gate")
    until(lambda: page.evaluate("window.shaken?.length > 0"))


def test_a_call_that_was_answered_rings_on_no_other_page_of_who_answered(
    home: tuple[Page, Page], served: Served
) -> None:
    first, _other = home
    tablet = first.context.new_page()
    tablet.goto(f"{served.address}/r/help")
    tablet.get_by_text("My phone is lost").click()  # a touch, after which a page may shake
    rings(served.compound)
    until(lambda: tablet.evaluate("window.shaken?.length > 0"))
    first.get_by_role("link", name="Answer the call").click()
    first.get_by_role("button", name="Answer the call").click()
    expect(tablet.get_by_role("alert")).to_contain_text("Call in progress: North gate · in")
    assert tablet.evaluate("window.shaken.at(-1)") == 0
    tablet.goto(f"{served.address}/r/messages")
    tablet.get_by_role("heading", level=1).click()
    expect(tablet.get_by_role("alert")).to_contain_text("Go to the call")
    tablet.wait_for_timeout(2600)  # longer than between two rings
    assert tablet.evaluate("window.shaken ?? []") == []


def test_a_page_rings_again_after_a_mailbox_and_takes_the_call_from_the_next(
    home: tuple[Page, Page], served: Served
) -> None:
    page, _other = home
    page.get_by_text("My phone is lost").click()
    rings(served.compound)
    page.get_by_role("link", name="Answer the call").click()
    until(lambda: page.evaluate("window.shaken?.length > 0"))
    picked_up = {"stage": "answered", "answered_by": served.compound.person_id, "leg": 0}
    change(served.compound, **picked_up, answered_at=served.compound.clock())
    expect(page.get_by_role("heading", name="A telephone picked up")).to_be_visible()
    assert page.evaluate("window.shaken.at(-1)") == 0
    change(served.compound, stage="ringing", answered_by=None, answered_at=None, leg=None)
    expect(page.get_by_role("heading", name="Someone is calling")).to_be_visible()
    until(lambda: page.evaluate("window.shaken.at(-1) !== 0"))
    change(served.compound, **picked_up, answered_at=served.compound.clock())
    page.get_by_role("button", name="Answer here instead").click()
    expect(page.get_by_role("heading", name="You answered")).to_be_visible()
    assert call_now(served.compound).leg is None


def test_a_page_without_a_stream_asks_every_few_seconds(browser: Browser, served: Served) -> None:
    take_calls(served.compound)
    context = browser.new_context(viewport=PHONE, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = welcome(context, served)
    page.route("**/r/call/stream*", lambda route: route.fulfill(status=503))
    page.goto(f"{served.address}/r/help")
    rings(served.compound)
    expect(page.get_by_role("alert")).to_contain_text("Call from North gate")
    change(served.compound, stage="over", end="cancelled")
    expect(page.locator("[data-call-band]")).to_be_hidden()
    context.close()
