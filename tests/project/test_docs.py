"""Papers that cannot fall behind: what they name must exist, and what exists must be named."""

import ast
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import msgspec
import pytest

from gate_controller.site_file.config import NAMED_PARTS, GateConfig
from hardware.driver import WireSettings
from tests.browser.gallery.readme import WORDS, plain_texts
from tests.browser.gallery.states import README_PICTURES
from tests.project.pages import ROOT, code_blocks, named_tests, names_of_tests_in
from tests.support.source import tree_of
from web_admin.core import config as web_config

REQUIREMENT_COUNTS = {
    "B": 12,
    "C": 12,
    "E": 12,
    "S": 21,
    "R": 10,
    "D": 10,
    "T": 6,
    "M": 8,
    "N": 6,
    "P": 12,
    "A": 10,
    "L": 14,
}
PROMISES = range(1, 12)
README_COMMANDS = frozenset({"make", "menjin", "git", "cd", "sudo"})


def requirement_rows() -> list[list[str]]:
    lines = (ROOT / "docs/requirements.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    return [row for row in rows if row[0] != "id" and set(row[0]) != {"-"}]


ARGUED = r"not applicable: because .|argued: .|dated: 20\d\d-\d\d-\d\d, ."
"""How a row is met that no test shows; "planned" is none."""


def reasons() -> list[str]:
    tree = tree_of(ROOT / "gate_controller/rules/decision.py")
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    (reason,) = [node for node in classes if node.name == "Reason"]
    assigned = [node.value for node in reason.body if isinstance(node, ast.Assign)]
    return [str(value.value) for value in assigned if isinstance(value, ast.Constant)]


def test_every_requirement_has_exactly_one_row() -> None:
    wanted = [f"{letter}{n}" for letter, count in REQUIREMENT_COUNTS.items() for n in range(1, count + 1)]
    assert [row[0] for row in requirement_rows()] == wanted


def test_no_requirement_row_has_an_empty_or_missing_cell() -> None:
    assert [row for row in requirement_rows() if len(row) != 3 or not all(row)] == []


def test_every_requirement_names_a_test_or_argues_or_names_a_day() -> None:
    unclear = [row[0] for row in requirement_rows() if not (named_tests(row[2]) or re.match(ARGUED, row[2]))]
    assert unclear == []


@pytest.mark.parametrize("page", ["docs/requirements.md", "docs/promises.md"])
def test_every_named_test_exists(page: str) -> None:
    named = named_tests((ROOT / page).read_text(encoding="utf-8"))
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or name not in names_of_tests_in(ROOT / file)
    ]
    assert missing == []


@pytest.mark.parametrize("number", PROMISES)
def test_every_promise_has_its_file_and_the_list_names_it(number: int) -> None:
    page = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    files = (ROOT / "tests/promises").glob("test_*.py")
    names = [file.name for file in files if re.match(rf"test_(promise_)?0*{number}_", file.name)]
    assert len(names) == 1
    assert f"`tests/promises/{names[0]}`" in page
    assert any(name.startswith("test_") for name in names_of_tests_in(ROOT / "tests/promises" / names[0]))


def prose(page: Path) -> str:
    """Return a page without its blocks and words of code."""
    return re.sub(r"`[^`\n]*`", "", without_blocks(page))


