"""What a person can know and ask, between their phone and the office, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office_screen import sign_in
from tests.browser.resident_screen import PATIENCE_MS, PHONE
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.managed import ManagedCompound
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.people.invitations import invite

pytestmark = [pytest.mark.browser, pytest.mark.wide]

KEYS = ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")


@pytest.fixture
def office(browser: Browser, address: str) -> Iterator[Page]:
    """The privacy officer's browser, signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    sign_in(page, address, "privacy_officer")
    yield page
    context.close()


@pytest.fixture
def phone(browser: Browser, managed: ManagedCompound, address: str) -> Iterator[Page]:
    """The phone of Wang Fang, who reads Chinese, signed in by her invitation."""
    with managed.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            act = new_action(menjin, session, managed.site_id, "tests", "system", now=managed.clock())
            code = invite(act, managed.persons["王芳"])
    context = browser.new_context(viewport=PHONE, locale="zh-CN", has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{address}/r/welcome/{code}")
    page.locator("main form button").first.click()
    expect(page).not_to_have_url(f"{address}/r/welcome/{code}")
    card_was_shown(managed.app, managed.persons["王芳"])
    yield page
    context.close()


def test_a_resident_sees_that_the_office_looked_and_the_reason(
    managed: ManagedCompound, address: str, office: Page, phone: Page
) -> None:
    office.goto(f"{address}/manage/events/person/{managed.persons['王芳']}")
    office.locator("main #reason").fill("包裹丢失，核对时间")
    office.locator("main form .btn-accent").click()
    expect(office.locator("main table.list")).to_be_visible()
    phone.goto(f"{address}/r/records")
    expect(phone.get_by_text("包裹丢失，核对时间")).to_be_visible()
    expect(phone.get_by_text("隐私负责人")).to_be_visible()


def test_a_wrong_name_is_reported_on_the_phone_and_put_right_by_the_office(
    address: str, office: Page, phone: Page
) -> None:
    phone.goto(f"{address}/r/requests")
    phone.locator("a[href$='/requests/new/correction']").click()
    phone.locator("#wanted").fill("王方")
    phone.locator("main form button").click()
    expect(phone.locator(".state.not_yet")).to_be_visible()
    office.goto(f"{address}/manage/requests/")
    office.locator("main table.list a").click()
    expect(office.locator("#before")).to_have_value("王芳")
    expect(office.locator("#after")).to_have_value("王方")
    office.locator("form[action$='/correct'] button").click()
    expect(office.get_by_text("Corrected, with before and after on record.")).to_be_visible()
    phone.reload()
    phone.locator("main .list a").first.click()
    expect(phone.locator("dl.facts").first).to_contain_text("王方")


def test_a_refusal_without_a_reason_is_held_back_with_the_focus_on_what_is_wrong(
    address: str, office: Page, phone: Page
) -> None:
    phone.goto(f"{address}/r/requests/new/complaint")
    phone.locator("#text").fill("东门的灯整夜照进我家卧室。")
    phone.locator("main form button").click()
    office.goto(f"{address}/manage/requests/")
    office.locator("main table.list a").click()
    office.locator("button[value=refuse]").click()
    expect(office.locator("[data-problems]")).to_be_focused()
    expect(office.locator("#text[aria-invalid=true]").last).to_be_visible()
    office.goto(f"{address}/manage/privacy/contact")
    for name, text in {
        "responsible_name": "秦女士",
        "responsible_contact": "021-5555 0101",
        "channels_zh": "市场监管局 12315",
        "channels_en": "Market supervision 12315",
    }.items():
        office.locator(f"#{name}").fill(text)
    office.locator("main form .btn-accent").click()
    office.goto(f"{address}/manage/requests/")
    office.locator("main table.list a").click()
    office.locator("form[action$='/answer'] textarea").fill("灯属于市政道路，已转交路灯管理所。")
    office.locator("button[value=refuse]").click()
    expect(office.locator(".head .chip")).to_contain_text("Refused")
    phone.goto(f"{address}/r/requests")
    phone.locator("main .list a").first.click()
    expect(phone.get_by_text("市场监管局 12315")).to_be_visible()
    expect(phone.get_by_text("灯属于市政道路，已转交路灯管理所。")).to_be_visible()


def test_records_are_deleted_with_one_press_on_the_phone(address: str, phone: Page) -> None:
    phone.goto(f"{address}/r/records")
    expect(phone.locator("main .badge.small").first).to_be_visible()
    phone.locator("a[href$='/records/delete']").click()
    phone.locator("main form button").click()
    expect(phone.locator(".flash")).to_be_visible()
    phone.goto(f"{address}/r/records")
    expect(phone.locator("main .badge.small")).to_have_count(0)
