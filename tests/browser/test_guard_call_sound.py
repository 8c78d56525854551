"""The guard who answers hears, sees and is heard on the page of now, and on no other page of staff."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.media_ends import CONNECTED, OFFER, an_end
from tests.browser.office_screen import SIZES, look, sign_in
from tests.browser.resident_screen import PATIENCE_MS, Served
from tests.browser.seen_and_heard import LISTEN, MOVING_BAR, TONE, sees_the_bar_move
from tests.support.calls_at_home import call_now, change, rings, take_calls
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from tests.support.gates.waiting import until
from web_admin.accounts.staff import create_staff
from web_admin.core.database import current_menjin
from web_admin.manage.live import live_watch

pytestmark = pytest.mark.browser
SAID = "[data-media-said]"
AT_GUARD = [{"step": "guard", "from": 0, "by": ""}]
VIDEO = "document.querySelector('video')"


@pytest.fixture
def staffed(served: Served) -> Iterator[Served]:
    """Serve a compound with two of staff, whose visitors' calls go on to the guard."""
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        for role in ("guard", "manager"):
            create_staff(session, role, f"{role}@example.org", PASSWORD, TOTP_SECRET)
    take_calls(served.compound)
    yield served
    live_watch(served.compound.app).stop_when(lambda: True)


def page_of(browser: Browser, served: Served, role: str = "guard", size: str = "desktop") -> Page:
    context = browser.new_context(viewport=SIZES[size], locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    sign_in(page, served.address, role)
    page.goto(f"{served.address}/manage/")
    return page


def rings_at_guard(served: Served, gate: Page, call_id: str = "one", **more: object) -> None:
    rings(served.compound, call_id, to_guard=True, plan=AT_GUARD, media_offer=gate.evaluate(OFFER), **more)


def connect(gate: Page, served: Served, call_id: str = "one", *, has_microphone: bool = True) -> None:
    """Let the gate take the answer of the page, as its controller passes it on."""
    until(lambda: call_now(served.compound, call_id).media_answer is not None)
    gate.evaluate("(answer) => end.accept(answer)", call_now(served.compound, call_id).media_answer)
    if has_microphone:
        gate.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")
    gate.evaluate("end.sendPicture(bar.captureStream(15).getVideoTracks()[0])")
    gate.wait_for_function(CONNECTED)


def page_that_speaks(browser: Browser, served: Served, gate: Page) -> Page:
    """Let the guard answer a call on a page of their own."""
    page = page_of(browser, served)
    rings_at_guard(served, gate)
    page.get_by_role("button", name="Answer the call").click()
    connect(gate, served)
    return page


def meets_again(gate: Page, served: Served, met: object) -> None:
    """Offer a new end once another answer has come than the one that was met, as gates do, and connect."""
    until(lambda: call_now(served.compound).media_answer not in (None, met))
    change(served.compound, media_offer=gate.evaluate(OFFER), media_answer=None)
    connect(gate, served)


def hears(page: Page) -> None:
    expect(page.locator(SAID)).to_have_text("You and the visitor hear each other.")


@pytest.mark.parametrize("size", SIZES)
def test_a_guard_hears_sees_and_is_heard_while_they_press_sentences_and_open(
    speaking: Browser, gate: Page, staffed: Served, size: str
) -> None:
    page = page_of(speaking, staffed, size=size)
    rings_at_guard(staffed, gate)
    page.get_by_role("button", name="Answer the call").click()
    connect(gate, staffed)
    hears(page)
    page.evaluate(f"({LISTEN})({VIDEO}.srcObject)")
    until(lambda: abs(page.evaluate("loudest()") - 880) < 25)
    expect(page.get_by_label("Picture from the gate")).to_be_visible()
    assert look(page, f"guard-speaks-{size}") == []
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Please wait a moment.").click()
    expect(page.locator("#said")).to_contain_text("The gate shows your sentence.")
    expect(page.get_by_role("button", name="Please wait a moment.")).to_have_attribute("aria-pressed", "true")
    page.locator("form.opens button").first.click()
    expect(page.get_by_text("The gate was asked to open.")).to_be_visible()
    assert page.evaluate("window.stayed"), "no other page was loaded, so the sound went on"
    assert sees_the_bar_move(page, VIDEO)
    gate.evaluate(f"({LISTEN})(streams)")
    gate.wait_for_function("() => loudest() > 100")
    page.get_by_role("button", name="End the call").click()
    expect(page.locator("[data-call-media]")).to_be_hidden()
    assert page.evaluate(f"{VIDEO}.srcObject") is None
    page.context.close()


def test_without_a_microphone_the_page_says_what_to_do(browser: Browser, gate: Page, staffed: Served) -> None:
    page = page_that_speaks(browser, staffed, gate)
    expect(page.locator(SAID)).to_have_text(
        "The visitor cannot hear you: this page has no microphone. Press a sentence below."
    )
    page.context.close()


def test_a_gate_from_which_no_sound_comes_is_said(speaking: Browser, gate: Page, staffed: Served) -> None:
    page = page_of(speaking, staffed)
    rings_at_guard(staffed, gate)
    page.get_by_role("button", name="Answer the call").click()
    connect(gate, staffed, has_microphone=False)
    expect(page.locator(SAID)).to_have_text(
        "No sound comes from the gate: its microphone may be broken. Press a sentence below."
    )
    page.context.close()


def test_a_second_page_of_the_guard_takes_the_sound_only_when_asked(
    speaking: Browser, gate: Page, staffed: Served
) -> None:
    page = page_of(speaking, staffed)
    other = page.context.new_page()
    other.goto(f"{staffed.address}/manage/")
    rings_at_guard(staffed, gate)
    page.get_by_role("button", name="Answer the call").click()
    connect(gate, staffed)
    hears(page)
    expect(other.get_by_role("button", name="Speak on this page")).to_be_visible()
    expect(other.locator("[data-call-media]")).to_be_hidden()
    expect(page.get_by_role("button", name="Speak on this page")).to_be_hidden()

    met = call_now(staffed.compound).media_answer
    other.get_by_role("button", name="Speak on this page").click()
    meets_again(gate, staffed, met)
    hears(other)
    expect(page.locator("[data-call-media]")).to_be_hidden()
    other.reload()
    expect(other.locator("[data-call-media]")).to_be_visible()
    page.context.close()


def test_an_answer_before_the_scripts_are_there_gives_the_page_its_sound_too(
    speaking: Browser, gate: Page, staffed: Served
) -> None:
    page = page_of(speaking, staffed)
    page.route("**/guard_calls.js", lambda route: route.abort())
    page.reload()
    rings_at_guard(staffed, gate)
    page.get_by_role("button", name="Answer the call").wait_for()
    page.unroute("**/guard_calls.js")
    page.get_by_role("button", name="Answer the call").click()
    connect(gate, staffed)
    hears(page)
    assert "answered" not in page.url
    page.context.close()


def test_a_microphone_that_was_off_is_shown_on_in_the_next_call(
    speaking: Browser, gate: Page, staffed: Served
) -> None:
    page = page_that_speaks(speaking, staffed, gate)
    mute = page.get_by_role("button", name="Microphone off")
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="End the call").click()
    expect(page.locator("[data-call-media]")).to_be_hidden()
    rings_at_guard(staffed, gate, "two")
    page.get_by_role("button", name="Answer the call").click()
    connect(gate, staffed, "two")
    expect(mute).to_have_attribute("aria-pressed", "false")
    page.context.close()


