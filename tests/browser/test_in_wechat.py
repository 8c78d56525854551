"""Passes and codes in WeChat's browser, played by Chromium with its user agents and its known limits.

The real app is not here. Its makers and its users name these limits: no passkeys, no share sheet, no
downloads, no clipboard for scripts, and on an iPhone no service worker.
"""

import base64
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.layout_shift import MOST, shift_of
from tests.browser.resident_screen import (
    PATIENCE_MS,
    PHONE,
    WECHAT_ON_IPHONE,
    Served,
    shown,
    switch_on_code,
    welcome,
)
from tests.browser.terminal.states import keep_picture
from web_admin.core.database import current_menjin
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.links import link_text

pytestmark = [pytest.mark.browser, pytest.mark.wide]

ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; 23127PN0CC Build/UKQ1.230804.001; wv) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 "
    "MMWEBID/8093 "
    "MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)
AT_WORK = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 wxwork/4.1.22 MicroMessenger/7.0.1 Language/zh"
)
LIMITS = """
delete window.PublicKeyCredential;
for (const name of ["share", "canShare", "clipboard"]) {
  Object.defineProperty(Navigator.prototype, name, { get: () => undefined });
}
"""
NO_SERVICE_WORKER = "delete Navigator.prototype.serviceWorker;"
FORWARD = "长按图片转发"
IN_BROWSER = "在浏览器打开"


def opened(browser: Browser, agent: str, *limits: str, locale: str = "zh-CN") -> BrowserContext:
    made = browser.new_context(
        viewport=PHONE, user_agent=agent, locale=locale, accept_downloads=False, service_workers="block"
    )
    made.set_default_timeout(PATIENCE_MS)
    made.add_init_script(LIMITS + "".join(limits))
    return made


@pytest.fixture(params=[WECHAT_ON_IPHONE, pytest.param(AT_WORK, marks=pytest.mark.wide)])
def visitor(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """Return a visitor's WeChat in Chinese."""
    made = opened(browser, request.param, NO_SERVICE_WORKER)
    yield made
    made.close()


@pytest.fixture
def resident(browser: Browser) -> Iterator[BrowserContext]:
    """Return a resident's WeChat on an iPhone, in English."""
    made = opened(browser, WECHAT_ON_IPHONE, NO_SERVICE_WORKER, locale="en-GB")
    yield made
    made.close()


def made_pass(served: Served, **begins: datetime) -> tuple[str, str]:
    """Give out a pass for the north gate; return its link and its text."""
    with served.compound.act() as act:
        row = issue_pass(
            act, issuer_person_id=served.compound.person_id, label="Aunt Li", gate_numbers=[1], **begins
        )
        link = link_text(current_menjin().sealer, "pass", row.pass_id)
        return f"{served.address}/v/{link}", row.text


def card_of(page: Page) -> tuple[str, Image.Image]:
    """Return the text of the code on the card, and the card, once the phone has drawn it."""
    picture = page.locator("[data-pass-card] img")
    expect(picture).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    drawn = Image.open(io.BytesIO(base64.b64decode((picture.get_attribute("src") or "").partition(",")[2])))
    (code,) = zxingcpp.read_barcodes(drawn)
    return code.text, drawn


def test_a_visitor_forwards_one_picture_with_place_times_and_code(
    visitor: BrowserContext, served: Served
) -> None:
    link, text = made_pass(served)
    page = visitor.new_page()
    page.goto(link)
    expect(page.locator("[data-pass-card] figcaption")).to_have_text(FORWARD)
    code, drawn = card_of(page)
    assert code == text
    assert served.compound.decide(code, "north-in").opens
    assert drawn.height > drawn.width * 1.2, "place and gates stand above and below the code"
    shift, moved = shift_of(page)
    assert shift <= MOST, moved
    card = page.locator("[data-pass-card]")
    assert card.get_attribute("data-place")
    assert card.get_attribute("data-gates") == "North gate"
    page.locator("[data-pass-card] figcaption").scroll_into_view_if_needed()
    keep_picture(page, "wechat_visitor_zh")


def test_the_code_that_renews_is_no_picture_and_is_not_offered_to_be_forwarded(
    visitor: BrowserContext, served: Served
) -> None:
    page = visitor.new_page()
    page.goto(made_pass(served)[0])
    expect(page.locator("[data-pass][data-kind=renewing]")).to_be_visible(timeout=PATIENCE_MS)
    assert page.locator(".code-frame img").count() == 0
    assert page.get_by_text(FORWARD).count() == 1
    assert page.locator("[download], [target=_blank], [href^='blob:']").count() == 0


@pytest.mark.wide
def test_before_it_is_live_a_pass_is_the_card_alone(visitor: BrowserContext, served: Served) -> None:
    link, text = made_pass(served, valid_from=datetime.now(UTC) + timedelta(days=2))
    page = visitor.new_page()
    page.goto(link)
    assert card_of(page)[0] == text
    assert page.locator(".code-frame").count() == 0


@pytest.mark.wide
def test_without_scripts_the_picture_has_the_code_and_its_times_from_the_pages_own_address(
    browser: Browser, served: Served
) -> None:
    link, text = made_pass(served)
    plain = browser.new_context(viewport=PHONE, user_agent=ANDROID, java_script_enabled=False)
    page = plain.new_page()
    page.goto(link)
    picture = page.locator("[data-pass-card] img")
    source = picture.get_attribute("src") or ""
    assert source == f"{link.removeprefix(served.address)}/pass.png"
    answer = page.request.get(served.address + source)
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "same-origin")
    (code,) = zxingcpp.read_barcodes(drawn := Image.open(io.BytesIO(answer.body())))
    assert code.text == text
    assert drawn.height > drawn.width
    assert page.request.get(f"{served.address}/v/{'A' * 32}/pass.png").status == 404
    plain.close()


