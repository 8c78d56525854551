"""Sound and picture on the gate's own page: when its microphone and camera open, and that they close."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gate_controller.contract.call_media import MediaRelays, MediaSide
from gate_controller.terminal.call_sound import SoundSaid, SoundShown
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import Screen, TerminalView
from tests.browser.media_ends import ANSWER, CONNECTED, RELAYS_USED, an_end
from tests.browser.seen_and_heard import LISTEN, sees_the_camera
from tests.browser.terminal.conftest import PATIENCE_SECONDS, RecordingController, new_server, open_page
from tests.support.chromium import SPEAKING, launch
from tests.support.gates.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.wide]

WATCH_DEVICES = """
() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.asked = [];
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    window.asked.push(Object.keys(wishes).join());
    const stream = await ask(wishes);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}
"""
"""Notes what the page asks of the real function, and what it got."""
CALLS_OF_A_PAGE = 40
LIVE = "tracks.filter((track) => track.readyState === 'live').map((track) => track.kind).sort().join()"
"""What microphone and camera send now."""


@dataclass
class Gate:
    """The gate's page with a controller that says what it may do."""

    server: TerminalServer
    page: Page
    controller: RecordingController

    def show(self, sound: SoundShown | None) -> None:
        self.server.show(TerminalView(screen=Screen.IDLE, sound=sound))

    def said(self, true: Callable[[SoundSaid], object]) -> SoundSaid:
        """Wait until the page says so; return its word."""
        with self.controller.arrived:
            says_so = self.controller.arrived.wait_for(
                lambda: self.controller.actions and true(self.last()), PATIENCE_SECONDS
            )
            assert says_so, self.controller.actions[-3:]
            return self.last()

    def last(self) -> SoundSaid:
        word = self.controller.actions[-1]
        assert isinstance(word, SoundSaid)
        return word

    def offer(self, call: str) -> MediaSide:
        offer = self.said(lambda word: word.call == call and word.offer).offer
        assert offer is not None
        return offer


@pytest.fixture
def server(controller: RecordingController) -> Iterator[TerminalServer]:
    served = new_server(controller, call_sound=True, call_picture=True)
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def kiosk(browser: Browser) -> Iterator[Browser]:
    """Give a browser whose pages may have microphone and camera, as the kiosk's policy file says."""
    running = launch(browser.browser_type, more=SPEAKING)
    yield running
    running.close()


@pytest.fixture
def gate(kiosk: Browser, server: TerminalServer, controller: RecordingController) -> Iterator[Gate]:
    context = kiosk.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(f"({WATCH_DEVICES})()")
    yield Gate(server, open_page(context, server), controller)
    context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    page = an_end(browser)
    yield page
    page.context.close()


def answer(phone: Page, offer: MediaSide) -> MediaSide:
    return msgspec.convert(phone.evaluate(ANSWER, msgspec.to_builtins(offer)), MediaSide)


def test_a_page_from_which_the_call_is_taken_hears_nothing_more_though_no_other_has_come(
    gate: Gate, phone: Page
) -> None:
    gate.show(SoundShown(call="c1"))
    offer = gate.offer("c1")
    side = answer(phone, offer)
    gate.show(SoundShown(call="c1", answer=side, speaks=True))
    phone.wait_for_function(CONNECTED)
    gate.show(SoundShown(call="c1", speaks=True))
    again = gate.said(lambda word: word.offer not in (None, offer)).offer
    assert again is not None
    assert again.fingerprint != offer.fingerprint
    phone.wait_for_function(f"() => !({CONNECTED})()")


def test_who_answers_hears_and_sees_the_gate_and_both_end_with_the_call(gate: Gate, phone: Page) -> None:
    gate.show(SoundShown(call="c1"))
    offer = gate.offer("c1")
    side = answer(phone, offer)
    assert gate.page.evaluate("asked") == [], "a call that rings opens nothing"
    gate.show(SoundShown(call="c1", answer=side, speaks=True))
    phone.wait_for_function(CONNECTED)
    until(lambda: gate.page.evaluate(LIVE) == "audio")
    assert not gate.last().camera_open
    gate.show(SoundShown(call="c1", answer=side, speaks=True, picture=True))
    gate.said(lambda word: word.camera_open)
    phone.evaluate(f"({LISTEN})(streams)")
    phone.wait_for_function("() => loudest() > 100")
    assert sees_the_camera(phone)
    gate.show(None)
    gate.said(lambda word: not word.call and not word.camera_open)
    assert gate.page.evaluate(LIVE) == ""


def test_the_camera_is_closed_as_soon_as_the_gate_wants_it_back(gate: Gate) -> None:
    gate.show(SoundShown(call="c1", speaks=True, picture=True))
    gate.said(lambda word: word.camera_open)
    until(lambda: gate.page.evaluate(LIVE) == "audio,video")
    gate.show(SoundShown(call="c1", speaks=True))
    gate.said(lambda word: word.call == "c1" and not word.camera_open)
    assert gate.page.evaluate(LIVE) == "audio"


