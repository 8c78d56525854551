"""The guide beside a page, and the way through the menu."""

import re
from pathlib import Path

import pytest
from flask import Flask

from gate_controller.contract.languages import LANGUAGES
from tests.support.compounds.managed import ManagedCompound
from web_admin.accounts.permissions import ACTIONS_BY_ROLE
from web_admin.web.guide import FOLDER, GUIDE, LANE_SHEET, TEXTS, guide
from web_admin.web.guide_places import PLACES, place_of
from web_admin.web.navigation import GROUPS, PAGES, menu
from web_admin.web.problems import Problem, note_problem, noted_problems

ROOT = Path(__file__).parents[3]


def address(text: str) -> str:
    return f"/{text}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", TEXTS)
def test_the_office_reads_the_files_of_the_documentation_themselves(text: str, language: str) -> None:
    folder = ROOT / "docs" if language == "en" else ROOT / "docs" / language
    assert (FOLDER / language / f"{text}.md").resolve() == folder / f"{text}.md"


@pytest.mark.parametrize("text", TEXTS)
def test_all_languages_have_the_same_sections_in_the_same_order(text: str) -> None:
    anchors = {tuple(part.anchor for part in guide(text, code, "", address).sections) for code in LANGUAGES}
    assert len(anchors) == 1


def test_each_section_of_the_guide_has_its_words_in_its_place() -> None:
    sections = guide(GUIDE, "en", "", address).sections
    assert [part.anchor for part in sections] == [place.anchor for place in PLACES]


def test_every_page_of_the_office_has_a_section_that_fits_it(compound: ManagedCompound) -> None:
    office = {
        rule.endpoint
        for rule in compound.app.url_map.iter_rules()
        if "GET" in rule.methods and rule.rule.startswith("/manage")
    }
    assert {endpoint for endpoint in office if place_of(endpoint) is None} == set(), (
        "name these, or their blueprint, in web_admin/web/guide_places.py"
    )
    blueprints = {endpoint.partition(".")[0] for endpoint in office}
    named = {page for place in PLACES for page in place.pages}
    assert named - office - blueprints == set()


@pytest.mark.parametrize(
    ("path", "anchor"),
    [
        ("/manage/people/", "#people-homes-and-cards"),
        ("/manage/visitors/new", "#visitors"),
        ("/manage/lanes/north-in/sheet", ""),
    ],
)
def test_help_on_a_page_opens_the_section_that_fits(
    compound: ManagedCompound, path: str, anchor: str
) -> None:
    client = compound.signed_in()
    (there,) = set(re.findall(r'href="(/manage/help/[^"]*)"', client.get(path).text))
    page, _sign, led = there.partition("#")
    assert led == anchor.removeprefix("#")
    assert f'id="{led}"' in client.get(page).text or not led


@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_are_folded_and_nothing_leads_out_of_the_office(language: str) -> None:
    for text in TEXTS:
        whole = "".join(part.body for part in guide(text, language, "FOR OPERATORS", address).sections)
        unfolded = re.sub(r"<details.*?</details>", "", whole, flags=re.DOTALL)
        assert not re.search(r"<code>(menjin|sudo) ", unfolded)
        assert set(re.findall(r'href="([^"#]*)', whole)) <= {"", f"/{LANE_SHEET}", f"/{GUIDE}"}
    assert "FOR OPERATORS" in whole + "".join(
        part.body for part in guide(GUIDE, language, "FOR OPERATORS", address).sections
    )


def test_what_the_guide_says_is_text_and_never_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "managers.md").write_text("# One\n\n## <b>Two</b>\n\n<script>alert(1)</script>\n")
    monkeypatch.setattr("web_admin.web.guide.FOLDER", tmp_path)
    (part,) = guide(GUIDE, "en", "another", address).sections
    assert "<script" not in part.body


@pytest.mark.parametrize(
    ("typed", "anchor"),
    [
        ("export", "people-homes-and-cards"),
        ("导出", "people-homes-and-cards"),
        ("undo", "begin-later-and-undo"),
        ("撤销", "begin-later-and-undo"),
        ("password", "accounts-passwords-and-roles"),
        ("密码", "accounts-passwords-and-roles"),
        ("rename", "people-homes-and-cards"),
        ("改名", "people-homes-and-cards"),
    ],
)
def test_the_one_search_leads_to_the_section(compound: ManagedCompound, typed: str, anchor: str) -> None:
    assert f"/manage/help/#{anchor}" in found_by(compound, "manager", typed)


def found_by(compound: ManagedCompound, role: str, typed: str) -> str:
    shown = compound.signed_in(role).get("/manage/search/", query_string={"q": typed})
    return shown.location or shown.text


def test_a_guard_is_led_to_what_guards_do_alone(compound: ManagedCompound) -> None:
    assert "#accounts-passwords-and-roles" in found_by(compound, "guard", "密码")
    assert "#settings-and-other-systems" not in found_by(compound, "guard", "webhook")


def test_the_menu_has_three_groups_and_eight_items_that_hold_every_page() -> None:
    assert len(GROUPS) == 3
    assert sum(len(items) for _group, items in GROUPS) == 8
    assert len({page.endpoint for page in PAGES}) == len(PAGES) == 19


@pytest.mark.parametrize(
    ("role", "items"), [("manager", 8), ("guard", 6), ("installer", 2), ("privacy_officer", 2)]
)
def test_a_role_sees_only_what_it_may(role, items) -> None:
    shown = menu(lambda action: action in ACTIONS_BY_ROLE[role])
    assert sum(len(of_group) for _group, of_group in shown) == items
    assert all(
        page.action in ACTIONS_BY_ROLE[role]
        for _group, of_group in shown
        for item in of_group
        for page in item.pages
    )


def test_refusals_are_summed_up_in_the_order_of_the_page_and_write_nothing() -> None:
    with Flask(__name__).test_request_context():
        assert noted_problems() == []
        assert [note_problem("Choose a day.", "day"), note_problem("Choose a time.", "time")] == ["", ""]
        assert noted_problems() == [Problem("Choose a day.", "day"), Problem("Choose a time.", "time")]


def test_the_same_sentence_beside_two_fields_is_named_twice_and_of_a_whole_form_once() -> None:
    with Flask(__name__).test_request_context():
        for place in ("from", "until", ""):
            note_problem("Choose a time.", place)
        assert [problem.place for problem in noted_problems()] == ["from", "until"]


def test_the_next_page_begins_without_any() -> None:
    app = Flask(__name__)
    with app.test_request_context():
        note_problem("Choose a day.")
    with app.test_request_context():
        assert noted_problems() == []
