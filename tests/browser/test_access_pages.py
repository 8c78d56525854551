"""Weeks of a lane and of a person, and a try, in a browser: both sizes and languages, keyboard, length."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import Gate, GrantRow, Hours, Lane, Person, Site
from web_admin.core.database import current_menjin

pytestmark = [pytest.mark.browser, pytest.mark.wide]

MOST_PX = 5_000
MANY_GATES = 300


def in_hours_of_all_kinds(managed: ManagedCompound, *, gates: int = 0) -> None:
    """Have the gates in contact, some people bound to hours, and more gates beside them."""
    with managed.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        hours_id = session.scalars(select(Hours.hours_id)).first()
        people = session.scalars(select(Person).order_by(Person.display_name)).all()
        for number, person in enumerate(people):
            for grant in session.scalars(select(GrantRow).where(GrantRow.person_id == person.person_id)):
                grant.hours_id = hours_id if number % 3 == 0 else None
        session.get_one(Lane, "east-in").posture_hours = {hours_id: "lockdown"}
        for number in range(gates):
            gate_id = f"stair-{number}"
            session.add(
                Gate(
                    gate_id=gate_id,
                    site_id=site.site_id,
                    number=100 + number,
                    name=f"{number} 栋",
                    state="new",
                )
            )
            session.add(
                Lane(lane_id=f"{gate_id}-in", gate_id=gate_id, name="进", direction="in", methods=["card"])
            )
        for gate in session.scalars(select(Gate).where(Gate.state == "paired")):
            gate.have_epoch, gate.have_version = site.epoch, gate.published_version


def switch(page: Page, language: str) -> None:
    button = page.locator(f"button[name=language][value={language}]").first
    if button.count():
        with page.expect_navigation():
            button.evaluate("(button) => button.form.requestSubmit(button)")


def tall(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


@pytest.mark.parametrize("size", SIZES)
def test_the_weeks_and_a_try_are_read_on_each_screen_in_each_language(
    browser: Browser, managed: ManagedCompound, address: str, size: str
) -> None:
    in_hours_of_all_kinds(managed, gates=MANY_GATES)
    person = f"{address}/manage/access/people/{managed.persons['陈立']}"
    context = browser.new_context(viewport=SIZES[size], locale="en-GB")
    page, problems = context.new_page(), []
    sign_in(page, address)
    for language in ("en", "zh"):
        page.goto(f"{address}/manage/access/lanes/east-in")
        switch(page, language)
        expect(page.locator(".week svg")).to_have_count(8)
        problems += look(page, f"lane-{language}-{size}")
        assert tall(page) < MOST_PX
        page.locator(".picture summary").click()
        expect(page.locator(".picture tbody tr").first).to_be_visible()
        problems += look(page, f"lane-table-{language}-{size}")
        page.goto(person)
        page.locator("#reason").fill("Cannot come in")
        page.locator("main form .btn-accent").click()
        expect(page.locator(".week").first).to_be_visible()
        problems += look(page, f"person-{language}-{size}")
        assert tall(page) < MOST_PX
        page.locator("#lane_id").select_option("east-in")
        page.locator("main form .btn-accent").click()
        expect(page.locator(".week")).to_have_count(1)
        page.locator(".picture summary").click()
        problems += look(page, f"person-lane-{language}-{size}")
        page.goto(f"{address}/manage/try?person={managed.persons['陈立']}")
        page.locator("#lane_id").select_option("east-in")
        page.locator("#reason").fill("Cannot come in")
        page.locator("form:has(#reason) .btn-accent").click()
        expect(page.locator(".answer")).to_be_visible()
        problems += look(page, f"try-{language}-{size}")
    context.close()
    assert problems == []


def test_a_persons_week_is_asked_for_and_read_by_keyboard_alone(
    browser: Browser, managed: ManagedCompound, address: str
) -> None:
    in_hours_of_all_kinds(managed)
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/manage/access/people/{managed.persons['陈立']}")
    page.locator("#reason").focus()
    page.keyboard.type("Cannot come in")
    page.keyboard.press("Enter")
    expect(page.locator("main table").first).to_be_attached()
    summary = page.locator(".picture summary").first
    summary.focus()
    page.keyboard.press("Enter")
    row = page.get_by_role("row", name=re.compile("lockdown"))
    expect(row.first).to_be_visible()
    picture = page.get_by_role("img", name=re.compile("the table below has the times"))
    expect(picture.first).to_be_visible()
    context.close()
