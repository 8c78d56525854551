"""The guide of staff: one text with the documentation, and a section that fits each page of the office."""

import re
from pathlib import Path

import pytest

from gate_controller.contract.languages import LANGUAGES
from tests.support.compounds.managed import ManagedCompound
from web_admin.web.guide import FOLDER, GUIDE, LANE_SHEET, TEXTS, guide
from web_admin.web.guide_places import PLACES, place_of

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
