"""The everyday tasks of the office as a person does them: presses, fields and loaded pages are counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import func, select

from tests.browser.office_screen import SIZES, sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.policy_models import OrderRow
from web_admin.core.database import current_menjin
from web_admin.visitors.models import VisitorPassRow

pytestmark = [pytest.mark.browser, pytest.mark.wide]


@dataclass
class Counted:
    """A member of staff at a desk; counts presses, fields and the pages that are loaded."""

    page: Page
    presses: int = 0
    fields: int = 0
    loads: int = 0

    def __post_init__(self) -> None:
        """Count every page that the browser loads from now."""
        self.page.on("load", self._loaded)

    def _loaded(self, _page: Page) -> None:
        self.loads += 1

    def press(self, target: Locator, *, leads_on: bool = True) -> None:
        """Press something, and wait for the page it leads to."""
        self.presses += 1
        if not leads_on:
            target.click()
            return
        with self.page.expect_navigation():
            target.click()

    def fill(self, target: Locator, text: str) -> None:
        """Type into a field."""
        self.fields += 1
        target.fill(text)

    def done(self) -> tuple[int, int, int]:
        """Return presses, fields and loads."""
        self.page.wait_for_load_state("load")
        return self.presses, self.fields, self.loads


@pytest.fixture
def staff(browser: Browser, managed: ManagedCompound, address: str) -> Iterator[Counted]:
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB", base_url=address)
    page = context.new_page()
    sign_in(page, address)
    yield Counted(page)
    context.close()


def begin(staff: Counted, path: str) -> Page:
    """Open the page on which the task begins; that is no part of it."""
    staff.page.goto(path)
    staff.page.wait_for_load_state("load")
    staff.presses = staff.fields = staff.loads = 0
    return staff.page


def count(managed: ManagedCompound, what: object) -> int:
    with managed.app.app_context(), current_menjin().database.open_reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0  # type: ignore[arg-type]


def test_a_person_is_found_from_any_page(staff: Counted) -> None:
    page = begin(staff, "/manage/settings")
    page.keyboard.press("/")
    box = page.locator(".side [data-find]")
    expect(box).to_be_focused()
    staff.fill(box, "Ana Ruiz")
    staff.presses += 1
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ana Ruiz")).to_be_visible()
    assert staff.done() == (1, 1, 1)


def test_twenty_alarms_are_cleared(staff: Counted, managed: ManagedCompound) -> None:
    with managed.app.app_context(), current_menjin().database.session() as session:
        for number in range(20):
            kind = ("alarm_door_held", "alarm_door_forced", "alarm_on_battery", "alarm_camera")[number % 4]
            raise_alarm(session, managed.site_id, kind, managed.clock() + timedelta(seconds=number),
                        gate_id=("north", "east")[number % 2])
    page = begin(staff, "/manage/")
    staff.press(page.locator(".side").get_by_role("link", name="Alarms"))
    staff.press(page.get_by_role("button", name="All these are seen"))
    expect(page.locator("article.alarm")).to_have_count(0)
    assert staff.done() == (2, 0, 2)
    with managed.app.app_context(), current_menjin().database.open_reading() as session:
        assert session.scalars(select(Alarm).where(Alarm.acknowledged_at.is_(None))).all() == []


def test_a_gate_is_opened_on_the_spot_with_a_reason(staff: Counted, managed: ManagedCompound) -> None:
    page, before = begin(staff, "/manage/"), count(managed, OrderRow)
    tile = page.locator("#gate-east li").first
    staff.press(tile.locator("summary"), leads_on=False)
    staff.press(tile.get_by_role("button", name="A delivery"))
    expect(page.get_by_text("opens once")).to_be_visible()
    assert page.url.endswith("/manage/")
    assert staff.done() == (2, 0, 1)
    assert count(managed, OrderRow) == before + 1


def test_a_pass_is_given_with_its_defaults(staff: Counted, managed: ManagedCompound) -> None:
    page, before = begin(staff, "/manage/"), count(managed, VisitorPassRow)
    staff.press(page.locator(".side").get_by_role("link", name="Visitors"))
    staff.press(page.get_by_role("link", name="New pass"))
    staff.fill(page.locator("#label"), "Plumber")
    staff.press(page.locator("main form .btn-accent"))
    expect(page.locator("svg.qr")).to_be_visible()
    assert staff.done() == (3, 1, 3)
    assert count(managed, VisitorPassRow) == before + 1
