"""The terminal page in a real browser, served by a real TerminalServer over real HTTP.

With MENJIN_SCREENSHOTS=FOLDER every state is also kept there as a picture.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from gate_controller.policy import Method
from gate_controller.terminal.entry_guard import write_launch_page
from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import (
    CancelPressed,
    ConfirmPressed,
    HelpPressed,
    KeyTyped,
    LanguagePressed,
    MethodPressed,
    Screen,
    SlowerPressed,
    TerminalAct,
    TerminalView,
)

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
TOKEN = "t" * 43
PATIENCE_SECONDS = 10
SIZES = {"wide": (1280, 800), "small": (800, 480), "tall": (1080, 1920)}
ALL_METHODS = tuple(Method)
NO_FACE = (Method.CARD, Method.PIN, Method.QR)
AXE = Path("node_modules/axe-core/axe.min.js")
SHOWN = {
    "idle": TerminalView(screen=Screen.IDLE, methods_offered=ALL_METHODS),
    "idle_no_face": TerminalView(screen=Screen.IDLE, methods_offered=NO_FACE, camera="codes_only"),
    "idle_offline": TerminalView(
        screen=Screen.IDLE, methods_offered=NO_FACE, online=False, clock_sure=False, slower=True
    ),
    "show_card": TerminalView(screen=Screen.SHOW_CARD),
    "typing_home": TerminalView(screen=Screen.TYPING_HOME, typed_home="3-1203", online=False),
    "typing_pin": TerminalView(screen=Screen.TYPING_PIN, typed_count=4, slower=True),
    "show_code": TerminalView(screen=Screen.SHOW_CODE, camera="codes_only", seconds_left=20),
    "face_looking": TerminalView(
        screen=Screen.FACE_LOOKING, camera="looking", seconds_left=8, message="too_small"
    ),
    "face_ask": TerminalView(screen=Screen.FACE_ASK),
    "face_enrol": TerminalView(
        screen=Screen.FACE_ENROL, camera="looking", steps_done=2, steps_needed=5, message="turn_left"
    ),
    "waiting": TerminalView(screen=Screen.WAITING),
    "granted": TerminalView(screen=Screen.GRANTED, seconds_left=5),
    "refused": TerminalView(screen=Screen.REFUSED, methods_offered=ALL_METHODS),
    "delayed": TerminalView(screen=Screen.DELAYED, methods_offered=(Method.CARD, Method.QR), seconds_left=28),
    "done": TerminalView(screen=Screen.DONE, message="enrolled"),
    "held_open": TerminalView(screen=Screen.HELD_OPEN),
    "disabled": TerminalView(screen=Screen.DISABLED, help_called=True),
    "lockdown": TerminalView(screen=Screen.LOCKDOWN),
    "fire": TerminalView(screen=Screen.FIRE),
    "fault": TerminalView(screen=Screen.FAULT, message="granted_not_opened", help_called=True),
}


@dataclass
class RecordingController:
    """A controller with no rules: it keeps the acts, and types as the real one does."""

    acts: list[TerminalAct] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, act: TerminalAct) -> None:
        with self.arrived:
            self.acts.append(act)
            self.arrived.notify_all()

    def wait_for(self, *acts: TerminalAct) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.acts[-len(acts) :] == list(acts), PATIENCE_SECONDS), (
                self.acts
            )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def controller() -> RecordingController:
    return RecordingController()


def new_server(controller: RecordingController, port: int = 0) -> TerminalServer:
    return TerminalServer(
        controller.take, port=port, launch_token=TOKEN, site_name="Willow Court 柳园", heartbeat_seconds=0.5
    )


@pytest.fixture
def server(controller: RecordingController) -> Iterator[TerminalServer]:
    served = new_server(controller)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, server: TerminalServer) -> Page:
    opened = context.new_page()
    opened.goto(server.launch_url)
    opened.wait_for_url(server.address)
    expect(opened.locator("#language")).not_to_be_empty()
    return opened


def shown(server: TerminalServer, page: Page, view: TerminalView, language: str = "en") -> Page:
    server.show(msgspec.structs.replace(view, language=language, lane_name="North gate 北门"))
    expect(page.locator("body")).to_have_attribute("data-screen", view.screen)
    expect(page.locator("html")).to_have_attribute("lang", {"zh": "zh-Hans", "en": "en"}[language])
    expect(page.locator("#lane")).not_to_be_empty()
    return page


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("MENJIN_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


BOXES = """() => [...document.querySelectorAll("button")].filter((b) => b.offsetParent).map((b) => {
  const box = b.getBoundingClientRect();
  return { name: b.textContent, left: box.left, top: box.top, right: box.right, bottom: box.bottom,
           wide: box.width, high: box.height, clipped: b.scrollWidth > b.clientWidth || b.scrollHeight > b.clientHeight };
})"""
OVERFLOWS = """() => [...document.querySelectorAll("#strip, #strip *, #panel, #panel *, #choices, #stage")]
  .filter((e) => e.offsetParent && !e.closest("svg")).filter((e) => {
    const box = e.getBoundingClientRect();
    const room = (e.closest("#strip") ?? document.querySelector("#stage")).getBoundingClientRect();
    return box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 1 || box.bottom > room.bottom + 1
        || box.bottom > innerHeight + 1 || box.right > innerWidth + 1;
  }).map((e) => e.id || e.className || e.tagName)"""
COVERED = """() => {
  const boxes = [...document.querySelectorAll("#said, #typed, #progress, #countdown, #choices button, #tools button")]
    .filter((e) => e.offsetParent).map((e) => [e.id || e.textContent, e.getBoundingClientRect()]);
  return boxes.flatMap(([name, a], i) => boxes.slice(i + 1).filter(([, b]) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1).map(([other]) => [name, other]));
}"""


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", SHOWN)
def test_every_state_fits_every_screen_with_large_targets(
    server: TerminalServer, page: Page, state: str, language: str, size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    shown(server, page, SHOWN[state], language)
    keep_picture(page, f"{state}_{language}_{size}")
    boxes = page.evaluate(BOXES)
    assert [box for box in boxes if box["wide"] < 88 or box["high"] < 88 or box["clipped"]] == []
    assert [
        box for box in boxes if box["right"] > width or box["bottom"] > height or box["left"] < 0 or box["top"] < 0
    ] == []
    assert page.evaluate(OVERFLOWS) == []
    assert page.evaluate(COVERED) == []
