"""Docstrings, comments, names of tests, pages and interface texts use plain words: roles and technical verbs.

`docs/glossary.md` has the roles. Instead of the words below write: sent, published, notified or shown; the
person, staff, an attacker or the caller; no person, no other; again; automatically; receive; reject.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.support.source import tree_of

pytestmark = pytest.mark.wide  # `make check` runs it
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hardware", "gate_controller", "web_admin", "head_office", "fleet", "face_laboratory", "demo")
WORDS = ("told", "whoever", "nobody", "somebody", "anew")
PHRASES = ("by itself", "by themselves", "let no", "hears? of", "heard of")
DIALECT = re.compile(rf"\b({'|'.join((*WORDS, *PHRASES))})\b", re.IGNORECASE)
# Other systems store the OpenAPI document, and with it these words in the docstrings of its routes.
STORED_BY_OTHERS = re.compile(r"\b(nobody|somebody)\b", re.IGNORECASE)
ROUTES_OF_THE_DOCUMENT = ROOT / "web_admin" / "api"
NAMES_IN_DIALECT = re.compile(
    rf"(?i:(?:^|_)((?:un)?told|{'|'.join(WORDS)}|by_itself|by_themselves)s?(?:_|$))|"
    r"Told|Whoever|Nobody|Somebody|Anew(?![a-z])"
)
# Names of columns, which other places store.
STORED_NAMES = {
    "told_people_at",
    "untold_reason",
    "told_seq",
}
SLOGAN = re.compile(r"nobody has to\s+show", re.IGNORECASE)
PYTHON = sorted(
    path
    for package in (*PACKAGES, "tests")
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(path for path in (ROOT / "deploy").rglob("*") if path.suffix != ".pyc"),
    ]
)
SCRIPTS = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.js") if "vendor" not in path.parts
)
CATALOGUES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.po"))

RIDDLE = re.compile(r"\s*(What|Who|Whom|Whose|Whoever|Which|Whether)\b")


def docstrings(path: Path) -> Iterator[str]:
    stored = STORED_BY_OTHERS if path.is_relative_to(ROUTES_OF_THE_DOCUMENT) else SLOGAN
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield stored.sub("", str(node.value.value))


def comments(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.string


def in_dialect(texts: Iterator[str]) -> list[str]:
    return [text for text in texts if DIALECT.search(SLOGAN.sub("", text))]


def names(path: Path) -> Iterator[str]:
    """Yield the names that a file defines: functions, classes, parameters and variables."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_docstrings_and_comments_use_plain_words(package: str) -> None:
    paths = [path for path in PYTHON if path.is_relative_to(ROOT / package)]
    assert {
        str(path.relative_to(ROOT)): found
        for path in paths
        if (found := [*in_dialect(docstrings(path)), *in_dialect(comments(path))])
    } == {}


@pytest.mark.parametrize("package", [*PACKAGES, "tests/support"])
def test_docstrings_begin_with_the_thing_or_with_a_verb(package: str) -> None:
    """Of modules, classes and functions, and the sentences below fields and constants."""
    paths = [path for path in PYTHON if path.is_relative_to(ROOT / package)]
    assert {
        str(path.relative_to(ROOT)): found
        for path in paths
        if (found := [text for text in docstrings(path) if RIDDLE.match(text)])
    } == {}


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_names_use_plain_words(package: str) -> None:
    paths = [path for path in PYTHON if path.is_relative_to(ROOT / package)]
    assert {
        str(path.relative_to(ROOT)): found
        for path in paths
        if (
            found := [
                name
                for name in (path.stem, *names(path))
                if NAMES_IN_DIALECT.search(name) and name not in STORED_NAMES
            ]
        )
    } == {}


def test_comments_in_scripts_of_pages_use_plain_words() -> None:
    comment = re.compile(r"(?://|/?\*).*")
    assert {
        str(path.relative_to(ROOT)): found
        for path in SCRIPTS
        if (found := in_dialect(iter(comment.findall(path.read_text(encoding="utf-8")))))
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
