"""From a page to the bytes at the relay: each journey ends at a real gate, synced with the real server.

Every journey is played with everything people hold (`pockets.py`), in both languages; without the slow ones
one of each is left. `make test` plays none of them: it opens a gate by a code of a page in
`test_resident_code.py` and from a browser in `test_move_in.py`.
"""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from gate_controller.lane.camera_state import SAME_CODE_SECONDS
from gate_controller.rules.decision import Reason
from tests.browser.journeys.pockets import GOOD, POCKETS, Pocket, marked
from tests.browser.journeys.real_gate import Newcomer, RealGate
from tests.browser.resident_screen import Served

pytestmark = [pytest.mark.browser, pytest.mark.wide]

NEW_CARD = 7_100_000


every_pocket = pytest.mark.parametrize("pocket", marked(POCKETS), ids=str)


@pytest.mark.parametrize("pocket", marked(one for one in POCKETS if not one.wechat), ids=str)
def test_from_the_invitation_to_a_code_that_opens_in_flight_mode(
    browser: Browser, served: Served, gate: RealGate, newcomer: Newcomer, pocket: Pocket
) -> None:
    with pocket.opened(browser) as hands:
        hands.enters(served, served.compound.invitation(newcomer.person_id))
        hands.switches("qr")
        hands.sees_code(served)
        hands.loses_network()
        decision = gate.opens(lambda: gate.bench.scanner.scan(hands.next_code()))
        assert decision.facts["method"] == "qr"
        assert decision.personal is not None
        assert decision.personal["person_id"] == newcomer.person_id
        time.sleep(1)  # a code names a second, and one opens once
        in_mind = hands.next_code()
        gate.opens(lambda: gate.bench.scanner.scan(in_mind))
        time.sleep(SAME_CODE_SECONDS)
        assert gate.refuses(lambda: gate.bench.scanner.scan(in_mind)) == Reason.CODE_REPLAYED


@pytest.mark.parametrize("pocket", marked(one for one in POCKETS if one.wechat), ids=str)
def test_from_the_invitation_to_an_online_code_that_opens(
    browser: Browser, served: Served, gate: RealGate, newcomer: Newcomer, pocket: Pocket
) -> None:
    with pocket.opened(browser) as hands:
        hands.enters(served, served.compound.invitation(newcomer.person_id))
        hands.switches("qr")
        hands.sees_code(served)  # the first one makes the credential, which the gate must learn of
        gate.opens(lambda: gate.bench.scanner.scan(hands.sees_code(served)))


@pytest.mark.slow
@every_pocket
def test_a_visitor_opens_the_link_and_the_gate_until_it_is_withdrawn(
    browser: Browser, served: Served, gate: RealGate, newcomer: Newcomer, pocket: Pocket
) -> None:
    with pocket.opened(browser) as hands, pocket.opened(browser) as visitor:
        hands.enters(served, served.compound.invitation(newcomer.person_id))
        hands.goes(f"{served.address}/r/visitors")
        hands.page.locator("#label").fill({"zh": "李阿姨", "en": "Aunt Li"}[pocket.language])
        hands.presses("form.new-pass button[type=submit]")
        visitor.goes(hands.page.locator("#link").input_value())
        gate.opens(lambda: gate.bench.scanner.scan(visitor.reads("main .code-frame")))
        in_mind = visitor.reads("main .code-frame")
        hands.presses("form[action$='/withdraw'] button")
        hands.presses("[data-ask-first] button")
        assert gate.refuses(lambda: gate.bench.scanner.scan(in_mind)) == Reason.PASS_WITHDRAWN
        visitor.page.reload()
        assert visitor.page.locator("main .no-code").is_visible()


@pytest.mark.slow
@every_pocket
def test_from_the_move_in_to_the_first_entry_by_card_and_by_code(
    browser: Browser, served: Served, gate: RealGate, hire: Callable[[str], str], pocket: Pocket
) -> None:
    home, card = f"7-{POCKETS.index(pocket):04d}", NEW_CARD + POCKETS.index(pocket)
    at_the_table = Pocket("desktop" if pocket.size == "desktop" else "phone", pocket.language)
    with at_the_table.opened(browser) as office, pocket.opened(browser) as hands:
        office.works_as(served, hire("manager"))
        office.goes(f"{served.address}/manage/people/move-in")
        office.page.locator("#number").fill(home)
        office.page.locator("#members-0-name").fill("何静")
        office.page.locator("#members-0-card").fill(str(card))
        office.presses("form[data-tap-form] button.btn-accent")
        invitation = office.page.locator(".slip .code").inner_text()
        gate.opens(lambda: gate.bench.card.tap(card))
        hands.enters(served, invitation)
        hands.is_trusted(served, lambda: gate.opens(lambda: gate.bench.card.tap(card)))
        hands.goes(f"{served.address}/r/")
        hands.switches("qr")
        hands.sees_code(served)
        gate.opens(lambda: gate.bench.scanner.scan(hands.sees_code(served)))


@pytest.mark.slow
@every_pocket
def test_who_changes_from_card_to_code_is_let_in_by_the_code_and_no_longer_by_the_card(
    browser: Browser, served: Served, gate: RealGate, newcomer: Newcomer, pocket: Pocket
) -> None:
    with pocket.opened(browser) as hands:
        gate.opens(lambda: gate.bench.card.tap(newcomer.card))
        hands.enters(served, served.compound.invitation(newcomer.person_id))
        hands.switches("qr")
        hands.sees_code(served)
        gate.opens(lambda: gate.bench.scanner.scan(hands.sees_code(served)))
        hands.goes(f"{served.address}/r/")
        hands.switches("card")
        assert gate.refuses(lambda: gate.bench.card.tap(newcomer.card)) == Reason.METHOD_NOT_CHOSEN
        gate.opens(lambda: gate.bench.scanner.scan(hands.sees_code(served)))
        hands.goes(f"{served.address}/r/")
        hands.switches("card")
        gate.opens(lambda: gate.bench.card.tap(newcomer.card))


@pytest.mark.slow
@every_pocket
def test_a_lost_phone_is_stopped_from_another_one_and_opens_nothing_without_network_either(
    browser: Browser, served: Served, gate: RealGate, newcomer: Newcomer, pocket: Pocket
) -> None:
    with GOOD.opened(browser) as lost, pocket.opened(browser) as other:
        lost.enters(served, served.compound.invitation(newcomer.person_id))
        lost.keeps(newcomer.home_number)
        lost.switches("qr")
        lost.sees_code(served)
        lost.loses_network()
        gate.opens(lambda: gate.bench.scanner.scan(lost.next_code()))
        other.signs_in(served, newcomer.home_number)
        other.presses("form[action$='/stop'] button")
        other.presses("[data-ask-first] button")
        assert gate.refuses(lambda: gate.bench.scanner.scan(lost.next_code())) == Reason.CREDENTIAL_ENDED
        other.sees_code(served)
        gate.opens(lambda: gate.bench.scanner.scan(other.sees_code(served)))
