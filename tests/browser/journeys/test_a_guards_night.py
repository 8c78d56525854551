"""A guard's night as one story, at a real gate: a call for help, a lost card, the hand-over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gate_controller.rules.decision import Reason
from tests.browser.conftest import serving
from tests.browser.journeys.pockets import OFFICE, Pocket
from tests.browser.journeys.real_gate import Newcomer, RealGate, real_gate
from tests.browser.resident_screen import PATIENCE_MS, Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WENT_OUT = {"zh": "业主忘带门卡，已核实", "en": "Locked out without a card, name checked"}
REPORTED_LOST = {"zh": "门卡报失", "en": "The card was reported lost"}
STILL_OPEN = {"zh": "北门有人丢卡，物业上班后补办", "en": "A card was lost, the office gives a new one"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, "127.0.0.1") as running:
        yield running


@pytest.fixture
def gate(served: Served, tmp_path: Path) -> Iterator[RealGate]:
    with real_gate(served, tmp_path / "gate", camera=True) as running:
        yield running


@pytest.mark.parametrize("pocket", OFFICE, ids=str)
def test_from_the_call_for_help_to_the_hand_over(
    browser: Browser,
    served: Served,
    gate: RealGate,
    newcomer: Newcomer,
    hire: Callable[[str], str],
    pocket: Pocket,
) -> None:
    with (
        Pocket("desktop", pocket.language).opened(browser) as kiosk,
        pocket.opened(browser) as guard,
        pocket.opened(browser) as relief,
        pocket.opened(browser) as phone,
    ):
        # A visitor outside presses for help; the guard's page rings without being loaded again.
        phone.enters(served, served.compound.invitation(newcomer.person_id))
        phone.is_trusted(served, lambda: gate.opens(lambda: gate.bench.card.tap(newcomer.card)))
        kiosk.page.goto(gate.screen_address)
        guard.works_as(served, hire("guard"))
        guard.goes(f"{served.address}/manage/alarms/")
        expect(guard.page.locator("#live [data-live-on]")).to_be_visible(timeout=PATIENCE_MS)
        assert guard.page.locator("article.alarm").count() == 0
        kiosk.page.locator("#help").click()
        expect(kiosk.page.locator("#called")).to_be_visible()
        alarm = guard.page.locator("article.alarm")
        expect(alarm).to_be_visible(timeout=2 * PATIENCE_MS)
        assert guard.page.title().startswith("(1) ")
        guard.looks()

        # They have lost their card. It is stopped at once, and a slip of paper opens for a day instead.
        guard.goes(f"{served.address}/manage/lost-card")
        guard.page.locator("main form #number").fill(newcomer.home_number)
        guard.presses("main form button[type=submit]")
        guard.presses("form[action*='/lost-card/'] button")
        assert gate.refuses(lambda: gate.bench.card.tap(newcomer.card)) == Reason.CREDENTIAL_SUSPENDED
        gate.opens(lambda: gate.bench.scanner.scan(guard.reads("article.slip svg")))
        guard.page.emulate_media(media="print")
        gate.opens(lambda: gate.bench.scanner.scan(guard.reads("article.slip svg")))
        guard.page.emulate_media(media="screen")

        # What happened is written beside the call, and what is left goes to the next shift.
        guard.goes(f"{served.address}/manage/alarms/")
        guard.page.locator("article.alarm input[name=note]").fill(WENT_OUT[pocket.language])
        guard.presses("article.alarm form button")
        expect(guard.page.locator("article.alarm")).to_have_count(0)
        guard.page.locator("form[action$='/hand-over'] #note").fill(STILL_OPEN[pocket.language])
        guard.presses("form[action$='/hand-over'] button")
        relief.works_as(served, hire("guard"))
        relief.goes(f"{served.address}/manage/alarms/")
        expect(relief.page.get_by_text(STILL_OPEN[pocket.language])).to_be_visible()
        expect(relief.page.get_by_text(WENT_OUT[pocket.language])).to_be_visible()
        relief.presses("form[action$='/take'] button")
        expect(relief.page.locator("form[action$='/take']")).to_have_count(0)

        # The resident reads that a guard looked, and why.
        phone.goes(f"{served.address}/r/records")
        expect(phone.page.get_by_text(REPORTED_LOST[pocket.language])).to_be_visible()
