"""A visitor at a real gate: the resident's phone rings, then the guard's page, which opens the relay."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office_screen import sign_in
from tests.browser.resident_screen import PATIENCE_MS, PHONE, Served, welcome
from tests.support.calls_at_home import take_calls
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from tests.support.gates.street import Street, running
from tests.support.gates.waiting import until
from web_admin.accounts.staff import create_staff
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.manage.live import live_watch
from web_admin.resident.call_stream import call_watch

pytestmark = [pytest.mark.browser, pytest.mark.publishing, pytest.mark.wide]
STEP_SECONDS = 4.0
DESKTOP = {"width": 1280, "height": 800}


def config_in(folder: Path) -> WebConfig:
    return WebConfig(
        webhook_ports=range(1, 65536),
        database_url=f"sqlite:///{folder / 'menjin.sqlite3'}",
        data_dir=folder,
        secrets_dir=folder,
        public_url="http://127.0.0.1",
        **SERVER_KEYS,
    )


def page_of_guard(browser: Browser, street: Street, address: str) -> Page:
    with street.compound.app.app_context(), current_menjin().database.session() as session:
        create_staff(session, "guard", "guard@example.org", PASSWORD, TOTP_SECRET)
    context = browser.new_context(viewport=DESKTOP, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    sign_in(page, address, "guard")
    return page


def test_the_home_rings_then_the_guard_who_answers_writes_and_opens_at_the_relay(
    browser: Browser, tmp_path: Path
) -> None:
    with running(config_in(tmp_path), tmp_path / "gate", is_day=False) as street:
        app = street.compound.app
        address = app.extensions["menjin"].config.public_url
        take_calls(street.compound, reach=["page", "guard"])
        phone = browser.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
        phone.set_default_timeout(PATIENCE_MS)
        home = welcome(phone, Served(street.compound, address))
        home.goto(f"{address}/r/help")
        guard = page_of_guard(browser, street, address)
        cards = guard.locator("#calls article")

        street.call()
        expect(home.get_by_role("alert")).to_contain_text("Call from")
        expect(cards).to_have_count(0)
        until(lambda: (street.passes(STEP_SECONDS), street.row().to_guard)[-1])
        expect(cards).to_contain_text("Wants home 3-1203")
        expect(home.locator("[data-call-band]")).to_be_hidden()

        cards.get_by_role("button", name="Answer the call").click()
        cards.get_by_role("button", name="Please wait a moment.").click()
        until(lambda: street.desk.calls.said == "reply_wait")
        assert street.openings() == 0
        cards.locator("form.opens button").first.click()
        until(lambda: street.openings() == 1)
        until(lambda: street.row().end == "opened")
        expect(cards).to_have_count(0)
        decisions = street.decisions()
        assert [opened for _kind, _reason, opened in decisions] == [True]
        for watch in (live_watch(app), call_watch(app)):
            watch.stop_when(lambda: True)
        phone.close()
        guard.context.close()