def test_the_host_forwards_the_card_and_no_code_of_their_own(
    resident: BrowserContext, served: Served
) -> None:
    page = welcome(resident, served)
    page.get_by_role("link", name="Visitors").click()
    page.get_by_label("For whom?").fill("Aunt Li")
    page.get_by_role("button", name="Make the pass").click()
    expect(page.get_by_text("Press and hold the picture to forward it")).to_be_visible()
    assert served.compound.decide(card_of(page)[0], "north-in").opens
    assert page.get_by_role("link", name="Send or save the picture").count() == 0
    page.locator("[data-pass-card] figcaption").scroll_into_view_if_needed()
    keep_picture(page, "wechat_host_en")
    page.goto(f"{served.address}/r/")
    switch_on_code(page)
    page.goto(f"{served.address}/r/code")
    shown(page, "phone")
    assert page.get_by_text("Press and hold").count() == 0
    assert page.locator(".code-frame img").count() == 0
    expect(page.get_by_text("choose “Open in browser”")).to_be_visible()
    keep_picture(page, "wechat_code_en")


@pytest.mark.wide
def test_the_way_to_the_browser_is_shown_only_where_it_is_needed(
    browser: Browser, served_by_name: Served
) -> None:
    address, code = served_by_name.address, served_by_name.compound.invitation
    on_iphone = opened(browser, WECHAT_ON_IPHONE, NO_SERVICE_WORKER)
    page = on_iphone.new_page()
    page.goto(f"{address}/r/sign-in")
    expect(page.get_by_text(IN_BROWSER)).to_be_visible()
    page.goto(f"{address}/r/welcome/{code(served_by_name.compound.person_id)}")
    expect(page.get_by_text(IN_BROWSER)).to_be_visible()
    keep_picture(page, "wechat_welcome_zh")
    on_iphone.close()
    on_android = opened(browser, ANDROID)
    page = on_android.new_page()
    page.goto(f"{address}/r/welcome/{code(served_by_name.compound.person_id)}")
    expect(page.locator("[data-in-browser]")).to_be_hidden()
    on_android.close()
    elsewhere = browser.new_context(viewport=PHONE, locale="zh-CN")
    page = elsewhere.new_page()
    page.goto(f"{address}/r/sign-in")
    assert page.locator("[data-in-browser]").count() == 0
    page.goto(made_pass(served_by_name)[0])
    assert page.get_by_text(FORWARD).count() == 0
    elsewhere.close()
