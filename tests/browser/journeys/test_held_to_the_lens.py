"""The phone's own screen before a gate's camera: its pixels go through the gate's decoder."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from hardware.simulated.pictures import camera_frame
from tests.browser.journeys.pockets import GOOD, Pocket
from tests.browser.journeys.real_gate import Newcomer, RealGate, has_synced, real_gate
from tests.browser.resident_screen import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def gate(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGate]:
    with real_gate(served, tmp_path_factory.mktemp("gate"), camera=True) as running:
        yield running


def test_the_phone_in_flight_mode_is_held_to_the_gates_lens(
    browser: Browser, served: Served, newcomer: Newcomer, gate: RealGate
) -> None:
    with GOOD.opened(browser) as hands, Pocket("desktop", "en").opened(browser) as kiosk:
        hands.enters(served, served.compound.invitation(newcomer.person_id))
        hands.switches("qr")
        hands.sees_code(served)
        hands.loses_network()
        kiosk.page.goto(gate.screen_address)
        has_synced(served.compound)
        kiosk.page.get_by_role("button", name="QR code").click()
        expect(kiosk.page.locator("body")).to_have_attribute("data-screen", "show_code")
        gate.hold_to_the_lens(np.full((480, 640, 3), 120, dtype=np.uint8))
        hands.next_code()
        seen = np.frombuffer(hands.page.locator("[data-code-page]").screenshot(), dtype=np.uint8)
        gate.opens(lambda: gate.hold_to_the_lens(camera_frame(cv2.imdecode(seen, cv2.IMREAD_COLOR))))
        expect(kiosk.page.locator("body")).to_have_attribute("data-screen", "granted")