def test_signing_out_elsewhere_ends_sound_and_microphone(
    speaking: Browser, gate: Page, staffed: Served
) -> None:
    page = page_that_speaks(speaking, staffed, gate)
    hears(page)
    other = page.context.new_page()
    other.goto(f"{staffed.address}/manage/")
    other.get_by_role("button", name="Sign out").click()
    expect(page.locator("[data-call-media]")).to_be_hidden()
    assert page.evaluate(f"{VIDEO}.srcObject") is None
    page.context.close()


def test_a_press_that_is_not_answered_is_said_and_the_page_and_its_sound_stay(
    speaking: Browser, gate: Page, staffed: Served
) -> None:
    page = page_that_speaks(speaking, staffed, gate)
    page.route("**/reply", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    page.get_by_role("button", name="Please wait a moment.").click()
    expect(page.locator("#said")).to_contain_text("Not done: the server did not answer. Press again.")
    page.unroute("**/reply")
    page.get_by_role("button", name="Please wait a moment.").click()
    expect(page.get_by_role("button", name="Please wait a moment.")).to_have_attribute("aria-pressed", "true")
    hears(page)
    page.context.close()


def test_a_browser_without_connections_answers_in_writing(
    browser: Browser, gate: Page, staffed: Served
) -> None:
    page = page_of(browser, staffed)
    page.add_init_script("delete window.RTCPeerConnection")
    page.reload()
    rings_at_guard(staffed, gate)
    page.get_by_role("button", name="Answer the call").click()
    expect(page.locator(SAID)).to_have_text("This gate has no sound here. Press a sentence below.")
    page.get_by_role("button", name="Please wait a moment.").click()
    expect(page.locator("#said")).to_contain_text("The gate shows your sentence.")
    page.context.close()


def test_a_colleague_who_takes_over_has_the_sound_and_the_first_has_none(
    speaking: Browser, gate: Page, staffed: Served
) -> None:
    first, second = page_of(speaking, staffed), page_of(speaking, staffed, "manager")
    rings_at_guard(staffed, gate)
    first.get_by_role("button", name="Answer the call").click()
    connect(gate, staffed)
    met = call_now(staffed.compound).media_answer
    second.get_by_role("button", name="Take over the call").click()
    expect(first.locator("[data-call-media]")).to_be_hidden()
    meets_again(gate, staffed, met)
    hears(second)
    first.context.close()
    second.context.close()


def test_of_two_calls_the_one_answered_last_speaks_and_the_other_can_again(
    speaking: Browser, browser: Browser, gate: Page, staffed: Served
) -> None:
    page, another = page_of(speaking, staffed), an_end(browser)
    another.evaluate(TONE, 440)
    another.evaluate(MOVING_BAR)
    rings_at_guard(staffed, gate)
    page.get_by_role("button", name="Answer the call").click()
    connect(gate, staffed)
    rings_at_guard(staffed, another, "two", gate_id="south")
    page.get_by_role("button", name="Answer the call").click()
    connect(another, staffed, "two")
    hears(page)
    expect(page.locator("[data-media-with]")).to_have_text("Visitor: South gate · in")
    page.evaluate(f"({LISTEN})({VIDEO}.srcObject)")
    until(lambda: abs(page.evaluate("loudest()") - 440) < 25)
    first = page.locator("#call-one")
    expect(first.get_by_role("button", name="Speak on this page")).to_be_visible()
    met = call_now(staffed.compound).media_answer
    first.get_by_role("button", name="Speak on this page").focus()
    page.keyboard.press("Enter")
    meets_again(gate, staffed, met)
    expect(page.locator("#call-two").get_by_role("button", name="Speak on this page")).to_be_visible()
    another.context.close()
    page.context.close()
