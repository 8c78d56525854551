"""The first key 0 at the screen of a gate that runs: it reads aloud, and is no digit of what follows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.terminal.conftest import PATIENCE_SECONDS
from tests.browser.terminal.voices import VOICES
from tests.support.compounds.people import person, pin, records
from tests.support.gates.bench import LANE, PIN_KEY, BenchGate, bench_gate

SCREEN = """
[terminal.screen]
lane = "north-in"
port = 0
launch_token_file = "{root}/run/launch-token"
"""

pytestmark = [pytest.mark.browser, pytest.mark.wide]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path, more=SCREEN.format(root=tmp_path)) as gate:
        gate.give_policy(records(person(), pin("082915", PIN_KEY)))
        gate.start()
        yield gate


def screen_of(bench: BenchGate, context: BrowserContext) -> Page:
    assert bench.gate is not None
    context.add_init_script(VOICES)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.goto(bench.gate.screens[LANE].launch_url)
    expect(page.get_by_role("button", name="PIN", exact=True)).to_be_visible()
    return page


@pytest.mark.parametrize("typed_at", ["screen", "keypad"])
def test_a_blind_person_presses_0_listens_and_types_home_and_pin_from_their_start(
    bench: BenchGate, context: BrowserContext, typed_at: str
) -> None:
    """The home number is 31203, and the PIN begins with a 0 of its own."""
    page = screen_of(bench, context)
    type_keys = {"screen": page.keyboard.type, "keypad": bench.keys.type}[typed_at]
    body, typed = page.locator("body"), page.locator("#typed")
    type_keys("0")
    expect(body).to_have_attribute("data-screen", "typing_home")
    assert typed.inner_text() == ""
    page.wait_for_function("() => window.heard.some(([, text]) => text.includes('Reading aloud'))")
    said = page.evaluate("window.heard.length")
    type_keys("31203")
    expect(typed).to_have_text("31203")
    assert page.evaluate("window.heard.length") == said, "no digit interrupts what is read"
    type_keys("#082915")
    expect(typed).to_have_text("\u25cf" * 6)
    type_keys("#")
    expect(body).to_have_attribute("data-screen", "granted")


def test_who_presses_0_to_listen_may_begin_again_with_star(bench: BenchGate, context: BrowserContext) -> None:
    page = screen_of(bench, context)
    page.keyboard.type("0*31203")
    expect(page.locator("#typed")).to_have_text("31203")
