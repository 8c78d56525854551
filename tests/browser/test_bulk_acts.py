"""Acts on several people in a browser: the bar counts, works by keyboard and without scripts, and undoes."""

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import end_credential

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def suspended(managed: ManagedCompound) -> set[str]:
    with managed.app.app_context(), current_menjin().database.open_reading() as session:
        return set(session.scalars(select(Person.display_name).where(Person.suspended.is_(True))))


def take_ways(managed: ManagedCompound) -> None:
    with managed.act() as act:
        for row in act.session.scalars(select(CredentialRow).where(CredentialRow.state != "ended")).all():
            end_credential(act, row.credential_id, "returned")


def bar_of(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".chosen-bar")


def test_people_are_chosen_suspended_and_brought_back(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    take_ways(managed)  # a list takes no person's last way in
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB", base_url=address)
    page, problems = context.new_page(), []
    sign_in(page, address)
    page.goto("/manage/people/?building=3")
    expect(bar_of(page)).to_be_hidden()
    page.get_by_label("Choose 王芳").check()
    expect(bar_of(page)).to_contain_text("1 person chosen")
    page.get_by_label("All 3 people of this list").check()
    expect(bar_of(page)).to_contain_text("3 people chosen")
    page.get_by_label("Choose 王磊").press("Space")
    expect(bar_of(page)).to_contain_text("2 people chosen")
    expect(page.locator("[data-all]")).not_to_be_checked()
    for size in ("phone", "desktop"):
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        page.evaluate("scrollTo(0, document.body.scrollHeight)")  # the bar covers no row there
        problems += look(page, f"people-chosen-{size}")
    bar_of(page).get_by_role("button", name="Suspend").click()
    expect(page.locator("#chosen")).not_to_contain_text("王磊")
    problems += look(page, "bulk-preview")
    page.get_by_label("Reason").select_option("moved_out")
    page.get_by_role("button", name="Suspend 2 people").click()
    expect(page.locator(".flash.success")).to_contain_text("2 people are suspended.")
    assert suspended(managed) == {"王芳", "Ana Ruiz"}
    problems += look(page, "bulk-done")
    page.get_by_role("button", name="Undo for 2 people").click()
    expect(page.locator(".flash.success")).to_contain_text("Undone for 2 people.")
    assert suspended(managed) == set()
    context.close()
    assert problems == []


def test_without_scripts_the_same_boxes_and_buttons_work(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    context = browser.new_context(
        viewport=SIZES["desktop"], locale="en-GB", base_url=address, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/staff/sign-in")
    sign_in(page, address)
    page.goto("/manage/people/?building=3")
    expect(bar_of(page)).to_be_hidden()
    page.locator("[data-all]").check()
    bar_of(page).get_by_role("button", name="Invite").click()
    page.get_by_role("button", name="Invite 3 people").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    context.close()
