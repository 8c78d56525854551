"""The documentation as a site: every page in it, in two languages, with commands and links that exist."""

import os
import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from menjin import GROUPS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "deploy").glob("*.md")))
IN_FRONT = re.compile(r"^(sudo |-u \S+ |-g \S+ |/opt/menjin/|\.venv/bin/|\w+=\S+ )+")


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the program that makes the site, which is in no package."""
    monkeypatch.syspath_prepend(ROOT / "deploy/release")
    return import_module("docs_site")


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of ours that a page shows, in a block or within a sentence, with the page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"^ *```(?:sh)?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL))
        lines = [*blocks.replace("\\\n", " ").splitlines(), *re.findall(r"`([^`\n]+)`", text)]
        for line in (IN_FRONT.sub("", line.strip()) for line in lines):
            if line.startswith(("menjin ", "make ")):
                words = shlex.split(line.replace("(", " ").replace(")", " "), comments=True)
                yield str(page.relative_to(ROOT)), words


@cache
def help_of(*words: str) -> str:
    """Return what `menjin WORDS --help` prints."""
    capture = pytest.MonkeyPatch()
    said: list[str] = []
    capture.setenv("COLUMNS", "1000")
    capture.setattr(ArgumentParser, "_print_message", lambda _self, text, _file=None: said.append(text))
    try:
        import_module(GROUPS[words[0]].module).run([*words[1:], "--help"])
    except SystemExit:
        pass
    finally:
        capture.undo()
    return "".join(said)


def subcommands(group: str) -> set[str]:
    text = help_of(group)
    listed = re.search(r"\{([\w,-]+)\}|\] ([a-z-]+(?:\|[a-z-]+)+) ", text)
    named = re.split(r"[,|]", listed[1] or listed[2]) if listed else []
    return {*named, *re.findall(rf"menjin {group} ([a-z-]+)", text)}


def test_every_command_that_a_page_shows_exists_with_its_options() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wrong = []
    for page, (program, *words) in commands():
        name = next((word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)), "")
        known = targets if program == "make" else set(GROUPS)
        if name and name not in known:
            wrong.append(f"{page}: {program} {name}")
        elif program == "menjin" and words[:1] == [name]:
            below = subcommands(name)
            rest = [word for word in words[1:2] if re.fullmatch(r"[a-z][a-z-]*", word)]
            wrong += [f"{page}: menjin {name} {word}" for word in rest if below and word not in below]
            text = help_of(name, *[word for word in rest if word in below])
            deeper = [word for word in words[2:3] if re.search(rf"^ +{re.escape(word)} ", text, re.MULTILINE)]
            text = help_of(name, *rest, *deeper) if deeper else text
            options = [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]
            wrong += [f"{page}: menjin {name} … {word}" for word in options if word not in text]
    assert not wrong, "\n".join(wrong)


def test_the_menu_has_every_page(builder: ModuleType) -> None:
    def places(menu: object) -> Iterator[str]:
        if isinstance(menu, str):
            yield menu
        else:
            for part in menu.values() if isinstance(menu, dict) else menu:  # type: ignore[attr-defined]  # a list
                yield from places(part)

    english = {str(page.relative_to(ROOT)) for page in PAGES if "docs/zh" not in str(page)}
    in_the_site = {builder.MOVED.get(page, page) for page in english}
    assert in_the_site - set(places(builder.english_menu())) == set()
    chinese = {path.stem for path in (DOCS / "zh").iterdir()}
    assert chinese == set(builder.CHINESE_PAGES)


def test_a_page_in_two_languages_leads_from_each_to_the_other() -> None:
    for chinese in (DOCS / "zh").glob("*.md"):
        assert f"(zh/{chinese.name})" in (DOCS / chinese.name).read_text(encoding="utf-8"), chinese.name
        assert f"(../{chinese.name})" in chinese.read_text(encoding="utf-8"), chinese.name


@pytest.mark.slow
def test_the_site_is_made_and_loads_nothing_from_elsewhere(builder: ModuleType, tmp_path: Path) -> None:
    """zensical refuses a link or an anchor that leads nowhere."""
    if "CI" not in os.environ:
        pytest.importorskip("zensical", reason="the site's maker is not installed: make docs")
    site, packed = tmp_path / "site", [tmp_path / "first/docs.zip", tmp_path / "second/docs.zip"]
    builder.build(site)
    pages = {path.relative_to(site).as_posix(): path.read_text("utf-8") for path in site.rglob("*.html")}
    assert {"index.html", "docs/residents.html", "docs/decisions/libraries.html"} <= set(pages)
    assert 'lang="zh"' in pages["zh/residents.html"]
    for first in ("index.html", "zh/index.html"):
        doors = re.search(r'<div class="doors"></div>\s*<ul>(.*?)</ul>', pages[first], re.DOTALL)
        assert doors is not None
        assert doors[1].count("<li>") == 4
    assert "--mj-accent: #" in (site / builder.STYLE).read_text("utf-8")
    loads = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(https?:[^\"' >]+)")
    assert {name: found for name, text in pages.items() if (found := loads.findall(text))} == {}
    pages = {name: text for name, text in pages.items() if not name.endswith("404.html")}  # from the root
    leads_to = re.compile(r'href="([^":#?]+)["#?]')
    links = {(name, link) for name, text in pages.items() for link in leads_to.findall(text)}
    assert [link for link in links if not (site / link[0]).parent.joinpath(link[1]).exists()] == []
    for file in packed:
        file.parent.mkdir()
        builder.pack_site(file, 1_800_000_000)
    assert packed[0].read_bytes() == packed[1].read_bytes()
