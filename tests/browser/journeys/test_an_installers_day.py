"""A new gate, from its name to its first opening: the installer's pages, a controller being paired."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import serving
from tests.browser.journeys.pockets import OFFICE, Hands, Pocket
from tests.browser.resident_screen import Served
from tests.support.compounds.resident import Compound
from tests.support.gates.bench import BenchGate, bench_gate
from tests.support.gates.process import CHECKOUT, COMMAND, GateProcess
from web_admin.compound.models import Gate
from web_admin.people.actions import GrantSpec, set_grants

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_SECONDS = 60
CARD = 4_242_001
CHOSEN = {"#lock": "fail_secure_strike", "#camera_location": "gate_outside"}
TICKED = (
    "[name=fails][value=secure]",
    "[name=on_escape_route][value=yes]",
    "[name=free_exit][value=handle]",
    "[name=fire_release][value=mechanical]",
    "#manual_release",
    "#is_accessible_lane",
)
FACTS = {
    "#exit_sign_photo": "binder 1, exit",
    "#exit_sign_date": "2026-02-01",
    "#reader_heights_mm": "1100",
    "#opening_width_mm": "950",
    "#emergency_access": "key box at the guard's window",
    "#last_drill": "2026-02-01",
    "#camera_view": "the person at the screen",
    "#camera_sign_photo": "binder 1, camera",
    "#camera_sign_date": "2026-02-01",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, "127.0.0.1") as running:
        yield running


@pytest.fixture
def controller(served: Served, tmp_path: Path) -> Iterator[BenchGate]:
    """Return a controller as from the box: cabled, and not paired."""
    with bench_gate(tmp_path / "controller") as bench:
        bench.server_url, bench.lane = served.address, "west-in"
        for secret in (bench.root / "secrets").iterdir():
            secret.unlink()
        yield bench


@pytest.mark.parametrize("pocket", OFFICE, ids=str)
def test_from_a_new_gate_to_its_first_opening(
    browser: Browser, served: Served, controller: BenchGate, hire: Callable[[str], str], pocket: Pocket
) -> None:
    with pocket.opened(browser) as installer:
        installer.works_as(served, hire("installer"))
        installer.goes(f"{served.address}/manage/gates/new")
        installer.page.locator("#name").fill("西门 West gate")
        installer.page.locator("#gate_id").fill("west")
        installer.presses("main form .btn-accent")
        installer.goes(f"{served.address}/manage/gates/west/lanes/new")
        installer.page.locator("#name").fill("西门进 West gate, in")
        installer.page.locator("#lane_id").fill("west-in")
        installer.presses("main form .btn-accent")
        fills_in_the_sheet(installer, served)
        is_paired(installer, served, controller)
        with served.compound.act() as act:
            set_grants(act, served.compound.person_id, [GrantSpec(("north-in", "south-in", "west-in"))])

        life = GateProcess.start(controller)
        try:
            has_come(served.compound, installer)
            began_ns = controller.card.tap(CARD)
            assert controller.relay.wait_for_on(1, PATIENCE_SECONDS, after_ns=began_ns)
        finally:
            life.end()


def fills_in_the_sheet(installer: Hands, served: Served) -> None:
    """Say how the lane is built; put it live, which is refused while a line is missing."""
    installer.goes(f"{served.address}/manage/lanes/west-in/sheet/edit")
    installer.presses("button[name=intent][value=live]")
    expect(installer.page.locator(".wrong").first).to_be_visible()
    for field, value in CHOSEN.items():
        installer.page.locator(field).select_option(value)
    for field, value in FACTS.items():
        installer.page.locator(field).fill(value)
    for field in TICKED:
        # Its label lies over it; a click at a place misses where the page is still moving.
        installer.page.locator(field).focus()
        installer.page.keyboard.press("Space")
        expect(installer.page.locator(field)).to_be_checked()
    installer.presses("button[name=intent][value=live]")
    expect(installer.page.locator(".wrong")).to_have_count(0)


def is_paired(installer: Hands, served: Served, controller: BenchGate) -> None:
    """Carry the code to the controller, compare the sixteen characters on both, and approve."""
    installer.goes(f"{served.address}/manage/gates/west")
    installer.presses("form[action$='/west/pair'] button")
    code = installer.page.locator(".once .code").inner_text()
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "pair", str(controller.write_site_file()), "--code", code],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as pairing:
        assert pairing.stdout is not None
        printed = ""
        while not (phrase := re.search(r": ((?:\w{4} ){3}\w{4})$", printed, re.MULTILINE)):
            line = pairing.stdout.readline()
            assert line, printed
            printed += line
        # The page shows the controller without a press.
        expect(installer.page.locator(".once .code")).to_have_text(phrase[1])
        installer.presses("form[action*='/pairings/']:has([value=approve]) button")
        pairing.communicate(timeout=PATIENCE_SECONDS)
        assert pairing.returncode == 0
    with served.compound.session() as session:
        assert session.get_one(Gate, "west").state == "paired"


def has_come(compound: Compound, installer: Hands) -> None:
    """Wait until the page of the gate says that its controller is in contact."""
    for _look in range(PATIENCE_SECONDS):
        installer.page.reload()
        with compound.session() as session:
            gate = session.get_one(Gate, "west")
            if gate.have_version and gate.have_version >= gate.published_version:
                break
        installer.page.wait_for_timeout(500)
    expect(installer.page.locator(".head .chip.ok")).to_be_visible()
