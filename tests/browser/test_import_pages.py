"""People from a sheet in a real browser, by keyboard, with and without scripts.

With MENJIN_SCREENSHOTS=FOLDER each step is also kept there as a picture, in both languages.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import needs_axe
from tests.browser.import_forms import send
from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound

pytestmark = [pytest.mark.browser, pytest.mark.wide]

WRONG = (
    "房号,姓名,类别,卡号\n"
    "7-0101,何静,住户,7100001\n"
    "7号0102,何勇,住户,7100002\n"
    "7-0103,,亲戚,卡坏了\n"
    "3-1501,Nikolai Aleksandrovich Rimsky-Korsakov,resident,4200005\n"
    "7-0105,=HYPERLINK(0),,7100001\n"
)
GOOD = (
    "房号,姓名,类别,卡号\n"
    "7-0101,何静,住户,7100001\n"
    "7-0101,何勇,,\n"
    '3-1501,Nikolai Rimsky-Korsakov,家政,"108,45678"\n'
    ",钱工,员工,7100003\n"
)
TEXTS = {
    "en": (
        "Add from a sheet",
        "Sheet as a CSV file or Excel workbook",
        "Check the file",
        "Read in 4 rows",
        "Read in: added: 4.",
    ),
    "zh": ("从表格添加", "表格（CSV 或 Excel 文件）", "检查文件", "读入 4 行", "已读入：新增 4 人。"),
}


@needs_axe
@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [
        ("phone", "zh", "light"),
        pytest.param("phone", "en", "dark", marks=pytest.mark.slow),
        pytest.param("desktop", "en", "light", marks=pytest.mark.slow),
        pytest.param("desktop", "zh", "dark", marks=pytest.mark.slow),
    ],
)
def test_a_sheet_is_corrected_and_its_people_are_added(
    browser: Browser,
    managed: ManagedCompound,
    address: str,
    tmp_path: Path,
    size: str,
    language: str,
    scheme: str,
) -> None:
    link, label, check, yes, added = TEXTS[language]
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale, color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(page, address)
    page.goto(f"{address}/manage/people/")
    name = f"{language}-{size}-{scheme}"
    problems += look(page, f"people-{name}")
    page.get_by_role("link", name=link).click()
    problems += look(page, f"import-empty-{name}")
    send(page, label, check, tmp_path, b"\x89PNG\r\n\x1a\n\0\0")
    expect(page.locator("[data-problems]")).to_be_focused()
    problems += look(page, f"import-no-sheet-{name}")
    send(page, label, check, tmp_path, WRONG.encode("gb18030"))
    expect(page.locator("td.has-wrong")).to_have_count(7)
    problems += look(page, f"import-wrong-{name}")
    send(page, label, check, tmp_path, GOOD.encode("utf-8-sig"))
    problems += look(page, f"import-right-{name}")
    page.get_by_role("button", name=yes).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".flash.success")).to_contain_text(added)
    expect(page.get_by_role("link", name="何静")).to_be_visible()
    problems += look(page, f"import-done-{name}")
    context.close()
    assert problems == []


def test_a_sheet_needs_no_scripts(
    browser: Browser, managed: ManagedCompound, address: str, tmp_path: Path
) -> None:
    _link, label, check, yes, added = TEXTS["en"]
    context = browser.new_context(viewport=SIZES["phone"], locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/manage/people/import")
    with page.expect_download() as download:
        page.get_by_role("link", name="Empty CSV sheet (English)").click()
    sheet = download.value.path().read_bytes()
    assert sheet == b'\xef\xbb\xbf"home","name","kind","card"\r\n'
    send(page, label, check, tmp_path, WRONG.encode())
    expect(page.locator("td.has-wrong")).to_have_count(7)
    send(page, label, check, tmp_path, GOOD.encode())
    page.get_by_role("button", name=yes).click()
    expect(page.locator(".flash.success")).to_contain_text(added)
    context.close()
