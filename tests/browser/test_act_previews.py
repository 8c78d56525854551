"""The page of what an act takes, in a browser: read, gone on from and left alone, with and without scripts.

With MENJIN_SCREENSHOTS=FOLDER each page is also kept there as a picture, in both languages.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gate_controller.contract.calendars import Span
from tests.browser.axe import needs_axe
from tests.browser.import_forms import send
from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import PEOPLE, ManagedCompound
from web_admin.compound.models import Hours, Lane, Person
from web_admin.core.database import current_menjin
from web_admin.gates.hours import save_hours
from web_admin.people.actions import GrantSpec, set_grants

pytestmark = [pytest.mark.browser, pytest.mark.wide]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
GONE = ("王芳", "王磊", "林薇")
TEXTS = {
    "en": {
        "save": "Save",
        "lost": "5 people can no longer enter by 北门 on weekdays 12:00–18:00.",
        "leave": "Cancel",
        "go_on": "Do it anyway",
        "sheet": "Sheet as a CSV file or Excel workbook",
        "check": "Check the file",
        "no_way_in": "3 people are left with no way in at all.",
        "lock": "Forced entry",
        "locked": "can no longer enter by",
    },
    "zh": {
        "save": "保存",
        "lost": "周一至周五 12:00–18:00，5 人不能再从北门进入。",
        "leave": "保持原样",
        "go_on": "仍然执行",
        "sheet": "表格（CSV 或 Excel 文件）",
        "check": "检查文件",
        "no_way_in": "3 人没有任何方式可以进入。",
        "lock": "强行闯入",
        "locked": "人不能再从",
    },
}


def read(managed: ManagedCompound, kind: type, key: str):  # type: ignore[no-untyped-def]
    with managed.app.app_context(), current_menjin().database.open_reading() as session:
        return session.get_one(kind, key)


@pytest.fixture
def hours_id(managed: ManagedCompound) -> str:
    """Let five people pass the north gate on weekdays alone."""
    with managed.act("manager") as act:
        hours_id = save_hours(act, None, "Weekdays", [Span(WEEKDAYS, 7 * 60, 18 * 60)]).hours_id
        for _home, name in PEOPLE[5:]:
            set_grants(
                replace(act, because="asked"),
                managed.persons[name],
                [GrantSpec(("north-in", "north-out"), hours_id)],
            )
    return hours_id


def shorten(page: Page, hours_id: str, words: dict[str, str]) -> None:
    page.goto(f"/manage/hours/{hours_id}")
    page.locator("#span1-end").fill("12:00")
    page.get_by_role("button", name=words["save"], exact=True).click()


@needs_axe
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_what_is_lost_is_read_before_it_is_done(
    browser: Browser,
    managed: ManagedCompound,
    address: str,
    hours_id: str,
    tmp_path: Path,
    size: str,
    language: str,
) -> None:
    words, problems = TEXTS[language], []
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale, base_url=address)
    page = context.new_page()
    sign_in(page, address)
    shorten(page, hours_id, words)
    expect(page.locator("main")).to_contain_text(words["lost"])
    expect(page.locator("main")).to_contain_text("王芳")
    problems += look(page, f"preview-hours-{size}-{language}")
    page.locator("main summary").first.click()
    expect(page.locator("main details[open]").first).to_contain_text("王芳")
    problems += look(page, f"preview-hours-open-{size}-{language}")
    page.get_by_role("link", name=words["leave"]).click()
    assert read(managed, Hours, hours_id).spans[0]["until_minute"] == 18 * 60
    shorten(page, hours_id, words)
    page.locator("select[name=lock_out]").select_option("works")
    page.get_by_role("button", name=words["go_on"]).click()
    expect(page.locator(".flash.success")).to_be_visible()
    assert read(managed, Hours, hours_id).spans[0]["until_minute"] == 12 * 60

    rows = [f"{home},{name},," for home, name in PEOPLE if name not in GONE]
    sheet = "\n".join(["home,name,kind,card", *rows, ",保洁员,staff,", ",保安队长,staff,"]).encode()
    page.goto("/manage/people/import")
    page.locator("#is_complete").check()
    send(page, words["sheet"], words["check"], tmp_path, sheet)
    page.locator("form[action$='/confirm'] button:not([name])").click()
    expect(page.locator("main")).to_contain_text(words["no_way_in"])
    problems += look(page, f"preview-import-{size}-{language}")
    page.get_by_role("button", name=words["go_on"]).click()
    expect(page.locator(".flash.success")).to_be_visible()
    assert read(managed, Person, managed.persons["王芳"]).ended_at is not None

    page.goto("/manage/lockdown")
    page.get_by_role("button", name=words["lock"]).click()
    expect(page.locator(".flash.info")).to_contain_text(words["locked"])
    assert read(managed, Lane, "north-in").override_posture == "lockdown"
    problems += look(page, f"lockdown-said-after-{size}-{language}")
    context.close()
    assert problems == []


def test_without_scripts_it_is_read_and_done_as_well(
    browser: Browser, managed: ManagedCompound, address: str, hours_id: str
) -> None:
    words = TEXTS["en"]
    context = browser.new_context(
        viewport=SIZES["phone"], locale="en-GB", base_url=address, java_script_enabled=False
    )
    page = context.new_page()
    sign_in(page, address)
    shorten(page, hours_id, words)
    page.locator("main summary").first.click()
    expect(page.locator("main details[open]").first).to_contain_text("王芳")
    page.locator("select[name=lock_out]").select_option("works")
    page.get_by_role("button", name=words["go_on"]).click()
    expect(page.locator(".flash.success")).to_be_visible()
    assert read(managed, Hours, hours_id).spans[0]["until_minute"] == 12 * 60
    context.close()
