"""Language and pictures of the resident pages."""

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.axe import axe
from tests.browser.resident_screen import PHONE

SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


def set_language(page: Page, language: str) -> None:
    """Take the person's page to a language by its own button."""
    button = page.locator(f".language button[value={language}]")
    if button.count():
        button.click()


def look(page: Page, name: str, language: str, scheme: str) -> list[str]:
    """Return what axe finds and what sticks out; keep a picture when asked to."""
    page.wait_for_timeout(350)
    problems = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        folder = os.environ.get("MENJIN_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{folder}/{name}-{language}-{size}-{scheme}.png", full_page=size == "phone")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        problems += [f"{name} {size}: {wide} px too wide"] * (wide > 0)
    page.set_viewport_size(PHONE)
    return problems + [f"{name}: {found}" for found in axe(page)]
