"""What no file of the product may do: run text as code, read objects from bytes, write raw HTML by script."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hardware", "gate_controller", "web_admin", "head_office", "fleet", "face_laboratory", "demo")
SCRIPTS = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.*js") if "vendor" not in path.parts
)
PYTHON = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TEMPLATES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.html"))


def test_the_linter_refuses_dangerous_calls_in_every_folder_of_the_product() -> None:
    """ruff's S rules: exec, eval, pickle, marshal, weak hashes, shells, SQL by string, XML with entities."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    allowed = {"S603", "S607"}  # starting a program with a fixed list of arguments
    assert {rule for rule in lint["ignore"] if rule.startswith("S") and rule[1:].isdigit()} == allowed
    excused = {
        (folder, rule)
        for folder, rules in lint["per-file-ignores"].items()
        for rule in rules
        if rule.startswith("S") and not folder.startswith("tests/")
    }
    assert excused == set()


def test_no_excuse_in_the_source_lets_text_run_as_code() -> None:
    wanted = re.compile(r"noqa:[^\n]*\b(S102|S301|S302|S307|S324|S501|S506|S602|S604|S605|S701|S702)\b")
    assert [path.name for path in PYTHON if wanted.search(path.read_text(encoding="utf-8"))] == []


def test_sql_is_put_together_only_from_names_of_tables_in_the_code() -> None:
    found = {str(path.relative_to(ROOT)) for path in PYTHON if "S608" in path.read_text(encoding="utf-8")}
    assert {name for name in found if "migrations" not in name} == NAMES_TABLES


NAMES_TABLES = {
    "gate_controller/storage/handover.py",
    "gate_controller/storage/policy_store.py",
    "gate_controller/storage/database.py",
    "gate_controller/storage/journal.py",
    "demo/rig/gate_ends.py",
}


@pytest.mark.parametrize(
    "call",
    [
        r"\beval\(",
        r"new Function\(",
        r"document\.write",
        r"\.innerHTML\b",
        r"\.outerHTML\b",
        r"insertAdjacentHTML",
        r"(window|parent|opener|top)\.postMessage",
        r"setTimeout\(\s*[\"'`]",
    ],
)
def test_no_script_writes_html_or_runs_text(call: str) -> None:
    found = [path.name for path in SCRIPTS if re.search(call, path.read_text(encoding="utf-8"))]
    assert found == []


def test_no_template_switches_escaping_off_for_what_people_typed() -> None:
    marked = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path in TEMPLATES
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\|\s*safe\b|autoescape false", line)
    ]
    assert marked == []


def test_only_what_templates_made_is_marked_as_html() -> None:
    """ruff's S704 refuses `Markup(…)` of a text that is no constant."""
    trusted = re.compile(r"noqa:[^\n]*\bS704\b|def __html__")
    found = {str(path.relative_to(ROOT)) for path in PYTHON if trusted.search(path.read_text("utf-8"))}
    assert found == MADE_BY_TEMPLATES


MADE_BY_TEMPLATES = {
    "web_admin/web/guide.py",
    "web_admin/manage/print_runs.py",
    "web_admin/resident/printed_code.py",
}


def test_lazy_texts_hold_values_only_in_the_program_that_escapes_them() -> None:
    """Templates take them for HTML; `web_admin.web.language` lets those of its app escape the values."""
    value = re.compile(r"\b(?:_l|_|lazy_\w+)\(\s*\"[^\"]*\",\s*\w+=")
    others = [path for path in PYTHON if "web_admin" not in path.parts]
    texts = {path.relative_to(ROOT): path.read_text("utf-8") for path in others}
    lazy = [path for path, text in texts.items() if "import lazy_" in text]
    assert [str(path) for path in lazy if value.search(texts[path])] == []
    assert lazy


def test_no_page_keeps_people_or_secrets_in_the_browsers_storage() -> None:
    """localStorage and sessionStorage hold no more than how a page looks; keys are not extractable."""
    uses = re.compile(r"(?:localStorage|sessionStorage)\.setItem\(\s*([^,]+),")
    found = {
        (str(path.relative_to(ROOT)), name.strip())
        for path in SCRIPTS
        for name in uses.findall(path.read_text(encoding="utf-8"))
    }
    assert found == KEPT_IN_BROWSERS


KEPT_IN_BROWSERS = {
    ("web_admin/static/js/sound.js", "soundKey"),  # whether alarms sound
    ("web_admin/static/js/alarms.js", "knownKey"),  # the number of the newest alarm seen
    ("web_admin/static/js/speaking_page.js", "KEY"),  # which answer to which call this tab speaks with
    ("web_admin/static/resident/call_tone.js", "SILENCED"),  # the address of a call that rings no more here
    ("web_admin/static/resident/offline.js", '"menjin-large"'),  # large type
}


def test_every_password_field_masks_and_lets_password_managers_fill_it() -> None:
    """`type=password` with a named purpose; nothing on any page stops pasting or filling."""
    fields = [
        field
        for path in TEMPLATES
        for field in re.findall(r"<input[^>]*\bname=\"password\"[^>]*>", path.read_text(encoding="utf-8"))
    ]
    assert fields
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field)
    blocked = re.compile(r"onpaste|\"paste\"|autocomplete=\"off\"[^>]*type=\"password\"")
    pages = (*TEMPLATES, *SCRIPTS)
    assert [path.name for path in pages if blocked.search(path.read_text(encoding="utf-8"))] == []
