"""An access review of more than forty rows: two accounts decide, a home answers, the record prints."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from gate_controller.audit.main import run
from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.access_reviews import cards_were_used_last
from tests.support.compounds.managed import ManagedCompound
from web_admin.access_review.models import ReviewRow
from web_admin.compound.models import CredentialRow, Person, Site
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import add_person
from web_admin.people.invitations import invite

pytestmark = [pytest.mark.browser, pytest.mark.wide]
PATH = "/manage/access-review"
MORE_CARDS = 52


def looked_at(page: Page, name: str) -> list[str]:
    problems = []
    for size in ("phone", "desktop"):
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        problems += look(page, f"{name}-{size}")
    return problems


def prepare(managed: ManagedCompound) -> str:
    """Add a helper to a home and many cards that are not used; return an invitation for the home's adult."""
    with managed.act() as act:
        adult = act.session.get_one(Person, managed.persons["王芳"])
        helper = add_person(act, display_name="周阿姨", home_id=adult.home_id, kind="helper")
        issue_card(act, helper.person_id, 4_700_000)
        family = [add_person(act, display_name=f"王{n}", home_id=adult.home_id) for n in range(7)]
        for number in range(MORE_CARDS):
            issue_card(act, family[number % len(family)].person_id, 4_800_000 + number)
        cards_were_used_last(act.session, act)
        return invite(act, adult.person_id)


def states(managed: ManagedCompound) -> dict[str, int]:
    with managed.act() as act:
        counted = select(CredentialRow.state, func.count()).where(CredentialRow.kind == "card")
        return {
            str(one): int(count) for one, count in act.session.execute(counted.group_by(CredentialRow.state))
        }


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_a_review_of_many_rows_from_its_beginning_to_the_signed_record(
    browser: Browser, managed: ManagedCompound, address: str, language: str, tmp_path: Path
) -> None:
    code, problems = prepare(managed), []
    office = browser.new_context(viewport=SIZES["desktop"], locale=language, base_url=address).new_page()
    sign_in(office, address)
    office.goto(PATH)
    problems += looked_at(office, f"review-none-{language}")
    office.locator("#begin .btn-accent").click()
    expect(office.locator("#rows li")).to_have_count(50)
    works = states(managed)["active"]

    # One card is suspended for a reason of the list, another is asked about.
    office.goto(f"{PATH}?kind=card")
    first = office.locator("#rows li", has_text="王0").first
    first.locator("summary").click()
    problems += looked_at(office, f"review-suspend-{language}")
    first.locator("select").select_option("returned")
    first.locator(".btn-bad").click()
    expect(office.locator(".flash.success")).to_be_visible()
    assert states(managed)["active"] == works - 1
    office.locator("#rows form[action$='/ask'] button").first.click()
    expect(office.locator(".flash.success")).to_be_visible()

    # A home answers for its helper on the phone.
    phone = browser.new_context(viewport=SIZES["phone"], locale=language, base_url=address).new_page()
    phone.goto(f"/r/welcome/{code}")
    phone.locator("main form button[type=submit]").first.click()
    with managed.act() as act:
        act.session.get_one(Person, managed.persons["王芳"]).phone_unproven = None
    phone.goto("/r/home")
    phone.locator("[data-review] a").click()
    problems += looked_at(phone, f"review-home-{language}")
    phone.locator("[data-row=helper] form button").first.click()
    expect(phone.locator("[data-row=helper] .flash.done")).to_be_visible()

    # Another account goes on another day, ticks a page of rows and keeps them.
    officer = browser.new_context(viewport=SIZES["desktop"], locale=language, base_url=address).new_page()
    sign_in(officer, address, "privacy_officer")
    officer.goto(PATH)
    boxes = officer.locator("#rows input[type=checkbox]")
    ticked = min(30, boxes.count())
    for number in range(ticked):
        boxes.nth(number).check()
    officer.locator("#keep-many button").click()
    expect(officer.locator(".flash.success")).to_be_visible()

    # The rest is left: it suspends no person, and the record says so.
    office.goto(PATH)
    office.locator("#running summary").click()
    office.locator("#running form .btn-accent").click()
    expect(office.locator("table.list tbody tr").first).to_be_visible()
    problems += looked_at(office, f"review-record-{language}")
    assert states(managed)["active"] == works - 1
    with managed.act() as act:
        rows = act.session.scalars(select(ReviewRow)).all()
        root = act.session.scalars(select(Site)).one().root_public_key.hex()
    decided = [row.decision for row in rows]
    assert len(rows) > 40
    assert decided.count("suspend") == 1
    assert decided.count("keep") == ticked + 1
    assert None in decided
    check_files(office, tmp_path, root)
    assert problems == []


def check_files(office: Page, folder: Path, root: str) -> None:
    """Download the record and its sheet, check both by the command, and print the page as PDF."""
    files = []
    for link in ("record.json", "record.csv"):
        with office.expect_download() as download:
            office.locator(f"a[href$='/{link}']").click()
        files.append(folder / link)
        download.value.save_as(files[-1])
    assert run(["access-review", str(files[0]), "--root-key", root, "--csv", str(files[1])]) == 0
    pdf = office.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) >= 2
