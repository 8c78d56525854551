"""The office's pages as a browser shows them: screen sizes, signing in, what is wrong with a page.

With MENJIN_SCREENSHOTS=FOLDER every page that is looked at is also kept there as a picture.
"""

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.axe import axe
from tests.support.compounds.managed import PASSWORD, code_now

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
SMALL_TARGETS = """
[...document.querySelectorAll("a, button, summary, select, input:not([type=hidden])")]
  .filter((e) => e.offsetParent && !e.matches(".skip"))
  .map((e) => e.matches("[type=checkbox], [type=radio]") ? e.closest("li, label") : e)
  .filter((e) => e.getBoundingClientRect().height < 43.5)
  .map((e) => e.outerHTML.slice(0, 100))
"""


def sign_in(page: Page, address: str, role: str = "manager") -> None:
    """Sign in as a person does: password, then the code from the authenticator."""
    page.goto(f"{address}/staff/sign-in")
    page.locator("#email").fill(f"{role}@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.locator("#code").fill(code_now())
    page.locator("main form button").click()
    expect(page.locator("h1")).to_be_visible()


def look(page: Page, name: str) -> list[str]:
    """Return what is wrong with a page in its present state, once its styles are there."""
    page.wait_for_load_state("load")
    folder = os.environ.get("MENJIN_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"manager-{name}.png"), full_page=True)
    problems = [f"{name}: small target {html}" for html in page.evaluate(SMALL_TARGETS)]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append(f"{name}: wider than the screen")
    return problems + [f"{name}: {found}" for found in axe(page)]
