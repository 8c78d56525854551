"""A whole person is suspended by two accounts, reads why on their phone, and objects; at both sizes."""

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import Person
from web_admin.people.invitations import invite
from web_admin.privacy.models import RightsRequest

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def looked_at(page: Page, name: str) -> list[str]:
    problems = []
    for size in ("phone", "desktop"):
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        problems += look(page, f"{name}-{size}")
    return problems


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_two_accounts_suspend_and_the_person_reads_why_and_objects(
    browser: Browser, managed: ManagedCompound, address: str, language: str
) -> None:
    person_id, problems = managed.persons["王芳"], []
    with managed.act() as act:
        code = invite(act, person_id)
    office = browser.new_context(viewport=SIZES["desktop"], locale=language, base_url=address).new_page()
    sign_in(office, address)
    office.goto(f"/manage/people/{person_id}")
    office.locator("#suspension select").select_option("order")
    office.locator("#reference").fill("(2026) 12")
    office.locator("#until").fill("2027-02-01T12:00")
    problems += looked_at(office, f"suspend-{language}")
    office.locator("#suspension .btn-bad").click()
    expect(office.locator("#suspension a[href='/manage/suspensions']")).to_be_visible()
    office.goto("/manage/suspensions")
    problems += looked_at(office, f"suspensions-{language}")
    assert office.locator("form[action$='/confirm']").count() == 0
    guard = browser.new_context(viewport=SIZES["desktop"], locale=language, base_url=address).new_page()
    sign_in(guard, address, "guard")
    guard.goto("/manage/suspensions")
    guard.locator("form[action$='/confirm'] button").click()
    expect(guard.locator("#in-force li strong")).to_have_count(1)
    problems += looked_at(guard, f"suspended-{language}")
    office.goto(f"/manage/people/{person_id}")
    problems += looked_at(office, f"person-{language}")
    phone = browser.new_context(viewport=SIZES["phone"], locale=language, base_url=address).new_page()
    phone.goto(f"/r/welcome/{code}")
    phone.locator("main form button[type=submit]").first.click()
    phone.goto("/r/")
    expect(phone.locator("[data-why=order]")).to_contain_text("(2026) 12")
    problems += looked_at(phone, f"resident-{language}")
    phone.locator("[data-suspended] a").click()
    problems += looked_at(phone, f"object-{language}")
    phone.locator("main form button.wide").click()
    phone.wait_for_url("**/r/")
    with managed.act() as act:
        row = act.session.scalars(select(RightsRequest).where(RightsRequest.kind == "objection")).one()
        assert (row.answer_by - row.filed_at).days <= 3
        assert act.session.get_one(Person, person_id).suspended
    assert problems == []