def test_a_call_that_ends_while_the_camera_opens_leaves_it_closed(gate: Gate) -> None:
    gate.page.evaluate(
        """() => {
          const ask = navigator.mediaDevices.getUserMedia;
          navigator.mediaDevices.getUserMedia = async (wishes) => {
            const stream = await ask(wishes);
            await new Promise((go) => { window.openNow = go; });
            return stream;
          };
        }"""
    )
    gate.show(SoundShown(call="c1", picture=True))
    until(lambda: gate.page.evaluate("'openNow' in window"))
    gate.show(None)
    assert gate.said(lambda word: not word.call).camera_open, "the browser has it still"
    gate.page.evaluate("() => { openNow(); }")
    gate.said(lambda word: not word.camera_open)
    assert gate.page.evaluate(LIVE) == ""


def test_after_one_call_the_next_has_keys_of_its_own(gate: Gate) -> None:
    gate.show(SoundShown(call="c1"))
    first = gate.offer("c1")
    gate.show(SoundShown(call="c2"))
    second = gate.offer("c2")
    assert first.fingerprint != second.fingerprint
    assert first.pwd != second.pwd


def test_a_page_that_answers_again_gets_a_new_offer(gate: Gate, phone: Page, browser: Browser) -> None:
    """The answerer loads their page again: the gate meets the new page with a new end."""
    gate.show(SoundShown(call="c1"))
    offer = gate.offer("c1")
    gate.show(SoundShown(call="c1", answer=answer(phone, offer), speaks=True))
    phone.wait_for_function(CONNECTED)
    again = an_end(browser)
    gate.show(SoundShown(call="c1", answer=answer(again, offer), speaks=True))
    second = gate.said(lambda word: word.offer and word.offer.ufrag != offer.ufrag).offer
    assert second is not None
    gate.show(SoundShown(call="c1", speaks=True))
    gate.show(SoundShown(call="c1", answer=answer(again, second), speaks=True))
    again.wait_for_function(CONNECTED)
    again.context.close()


def test_without_a_microphone_the_page_says_so_and_the_call_goes_on(
    context: BrowserContext, server: TerminalServer, controller: RecordingController
) -> None:
    gate = Gate(server, open_page(context, server), controller)
    gate.show(SoundShown(call="c1", speaks=True, picture=True))
    gate.said(lambda word: word.offer and word.trouble == "no_microphone" and not word.camera_open)
    server.show(TerminalView(screen=Screen.IDLE, language="en", sound_note="sound_no_microphone"))
    expect(gate.page.locator("#notes")).to_contain_text("They cannot hear you.")


def test_the_page_uses_the_relays_of_its_call_and_without_any_none(gate: Gate) -> None:
    relays = MediaRelays(urls=("turn:192.0.2.9:3478",), username="1:c1", credential="A" * 27 + "=")
    gate.page.evaluate(RELAYS_USED)
    gate.show(SoundShown(call="c1", relays=relays))
    gate.offer("c1")
    gate.show(SoundShown(call="c2"))
    gate.offer("c2")
    assert gate.page.evaluate("relaysUsed") == [[msgspec.json.decode(msgspec.json.encode(relays))], []]


def test_a_swapped_digest_is_said_to_be_no_sound(gate: Gate, phone: Page) -> None:
    gate.show(SoundShown(call="c1"))
    side = answer(phone, gate.offer("c1"))
    swapped = msgspec.structs.replace(side, fingerprint=bytes(32))
    gate.show(SoundShown(call="c1", answer=swapped, speaks=True))
    gate.said(lambda word: word.trouble == "lost")


def test_the_screen_says_that_the_camera_is_on(gate: Gate) -> None:
    gate.server.show(TerminalView(screen=Screen.IDLE, language="en", camera="call"))
    expect(gate.page.locator("#camera")).to_have_text("Camera on while you speak")


def test_after_many_calls_the_page_is_loaded_again_at_rest_and_not_under_a_hand(gate: Gate) -> None:
    gate.page.evaluate("window.stayed = true")
    for number in range(CALLS_OF_A_PAGE):
        gate.show(SoundShown(call=f"c{number}"))
        gate.offer(f"c{number}")
    assert gate.page.evaluate("window.stayed"), "not in a call"
    gate.page.mouse.move(20, 20)
    gate.page.mouse.down()
    gate.show(None)
    gate.page.wait_for_timeout(3000)
    assert gate.page.evaluate("window.stayed"), "not under a hand"
    with gate.page.expect_event("load"):
        gate.page.mouse.up()
    gate.show(SoundShown(call="next"))
    assert gate.offer("next")
