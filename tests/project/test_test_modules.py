"""Test modules hold tests alone: what several of them need is in modules beside them."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
MODULES = sorted(TESTS.rglob("*.py"))
MAY_IMPORT_TESTS = re.compile(
    r"^\s*(?:from|import)\s[^#()\n]*\btest_|\bimport\s*\([^)]*\btest_", re.MULTILINE
)
"""A module without this need not be parsed: parsing all of them takes seconds."""


def imported_tests(text: str) -> list[str]:
    """Return the test modules from which a module imports."""
    found: list[str] = []
    if not MAY_IMPORT_TESTS.search(text):
        return found
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return [name for name in found if name.startswith("tests.") and ".test_" in name]


def test_no_module_imports_from_a_test_module():
    found = {str(path.relative_to(TESTS)): imported_tests(path.read_text("utf-8")) for path in MODULES}
    assert {path: names for path, names in found.items() if names} == {}


def test_what_a_page_waits_for_is_a_function():
    """Text is run as code at each look, which the pages' own policy refuses from the second look on."""
    waits = re.compile(r"wait_for_function\(\s*f?\"(?!\w+ =>|\(\) =>)")
    assert [path.name for path in MODULES if waits.search(path.read_text("utf-8"))] == []