def without_blocks(page: Path) -> str:
    """Return a page without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^( *)(```|~~~).*?^ *\2", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """Return where one can link to on a page, as GitHub and the site name it."""
    text = without_blocks(page)
    found: dict[str, int] = {}
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", text, re.MULTILINE):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = found[slug] = found.get(slug, -1) + 1
        found |= {f"{slug}-{number}": 0} if number else {}
    return found.keys() | set(re.findall(r"<[^>]+(?:id|name)=\"([^\"]+)\"", text))


def links_of(page: Path) -> list[str]:
    """Return where a page leads to inside the repository: Markdown's links of each kind, and HTML's."""
    text = prose(page)
    inline = re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", text)
    named = re.findall(r"^ *\[[^\]]+\]: +<?(\S+?)>?(?: |$)", text, re.MULTILINE)
    html = re.findall(r"<[^>]+(?:href|src)=\"([^\"]+)\"", text)
    return [link for link in (*inline, *named, *html) if not re.match(r"[a-z+]+:", link)]


def test_every_link_between_pages_leads_somewhere() -> None:
    """Each file, and each heading in it, of every page of the repository."""
    pages = [
        *ROOT.glob("*.md"),
        *(
            page
            for folder in (".github", "docs", "deploy", "demo", "tests")
            for page in (ROOT / folder).rglob("*.md")
        ),
    ]
    broken = []
    for page in pages:
        for link in links_of(page):
            path, _, anchor = unquote(link).partition("#")
            target = (page.parent / path) if path else page
            is_there = target.exists() and target.resolve().is_relative_to(ROOT)
            if not is_there or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
                broken.append(f"{page.relative_to(ROOT)} -> {link}")
    assert broken == []


def test_every_file_that_a_command_installs_is_there() -> None:
    missing = [
        f"{page.relative_to(ROOT)} names {name}"
        for folder in ("docs", "deploy")
        for page in sorted((ROOT / folder).rglob("*.md"))
        for commands in code_blocks(page.read_text(encoding="utf-8"), "sh")
        for name in re.findall(r"(?<![\w/.-])((?:deploy|etc)/[\w./-]+)", commands)
        if not (ROOT / name).exists()
    ]
    assert missing == []


DECISIONS = ROOT / "docs/decisions"
NEVER_GIVEN = {55}


def decisions() -> list[tuple[int, str]]:
    """Return each decision's number, and the page that has it."""
    pages = sorted(DECISIONS.glob("[0-9a-z]*.md"))
    return sorted(
        (int(number), page.name)
        for page in pages
        for number in re.findall(r"^##? (\d+)\. ", page.read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_each_decision_has_a_number_of_its_own() -> None:
    numbers = [number for number, _page in decisions()]
    assert numbers == [number for number in range(1, numbers[-1] + 1) if number not in NEVER_GIVEN]


def test_the_index_leads_to_each_decision() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[.*\]\(([\w.]+)\) \| ([\d, ]+) \|$", index, re.MULTILINE)
    assert (
        sorted((int(number), page) for page, numbers in rows for number in numbers.split(", ")) == decisions()
    )


def test_every_decision_that_is_cited_by_number_exists() -> None:
    numbers = {number for number, _page in decisions()}
    folders = (
        "hardware",
        "gate_controller",
        "web_admin",
        "head_office",
        "fleet",
        "face_laboratory",
        "demo",
        "tests",
        "deploy",
        "docs",
    )
    files = [
        *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "pyproject.toml")),
        *(path for name in folders for path in (ROOT / name).rglob("*") if path.suffix in {".py", ".md"}),
    ]
    cited = {
        (path.relative_to(ROOT).as_posix(), int(number))
        for path in files
        for number in re.findall(r"\b[Dd]ecision (\d+)\b", path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 20
    assert {(name, number) for name, number in cited if number not in numbers} == set()


def test_performance_names_benches_that_exist_and_says_when_each_was_measured() -> None:
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    dated = [part for part in page.split("\n## ")[1:] if not part.startswith("What has to be kept")]
    assert [part.partition("\n")[0] for part in dated if not re.search(r"20\d\d-\d\d-\d\d", part)] == []
    benches = {path.stem for path in (ROOT / "tests/bench").glob("*.py")}
    named = set(re.findall(r"`menjin bench (\w+)", page))
    assert len(named) > 5
    assert named - benches == set()


def test_every_file_that_a_page_names_exists() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "docs/promises.md",
        ROOT / "docs/how_a_gate_opens.md",
        ROOT / "docs/glossary.md",
    ]
    missing = [
        f"{page.relative_to(ROOT)} names {name}"
        for page in pages
        for name in re.findall(
            r"`((?:hardware|gate_controller|web_admin|demo|tests|deploy|docs)/[\w./-]+\.\w+)`",
            page.read_text(encoding="utf-8"),
        )
        if not (ROOT / name).exists()
    ]
    assert missing == []


def test_the_readme_shows_only_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    menjin = tree_of(ROOT / "menjin.py")
    groups = {node.value for node in ast.walk(menjin) if isinstance(node, ast.Constant)}
    lines = "".join(code_blocks((ROOT / "README.md").read_text(encoding="utf-8"), "sh")).splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    commands = [command for command in commands if command]
    assert commands
    assert [c for c in commands if Path(c[0]).name not in README_COMMANDS] == []
    assert [c for c in commands if c[0] == "make" and not set(c[1:]) <= targets] == []
    assert [c for c in commands if Path(c[0]).name == "menjin" and c[1] not in groups] == []


def test_the_readme_installs_by_commands_that_a_fresh_machine_plays() -> None:
    """`tests/debian/test_packages.py` plays the section of the server's page."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Install it\n")[2]
    server = (ROOT / "deploy/server.md").read_text(encoding="utf-8")
    section = server.partition("\n### From a repository, with updates each night\n")[2].partition("\n##")[0]
    played = "".join(code_blocks(section, "sh")).splitlines()
    typed = [part for line in code_blocks(readme, "sh")[0].splitlines() for part in line.split(" && ")]
    assert "sudo apt install menjin-server" in typed
    assert [part for part in typed if not any(line.startswith(part) for line in played)] == []


def test_every_reason_is_explained() -> None:
    page = (ROOT / "docs/reasons.md").read_text(encoding="utf-8")
    assert reasons()
    assert [reason for reason in reasons() if f"`{reason}`" not in page] == []


def test_every_word_of_the_design_is_in_the_glossary() -> None:
    words = [
        *("person", "home", "site", "gate", "lane", "method", "credential", "grant", "pass"),
        *("presentation", "claim", "decision", "reason", "posture", "event", "alarm", "notice"),
        *("consent", "withdrawal", "share", "lease", "receipt", "certificate", "order"),
    ]
    page = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    assert [word for word in words if f"**{word}**" not in page] == []


def version_of_the_project() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def test_the_changelog_has_what_is_not_released_then_this_version_then_those_before() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    named = re.findall(r"^## \[(\S+)\](?: - 20\d\d-\d\d-\d\d)?$", text, re.MULTILINE)
    assert named[:2] == ["Unreleased", version_of_the_project()]
    released = [tuple(int(part) for part in version.split(".")) for version in named[1:]]
    assert released == sorted(released, reverse=True)
    assert text.count("\n## ") == len(named)


def test_each_page_that_names_a_package_names_this_version() -> None:
    pages = [
        ROOT / "README.md",
        *(page for folder in ("docs", "deploy") for page in (ROOT / folder).rglob("*.md")),
    ]
    package = re.compile(r"menjin[\w-]*_(\d+\.\d+\.\d+)_(?:amd64|arm64)\.deb")
    named = {version for page in pages for version in package.findall(page.read_text(encoding="utf-8"))}
    assert named == {version_of_the_project()}
    chart = (ROOT / "deploy/helm/menjin/Chart.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^(?:appV|v)ersion: (\S+)$", chart, re.MULTILINE) == [version_of_the_project()] * 2
    for_debian = (ROOT / "tests/debian/conftest.py").read_text(encoding="utf-8")
    assert f'VERSIONS = NOW, NEXT = ("{version_of_the_project()}", ' in for_debian


def test_the_licence_text_is_the_one_that_the_package_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence


def test_every_setting_of_a_gate_is_documented_under_its_section() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    parts = re.split(r"^### (.*)$", page.partition("\n## The server")[0], flags=re.MULTILINE)
    tables = dict(zip(parts[1::2], parts[2::2], strict=True))
    wanted = settings_of_a_gate()
    keys = {title: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) for title, text in tables.items()}
    documented = {
        section: own | (keys["Keys that devices share"] & wanted[section])
        for title, own in keys.items()
        for section in re.findall(r"\[(\w+)", title)
    }
    assert documented == wanted


def settings_of_a_gate() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for field in msgspec.structs.fields(GateConfig):
        kind = NAMED_PARTS.get(field.name, field.type)
        (kind, *_none) = get_args(kind) or (kind,)
        found[field.name] = set(kind.__struct_fields__)
    found["inputs"] |= set(WireSettings.__struct_fields__)
    return found


def test_every_setting_of_the_server_is_documented() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8").partition("\n## The server")[2]
    source = (ROOT / "web_admin/core/config.py").read_text(encoding="utf-8")
    by_environment = {f"MENJIN_{name.upper()}" for name in web_config.SETTINGS}
    named = {*web_config.SETTINGS, *re.findall(r"\bMENJIN_[A-Z_]+[A-Z]\b", source)} - by_environment
    assert [name for name in sorted(named) if f"\n| `{name}` |" not in page] == []


@pytest.mark.parametrize("picture", sorted(README_PICTURES))
def test_the_words_on_a_picture_of_the_readme_are_in_todays_catalogues(picture: str) -> None:
    """Where it fails, `make screenshots README=1` renews the pictures."""
    language = README_PICTURES[picture][2]
    words = json.loads(WORDS.read_text(encoding="utf-8"))[picture]
    assert len(words) >= 5
    assert set(words) - plain_texts(language) == set()
