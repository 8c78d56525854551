"""Docstrings, comments, pages and interface texts use plain words: a role and a technical verb.

`docs/glossary.md` has the roles. Instead of the words below write: sent, published, notified or shown; the
person, staff, an attacker or the caller; again; automatically; receive; reject.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.support.source import tree_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hardware", "gate_controller", "web_admin", "demo")
DIALECT = re.compile(
    r"\b(told|whoever|anew|by itself|by themselves|let no|hears? of|heard of)\b", re.IGNORECASE
)
PYTHON = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts
)
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"),
     *(ROOT / "deploy").rglob("*")]
)
CATALOGUES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.po"))


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def comments(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.string


def in_dialect(texts: Iterator[str]) -> list[str]:
    return [text for text in texts if DIALECT.search(text)]


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_and_comments_use_plain_words(package: str) -> None:
    paths = [path for path in PYTHON if path.is_relative_to(ROOT / package)]
    assert {
        str(path.relative_to(ROOT)): found
        for path in paths
        if (found := [*in_dialect(docstrings(path)), *in_dialect(comments(path))])
    } == {}


def test_pages_use_plain_words() -> None:
    assert {
        str(page.relative_to(ROOT)): found
        for page in PAGES
        if page.is_file() and (found := in_dialect(iter(page.read_text(encoding="utf-8").splitlines())))
    } == {}


def test_interface_texts_use_plain_words() -> None:
    for path in CATALOGUES:
        with path.open("rb") as file:
            texts = [str(entry.id) for entry in read_po(file, locale="zh") if entry.id]
        assert in_dialect(iter(texts)) == [], path.relative_to(ROOT)
