"""Draw the phone page's PNG icons from our own SVGs: python -m tests.browser.draw_icons

Phones that take no SVG for the home screen (iOS, older Android) get these. The files are committed;
`test_icons.py` draws them again and compares.
"""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.support.chromium import launch

FOLDER = Path(__file__).parents[2] / "web_admin/static/resident"
ICONS = {
    "icon-192.png": ("icon.svg", 192),
    "icon-512.png": ("icon.svg", 512),
    "icon-maskable-512.png": ("icon-maskable.svg", 512),
    # iOS cuts the corners itself and paints what is transparent black, so this one fills its square.
    "apple-touch-icon.png": ("icon-maskable.svg", 180),
}
"""File, the drawing it is made from, and its width and height in pixels."""


def drawn(browser: Browser, drawing: str, pixels: int) -> Image.Image:
    """Return a drawing as a picture of that many pixels on each side."""
    page = browser.new_page(viewport={"width": pixels, "height": pixels})
    svg = (FOLDER / drawing).read_text(encoding="utf-8")
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block; width: {pixels}px }}</style>{svg}")
    picture = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    page.close()
    return picture.convert("RGBA")


def main() -> None:
    """Write the icons; a palette of 64 colours keeps each at a few kilobytes."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        for name, (drawing, pixels) in ICONS.items():
            picture = drawn(browser, drawing, pixels)
            if drawing == "icon-maskable.svg":
                picture = picture.convert("RGB")
            picture.quantize(64).save(FOLDER / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
