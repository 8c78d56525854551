"""What a contributor meets first: hooks before a commit, and the templates of issues and changes."""

import importlib
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIGURED = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = [hook for repo in CONFIGURED["repos"] for hook in repo["hooks"]]
TEMPLATES = ROOT / ".github"


def test_no_hook_downloads_anything() -> None:
    assert [repo["repo"] for repo in CONFIGURED["repos"]] == ["local"]
    assert {hook["language"] for hook in HOOKS} == {"system", "pygrep"}


def test_each_hook_runs_a_pinned_tool_of_the_environment() -> None:
    commands = [shlex.split(hook["entry"]) for hook in HOOKS if hook["language"] == "system"]
    tools = [words[0] for words in commands if words != ["make", "check"]]
    assert [tool for tool in tools if not tool.startswith(".venv/bin/") or not (ROOT / tool).exists()] == []


def test_a_commit_runs_only_tools_of_make_check_and_a_push_all_of_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    checked = set(re.findall(r"\$\(BIN\)/([\w-]+)", makefile.partition("\ncheck: ")[2].partition("\n\n")[0]))
    at_push = [hook["entry"] for hook in HOOKS if hook.get("stages") == ["pre-push"]]
    assert at_push == ["make check"]
    at_commit = {Path(shlex.split(hook["entry"])[0]).name for hook in HOOKS if "stages" not in hook}
    assert {"ruff", "codespell"} <= at_commit - {"python"} <= checked


def test_a_subject_without_its_component_is_refused() -> None:
    (hook,) = [hook for hook in HOOKS if hook["id"] == "subject"]
    subject = re.compile(hook["entry"])
    right = ["gate: open once", "office, gate: one meaning a key\n\nWhy.", "fixup! gate: open once"]
    right += [f"{word} gate: open once" for word in ("squash!", "amend!", "fixup! fixup!")]
    right += [f'{word} "gate: open once"' for word in ("Revert", "Reapply")]
    right += ["Merge branch 'wide' into main", "Merge pull request #7 from someone/somewhere"]
    right += [f"fixup! gate: {'x' * 66}", f'Revert "gate: {"x" * 66}"']
    wrong = [
        "Open once",
        "Merged it",
        "squash!",
        "Reapply it",
        "gate:",
        "gate: " + "x" * 67,
        "\ngate: open once",
        ": open once",
    ]
    assert [text for text in right if not subject.search(text)] == []
    assert [text for text in wrong if subject.search(text)] == []


def test_each_template_asks_for_what_helps_and_leads_weaknesses_elsewhere() -> None:
    bug = (TEMPLATES / "ISSUE_TEMPLATE/bug.md").read_text(encoding="utf-8")
    for wanted in (
        "SECURITY.md",
        "menjin --version",
        "No names",
        "replace ids of people by person-1, card-1; keep ids of lanes and requests",
        "menjin gate check",
        "SQLite or PostgreSQL",
    ):
        assert wanted in bug
    change = (TEMPLATES / "PULL_REQUEST_TEMPLATE.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", change))
    assert {"check", "test"} <= named <= targets


def test_the_notes_of_a_release_are_the_section_of_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "deploy/release")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    notes = importlib.import_module("make").notes(version)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert notes.startswith(f"# Menjin {version}\n\n")
    assert notes.partition("\n\n")[2].strip() in changelog
    assert "### Added" in notes and "\n## " not in notes


def test_the_policy_on_weaknesses_says_how_long_this_minor_release_gets_fixes() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = security.partition("| version | security fixes |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (\d+\.\d+)\b", table, re.MULTILINE)[:1] == [version.rpartition(".")[0]]
