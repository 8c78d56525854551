"""An act that begins later and one that is undone, in a browser: planned for Monday, withdrawn, done, undone.

With MENJIN_SCREENSHOTS=FOLDER each page is also kept there as a picture, in both languages.
"""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import needs_axe
from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.act_previews import pass_on_weekdays
from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import Hours
from web_admin.core.database import current_menjin

pytestmark = [pytest.mark.browser, pytest.mark.wide]

TEXTS = {
    "en": {
        "save": "Save",
        "plan": "Plan it",
        "lost": "1 person can no longer enter by 北门",
        "withdraw": "Withdraw",
        "nothing": "Nothing is planned",
        "undo": "Undo",
        "undone": "Undone",
        "sheet": "06:00 · People from a sheet",
    },
    "zh": {
        "save": "保存",
        "plan": "定时",
        "lost": "1 人不能再从北门进入",
        "withdraw": "撤回",
        "nothing": "没有计划的操作",
        "undo": "撤销",
        "undone": "已撤销",
        "sheet": "06:00 · 从表格添加人员",
    },
}


def ends_at_hour(managed: ManagedCompound, hours_id: str) -> int:
    with managed.app.app_context(), current_menjin().database.open_reading() as session:
        return int(session.get_one(Hours, hours_id).spans[0]["until_minute"]) // 60


def monday_after(managed: ManagedCompound) -> date:
    today = managed.clock().astimezone(ZoneInfo("Asia/Shanghai"))
    return (today + timedelta(days=7 - today.weekday())).date()


@needs_axe
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_hours_are_planned_for_monday_and_withdrawn_and_others_are_done_and_undone(
    browser: Browser, managed: ManagedCompound, address: str, size: str, language: str
) -> None:
    words, problems, hours_id = TEXTS[language], [], pass_on_weekdays(managed, "王芳")
    monday = monday_after(managed)
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale, base_url=address)
    page = context.new_page()
    sign_in(page, address)

    page.goto(f"/manage/hours/{hours_id}")
    page.locator("#span1-end").fill("12:00")
    page.locator("details.later summary").click()
    page.locator("#begins_at").fill(f"{monday}T06:00")
    problems += look(page, f"later-form-{size}-{language}")
    page.get_by_role("button", name=words["plan"], exact=True).click()
    expect(page.locator("main")).to_contain_text(words["lost"])
    page.locator("select[name=lock_out]").select_option("works")
    problems += look(page, f"later-preview-{size}-{language}")
    page.locator("[data-act-preview] .btn-bad").click()
    expect(page.locator("main")).to_contain_text("06:00 · ")
    expect(page.locator("main")).to_contain_text(words["lost"])
    problems += look(page, f"later-list-{size}-{language}")
    assert ends_at_hour(managed, hours_id) == 18
    page.get_by_role("button", name=words["withdraw"]).click()
    expect(page.locator("main")).to_contain_text(words["nothing"])

    page.goto(f"/manage/hours/{hours_id}")
    page.locator("#span1-end").fill("12:00")
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.locator("select[name=lock_out]").select_option("works")
    page.locator("[data-act-preview] .btn-bad").click()
    expect(page.locator(".flash.success")).to_be_visible()
    assert ends_at_hour(managed, hours_id) == 12
    page.goto("/manage/later")
    problems += look(page, f"later-past-{size}-{language}")
    page.locator("#past").get_by_role("button", name=words["undo"]).first.click()
    expect(page.locator("#past")).to_contain_text(words["undone"])
    problems += look(page, f"later-undone-{size}-{language}")
    assert ends_at_hour(managed, hours_id) == 18
    context.close()
    assert problems == []


@needs_axe
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_sheet_of_people_and_a_mode_of_a_lane_are_planned_for_monday(
    browser: Browser, managed: ManagedCompound, address: str, tmp_path: Path, size: str, language: str
) -> None:
    words, problems, monday = TEXTS[language], [], monday_after(managed)
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale, base_url=address)
    page = context.new_page()
    sign_in(page, address)

    page.goto("/manage/people/import")
    (tmp_path / "people.csv").write_text(
        "home,name,kind,card\n7-0101,何静,resident,7100001\n", encoding="utf-8"
    )
    page.locator("#file").set_input_files(tmp_path / "people.csv")
    page.locator("form[enctype] button").click()
    page.locator("details.later summary").click()
    page.locator("#begins_at").fill(f"{monday}T06:00")
    problems += look(page, f"later-sheet-{size}-{language}")
    page.get_by_role("button", name=words["plan"], exact=True).click()
    expect(page.locator("main")).to_contain_text(words["sheet"])
    expect(page.locator("main")).not_to_contain_text("何静")

    page.goto("/manage/lanes/north-in/hold-open")
    page.locator("details.later summary").click()
    page.locator("#begins_at").fill(f"{monday}T08:00")
    problems += look(page, f"later-move-{size}-{language}")
    page.get_by_role("button", name=words["plan"], exact=True).click()
    expect(page.locator("main")).to_contain_text("08:00 · ")
    problems += look(page, f"later-sheet-list-{size}-{language}")

    page.goto("/manage/lanes/north-in")
    page.locator("details.later summary").click()
    problems += look(page, f"later-mode-{size}-{language}")
    context.close()
    assert problems == []
