"""What a person does on the terminal page, and what the page promises, in a real browser."""

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from gate_controller.contract.calls import CallFor
from gate_controller.contract.records import Method
from gate_controller.terminal.entry_guard import write_launch_page
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import (
    CallPressed,
    CancelPressed,
    ConfirmPressed,
    DeclinePressed,
    ForgotCardPressed,
    HelpPressed,
    KeyTyped,
    LanguagePressed,
    ListPressed,
    MethodPressed,
    OwnFacePressed,
    Screen,
    SlowerPressed,
    TerminalView,
)
from tests.browser.terminal.conftest import RecordingController, free_port, new_server, open_page
from tests.browser.terminal.states import BOXES, LONGEST_PAGE, NO_FACE, SHOWN, keep_picture, shown
from tests.browser.terminal.voices import VOICES

pytestmark = pytest.mark.browser


# -- what a person does -----------------------------------------------------------------------------


def test_a_pin_is_typed_by_touch_in_order_and_never_kept_in_the_page(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    shown(server, page, SHOWN["idle"])
    page.get_by_role("button", name="PIN").click()
    controller.wait_for(MethodPressed(Method.PIN))
    shown(server, page, TerminalView(screen=Screen.TYPING_HOME))
    for key in ["3", "-", "1", "2", "OK"]:
        page.get_by_role("button", name={"-": "Dash"}.get(key, key), exact=True).click()
    controller.wait_for(*[KeyTyped(key) for key in "3-12#"])
    shown(server, page, TerminalView(screen=Screen.TYPING_PIN))
    for digit in "790468":
        page.get_by_role("button", name=digit, exact=True).click()
    controller.wait_for(*[KeyTyped(digit) for digit in "790468"])
    shown(server, page, TerminalView(screen=Screen.TYPING_PIN, typed_count=6))
    expect(page.locator("#typed")).to_have_text("●●●●●●")
    assert "790468" not in page.content()
    assert page.evaluate("() => [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_the_whole_page_works_from_a_physical_keyboard(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    shown(server, page, SHOWN["idle"])
    page.keyboard.press("3")
    page.keyboard.press("-")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    controller.wait_for(KeyTyped("3"), KeyTyped("-"), KeyTyped("*"), KeyTyped("#"), CancelPressed())
    page.locator("#help").focus()
    page.keyboard.press("Enter")
    controller.wait_for(HelpPressed())


def test_enter_ends_the_number_even_when_a_touched_digit_has_the_focus(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    shown(server, page, SHOWN["typing_home"])
    page.get_by_role("button", name="5", exact=True).click()
    page.keyboard.press("Enter")
    controller.wait_for(KeyTyped("5"), KeyTyped("#"))


def test_a_burst_of_keys_arrives_in_order(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    shown(server, page, SHOWN["typing_pin"])
    keys = "0123456789" * 4
    page.keyboard.type(keys)
    controller.wait_for(*[KeyTyped(key) for key in keys])


def test_every_button_beside_the_stage_does_what_it_says(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    shown(server, page, SHOWN["face_ask"])
    page.get_by_role("button", name="Yes, register it").click()
    controller.wait_for(ConfirmPressed())
    page.get_by_role("button", name="No, another way").click()
    controller.wait_for(DeclinePressed())
    shown(server, page, SHOWN["face_looking"])
    page.get_by_role("button", name="Add or delete my face").click()
    controller.wait_for(OwnFacePressed())
    page.get_by_role("button", name="Back", exact=True).click()
    controller.wait_for(CancelPressed())
    page.get_by_role("button", name="Help").click()
    controller.wait_for(HelpPressed())
    page.get_by_role("button", name="More time").click()
    controller.wait_for(SlowerPressed())
    page.get_by_role("button", name="中文").click()
    controller.wait_for(LanguagePressed("zh"))


def test_a_question_puts_no_first_and_makes_its_answers_equal(server: TerminalServer, page: Page) -> None:
    for state, count in (("face_ask", 2), ("face_ask_agreed", 3), ("face_kept", 3), ("face_notice", 3)):
        shown(server, page, SHOWN[state])
        expect(page.locator("#choices button")).to_have_count(count)  # two states are of one screen
        boxes = page.evaluate(BOXES)[:count]
        assert boxes[0]["name"].startswith("1No, "), boxes
        assert len({(round(box["wide"]), round(box["high"]), round(box["top"])) for box in boxes}) == 1
        colours = page.locator("#choices button").evaluate_all(
            "all => all.map((one) => getComputedStyle(one).backgroundColor + getComputedStyle(one).fontSize)"
        )
        assert len(set(colours)) == 1
        assert page.evaluate("document.activeElement === document.body"), "nothing is chosen beforehand"


def test_a_question_is_answered_from_a_keypad_alone(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    for state, keys in (("face_notice", "#*1"), ("face_ask", "12"), ("face_kept", "231"), ("choose", "50")):
        shown(server, page, SHOWN[state])
        page.keyboard.type(keys)
        controller.wait_for(*[KeyTyped(key) for key in keys])


def test_by_keypad_alone_the_notice_and_every_answer_are_read_aloud_in_the_screens_language(
    server: TerminalServer, context: BrowserContext
) -> None:
    """Chromium on a test machine has no voices: these two write down what they were to say."""
    context.add_init_script(VOICES)
    page = open_page(context, server)
    aloud = {
        name: msgspec.structs.replace(SHOWN[name], read_aloud=True)
        for name in ("choose", "face_notice", "face_ask", "face_kept")
    }
    shown(server, page, SHOWN["idle"])
    assert page.evaluate("window.heard") == []
    shown(server, page, aloud["choose"])
    shown(server, page, aloud["face_notice"])
    shown(server, page, msgspec.structs.replace(aloud["face_notice"], notice_page=10, notice_text="The end."))
    expect(page.locator("#line")).to_have_text("The end.")
    shown(server, page, aloud["face_ask"])
    shown(server, page, aloud["face_kept"], "zh")
    heard = page.evaluate("window.heard")
    assert [language for language, _ in heard] == ["en"] * 4 + ["zh-Hans"]
    assert "4 Face. 5 Add or delete my face. 6 I forgot my card. 0 Read aloud" in heard[0][1]
    assert LONGEST_PAGE.rstrip("。") in heard[1][1]
    assert heard[2][1] == "Your rights. The end. 1 No, another way. * Back. # Next"
    assert heard[3][1].endswith("1 No, another way. 2 Yes, register it")
    assert heard[4][1].endswith("1 否，保留并让我进门。2 再录一次人脸。3 删除我的人脸")


@pytest.fixture
def page_with_voices(server: TerminalServer, context: BrowserContext) -> Page:
    """Return the page with a clock that the test moves; it writes down what it was to say."""
    context.add_init_script(VOICES)
    page = context.new_page()
    page.clock.install()
    page.goto(server.launch_url)
    return shown(server, page, SHOWN["idle_no_face"])


def test_a_hand_on_the_glass_hears_that_0_reads_aloud_and_after_ten_seconds_the_screen(
    page_with_voices: Page,
) -> None:
    page = page_with_voices
    page.locator("#panel").click()
    assert page.evaluate("window.heard") == [["en", "Press 0, and this screen is read aloud."]]
    page.clock.run_for(1000)
    page.locator("#panel").click()
    page.clock.run_for(1000)
    # Less than ten seconds, of which a busy machine may take some of its own.
    assert len(page.evaluate("window.heard")) == 1
    page.clock.run_for(10_000)
    (_zero, (language, text)) = page.evaluate("window.heard")
    assert language == "en"
    assert text.startswith("Welcome. Hold up your card")
    assert text.endswith("Card. PIN. QR code. I forgot my card")


def test_nothing_is_read_to_who_chooses_within_ten_seconds(
    server: TerminalServer, page_with_voices: Page, controller: RecordingController
) -> None:
    page = page_with_voices
    page.locator("#panel").click()
    page.clock.run_for(2000)
    page.get_by_role("button", name="Card", exact=True).click()
    controller.wait_for(MethodPressed(Method.CARD))
    page.clock.run_for(20_000)
    assert [text for _, text in page.evaluate("window.heard")] == ["Press 0, and this screen is read aloud."]


def test_a_child_without_a_card_is_shown_the_pin_and_help(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    shown(server, page, SHOWN["idle"])
    page.get_by_role("button", name="I forgot my card").click()
    controller.wait_for(ForgotCardPressed())
    shown(server, page, SHOWN["forgot_card"])
    choices = page.locator("#choices").get_by_role("button")
    expect(choices).to_have_text(["PIN", "QR code", "Help", "Back"])
    choices.filter(has_text="Help").click()
    controller.wait_for(HelpPressed())
    choices.filter(has_text="PIN").click()
    controller.wait_for(MethodPressed(Method.PIN))


def test_a_visitor_calls_a_home_by_touch_and_a_courier_picks_one_from_the_list(
    server: TerminalServer, page: Page, controller: RecordingController
) -> None:
    shown(server, page, SHOWN["idle_calls"])
    page.get_by_role("button", name="Call a home").click()
    controller.wait_for(CallPressed(CallFor.HOME))
    shown(server, page, SHOWN["call_number"])
    expect(page.locator("#typed")).to_have_text("3-1203")
    page.get_by_role("button", name="OK").click()
    controller.wait_for(KeyTyped("#"))
    shown(server, page, SHOWN["calling"])
    expect(page.locator("#title")).to_have_text("Calling 12-2-1203")
    page.get_by_role("button", name="End the call").click()
    controller.wait_for(CancelPressed())
    shown(server, page, SHOWN["idle_calls"])
    page.get_by_role("button", name="Courier").click()
    controller.wait_for(CallPressed(CallFor.COURIER))
    shown(server, page, SHOWN["call_number"])
    page.get_by_role("button", name="List of homes").click()
    controller.wait_for(ListPressed())
    shown(server, page, SHOWN["call_list"])
    page.get_by_role("button", name="Yoga").click()
    controller.wait_for(KeyTyped("5"))
    shown(server, page, SHOWN["call_no_calls"])
    expect(page.locator("#title")).to_have_text(
        "12-2-1203 takes no calls now. Check the number, or ask the guard."
    )
    page.get_by_role("button", name="Call the guard").click()
    controller.wait_for(HelpPressed())


def test_what_a_home_says_is_read_to_everyone_once(server: TerminalServer, context: BrowserContext) -> None:
    context.add_init_script(VOICES)
    page = open_page(context, server)
    shown(server, page, SHOWN["calling"])
    shown(server, page, SHOWN["call_reply"])
    page.wait_for_function("() => heard.length > 0")
    (_language, said) = page.evaluate("heard.at(-1)")
    assert said.startswith("Please leave it with the guard. This is the answer of 12-2-1203")
    count = page.evaluate("heard.length")
    shown(server, page, msgspec.structs.replace(SHOWN["call_reply"], clock_sure=False))
    expect(page.locator("#notes")).to_contain_text("clock")
    assert page.evaluate("heard.length") == count


def test_an_arrow_points_to_the_side_of_the_screen_that_is_the_persons_own(
    server: TerminalServer, page: Page
) -> None:
    """A person who faces the screen has their left hand at its left edge."""
    for prompt, tip in (("turn_left", "M21 12H4"), ("turn_right", "M3 12h17")):
        shown(server, page, msgspec.structs.replace(SHOWN["face_prompt"], prompt=prompt))
        expect(page.locator("#icon path")).to_have_attribute("d", re.compile(f"^{tip}"))
        expect(page.locator("#title")).to_contain_text(prompt.removeprefix("turn_"))


# -- what the page promises --------------------------------------------------------------------------


def test_where_face_is_off_nothing_on_the_page_is_about_it(server: TerminalServer, page: Page) -> None:
    for state in ("idle_no_face", "show_card", "typing_home", "granted", "delayed"):
        shown(server, page, SHOWN[state])
        body = page.locator("body").evaluate("body => body.outerHTML.toLowerCase()")
        assert "face" not in body
        assert "刷脸" not in body


def test_the_ways_in_are_equal_and_in_their_fixed_order(server: TerminalServer, page: Page) -> None:
    shown(server, page, SHOWN["idle"])
    boxes = page.evaluate(BOXES)[:4]
    assert [box["name"] for box in boxes] == ["Card", "PIN", "QR code", "Face"]
    assert len({(round(box["wide"]), round(box["high"]), round(box["top"])) for box in boxes}) == 1


def test_the_help_button_stays_where_it_is_in_every_state(server: TerminalServer, page: Page) -> None:
    places = set()
    for view in SHOWN.values():
        shown(server, page, view)
        places.add(str(page.locator("#help").bounding_box()))
    assert len(places) == 1


def test_who_calls_for_help_sees_the_answer_and_hears_it_once_without_speaking(
    server: TerminalServer, page: Page
) -> None:
    page.evaluate(TONES)
    shown(server, page, SHOWN["idle_no_face"])
    expect(page.locator("#called")).to_be_hidden()
    page.evaluate("window.tones = []")
    for _again in range(2):
        shown(server, page, SHOWN["help_called"])
        expect(page.locator("#called")).to_have_text("The guard has been called. Please wait here.")
        expect(page.locator("#called")).to_have_attribute("role", "status")
    assert len(page.evaluate("window.tones")) == 3


def test_without_a_connection_the_screen_does_not_say_that_the_guard_was_called(
    server: TerminalServer, page: Page
) -> None:
    shown(server, page, SHOWN["help_offline"])
    expect(page.locator("#called")).to_contain_text("the guard is called as soon as it is back")
    expect(page.locator("#help")).to_have_text("Call waits for the network")
    expect(page.get_by_text("has been called")).to_have_count(0)


def test_nothing_is_read_aloud_by_day_or_night_without_a_request(server: TerminalServer, page: Page) -> None:
    page.evaluate("() => { spoken = []; speechSynthesis.speak = (speech) => spoken.push(speech.text); }")
    for state in ("granted", "refused", "idle_no_face", "help_called", "fire"):
        shown(server, page, SHOWN[state])
    assert page.evaluate("spoken") == []
    shown(server, page, msgspec.structs.replace(SHOWN["choose_no_face"], read_aloud=True))
    page.wait_for_function("() => spoken.length === 1")
    assert "9 Help" in page.evaluate("spoken[0]")


def test_a_refusal_says_the_same_whatever_the_reason(server: TerminalServer, page: Page) -> None:
    for word in ("pin_wrong", "face_no_match", "too_dark", "starting", ""):
        shown(server, page, TerminalView(screen=Screen.REFUSED, methods_offered=NO_FACE, message=word))
        line = "Try again or another way, or press help."
        expect(page.locator("#said")).to_have_text(f"This did not open {line}")


def test_a_look_that_was_refused_says_what_to_do_better_and_reads_it_aloud(
    server: TerminalServer, page: Page
) -> None:
    page.evaluate("() => { spoken = []; speechSynthesis.speak = (speech) => spoken.push(speech.text); }")
    view = TerminalView(screen=Screen.REFUSED, methods_offered=NO_FACE, mend="face_too_dark", read_aloud=True)
    shown(server, page, view)
    expect(page.locator("#line")).to_have_text(
        "It was too dark for the camera. Another way is quicker. Try again or another way, or press help."
    )
    page.wait_for_function("() => spoken.some((text) => text.includes('too dark for the camera'))")
    shown(server, page, view, language="zh")
    expect(page.locator("#line")).to_have_text(
        "光线太暗，换一种方式更快。请再试一次，或换一种方式；也可按“求助”。"
    )
    for word in ("face_no_match", "face_ambiguous", "face_unavailable", "pin_wrong"):
        shown(server, page, msgspec.structs.replace(view, mend=word))
        expect(page.locator("#line")).to_have_text("Try again or another way, or press help.")


def test_an_enrolment_that_failed_says_what_to_do_better(server: TerminalServer, page: Page) -> None:
    shown(server, page, TerminalView(screen=Screen.GRANTED, message="not_enrolled", mend="face_too_small"))
    expect(page.locator("#line")).to_contain_text("Come a little closer. That did not work.")


def test_a_word_the_page_does_not_know_is_never_shown(server: TerminalServer, page: Page) -> None:
    shown(server, page, TerminalView(screen=Screen.WAITING, message="some_new_word"))
    expect(page.locator("#line")).to_have_text("We are checking.")


def test_the_seconds_run_down_without_new_views_and_are_not_announced(
    server: TerminalServer, page: Page
) -> None:
    shown(server, page, SHOWN["delayed"])
    expect(page.locator("#countdown strong")).to_have_text("27")
    expect(page.locator("#countdown")).to_have_attribute("aria-live", "off")


def test_the_camera_line_follows_the_view(server: TerminalServer, page: Page) -> None:
    for camera, words in [("closed", "Camera off"), ("codes_only", "QR only"), ("looking", "your face")]:
        shown(server, page, msgspec.structs.replace(SHOWN["face_looking"], camera=camera))
        expect(page.locator("#camera")).to_contain_text(words)


TONES = """() => {
  window.tones = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) {
    window.tones.push(this.frequency.value);
    start.call(this, at);
  };
}"""


def test_granted_and_refused_sound_different_and_each_sounds_once(server: TerminalServer, page: Page) -> None:
    page.evaluate(TONES)
    heard = {}
    for state in ("granted", "refused", "fire"):
        shown(server, page, SHOWN["idle"])
        page.evaluate("window.tones = []")
        shown(server, page, SHOWN[state])
        shown(server, page, msgspec.structs.replace(SHOWN[state], seconds_left=3))
        expect(page.locator("#countdown strong")).to_have_text("3")
        heard[state] = tuple(page.evaluate("window.tones"))
    assert min(heard["granted"]) > max(heard["refused"]) > 0
    assert len(set(heard.values())) == 3
    assert len(heard["granted"]) == 3


def test_the_launch_page_of_the_kiosk_signs_in_and_leaves_no_token_in_the_address(
    server: TerminalServer, context: BrowserContext, tmp_path: Path
) -> None:
    launch = tmp_path / "terminal.html"
    write_launch_page(launch, server.launch_url)
    page = context.new_page()
    page.goto(launch.as_uri())
    page.wait_for_url(server.address)
    expect(page.locator("#language")).not_to_be_empty()
    cookies = context.cookies()
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")]


class StrangersPage(BaseHTTPRequestHandler):
    """A page of another program on this machine, whose form holds an action for the gate."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            f"<form method=post enctype=text/plain action='{unquote(self.path[1:])}acts'>"
            """<input name='{"act":"help","x":"' value='"}'></form>""".encode()
        )

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def stranger() -> Iterator[Callable[[str], str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), StrangersPage) as other:
        serving = threading.Thread(target=other.serve_forever)
        serving.start()
        yield lambda target: f"http://127.0.0.1:{other.server_port}/{quote(target, safe='')}"
        other.shutdown()
        serving.join()


def test_a_page_of_another_port_of_this_machine_can_send_no_act(
    server: TerminalServer, page: Page, controller: RecordingController, stranger: Callable[[str], str]
) -> None:
    page.goto(stranger(server.address))
    with page.expect_navigation():
        page.evaluate("document.querySelector('form').submit()")
    expect(page.locator("body")).to_contain_text("Refused")
    assert controller.actions == []


def test_when_the_controller_goes_the_screen_says_so_and_comes_back_automatically(
    controller: RecordingController, context: BrowserContext
) -> None:
    first = new_server(controller, port=free_port())
    first.start()
    page = context.new_page()
    page.goto(first.launch_url)
    page.wait_for_url(first.address)
    shown(first, page, SHOWN["face_looking"])
    port = int(first.address.rstrip("/").rpartition(":")[2])
    first.stop()
    expect(page.locator("body")).to_have_attribute("data-screen", "fault")
    expect(page.locator("#line")).to_contain_text("This screen has lost contact with the gate")
    expect(page.locator("#camera")).to_be_hidden()
    keep_picture(page, "lost_en_wide")
    second = new_server(controller, port=port)
    second.start()
    try:
        shown(second, page, SHOWN["idle"])
    finally:
        second.stop()


def test_the_page_asks_nothing_of_any_other_machine(server: TerminalServer, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator("#language")).not_to_be_empty()
    assert len(asked) >= 6
    assert [url for url in asked if not url.startswith(server.address)] == []
