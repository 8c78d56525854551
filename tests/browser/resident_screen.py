"""What a resident does on the phone, and what a scanner reads from its screen."""

import io
import time
from dataclasses import dataclass

import zxingcpp
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from gate_controller.contract.passes import PersonalCode, parse_code
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.resident import Compound

PHONE = {"width": 390, "height": 844}
WECHAT_ON_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 MicroMessenger/8.0.49(0x1800312f) NetType/WIFI Language/zh_CN"
)
"""How WeChat's browser on an iPhone names itself."""
PATIENCE_MS = 60_000
"""Of a busy machine; a wait ends with what it waits for."""


@dataclass
class Served:
    """The compound behind a real web server."""

    compound: Compound
    address: str


def welcome(context: BrowserContext, served: Served) -> Page:
    """Open an invitation's link, as the resident does, skip the password, and go to the ways in."""
    page = context.new_page()
    code = served.compound.invitation(served.compound.person_id)
    page.goto(f"{served.address}/r/welcome/{code}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    page.get_by_role("link", name="Ways in", exact=True).click()
    card_was_shown(served.compound.app, served.compound.person_id)
    return page


def switch_on_code(page: Page) -> None:
    page.get_by_role("switch", name="QR code").click()
    shown(page, "phone")


def shown(page: Page, kind: str) -> None:
    expect(page.locator(f"[data-code-page][data-state=shown][data-kind={kind}]")).to_be_visible(
        timeout=PATIENCE_MS
    )


def read_code(page: Page) -> str:
    """Return what a scanner reads from the phone's screen, as soon as it is drawn."""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while True:
        found = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
        if found or time.monotonic() > ends:
            break
    assert [code.format.name for code in found] in (["QRCode"], ["QRCodeModel2"]), found
    return found[0].text


def personal(text: str) -> PersonalCode:
    code = parse_code(text)
    assert isinstance(code, PersonalCode)
    return code


def settled_offline(page: Page, context: BrowserContext) -> None:
    """Wait until the service worker holds the shell, then cut the network."""
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    context.set_offline(True)
