"""axe-core in a page, at WCAG 2.2 AA. Where CI is set it is never left out: without it the tests fail."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
needs_axe = pytest.mark.skipif(
    not AXE.exists() and "CI" not in os.environ, reason="axe-core is not installed: make setup fetches it"
)


def axe(page: Page) -> list[str]:
    """Return what axe finds on a page in its present state, a line a rule."""
    # The debugger's evaluation is not the page's: the strict policy stays in force for the page itself.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(rules) => axe.run({ runOnly: rules })", RULES)["violations"]
    return [f"{v['id']} {[node['html'][:120] for node in v['nodes']][:3]}" for v in found]
