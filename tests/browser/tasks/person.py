"""A person at a screen: presses, fields, loaded pages and scrolled pixels are counted."""

import math

from playwright.sync_api import Locator, Page

from tests.browser.tasks.table import FEW_GATES, TASKS


class Person:
    """Plays one task of the table."""

    def __init__(self, page: Page, task: str, gates: int = FEW_GATES) -> None:
        """Count nothing yet; `task` is the name of the test that plays it in a compound of so many gates."""
        self.page = page
        self._task = TASKS[task]
        self._gates = gates
        self._took = [0, 0, 0]
        self._scrolled_px = 0
        page.on("load", lambda _page: self._count(2))

    def begin(self, path: str) -> Page:
        """Open the page on which the task begins; that is no part of it."""
        self.page.goto(path)
        self.page.wait_for_load_state("load")
        self._took = [0, 0, 0]
        self._scrolled_px = 0
        return self.page

    def press(self, target: Locator, *, leads_on: bool = True) -> None:
        """Press something, and wait for the page it leads to."""
        self._reach(target)
        self._count(0)
        if not leads_on:
            target.click()
            return
        with self.page.expect_navigation():
            target.click()

    def point(self, target: Locator) -> None:
        """Point at something with the mouse, which presses nothing."""
        self._reach(target)
        target.hover()

    def key(self, key: str, *, leads_on: bool = True) -> None:
        """Press a key, and wait for the page it leads to."""
        self._count(0)
        if not leads_on:
            self.page.keyboard.press(key)
            return
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def fill(self, target: Locator, text: str) -> None:
        """Type into a field."""
        self._reach(target)
        self._count(1)
        target.fill(text)

    def choose(self, target: Locator, value: str) -> None:
        self._reach(target)
        self._count(1)
        target.select_option(value)

    def tick(self, target: Locator) -> None:
        """Tick a box or take a choice, by keyboard."""
        self._reach(target)
        self._count(1)
        target.focus()
        self.page.keyboard.press("Space")

    def attach(self, target: Locator, name: str, content: bytes) -> None:
        """Choose a file."""
        self._reach(target)
        self._count(1)
        target.set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})

    def tap(self, target: Locator, number: int) -> None:
        """Hold a card at the desk reader, which types its number and Enter."""
        self._reach(target)
        self._count(1)
        target.fill(str(number))
        target.press("Enter")

    def item(self, name: str) -> None:
        """Press an item of the menu."""
        self.press(self.page.locator(".side").get_by_role("link", name=name))

    def search(self, text: str) -> None:
        """Search from any page by keyboard."""
        self.key("/", leads_on=False)
        self.fill(self.page.locator(".side [data-find]:focus"), text)
        self.key("Enter")

    def done(self) -> None:
        """Compare with the table; raise AssertionError where counts differ or more was scrolled."""
        self.page.wait_for_load_state("load")
        most_px = self._task.scrolled_px.get(self._gates, math.inf)
        assert tuple(self._took) == self._task.took, self._task.name
        assert self._scrolled_px <= most_px, (
            f"{self._task.name}: {self._scrolled_px} px at {self._gates} gates"
        )

    def _reach(self, target: Locator) -> None:
        before = self.page.evaluate("scrollY")
        target.scroll_into_view_if_needed()
        self._scrolled_px += abs(round(self.page.evaluate("scrollY") - before))

    def _count(self, which: int) -> None:
        self._took[which] += 1
