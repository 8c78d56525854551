"""A whole gate, its screen in Chromium and a phone: sound and picture from the visitor's call to its end."""

from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import CallEnd
from tests.browser.media_ends import ANSWER, CONNECTED, an_end
from tests.browser.resident_screen import PATIENCE_MS
from tests.browser.seen_and_heard import LISTEN, sees_the_camera
from tests.promises.screen_visitor import TERMINAL
from tests.support.chromium import SPEAKING, launch
from tests.support.compounds.people import card, person, records
from tests.support.gates.bench import CARD_KEY, LANE, bench_gate
from tests.support.gates.call_office import call_office
from tests.support.gates.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def test_a_visitor_is_heard_and_seen_from_the_answer_to_the_end(tmp_path: Path, browser: Browser) -> None:
    (tmp_path / "pictures").mkdir()
    more = TERMINAL.format(root=tmp_path) + "call_sound = true\ncall_picture = true\n"
    with bench_gate(tmp_path, more=more) as bench, call_office(bench.site) as (office, address):
        bench.server_url = address
        bench.give_policy(records(person(), card(7, CARD_KEY)))
        bench.start()
        assert bench.gate is not None
        kiosk = launch(browser.browser_type, more=SPEAKING)
        screen = kiosk.new_page()
        screen.set_default_timeout(PATIENCE_MS)
        screen.goto(bench.gate.screens[LANE].launch_url)
        desk = bench.gate.controller._parts.desks[LANE]
        until(lambda: desk.calls.is_offered and bench.gate.controller._state.online)
        bench.keys.type("##7" + "31203#")
        until(lambda: any(report.media_offer for report in office.reports))
        offer = office.reports[-1].media_offer
        phone = an_end(browser)
        side = phone.evaluate(ANSWER, msgspec.to_builtins(offer))
        office.media_answer, office.stage = msgspec.convert(side, MediaSide), "answered"
        phone.wait_for_function(CONNECTED)
        expect(screen.locator("#camera")).to_have_attribute("data-camera", "call")
        phone.evaluate(f"({LISTEN})(streams)")
        phone.wait_for_function("() => loudest() > 100")
        assert sees_the_camera(phone)
        office.stage, office.end = "over", CallEnd.ENDED
        expect(screen.locator("#camera")).to_have_attribute("data-camera", "closed")
        kiosk.close()
        phone.context.close()
