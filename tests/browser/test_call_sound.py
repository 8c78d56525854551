"""The answerer of a call hears, sees and is heard; what is missing is said, and the call goes on."""

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.media_ends import CONNECTED, OFFER, RELAYS_USED, an_end
from tests.browser.resident_screen import PATIENCE_MS, PHONE, Served, welcome
from tests.browser.seen_and_heard import LISTEN, MOVING_BAR, TONE, sees_the_bar_move
from tests.support.calls_at_home import call_now, change, rings, take_calls
from tests.support.gates.waiting import until
from web_admin.calls.relays import relays_of
from web_admin.core.database import current_menjin

pytestmark = pytest.mark.browser
SAID = "[data-media-said]"
SILENT = "No sound comes from the gate: its microphone may be broken. Write to the visitor below."


def answered(browser: Browser, served: Served, init: str = "") -> Page:
    """Answer the call that rings, on a phone of its own."""
    context: BrowserContext = browser.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(init)
    page = welcome(context, served)
    page.goto(f"{served.address}/r/call/one")
    page.get_by_role("button", name="Answer the call").click()
    expect(page.get_by_role("heading", name="You answered")).to_be_visible()
    return page


def connect(gate: Page, served: Served, *, has_microphone: bool = True) -> None:
    """Let the gate take the answer of the page, as its controller passes it on."""
    until(lambda: call_now(served.compound).media_answer is not None)
    gate.evaluate("(answer) => end.accept(answer)", call_now(served.compound).media_answer)
    if has_microphone:
        gate.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")
    gate.evaluate("end.sendPicture(bar.captureStream(15).getVideoTracks()[0])")
    gate.wait_for_function(CONNECTED)


def talks(browser: Browser, gate: Page, served: Served, *, has_microphone: bool = True) -> Page:
    """Call, answer on a phone of its own, and connect both."""
    take_calls(served.compound)
    rings(served.compound, media_offer=gate.evaluate(OFFER))
    page = answered(browser, served)
    connect(gate, served, has_microphone=has_microphone)
    return page


def test_who_answers_hears_and_sees_the_gate_and_is_heard(
    speaking: Browser, gate: Page, served: Served
) -> None:
    page = talks(speaking, gate, served)
    expect(page.locator(SAID)).to_have_text("You and the visitor hear each other.")
    page.evaluate(f"({LISTEN})(document.querySelector('video').srcObject)")
    until(lambda: abs(page.evaluate("loudest()") - 880) < 25)
    expect(page.get_by_label("Picture from the gate")).to_be_visible()
    assert sees_the_bar_move(page, "document.querySelector('video')")
    gate.evaluate(f"({LISTEN})(streams)")
    gate.wait_for_function("() => loudest() > 100")
    page.get_by_role("button", name="Microphone off").click()
    expect(page.get_by_role("button", name="Microphone off")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Hang up").click()
    expect(page.locator("[data-call-media]")).to_be_hidden()
    assert page.evaluate("document.querySelector('video').srcObject") is None
    page.context.close()


def test_without_a_microphone_the_gate_is_heard_and_the_page_says_what_to_do(
    browser: Browser, gate: Page, served: Served
) -> None:
    page = talks(browser, gate, served)
    expect(page.locator(SAID)).to_have_text(
        "The visitor cannot hear you: this page has no microphone. Write to them below."
    )
    page.evaluate(f"({LISTEN})(document.querySelector('video').srcObject)")
    until(lambda: abs(page.evaluate("loudest()") - 880) < 25)
    page.get_by_role("button", name="Open the gate").click()
    expect(page.get_by_text("The gate was asked to open.")).to_be_visible()
    page.context.close()


def test_a_gate_from_which_no_sound_comes_is_said_until_it_comes(
    speaking: Browser, gate: Page, served: Served
) -> None:
    page = talks(speaking, gate, served, has_microphone=False)
    expect(page.locator(SAID)).to_have_text(SILENT)
    gate.evaluate("end.sendSound(tone.out.stream.getAudioTracks()[0])")
    expect(page.locator(SAID)).to_have_text("You and the visitor hear each other.")
    gate.evaluate("end.sendSound(null)")
    expect(page.locator(SAID)).to_have_text(SILENT)
    page.context.close()


def test_a_gate_that_is_gone_is_not_taken_for_one_with_a_broken_microphone(
    speaking: Browser, gate: Page, served: Served
) -> None:
    page = talks(speaking, gate, served)
    expect(page.locator(SAID)).to_have_text("You and the visitor hear each other.")
    page.evaluate(
        """() => {
          window.said = [];
          const line = document.querySelector("[data-media-said]");
          new MutationObserver(() => said.push(line.dataset.word)).observe(line, { childList: true });
        }"""
    )
    gate.context.close()
    expect(page.locator(SAID)).to_have_text("The sound was cut off. You can still write, open or hang up.")
    assert page.evaluate("said") == ["lost"]
    page.context.close()


def test_the_page_uses_the_relays_of_the_call(browser: Browser, gate: Page, served: Served) -> None:
    with served.compound.app.app_context():
        config = current_menjin().config
    object.__setattr__(config, "turn_servers", ("turn:192.0.2.9:3478",))
    object.__setattr__(config, "turn_secret", "s" * 32)
    take_calls(served.compound)
    rings(served.compound, media_offer=gate.evaluate(OFFER))
    page = answered(browser, served, f"({RELAYS_USED})()")
    connect(gate, served)
    expected = msgspec.json.decode(msgspec.json.encode(relays_of(config, call_now(served.compound))))
    assert page.evaluate("relaysUsed") == [[expected]]
    page.context.close()


def test_a_gate_without_sound_is_answered_in_writing(browser: Browser, served: Served) -> None:
    take_calls(served.compound)
    rings(served.compound)
    page = answered(browser, served)
    expect(page.locator(SAID)).to_have_text("This gate has no sound here. Write to the visitor below.")
    page.context.close()


def test_a_lost_network_is_said_and_a_gate_that_comes_back_is_heard_again(
    speaking: Browser, browser: Browser, gate: Page, served: Served
) -> None:
    page = talks(speaking, gate, served)
    gate.context.close()
    expect(page.locator(SAID)).to_have_text("The sound was cut off. You can still write, open or hang up.")
    again = an_end(browser)
    again.evaluate(TONE, 880)
    again.evaluate(MOVING_BAR)
    change(served.compound, media_offer=again.evaluate(OFFER), media_answer=None)
    connect(again, served)
    expect(page.locator(SAID)).to_have_text("You and the visitor hear each other.")
    again.context.close()
    page.context.close()
